"""The command that holds a venue's connection to Qerko, answers its calls and records them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from qerko_recon.cli.ending import asked_to_end, wait_for
from qerko_recon.cli.group import CLEAN, cli
from qerko_recon.cli.options import (
    Logging,
    Whose,
    json_option,
    log_options,
    venue_options,
)
from qerko_recon.cli.show import on_terminal, print_json, say

if TYPE_CHECKING:
    from qerko_recon.session.session import PollSession
    from qerko_recon.session.snapshot import Snapshot, Step

__all__ = ["PollStatus", "hold", "poll"]

_QUIET: Final = frozenset({"waiting", "handling", "answering"})


@cli.command()
@click.option(
    "--handler",
    required=True,
    metavar="refuse|demo|script:FILE|module:Class",
    help="Who answers: an error to everything, a demo till, a script, or your own class.",
)
@click.option("--for", "seconds", type=click.FloatRange(0), help="Stop after so many seconds.")
@click.option(
    "--restart-wait",
    type=click.FloatRange(0),
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a server that restarts (503) is left alone.",
)
@click.option(
    "--handler-timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="After which a call is answered by an error (default: the handler is waited for).",
)
@click.option(
    "--take-over-connection",
    is_flag=True,
    help="Needed for a live restaurant, whose POS loses its connection: guests' payments can be "
    "cancelled.",
)
@log_options
@json_option
@venue_options
def poll(
    handler: str,
    seconds: float | None,
    restart_wait: float,
    handler_timeout: float | None,
    take_over_connection: bool,
    logging: Logging,
    as_json: bool,
    whose: Whose,
) -> int:
    """Answer Qerko's calls in place of the POS, and record them.

    Example: qerko-recon poll --handler demo --log evening.jsonl --for 600
    """
    from qerko_recon.client import Client
    from qerko_recon.session.handlers import load_handler
    from qerko_recon.session.rules import PollRules
    from qerko_recon.session.session import PollSession

    rules = PollRules(
        restart_wait=restart_wait,
        handler_timeout=handler_timeout,
        stops_when_not_recording=logging.stops_when_not_recording,
    )
    answering = load_handler(handler)
    with Client(whose.load()) as client:
        session = PollSession(
            client,
            answering,
            log=logging.path,
            log_settings=logging.settings(),
            rules=rules,
            take_over_connection=take_over_connection,
            on_change=PollStatus(),
        )
        return hold(session, seconds, as_json=as_json)


def hold(session: PollSession, seconds: float | None, *, as_json: bool = False) -> int:
    """Run a session until it ends, its time is over, or somebody interrupts it; sum it up."""
    with asked_to_end() as asked:
        session.start()
        log = session.snapshot.log
        say(f"Polling {session.venue.base_url}; log {log or 'none'}. Ctrl-C stops.")
        try:
            wait_for(session.wait, asked, seconds)
        finally:
            session.stop()
    last = session.snapshot
    if as_json:
        print_json(_as_json(last))
    _sum_up(last)
    if session.error is not None:
        raise session.error
    return CLEAN


class PollStatus:
    """Says on standard error what happens, a line for each call and each trouble."""

    def __init__(self) -> None:
        self._told: Step | None = None
        self._state = ("", "")
        self._trouble: str | None = None

    def __call__(self, snapshot: Snapshot) -> None:
        """Say what is new."""
        for step in _new_steps(snapshot, self._told):
            self._told = step
            self._say(step.at, _told(step), "green" if step.outcome != "error" else "red")
        state = (snapshot.state, snapshot.why)
        if state != self._state and snapshot.state not in _QUIET and snapshot.since is not None:
            colour = "yellow" if snapshot.state == "backing_off" else None
            said = snapshot.state.replace("_", " ") + (f": {snapshot.why}" if snapshot.why else "")
            self._say(snapshot.since, said, colour)
        self._state = state
        if snapshot.trouble != self._trouble and snapshot.since is not None:
            self._trouble = snapshot.trouble
            said = snapshot.trouble or "recording again"
            self._say(snapshot.since, said, "red" if snapshot.trouble else "green")

    def _say(self, at: datetime, text: str, colour: str | None) -> None:
        line = f"{at.astimezone():%H:%M:%S} {text}"
        say(click.style(line, fg=colour) if on_terminal() else line)


def _new_steps(snapshot: Snapshot, told: Step | None) -> list[Step]:
    new: list[Step] = []
    for step in reversed(snapshot.last):
        if step is told:
            break
        new.insert(0, step)
    return [one for one in new if one.uuid is not None or one.method != "noop"]


def _told(step: Step) -> str:
    named = (("payment", step.payment_id), ("bill", step.bill_id))
    about = "".join(f" {what} {one}" for what, one in named if one)
    answer = step.answer if isinstance(step.answer, dict) else {}
    error = answer.get("error")
    said = f": {error.get('message')}" if isinstance(error, dict) else ""
    outcome = step.outcome.replace("_", " ")
    return f"{step.method}{about} {outcome} after {step.seconds:.3f} s{said}"


def _sum_up(last: Snapshot) -> None:
    """Say in a few lines what a session was."""
    say(f"Stopped: {last.why}." if last.why else "Stopped.")
    say(
        f"{last.polls} polls, {last.calls} calls, {last.errors} answered by an error, "
        f"{last.conflicts} times another connection was open."
    )
    for (method, outcome), many in sorted(last.outcomes.items()):
        say(f"  {method:<22} {outcome.replace('_', ' '):<12} {many}")
    if last.log is not None:
        say(f"Log: {last.log}. Read it with: qerko-recon log show {last.log}")
    if last.trouble is not None:
        say(last.trouble)


def _as_json(last: Snapshot) -> dict[str, Any]:
    outcomes = [
        {"method": method, "outcome": outcome, "calls": many}
        for (method, outcome), many in sorted(last.outcomes.items())
    ]
    return {
        "state": last.state,
        "why": last.why,
        "started_at": None if last.started_at is None else last.started_at.isoformat(),
        "polls": last.polls,
        "calls": last.calls,
        "errors": last.errors,
        "conflicts": last.conflicts,
        "outcomes": outcomes,
        "log": None if last.log is None else str(last.log),
        "trouble": last.trouble,
    }
