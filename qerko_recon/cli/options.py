"""Options that several commands share, gathered into what the commands ask for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from qerko_recon.fetch import Concurrency
    from qerko_recon.pos import PosExport
    from qerko_recon.recon import Policy
    from qerko_recon.report import Result
    from qerko_recon.session.writer import LogSettings
    from qerko_recon.settings import Venue
    from qerko_recon.store import Refresh

__all__ = [
    "Fetching",
    "Logging",
    "Policing",
    "Reading",
    "Reporting",
    "Whose",
    "fetch_options",
    "file_in",
    "file_out",
    "folder_out",
    "gathered",
    "json_option",
    "language_option",
    "log_options",
    "logs_option",
    "policy_options",
    "pos_options",
    "report_options",
    "venue_options",
]

_LANGUAGES: Final = ("en", "cs", "sk", "de")
_MOST: Final = 64
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}

file_in = click.Path(dir_okay=True, path_type=Path)
file_out = click.Path(dir_okay=False, path_type=Path)
folder_out = click.Path(file_okay=False, path_type=Path)
_Command = Callable[..., Any]
_Decorator = Callable[[_Command], _Command]


def gathered(name: str, kind: type[Any], *options: _Decorator) -> _Decorator:
    """Put options on a command that gets them as one object, under a name."""

    def put(command: _Command) -> _Command:
        @wraps(command)
        def call(**given: Any) -> Any:
            mine = kind(**{field.name: given.pop(field.name) for field in fields(kind)})
            return command(**given, **{name: mine})

        optioned: _Command = call
        for option in reversed(options):
            optioned = option(optioned)
        return optioned

    return put


@dataclass(frozen=True, slots=True)
class Whose:
    """Which venue is meant."""

    venue: str | None
    config: Path | None

    def load(self, base_url: str | None = None) -> Venue:
        """Gather its settings, with another address of Qerko where one is given."""
        from qerko_recon.settings import Venue

        return Venue.load(self.venue, config=self.config, base_url=base_url)


@dataclass(frozen=True, slots=True)
class Reading:
    """Which POS exports are read, and how."""

    pos_files: tuple[Path, ...]
    profile: Path | None

    def read(self, venue: Venue | None) -> PosExport:
        """Read them all."""
        from qerko_recon.pos import read_pos

        zone = {} if venue is None else {"time_zone": venue.time_zone}
        return read_pos(list(self.pos_files), self.profile, **zone)

    def need(self) -> None:
        """Refuse to work without one."""
        if not self.pos_files:
            raise click.UsageError("no POS export: give one with --pos FILE")


@dataclass(frozen=True, slots=True)
class Fetching:
    """How payments are fetched."""

    store: Path | None
    refresh: Refresh
    concurrency: Concurrency
    patience: float

    def __post_init__(self) -> None:
        if self.refresh is not None and self.store is None:
            raise click.UsageError(
                "--refresh says what of a store is asked for again; add --store"
            )


@dataclass(frozen=True, slots=True)
class Policing:
    """How payments and POS lines are compared."""

    tip_basis: str
    tolerance: str
    business_day: datetime | None

    def policy(self, venue: Venue | None) -> Policy:
        """Make it a policy, with a venue's clock where one is known."""
        from qerko_recon.recon import Policy

        day = None if self.business_day is None else self.business_day.date()
        stated: dict[str, Any] = {
            "tip_basis": self.tip_basis,
            "tolerance": self.tolerance,
            "business_day": day,
        }
        if venue is not None:
            stated |= {
                "time_zone": venue.time_zone,
                "business_day_cutoff": venue.business_day_cutoff,
                "venue": venue.name,
            }
        return Policy(**stated)


@dataclass(frozen=True, slots=True)
class Logging:
    """Where a session is recorded, and how."""

    path: Path
    hides_guests: bool
    durability: Any
    packing: Any
    stops_when_not_recording: bool

    def settings(self) -> LogSettings:
        """Make it the writer's settings."""
        from qerko_recon.session.writer import LogSettings

        return LogSettings(
            hides_guests=self.hides_guests, durability=self.durability, packing=self.packing
        )


@dataclass(frozen=True, slots=True)
class Reporting:
    """Where the result goes, and in which language."""

    out: Path | None
    html_out: Path | None
    eml_out: Path | None
    frames_out: Path | None
    language: str
    as_json: bool

    def write(self, result: Result) -> None:
        """Write the reports that were asked for."""
        from qerko_recon.cli.show import say_written

        for file, write in (
            (self.out, result.to_excel),
            (self.html_out, result.to_html),
            (self.eml_out, result.to_eml),
        ):
            if file is not None:
                write(file, language=self.language)
                say_written(file, self.language)
        if self.frames_out is not None:
            # English is what machines read; other languages have their own decimal mark.
            language = None if self.language == "en" else self.language
            written = result.to_frames(self.frames_out, language=language)
            say_written(self.frames_out, self.language, len(written))


