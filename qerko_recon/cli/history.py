"""Commands that look into a history: runs, what is open, whether it is as it was written."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qerko_recon.cli.group import BREAKS, CLEAN, cli
from qerko_recon.cli.options import (
    Reporting,
    json_option,
    language_option,
    report_options,
)
from qerko_recon.cli.recording import comparison_json, history_option
from qerko_recon.cli.show import print_json, print_result, result_json, rows, say

if TYPE_CHECKING:
    from qerko_recon.history import History

__all__ = ["history_group", "opened"]


venue_named = click.option("--venue", metavar="NAME", help="Of which venue.")


def opened(file: Path | None) -> History:
    """Open a history that is there."""
    from qerko_recon.history import History

    return History(file, create=False)


@cli.group("history", invoke_without_command=True)
@history_option
@json_option
@click.pass_context
def history_group(context: click.Context, history_file: Path | None, as_json: bool) -> int:
    """Look into the runs that were recorded, and what they left open.

    Example: qerko-recon history --history history.db
    """
    if context.invoked_subcommand is not None:
        told = {"history_file": history_file}
        context.default_map = dict.fromkeys(history_group.commands, told)
        return CLEAN
    with opened(history_file) as history:
        if as_json:
            runs, totals = rows(history.runs), rows(history.totals)
            print_json({"runs": runs, "totals": totals, "balance": rows(history.balance())})
        else:
            from qerko_recon.history.faces import run_lines

            for line in (*repr(history).splitlines(), *run_lines(history)):
                click.echo(line)
    return CLEAN


@history_group.command("show")
@click.argument("run")
@report_options
@history_option
def show(history_file: Path | None, run: str, reporting: Reporting) -> int:
    """Show a recorded run again, exactly as it was; RUN is its ID, the beginning of it, or number.

    Example: qerko-recon history show R-1f0c --out close.xlsx
    """
    with opened(history_file) as history:
        result = history.show(run)
        reporting.write(result)
        if reporting.as_json:
            print_json(result_json(result, reporting.language))
        else:
            say(repr(history.run(run)).partition("\n")[0])
            print_result(result, reporting.language)
        return BREAKS if len(result.breaks) else CLEAN


@history_group.command("compare")
@click.argument("before")
@click.argument("after")
@json_option
@history_option
def compare(history_file: Path | None, before: str, after: str, as_json: bool) -> int:
    """Lay two runs side by side: inputs, settings, totals, POS lines, payments, breaks.

    Example: qerko-recon history compare 1 2
    """
    with opened(history_file) as history:
        found = history.compare(before, after)
        if as_json:
            print_json(comparison_json(found))
        else:
            from qerko_recon.history.faces import comparison_lines

            for line in comparison_lines(found):
                click.echo(line)
        return CLEAN if found.is_same else BREAKS


@history_group.command("open")
@venue_named
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Count ages to this day (default: last).",
)
@language_option
@json_option
@history_option
def open_breaks(
    history_file: Path | None,
    venue: str | None,
    as_of: datetime | None,
    language: str,
    as_json: bool,
) -> int:
    """List the breaks that are carried on, the oldest first, with age, status and last note.

    Example: qerko-recon history open --venue old-town --as-of 2026-11-30
    """
    with opened(history_file) as history:
        frame = history.open_breaks(venue, None if as_of is None else as_of.date())
        if as_json:
            print_json({"breaks": rows(frame), "balance": rows(history.balance(venue))})
        else:
            from rich.console import Console

            from qerko_recon.history.telling import open_sections
            from qerko_recon.report.text import print_lines

            console = Console(highlight=False)
            for heading, lines in open_sections(frame, language):
                print_lines(console, heading, lines)
        return BREAKS if len(frame) else CLEAN


@history_group.command("rulings")
@json_option
@history_option
def rulings(history_file: Path | None, as_json: bool) -> int:
    """List the rulings that are kept: those in force, for people; all of them as JSON.

    Example: qerko-recon history rulings
    """
    with opened(history_file) as history:
        if as_json:
            print_json(rows(history.all_rulings))
        else:
            from qerko_recon.history.faces import ruling_lines

            for line in ruling_lines(history):
                click.echo(line)
        return CLEAN


@history_group.command("journal")
@json_option
@history_option
def journal(history_file: Path | None, as_json: bool) -> int:
    """List what was done, by whom, when and to what.

    Example: qerko-recon history journal --json
    """
    with opened(history_file) as history:
        if as_json:
            print_json(rows(history.journal))
        else:
            from qerko_recon.history.faces import journal_lines

            for line in journal_lines(history):
                click.echo(line)
        return CLEAN


@history_group.command("verify")
@json_option
@history_option
def verify(history_file: Path | None, as_json: bool) -> int:
    """Tell whether the history is as it was written: journal, runs and frames.

    That its end is gone, no chain can show; the seal, noted elsewhere, can.

    Example: qerko-recon history verify
    """
    with opened(history_file) as history:
        flaws = history.verify()
        counts = len(history.journal), len(history.runs)
        if as_json:
            print_json(
                {"flaws": flaws, "entries": counts[0], "runs": counts[1], "seal": history.seal}
            )
        else:
            for flaw in flaws:
                click.echo(f"{flaw}")
            state = f"{len(flaws)} flaws" if flaws else "all is as it was written"
            click.echo(f"{counts[0]} entries, {counts[1]} runs: {state}. Seal: {history.seal}")
        return BREAKS if flaws else CLEAN
