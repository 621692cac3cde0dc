"""What a reader of the result should know beside the breaks; one remark each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from qerko_recon.recon.compare import Comparison
from qerko_recon.recon.match import Matching
from qerko_recon.recon.remark import Remark

__all__ = ["remarks"]

_KNOWN_STATES: Final = frozenset({"paid", "cancelled", "open"})


def remarks(
    comparison: Comparison, matching: Matching, doubts: Iterable[Remark]
) -> Iterator[Remark]:
    """Collect the remarks of a run."""
    yield from _unknown_currencies(comparison)
    yield from _unknown_words(comparison)
    yield from _not_found(comparison, matching)
    yield from doubts
    others = comparison.intake.tenders.others.num_rows
    if others:
        yield Remark("set_aside", {"count": others})
    if matching.given_up:
        yield Remark("given_up", {"bills": tuple(matching.given_up)})


def _unknown_currencies(comparison: Comparison) -> Iterator[Remark]:
    """Name the first line of each currency that no payment has."""
    side = comparison.intake.tenders
    known = set(comparison.intake.payments.currencies)
    if not known:
        return
    counts = Counter(currency for currency in side.currencies if currency not in known)
    for currency, count in sorted(counts.items()):
        at = side.currencies.index(currency)
        file, row = side.table["source_file"][at].as_py(), side.table["source_row"][at].as_py()
        yield Remark(
            "unknown_currency",
            {
                "file": file or None,
                "row": None if row is None else str(row),
                "line": side.ids[at],
                "currency": currency,
                "count": count,
                "known": ", ".join(sorted(known)),
            },
        )


def _unknown_words(comparison: Comparison) -> Iterator[Remark]:
    words = Counter(
        state for state in comparison.intake.tenders.states if state.lower() not in _KNOWN_STATES
    )
    for word, count in sorted(words.items()):
        yield Remark("unknown_state", {"state": word, "count": count})


def _not_found(comparison: Comparison, matching: Matching) -> Iterator[Remark]:
    """Name IDs that Qerko does not know and no POS line has: no money, so no break."""
    table = comparison.intake.payments.failures
    named = set(matching.failed[matching.failed >= 0].tolist())
    lost = tuple(
        failure["payment_id"]
        for place, failure in enumerate(table.select(["payment_id", "kind"]).to_pylist())
        if failure["kind"] == "not_found" and place not in named
    )
    if lost:
        yield Remark("not_found", {"ids": lost})