def _stale(context: click.Context, option: click.Parameter, value: str | None) -> Refresh:
    """Read what of a store is stale: ``not-final``, ``all``, or an age such as ``2h``."""
    if value is None or value == "all":
        return "all" if value else None
    if value == "not-final":
        return "not_final"
    found = re.fullmatch(r"(\d{1,6})([mhd])", value)
    if found is None:
        said = f"{value!r} is none of not-final, all, or an age such as 30m, 2h or 1d"
        raise click.BadParameter(said, context, option)
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _at_once(context: click.Context, option: click.Parameter, value: str) -> Concurrency:
    """Read how many requests at once: ``auto`` or a number."""
    if value == "auto":
        return "auto"
    if not value.isdecimal() or not 1 <= int(value) <= _MOST:
        said = f"{value!r} is neither auto nor a whole number from 1 to {_MOST}"
        raise click.BadParameter(said, context, option)
    return int(value)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a machine.")
logs_option = click.option(
    "--log",
    "logs",
    multiple=True,
    metavar="LOG",
    help="Session log, a folder or pattern of such; causes are looked for there. May be repeated.",
)
language_option = click.option(
    "--language",
    type=click.Choice(_LANGUAGES),
    default="en",
    envvar="QERKO_LANGUAGE",
    show_default=True,
    help="Language of sentences, workbook and page.",
)
venue_options = gathered(
    "whose",
    Whose,
    click.option("--venue", metavar="NAME", help="Which venue of the settings file."),
    click.option("--config", type=file_in, help="Settings file (default: qerko.toml here)."),
)
pos_options = gathered(
    "reading",
    Reading,
    click.option(
        "--pos", "pos_files", type=file_in, multiple=True, help="POS export; may be repeated."
    ),
    click.option("--profile", type=file_in, help="How the export is to be read (TOML)."),
)
fetch_options = gathered(
    "fetching",
    Fetching,
    click.option(
        "--store",
        type=file_out,
        help="Keep what comes in this file; what it has is not asked for again.",
    ),
    click.option(
        "--refresh",
        callback=_stale,
        metavar="not-final|all|AGE",
        help="What the store has and is asked for again: an age is like 30m, 2h, 1d.",
    ),
    click.option(
        "--concurrency",
        callback=_at_once,
        metavar="auto|1..64",
        default="auto",
        show_default=True,
        help="Requests at once; auto finds out what the server keeps up with.",
    ),
    click.option(
        "--patience",
        type=click.FloatRange(0),
        default=150.0,
        show_default=True,
        metavar="SECONDS",
        help="Without a good answer, before the server is given up.",
    ),
)
policy_options = gathered(
    "policing",
    Policing,
    click.option(
        "--tip-basis",
        type=click.Choice(["auto", "gross", "net", "none"]),
        default="auto",
        help="Which tip the POS is to book.",
    ),
    click.option(
        "--tolerance", default="0.00", metavar="AMOUNT", help="Variance taken for rounding."
    ),
    click.option(
        "--business-day",
        type=click.DateTime(["%Y-%m-%d"]),
        metavar="YYYY-MM-DD",
        help="The day the export covers (default: found in it).",
    ),
)
log_options = gathered(
    "logging",
    Logging,
    click.option(
        "--log", "path", type=file_out, required=True, help="Record here; a log is continued."
    ),
    click.option(
        "--hide-guests",
        "hides_guests",
        is_flag=True,
        help="Replace guests' IDs and e-mail addresses by pseudonyms.",
    ),
    click.option(
        "--durability",
        type=click.Choice(["never", "calls", "always"]),
        default="calls",
        show_default=True,
        help="Which records wait for the disk itself, against a power cut.",
    ),
    click.option(
        "--packing",
        type=click.Choice(["none", "gz", "zst"]),
        default="none",
        show_default=True,
        help="How a log file is packed when it is full and set aside.",
    ),
    click.option(
        "--stop-when-not-recording",
        "stops_when_not_recording",
        is_flag=True,
        help="Stop where the log cannot be written, in place of going on without a record.",
    ),
)
report_options = gathered(
    "reporting",
    Reporting,
    click.option("--out", type=file_out, help="Write the Excel workbook here."),
    click.option("--html", "html_out", type=file_out, help="Write the page here."),
    click.option(
        "--eml", "eml_out", type=file_out, help="Write a mail here, the workbook attached."
    ),
    click.option(
        "--frames",
        "frames_out",
        type=folder_out,
        metavar="FOLDER",
        help="Write every frame here, as Parquet and as CSV (plain in English, for spreadsheets "
        "in other languages).",
    ),
    language_option,
    json_option,
)
