"""What a reader of the result should know beside the breaks; one sentence each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from qerko_recon.errors import shorten
from qerko_recon.recon.compare import Comparison
from qerko_recon.recon.match import Matching
from qerko_recon.recon.result import Reading

__all__ = ["remarks"]

_KNOWN_STATES: Final = frozenset({"paid", "cancelled", "open"})
_HALF: Final = 2
_NAMED: Final = 5


def remarks(
    comparison: Comparison, matching: Matching, readings: Sequence[Reading]
) -> Iterator[str]:
    """Collect the remarks of a run."""
    yield from _unknown_currencies(comparison)
    yield from _unknown_words(comparison)
    yield from _not_found(comparison, matching)
    yield from _poor_readings(readings)
    others = comparison.intake.tenders.others.num_rows
    if others:
        yield f"{others} lines of the export are of other tenders and were set aside."
    if matching.given_up:
        bills = _named(matching.given_up)
        yield f"Too many combinations of lines to try them all on the bills {bills}."


def _unknown_currencies(comparison: Comparison) -> Iterator[str]:
    """Name the first line of each currency that no payment has."""
    side = comparison.intake.tenders
    known = set(comparison.intake.payments.currencies)
    if not known:
        return
    counts = Counter(currency for currency in side.currencies if currency not in known)
    for currency, count in sorted(counts.items()):
        row = side.currencies.index(currency)
        file, line = side.table["source_file"][row].as_py(), side.table["source_row"][row].as_py()
        where = f"{file}, row {line}" if file else f"POS line {side.ids[row]}"
        yield (
            f"{where}, currency {currency}: no payment is in {currency} "
            f"({count} lines have it; the payments are in {', '.join(sorted(known))}). "
            "Check the export's currency column or the venue."
        )


def _unknown_words(comparison: Comparison) -> Iterator[str]:
    words = Counter(
        state for state in comparison.intake.tenders.states if state.lower() not in _KNOWN_STATES
    )
    for word, count in sorted(words.items()):
        yield (
            f"{count} POS lines have the state {shorten(word)!r}, which is not known; "
            "they count as paid. A profile can say what it means."
        )


def _not_found(comparison: Comparison, matching: Matching) -> Iterator[str]:
    """Name IDs that Qerko does not know and no POS line has: no money, so no break."""
    table = comparison.intake.payments.failures
    named = set(matching.failed[matching.failed >= 0].tolist())
    lost = [
        failure["payment_id"]
        for place, failure in enumerate(table.select(["payment_id", "kind"]).to_pylist())
        if failure["kind"] == "not_found" and place not in named
    ]
    if lost:
        yield f"Qerko knows no payment with these IDs, and no POS line has them: {_named(lost)}."


def _poor_readings(readings: Sequence[Reading]) -> Iterator[str]:
    """Warn where the reading taken explains less than half of the payments."""
    for reading in readings:
        if reading.chosen != "stated" and _HALF * reading.explains < reading.of:
            yield (
                f"No reading of {reading.setting} fits these data: {reading.value} explains "
                f"{reading.explains} of {reading.of} payments. State it in the policy."
            )


def _named(ids: Sequence[str]) -> str:
    shown = ", ".join(shorten(one) for one in ids[:_NAMED])
    rest = len(ids) - _NAMED
    return f"{shown} and {rest} more" if rest > 0 else shown
