"""The command line: each command is a thin hand over a function that a notebook calls too.

Exit codes: 0 clean, 1 breaks found or a check failed, 2 wrong use or bad input, 3 Qerko or the
network failed. What is for people goes to standard output, progress and errors to standard
error; ``--json`` puts what a machine may read on standard output instead.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click
import msgspec

from qerko_recon import __version__
from qerko_recon.errors import ApiError, QerkoReconError, TransportError, shorten

if TYPE_CHECKING:
    import pandas as pd

    from qerko_recon.client import Client
    from qerko_recon.frames import Payments
    from qerko_recon.pos import PosExport
    from qerko_recon.recon import Policy
    from qerko_recon.report import Result
    from qerko_recon.settings import Venue

__all__ = ["cli", "main"]

CLEAN: Final = 0
BREAKS: Final = 1
WRONG_USE: Final = 2
UNREACHED: Final = 3

_MANY: Final = 10
_LANGUAGES: Final = ("en", "cs", "sk", "de")
_REMOTE_KINDS: Final = frozenset({"unauthorized", "server", "network"})

_file_in = click.Path(dir_okay=True, path_type=Path)
_file_out = click.Path(dir_okay=False, path_type=Path)
_Command = Callable[..., Any]


def _all(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """Put several options on a command, in the order given."""

    def put(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return put


_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a machine.")
_language_option = click.option(
    "--language",
    type=click.Choice(_LANGUAGES),
    default="en",
    envvar="QERKO_LANGUAGE",
    show_default=True,
    help="Language of sentences, workbook and page.",
)
_venue_options = _all(
    click.option("--venue", metavar="NAME", help="Which venue of the settings file."),
    click.option("--config", type=_file_in, help="Settings file (default: qerko.toml here)."),
)
_pos_options = _all(
    click.option(
        "--pos", "pos_files", type=_file_in, multiple=True, help="POS export; may be repeated."
    ),
    click.option("--profile", type=_file_in, help="How the export is to be read (TOML)."),
)
_policy_options = _all(
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
        help="The day the export covers (default: found in it).",
    ),
)
_report_options = _all(
    click.option("--out", type=_file_out, help="Write the Excel workbook here."),
    click.option("--html", "html_out", type=_file_out, help="Write the page here."),
)
_fetch_options = click.option(
    "--concurrency",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="Requests at once.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 90})
@click.version_option(__version__, prog_name="qerko-recon")
def cli() -> None:
    """Find, explain and settle the differences between Qerko payments and a POS."""


@cli.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("qerko-recon-demo"),
    show_default=True,
    help="Where to leave the files.",
)
@click.option("--seed", default=1, show_default=True, help="Another seed is another day.")
@_language_option
def demo(folder: Path, seed: int, language: str) -> int:
    """Reconcile a simulated day of trade, without key or network.

    Example: qerko-recon demo --language cs
    """
    from qerko_recon.demo import run_demo

    _say("Simulating a day of trade and fetching its payments over HTTP …")
    outcome = run_demo(folder, seed=seed, language=language, progress=_on_terminal())
    _print_result(outcome.result, language)
    planted = len(outcome.day.discrepancies)
    click.echo(f"\nIn {folder}:")
    for file in outcome.files:
        click.echo(f"  {file.name}")
    if not outcome.missed and not outcome.invented:
        click.echo(
            f"\nThe day has {planted} planted discrepancies: "
            "every one was found, with its kind and amount, and nothing else."
        )
        return CLEAN
    for finding in outcome.missed:
        click.echo(f"Planted and not found: {finding}")
    for finding in outcome.invented:
        click.echo(f"Found and not planted: {finding}")
    return BREAKS


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address.")
@click.option("--port", default=8765, show_default=True, help="Port; 0 takes a free one.")
@click.option("--seed", default=1, show_default=True, help="Another seed is another day.")
@click.option("--payments", default=420, show_default=True, help="How many payments.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the day's IDs and POS exports here.",
)
def simulate(host: str, port: int, seed: int, payments: int, folder: Path | None) -> int:
    """Run a Qerko in a box until Ctrl-C.

    Example: qerko-recon simulate --folder day
    """
    from qerko_recon.simulator import STYLES, Simulator, TradingDay

    day = TradingDay.generate(seed=seed, payments=payments)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        ids = "".join(f"{one}\n" for one in day.payment_ids)
        (folder / "payment_ids.txt").write_text(ids, encoding="utf-8")
        for style in STYLES:
            day.write_pos_export(folder / f"{style}.csv", style)
        click.echo(f"In {folder}: payment_ids.txt, {', '.join(f'{one}.csv' for one in STYLES)}")
    simulator = Simulator(day, host=host, port=port)
    with simulator:
        click.echo(f"Simulator at {simulator.base_url}; stop it with Ctrl-C. In another shell:\n")
        setting = "$env:{} = '{}'" if os.name == "nt" else "export {}='{}'"
        for name, value in simulator.environment.items():
            click.echo("  " + setting.format(name, value))
        sys.stdout.flush()
        simulator.serve_forever()
    return CLEAN


@cli.command()
@click.argument("payment_ids", nargs=-1)
@click.option("--ids", "id_file", type=_file_in, help="Text file with one payment ID a line.")
@_pos_options
@click.option("--out", type=_file_out, help="Write the payments here (JSON Lines).")
@_fetch_options
@_venue_options
@_json_option
def fetch(
    payment_ids: tuple[str, ...],
    id_file: Path | None,
    pos_files: tuple[Path, ...],
    profile: Path | None,
    out: Path | None,
    concurrency: int,
    venue: str | None,
    config: Path | None,
    as_json: bool,
) -> int:
    """Fetch payments by ID: given, from a text file, or from a POS export.

    Example: qerko-recon fetch --ids payment_ids.txt --out payments.jsonl
    """
    place = _venue(venue, config)
    ids = [*payment_ids, *_ids_of(id_file)]
    if pos_files:
        ids += _read_pos(pos_files, profile, place).payment_ids
    if not ids:
        raise click.UsageError(
            "no payment IDs: give some, or --ids FILE, or --pos FILE with a payment ID column"
        )
    payments = _fetch(place, ids, concurrency)
    if out is not None:
        payments.write(out)
        _say(f"Written: {out}")
    if as_json:
        _print_json({"payments": _rows(payments.frame), "failures": _rows(payments.failures)})
    elif out is None:
        _print_frame(payments.frame, ["payment_id", "bill_id", "state", "parts_total", "currency"])
    if len(payments.failures) and not as_json:
        _print_frame(payments.failures, ["payment_id", "kind", "detail"])
    return _fetch_code(payments)


@cli.command("reconcile")
@click.option(
    "--payments",
    "payments_file",
    type=_file_in,
    required=True,
    help="What `fetch --out` wrote, or payments as JSON.",
)
@_pos_options
@_policy_options
@_report_options
@_language_option
@_json_option
def reconcile_command(
    payments_file: Path,
    pos_files: tuple[Path, ...],
    profile: Path | None,
    tip_basis: str,
    tolerance: str,
    business_day: datetime | None,
    out: Path | None,
    html_out: Path | None,
    language: str,
    as_json: bool,
) -> int:
    """Reconcile payments already fetched with a POS export.

    Example: qerko-recon reconcile --payments payments.jsonl --pos export.csv --out close.xlsx
    """
    from qerko_recon.frames import Payments
    from qerko_recon.recon import Policy

    _need_pos(pos_files)
    policy = Policy(
        tip_basis=tip_basis,  # type: ignore[arg-type]
        tolerance=tolerance,
        business_day=_day(business_day),
    )
    pos = _read_pos(pos_files, profile, None)
    return _report(Payments.read(payments_file), pos, policy, out, html_out, language, as_json)


@cli.command()
@_pos_options
@click.option(
    "--ids",
    "id_file",
    type=_file_in,
    help="Further payment IDs, one a line: what the POS lost is not in its export.",
)
@click.option("--save-payments", type=_file_out, help="Keep what was fetched (JSON Lines).")
@_fetch_options
@_venue_options
@_policy_options
@_report_options
@_language_option
@_json_option
def close(
    pos_files: tuple[Path, ...],
    profile: Path | None,
    id_file: Path | None,
    save_payments: Path | None,
    concurrency: int,
    venue: str | None,
    config: Path | None,
    tip_basis: str,
    tolerance: str,
    business_day: datetime | None,
    out: Path | None,
    html_out: Path | None,
    language: str,
    as_json: bool,
) -> int:
    """Close a day: read the POS export, fetch its payments, reconcile, report.

    Example: qerko-recon close --pos export.csv --ids payment_ids.txt --out close.xlsx
    """
    from qerko_recon.recon import Policy

    _need_pos(pos_files)
    place = _venue(venue, config)
    policy = Policy(
        tip_basis=tip_basis,  # type: ignore[arg-type]
        tolerance=tolerance,
        business_day=_day(business_day),
        time_zone=place.time_zone,
        business_day_cutoff=place.business_day_cutoff,
        venue=place.name,
    )
    pos = _read_pos(pos_files, profile, place)
    ids = [*pos.payment_ids, *_ids_of(id_file)]
    if not ids:
        raise click.UsageError(
            "the export names no payment IDs; give those of the day with --ids FILE"
        )
    payments = _fetch(place, ids, concurrency)
    if save_payments is not None:
        payments.write(save_payments)
    code = _report(payments, pos, policy, out, html_out, language, as_json)
    return max(code, UNREACHED if _fetch_code(payments) == UNREACHED else CLEAN)


@cli.group()
def pos() -> None:
    """Look at POS exports."""


@pos.command("sniff")
@click.argument("files", nargs=-1, required=True, type=_file_in)
@click.option("--write-profile", type=_file_out, help="Write the reading as a profile (TOML).")
@_json_option
def pos_sniff(files: tuple[Path, ...], write_profile: Path | None, as_json: bool) -> int:
    """Say how an export is understood: encoding, columns, number and date style, and why.

    Example: qerko-recon pos sniff export.csv --write-profile till.toml
    """
    from qerko_recon.pos import read_pos

    export = read_pos(list(files))
    if write_profile is not None:
        export.profile.write(write_profile)
        _say(f"Written: {write_profile}")
    if as_json:
        problems = _rows(export.problems)
        _print_json({"reading": export.profile, "problems": problems})
    else:
        click.echo(str(export.sniffed))
        click.echo(
            f"{len(export.tenders)} Qerko lines, {len(export.others)} of other tenders, "
            f"{len(export.problems)} problems"
        )
        _print_frame(export.problems, ["source_file", "source_row", "column", "value", "problem"])
    return BREAKS if len(export.problems) else CLEAN


@cli.command()
@_venue_options
@_json_option
def doctor(venue: str | None, config: Path | None, as_json: bool) -> int:
    """Check settings, key, network, credentials and clock, step by step.

    Example: qerko-recon doctor --venue old-town
    """
    from qerko_recon.doctor import examine, exit_code

    findings = examine(venue, config)
    if as_json:
        _print_json(findings)
    else:
        for one in findings:
            click.echo(f"{one.verdict.upper():8}{one.step}: {one.sentence}")
    return exit_code(findings)


def _venue(name: str | None, config: Path | None) -> Venue:
    from qerko_recon.settings import Venue

    return Venue.load(name, config=config)


def _client(venue: Venue) -> Client:
    from qerko_recon.client import Client

    return Client(venue)


def _fetch(venue: Venue, ids: Iterable[str], concurrency: int) -> Payments:
    with _client(venue) as client:
        return client.fetch_payments(ids, concurrency=concurrency, progress=_on_terminal())


def _fetch_code(payments: Payments) -> int:
    kinds = set(payments.failures["kind"])
    if kinds & _REMOTE_KINDS:
        return UNREACHED
    return BREAKS if kinds else CLEAN


def _ids_of(file: Path | None) -> list[str]:
    from qerko_recon.ids import read_ids

    return [] if file is None else read_ids(file)


def _need_pos(files: Sequence[Path]) -> None:
    if not files:
        raise click.UsageError("no POS export: give one with --pos FILE")


def _read_pos(files: Sequence[Path], profile: Path | None, venue: Venue | None) -> PosExport:
    from qerko_recon.pos import read_pos

    zone = {} if venue is None else {"time_zone": venue.time_zone}
    return read_pos(list(files), profile, **zone)


def _report(
    payments: Payments,
    pos: PosExport,
    policy: Policy,
    out: Path | None,
    html_out: Path | None,
    language: str,
    as_json: bool,
) -> int:
    """Reconcile, write what was asked for, and say what came of it."""
    from qerko_recon.report import reconcile

    result = reconcile(payments, pos, policy=policy)
    for file, write in ((out, result.to_excel), (html_out, result.to_html)):
        if file is not None:
            write(file, language=language)
            _say(f"Written: {file}")
    if as_json:
        _print_json(_as_json(result, language))
    else:
        _print_result(result, language)
    return BREAKS if len(result.breaks) else CLEAN


def _as_json(result: Result, language: str) -> dict[str, Any]:
    return {
        "verdict": result.verdict(language),
        "totals": result.summary.totals,
        "unexplained": str(result.unexplained),
        "breaks": _rows(result.breaks),
        "bridge": _rows(result.bridge),
        "readings": result.summary.readings,
        "notes": result.summary.notes,
        "problems": _rows(result.problems),
    }


def _print_result(result: Result, language: str) -> None:
    from rich.console import Console

    from qerko_recon.report import print_report

    print_report(result, Console(highlight=False), language)
    if len(result.breaks) > _MANY:
        # The verdict has scrolled away by now.
        click.echo(f"\n{result.verdict(language)}")


def _print_frame(frame: pd.DataFrame, columns: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from qerko_recon.money import trim

    if not len(frame):
        return
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in frame[columns].itertuples(index=False, name=None):
        cells = (trim(cell) if hasattr(cell, "as_tuple") else cell for cell in row)
        table.add_row(*(Text("" if _is_null(cell) else shorten(cell, 200)) for cell in cells))
    Console(highlight=False).print(table)


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    records = frame.to_dict("records")
    return [{str(name): _plain(value) for name, value in row.items()} for row in records]


def _plain(value: Any) -> Any:
    """Turn a cell into what JSON holds; money becomes a decimal string."""
    from qerko_recon.money import trim

    if _is_null(value):
        return None
    if hasattr(value, "as_tuple"):
        return str(trim(value))
    if isinstance(value, date):
        return value.isoformat()
    return value.tolist() if hasattr(value, "tolist") else value


def _is_null(value: object) -> bool:
    import pandas as pd

    return value is None or value is pd.NA or value is pd.NaT


def _print_json(value: object) -> None:
    encoded = msgspec.json.encode(value, enc_hook=_encodable)
    click.echo(msgspec.json.format(encoded, indent=2).decode())


def _encodable(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _say(text: str) -> None:
    click.echo(text, err=True)


def _on_terminal() -> bool:
    return sys.stderr.isatty()


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code; no traceback reaches a user."""
    for stream in (sys.stdout, sys.stderr):
        # A Windows console may lack the minus sign or a letter of a dish.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        code = cli.main(args=arguments, prog_name="qerko-recon", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        code = WRONG_USE
    except click.ClickException as error:
        error.show()
        code = WRONG_USE
    except (click.Abort, KeyboardInterrupt):
        _say("Stopped.")
        code = 130
    except (ApiError, TransportError) as error:
        _say(f"Error: {error}")
        code = UNREACHED
    except QerkoReconError as error:
        _say(f"Error: {error}")
        code = WRONG_USE
    except Exception as error:  # noqa: BLE001 - the last net before the user
        code = _unforeseen(error)
    sys.exit(code if isinstance(code, int) else CLEAN)


def _unforeseen(error: Exception) -> int:
    """Keep the traceback of a fault of ours in a file, and say where."""
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="qerko-recon-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write("".join(traceback.format_exception(error)))
    _say(
        f"Error: {type(error).__name__}: {shorten(error, 300)}\nThis is a fault of qerko-recon. "
        f"Please report it with the file {file.name} (it holds no key)."
    )
    return WRONG_USE
