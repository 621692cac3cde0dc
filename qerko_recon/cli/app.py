"""The command that serves the pages for the browser."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import msgspec

from qerko_recon.cli.group import CLEAN, cli
from qerko_recon.cli.options import Whose, language_option, venue_options
from qerko_recon.cli.show import say
from qerko_recon.model import PAID

if TYPE_CHECKING:
    from qerko_recon.app.server import Served
    from qerko_recon.simulator import Simulator, TradingDay

__all__ = ["app"]

_FIRST_OF_DEMO: Final = 800_001


@cli.command("app")
@click.option("--listen", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where.")
@click.option("--port", default=8866, show_default=True, help="Port; 0 takes a free one.")
@click.option(
    "--others-may-connect",
    is_flag=True,
    help="Let other machines connect, over a line that is not encrypted.",
)
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True)
@click.option("--no-browser", is_flag=True, help="Say the address and open nothing.")
@click.option(
    "--allow-actions",
    is_flag=True,
    help="Let the pages cancel and capture on a live venue; each is still confirmed.",
)
@click.option("--demo", is_flag=True, help="On a simulated day: no key, no network.")
@language_option
@venue_options
def app(
    listen: str,
    port: int,
    others_may_connect: bool,
    theme: str,
    no_browser: bool,
    allow_actions: bool,
    demo: bool,
    language: str,
    whose: Whose,
) -> int:
    """Open the daily close, sessions and actions in the browser, until Ctrl-C.

    The pages are served on this machine alone, to whoever has the address that is said here.

    Example: qerko-recon app --demo --language cs
    """
    from qerko_recon.app.server import ALLOWS, serve

    def told(served: Served) -> None:
        click.echo(served.url)
        say("The address holds a token: it is for you alone. Ctrl-C ends the pages.")

    with ExitStack() as around:
        if demo:
            around.enter_context(_simulated_day())
        settings = {
            "QERKO_LANGUAGE": language,
            "QERKO_VENUE": whose.venue,
            ALLOWS: "yes" if allow_actions else "no",
            "QERKO_CONFIG": None if whose.config is None else str(whose.config.resolve()),
        }
        around.enter_context(_environment({k: v for k, v in settings.items() if v is not None}))
        serve(
            address=listen,
            port=port,
            others_may_connect=others_may_connect,
            theme=theme,
            opens_browser=not no_browser,
            on_ready=told,
        )
    return CLEAN


@contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    """Set variables that the pages' kernels take over, for a while."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _simulated_day() -> Iterator[None]:
    """Run a Qerko in a box with a day of trade, and lay out what the pages can be tried with."""
    from qerko_recon.app.demo import VARIABLE, Demo
    from qerko_recon.session_samples import write_incident
    from qerko_recon.session_samples.guests import Visitors
    from qerko_recon.simulator import Simulator, TradingDay

    day = TradingDay.generate(seed=1)
    with (
        tempfile.TemporaryDirectory(prefix="qerko-recon-demo-") as made,
        Simulator(day) as box,
        Visitors(box),
    ):
        folder = Path(made)
        export = day.write_pos_export(folder / "pos_export.csv", "czech_semicolon")
        ids = folder / "payment_ids.txt"
        ids.write_text("".join(f"{one}\n" for one in day.payment_ids), encoding="utf-8")
        write_incident(folder / "incident.jsonl")
        *cancel, capture = _paid_just_now(box, day)
        demo = Demo(
            export=str(export),
            ids=str(ids),
            log=str(folder / "incident.jsonl"),
            cancel=tuple(cancel),
            capture=capture,
        )
        demo.write(folder / "demo.json")
        own = {
            "QERKO_HISTORY": str(folder / "history.db"),
            "QERKO_AUDIT_TRAIL": str(folder / "actions.jsonl"),
            "QERKO_LOCKS": str(folder / "locks"),
            "QERKO_FOLDER": str(folder),
            VARIABLE: str(folder / "demo.json"),
        }
        with _environment({**box.environment, **own}):
            say(f"A simulated day: its export is {export}, its payments are in {ids}.")
            yield


def _paid_just_now(box: Simulator, day: TradingDay) -> list[str]:
    """Add payments that can still be cancelled, and at the end one that waits to be captured."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    paid = [one for one in day.payments if one.state == PAID and one.currency == day.currency]
    made = [
        msgspec.structs.replace(one, id=str(_FIRST_OF_DEMO + number), timestamp=now)
        for number, one in enumerate(paid[:4])
    ]
    for one in made:
        box.add(one, capture="manual" if one is made[-1] else "auto")
    return [one.id for one in made]
