"""What a reader of the result should know beside the breaks; one remark each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from qerko_recon.recon.coded import Codes, flat
from qerko_recon.recon.compare import Comparison
from qerko_recon.recon.decided import Decided
from qerko_recon.recon.match import Matching
from qerko_recon.recon.remark import Remark

__all__ = ["remarks"]

_KNOWN_STATES: Final = frozenset({"paid", "cancelled", "open"})


def remarks(
    comparison: Comparison, matching: Matching, decided: Decided, doubts: Iterable[Remark]
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
        yield Remark("given_up", {"bills": tuple(sorted(matching.given_up))})
    for ruling, why, missing in decided.passed_over:
        ids = (*ruling.payment_ids, *ruling.tender_ids)
        yield Remark(f"passed_over.{why}", {"ids": ids, "missing": missing})


def _unknown_currencies(comparison: Comparison) -> Iterator[Remark]:
    """Name the first line of each currency that no payment has."""
    intake = comparison.intake
    side = intake.tenders
    known = _held(intake.paid_currency)
    if not len(known):
        return
    unknown = np.setdiff1d(_held(intake.posted_currency), known)
    for code in unknown.tolist():
        rows = np.flatnonzero(intake.posted_currency == code)
        at = int(rows[0])
        file, row = side.text("source_file", at), side.table["source_row"][at].as_py()
        yield Remark(
            "unknown_currency",
            {
                "file": file or None,
                "row": None if row is None else str(row),
                "line": side.id(at),
                "currency": intake.currencies[code],
                "count": len(rows),
                "known": ", ".join(intake.currencies[one] for one in known.tolist()),
            },
        )


def _held(codes: Codes) -> Codes:
    """Give the codes that there are; counting costs less than sorting."""
    return np.flatnonzero(np.bincount(codes))


def _unknown_words(comparison: Comparison) -> Iterator[Remark]:
    counts = flat(comparison.intake.tenders.table["state"]).value_counts().to_pylist()
    words = {one["values"]: one["counts"] for one in counts}
    for word, count in sorted(words.items()):
        if word.lower() not in _KNOWN_STATES:
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
