"""What commands that fetch share: IDs from files, the fetch itself, and how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from qerko_recon.cli.group import BREAKS, CLEAN, UNREACHED
from qerko_recon.cli.show import on_terminal, say

if TYPE_CHECKING:
    from qerko_recon.cli.options import Fetching
    from qerko_recon.fetch import Progress
    from qerko_recon.frames import Payments
    from qerko_recon.settings import Venue

__all__ = ["code_of", "fetched", "ids_in", "ids_option", "payments_in", "say_outcomes"]

_REMOTE_KINDS: Final = frozenset({"unauthorized", "server", "network"})
_SQLITE: Final = b"SQLite format 3\0"
_WHAT: Final = {
    "list": "a list",
    "pos": "a POS export",
    "log": "a session log",
    "payments": "fetched payments",
    "store": "a store of payments",
}

ids_option = click.option(
    "--ids",
    "id_files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="File with payment IDs: a list, a POS export, a session log, payments; may be repeated.",
)


def ids_in(files: Sequence[Path], venue: Venue, profile: Path | None = None) -> list[str]:
    """Find the IDs in files of any kind, and say what each was taken for.

    Where a profile is given, each file is a POS export.
    """
    from qerko_recon.id_sources import find_ids

    ids: list[str] = []
    for file in files:
        found = find_ids(file, profile=profile, time_zone=venue.time_zone)
        say(f"{file}: {_WHAT[found.kind]} with {len(found.ids)} payment IDs")
        for note in found.notes:
            say(f"  {note}")
        ids += found.ids
    return ids


def fetched(venue: Venue, ids: Sequence[str], fetching: Fetching) -> tuple[Payments, int]:
    """Fetch payments, and tell of how many IDs the store knew the outcome already.

    A bar shows how far it is where anybody watches.
    """
    from qerko_recon.client import Client
    from qerko_recon.fetch.progress import reporter

    held = 0
    with Client(venue) as client, reporter(on_terminal(), len(set(ids))) as draw:

        def hear(state: Progress) -> None:
            nonlocal held
            held = state.held
            draw(state)

        payments = client.fetch_payments(
            ids,
            concurrency=fetching.concurrency,
            patience=fetching.patience,
            store=fetching.store,
            refresh=fetching.refresh,
            progress=hear,
        )
    return payments, held


def payments_in(file: Path) -> Payments:
    """Read payments from what ``fetch`` wrote, a store, or JSON."""
    from qerko_recon.frames import Payments
    from qerko_recon.store import PaymentStore

    try:
        with file.open("rb") as opened:
            is_store = opened.read(len(_SQLITE)) == _SQLITE
    except OSError:
        is_store = False  # whoever reads it says what is wrong
    return PaymentStore(file).payments() if is_store else Payments.read(file)


def say_outcomes(payments: Payments, held: int) -> None:
    """Say in a line how many were had, why others were not, and what the store knew already."""
    kinds = Counter(payments.failures["kind"])
    said = [f"{len(payments)} payments had"]
    said += [f"{count} not: {kind.replace('_', ' ')}" for kind, count in sorted(kinds.items())]
    known = f"; {held} of these were in the store already" if held else ""
    say(", ".join(said) + known)


def code_of(payments: Payments) -> int:
    """Give the exit code that a fetch deserves."""
    kinds = set(payments.failures["kind"])
    if kinds & _REMOTE_KINDS:
        return UNREACHED
    return BREAKS if kinds else CLEAN
