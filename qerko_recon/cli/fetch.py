"""The command that fetches payments by ID."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qerko_recon.cli.group import STOPPED, cli
from qerko_recon.cli.options import (
    Fetching,
    Reading,
    Whose,
    fetch_options,
    file_out,
    json_option,
    pos_options,
    venue_options,
)
from qerko_recon.cli.payments import code_of, fetched, ids_in, ids_option, say_outcomes
from qerko_recon.cli.show import print_frame, print_json, rows, say

if TYPE_CHECKING:
    from qerko_recon.frames import Payments

__all__ = ["fetch"]


@cli.command()
@click.argument("payment_ids", nargs=-1)
@ids_option
@pos_options
@click.option("--out", type=file_out, help="Write the payments here (JSON Lines).")
@fetch_options
@venue_options
@json_option
def fetch(
    payment_ids: tuple[str, ...],
    id_files: tuple[Path, ...],
    reading: Reading,
    out: Path | None,
    fetching: Fetching,
    whose: Whose,
    as_json: bool,
) -> int:
    """Fetch payments by ID: given, or from a list, a POS export, a session log alike.

    Run again with the same --store after a failure or Ctrl-C, it goes on where it was. --profile
    says how the exports of --pos are read; without --pos, those of --ids.

    Example: qerko-recon fetch --ids payment_ids.txt --store payments.db
    """
    from qerko_recon.fetch import FetchInterrupted

    venue = whose.load()
    profile = None if reading.pos_files else reading.profile
    ids = [*payment_ids, *ids_in(id_files, venue, profile)]
    if reading.pos_files:
        ids += reading.read(venue).payment_ids
    if not ids:
        raise click.UsageError(
            "no payment IDs: give some, or --ids FILE, or --pos FILE with a payment ID column"
        )
    try:
        payments, held = fetched(venue, ids, fetching)
    except FetchInterrupted as stopped:
        _keep(stopped.payments, out)
        kept = "the store has them" if fetching.store else "add --store to go on from there"
        say(f"Stopped after {len(stopped.payments)} payments; {kept}.")
        return STOPPED
    _keep(payments, out)
    say_outcomes(payments, held)
    if as_json:
        print_json({"payments": rows(payments.frame), "failures": rows(payments.failures)})
        return code_of(payments)
    if out is None and fetching.store is None:
        print_frame(payments.frame, ["payment_id", "bill_id", "state", "parts_total", "currency"])
    print_frame(payments.failures, ["payment_id", "kind", "detail"])
    return code_of(payments)


def _keep(payments: Payments, out: Path | None) -> None:
    if out is not None:
        payments.write(out)
        say(f"Written: {out}")
