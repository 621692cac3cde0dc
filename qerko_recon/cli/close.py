"""Commands that reconcile: payments already fetched, or a day from export to workbook."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from qerko_recon.cli.group import BREAKS, CLEAN, STOPPED, UNREACHED, cli
from qerko_recon.cli.options import (
    Fetching,
    Policing,
    Reading,
    Reporting,
    Whose,
    fetch_options,
    file_in,
    file_out,
    logs_option,
    policy_options,
    pos_options,
    report_options,
    venue_options,
)
from qerko_recon.cli.payments import code_of, fetched, ids_in, ids_option, payments_in
from qerko_recon.cli.recording import (
    Keeping,
    keeping_options,
    news_json,
    print_news,
    recorded,
)
from qerko_recon.cli.show import print_json, print_result, result_json, say

if TYPE_CHECKING:
    from qerko_recon.frames import Payments
    from qerko_recon.pos import PosExport
    from qerko_recon.recon import Policy
    from qerko_recon.session.log import SessionLog
    from qerko_recon.settings import Venue

__all__ = ["close", "reconcile_command"]

_NAMED: Final = 3


@cli.command("reconcile")
@click.option(
    "--payments",
    "payments_file",
    type=file_in,
    required=True,
    help="What `fetch` wrote with --out or --store, or payments as JSON.",
)
@pos_options
@logs_option
@click.option("--venue", metavar="NAME", help="Whose day it is, for reports and the history.")
@policy_options
@report_options
@keeping_options
def reconcile_command(
    payments_file: Path,
    reading: Reading,
    logs: tuple[str, ...],
    venue: str | None,
    policing: Policing,
    reporting: Reporting,
    keeping: Keeping,
) -> int:
    """Reconcile payments already fetched with a POS export.

    Example: qerko-recon reconcile --payments payments.jsonl --pos export.csv --out close.xlsx
    """
    from qerko_recon.recon.logs import open_log

    reading.need()
    log = open_log(logs or None)
    pos = reading.read(None)
    policy = replace(policing.policy(None), venue=venue)
    return _report(payments_in(payments_file), pos, policy, reporting, keeping, log)


@cli.command()
@pos_options
@logs_option
@ids_option
@click.option("--save-payments", type=file_out, help="Keep what was fetched (JSON Lines).")
@fetch_options
@venue_options
@policy_options
@report_options
@keeping_options
def close(
    reading: Reading,
    logs: tuple[str, ...],
    id_files: tuple[Path, ...],
    save_payments: Path | None,
    fetching: Fetching,
    whose: Whose,
    policing: Policing,
    reporting: Reporting,
    keeping: Keeping,
) -> int:
    """Close a day: read the POS export, fetch its payments, reconcile, report.

    What the POS lost is not in its export: session logs name it (--log), those of the export's
    days are fetched too, and the causes of breaks are found in them. Further IDs: --ids.

    With --history the run is recorded: what is still open is carried to the next day, and closes
    by itself when its counterpart comes.

    Example: qerko-recon close --pos export.csv --log sessions/ --out close.xlsx
    """
    from qerko_recon.fetch import FetchInterrupted
    from qerko_recon.recon.logs import open_log

    reading.need()
    venue = whose.load()
    policy = policing.policy(venue)
    log = open_log(logs or None)
    pos = reading.read(venue)
    ids = [*pos.payment_ids, *ids_in(id_files, venue), *_ids_told(log, pos, policy, venue)]
    if not ids:
        raise click.UsageError(
            "the export names no payment IDs; give those of the day with --ids FILE, or the "
            "session log of the day with --log"
        )
    try:
        payments, _ = fetched(venue, ids, fetching)
    except FetchInterrupted as stopped:
        say(f"Stopped after {len(stopped.payments)} payments; nothing was reconciled.")
        return STOPPED
    if save_payments is not None:
        payments.write(save_payments)
    code = _report(payments, pos, policy, reporting, keeping, log)
    return max(code, UNREACHED if code_of(payments) == UNREACHED else CLEAN)


def _ids_told(log: SessionLog | None, pos: PosExport, policy: Policy, venue: Venue) -> list[str]:
    """Give the payments of the export's days that a log names, and say how many these are."""
    if log is None:
        return []
    from qerko_recon.closing import ids_of_log
    from qerko_recon.recon.log_ids import export_days

    days = export_days(pos.tenders["paid_at"], policy)
    ids = ids_of_log(log, pos, policy, venue)
    of_days = f" of {', '.join(map(str, sorted(days)))}" if days else ""
    names = ", ".join(file.name for file in log.files[:_NAMED])
    more = " …" if len(log.files) > _NAMED else ""
    say(f"{names}{more}: a session log with {len(ids)} payment IDs{of_days}")
    return ids


def _report(
    payments: Payments,
    pos: PosExport,
    policy: Policy,
    reporting: Reporting,
    keeping: Keeping,
    log: SessionLog | None,
) -> int:
    """Reconcile, record, write what was asked for, and say what came of it."""
    result, run = recorded(payments, pos, policy, keeping, log)
    reporting.write(result)
    if reporting.as_json:
        history = {} if run is None else {"history": news_json(run)}
        print_json(result_json(result, reporting.language) | history)
    else:
        print_result(result, reporting.language)
        if run is not None:
            print_news(run, reporting.language)
    return BREAKS if len(result.breaks) else CLEAN
