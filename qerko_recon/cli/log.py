"""Commands that read session logs: show, count, verify, replay, compare, and HAR out and in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import click

from qerko_recon.cli.group import BREAKS, CLEAN, cli
from qerko_recon.cli.options import Whose, file_in, file_out, json_option, venue_options
from qerko_recon.cli.show import print_json, rows, say

if TYPE_CHECKING:
    from qerko_recon.session.log import SessionLog

__all__ = ["log"]

_COLOURS: Final = {"good": "green", "bad": "red", "warn": "yellow", "quiet": "bright_black"}


@cli.group()
def log() -> None:
    """Read what a poll session or the proxy recorded."""


def _chosen(command: Callable[..., Any]) -> Callable[..., Any]:
    """Put the options that choose records on a command that gets a log."""

    @wraps(command)
    def call(file: str, **given: Any) -> Any:
        from qerko_recon.session.log import SessionLog

        names = ("since", "until", "method", "payment_id", "uuid", "outcome")
        wanted = {name: given.pop(name) or None for name in names}
        wanted["venue"] = given.pop("fingerprint") or None
        zone = given.get("time_zone", "UTC")
        return command(log=SessionLog(file).where(**wanted, time_zone=zone), **given)

    outcomes = click.Choice(["ok", "error", "unanswered", "not_wanted"])
    for option in reversed(
        (
            click.argument("file", metavar="LOG"),
            click.option("--since", metavar="TIME", help="Such as '2026-11-20 18:03'."),
            click.option("--until", metavar="TIME"),
            click.option("--method", multiple=True, help="Of Qerko's call; may be repeated."),
            click.option("--payment", "payment_id", multiple=True, help="May be repeated."),
            click.option("--uuid", multiple=True, help="Of a call; may be repeated."),
            click.option("--fingerprint", multiple=True, help="Of a venue's key."),
            click.option("--outcome", type=outcomes, multiple=True, help="Of calls."),
        )
    ):
        call = option(call)
    return call


def _zone(context: click.Context, option: click.Parameter, value: str) -> str:
    try:
        ZoneInfo(value)
    except (OSError, ValueError, KeyError) as error:
        raise click.BadParameter(f"{value!r} is no time zone", context, option) from error
    return value


@log.command()
@_chosen
@click.option("--all", "everything", is_flag=True, help="Polls that went as they should too.")
@click.option("--content", type=click.IntRange(0), default=160, help="Characters of bodies shown.")
@click.option(
    "--time-zone", default="UTC", show_default=True, callback=_zone, help="Of the times shown."
)
@click.option("--colour/--no-colour", default=None, help="By default on a terminal.")
@json_option
def show(
    log: SessionLog,
    everything: bool,
    content: int,
    time_zone: str,
    colour: bool | None,
    as_json: bool,
) -> int:
    """Show a log as a timeline, a line an event; < Qerko asks, > the POS answers, ! trouble.

    Example: qerko-recon log show evening.jsonl --payment 1234
    """
    if as_json:
        for entry in log.entries():
            _print_line({"seq": entry.seq, "at": entry.at, "kind": entry.kind, **entry.payload})
        return CLEAN
    lines = _lines(log, everything=everything, content=content, time_zone=time_zone)
    if sys.stdout.isatty() and colour is not False:
        click.echo_via_pager(lines, color=colour)
        return CLEAN
    for line in lines:
        click.echo(line, nl=False, color=colour)
    return CLEAN


def _lines(log: SessionLog, *, everything: bool, content: int, time_zone: str) -> Iterator[str]:
    from qerko_recon.session.story import tell

    zone, day = ZoneInfo(time_zone), ""
    for line in tell(log.entries(), everything=everything, content=content):
        at = line.at.astimezone(zone)
        if f"{at:%Y-%m-%d}" != day:
            day = f"{at:%Y-%m-%d}"
            yield click.style(f"{day}, times in {time_zone}\n", bold=True)
        text = f"{at:%H:%M:%S}.{at.microsecond // 1000:03d} {line.seq:>6} {line.mark} {line.text}"
        yield click.style(text, fg=_COLOURS.get(line.tone)) + "\n"


def _print_line(value: object) -> None:
    import msgspec

    click.echo(msgspec.json.encode(value).decode())


@log.command()
@_chosen
@json_option
def stats(log: SessionLog, as_json: bool) -> int:
    """Count calls, answer times, errors, gaps and payments.

    Example: qerko-recon log stats evening.jsonl
    """
    from qerko_recon.session.stats import session_stats

    found = session_stats(log)
    if as_json:
        print_json(found.as_dict())
    else:
        click.echo(str(found))
    return CLEAN


@log.command()
@click.argument("file", metavar="LOG")
@json_option
def verify(file: str, as_json: bool) -> int:
    """Check that no line was edited, taken out, moved or put in.

    Exit code 0: whole; 1: not, and the first bad line is named.

    Example: qerko-recon log verify evening.jsonl
    """
    from qerko_recon.session.log import SessionLog

    found = SessionLog(file).verify()
    if as_json:
        flaws = [{"file": one.file, "line": one.number, "kind": one.kind} for one in found.flaws]
        whole = {"is_whole": found.is_whole, "records": found.records}
        print_json({**whole, "flaws": flaws, "notes": list(found.notes)})
    else:
        click.echo(str(found))
    return CLEAN if found.is_whole else BREAKS


@log.command()
@_chosen
@click.option("--out", type=file_out, required=True, help="The HAR to write.")
def har(log: SessionLog, out: Path) -> int:
    """Write a log as a HAR, for a browser's developer tools.

    Example: qerko-recon log har evening.jsonl --out evening.har
    """
    from qerko_recon.session.har import to_har

    say(f"Written: {out}, {to_har(log, out)} exchanges")
    return CLEAN


@log.command("from-har")
@click.argument("har", type=file_in)
@click.option("--log", "target", type=file_out, required=True, help="The log to write.")
@click.option("--hide-guests", is_flag=True, help="Replace guests' IDs by pseudonyms.")
def from_har(har: Path, target: Path, hide_guests: bool) -> int:
    """Make a session log of a HAR that a browser or a proxy saved.

    Example: qerko-recon log from-har browser.har --log evening.jsonl
    """
    from qerko_recon.session.har import from_har as read
    from qerko_recon.session.writer import LogSettings

    many = read(har, target, settings=LogSettings(hides_guests=hide_guests))
    say(f"Written: {target}, {many} exchanges")
    return CLEAN


@log.command("diff")
@click.argument("first", metavar="LOG")
@click.argument("second", metavar="LOG")
@click.option("--ignore", multiple=True, metavar="FIELD", help="That may differ; by name or path.")
@json_option
def diff(first: str, second: str, ignore: tuple[str, ...], as_json: bool) -> int:
    """Align two sessions and show where they part. Exit code 1 where they do.

    Example: qerko-recon log diff monday.jsonl tuesday.jsonl
    """
    from qerko_recon.session.compare import compare_logs

    found = compare_logs(first, second, ignored=("timestamp", "created", *ignore))
    if as_json:
        print_json({"is_same": found.is_same, "calls": rows(found.frame)})
    else:
        click.echo(str(found))
    return CLEAN if found.is_same else BREAKS


@log.command()
@_chosen
@click.option(
    "--handler", metavar="demo|script:FILE|module:Class", help="Who is asked what the POS was."
)
@click.option(
    "--against",
    metavar="URL",
    help="A server, such as the simulator, to which the recorded answers are given.",
)
@click.option("--log", "target", type=file_out, help="With --against: record here.")
@click.option("--for", "seconds", type=click.FloatRange(0), help="With --against: stop after.")
@click.option("--recorded-pace", is_flag=True, help="Keep the time between the calls.")
@click.option("--ignore", multiple=True, metavar="FIELD", help="That may differ; by name or path.")
@json_option
@venue_options
def replay(
    log: SessionLog,
    handler: str | None,
    against: str | None,
    target: Path | None,
    seconds: float | None,
    recorded_pace: bool,
    ignore: tuple[str, ...],
    as_json: bool,
    whose: Whose,
) -> int:
    """Ask a handler what the POS was asked and compare; or give its answers to a server.

    Exit code 1 where an answer is not as recorded. Nothing is sent but with --against.

    Example: qerko-recon log replay evening.jsonl --handler till.py:Till
    """
    from qerko_recon.session.handlers import load_handler
    from qerko_recon.session.replay import replay as ask

    if (handler is None) == (against is None):
        raise click.UsageError("give either --handler or --against")
    if against is not None:
        return _play_against(log, against, target, seconds, whose)
    pace: Any = "recorded" if recorded_pace else "at_once"
    found = ask(log, load_handler(str(handler)), pace=pace, ignored=("timestamp", *ignore))
    if as_json:
        print_json({"is_same": found.is_same, "calls": rows(found.frame)})
    else:
        click.echo(str(found))
    return CLEAN if found.is_same else BREAKS


def _play_against(
    log: SessionLog, url: str, target: Path | None, seconds: float | None, whose: Whose
) -> int:
    """Answer a server's calls as the recorded POS did."""
    from qerko_recon.cli.poll import PollStatus, hold
    from qerko_recon.client import Client
    from qerko_recon.session.handlers import ScriptedHandler
    from qerko_recon.session.session import PollSession

    handler = ScriptedHandler.from_log(log.entries())
    with Client(whose.load(base_url=url)) as client:
        return hold(PollSession(client, handler, log=target, on_change=PollStatus()), seconds)
