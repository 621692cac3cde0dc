"""What people have ruled, as rows: which take no part, which belong together, which do not.

Takes in the rulings of a policy; gives out row numbers. A ruling whose rows are not all here is
passed over and told, since the next day's data may have them. One that a person made on another
day, of whose rows none is here, is of that day, and nothing to tell of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.recon.coded import Codes, Mask, flat
from qerko_recon.recon.rulings import Ruling
from qerko_recon.recon.sides import Intake

__all__ = ["Decided", "decide"]

Rows = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Decided:
    """Rulings in rows.

    Attributes
    ----------
    excluded_payments, excluded_tenders
        Rows that take no part.
    together
        Payments and lines that belong together.
    apart
        Pairs of a payment and a line that do not.
    why
        The ruling that excludes a row, by (side, row); side 0 is Qerko's.
    passed_over
        Rulings that could not be followed, each with why: ``no_payment``, ``no_line``,
        ``later_ruling``, ``two_currencies``; and the ID that is not here.
    """

    excluded_payments: Mask
    excluded_tenders: Mask
    together: tuple[tuple[Rows, Rows], ...]
    apart: frozenset[tuple[int, int]]
    why: dict[tuple[int, int], Ruling]
    passed_over: tuple[tuple[Ruling, str, str | None], ...]

    def owners(self, owner: Codes) -> Codes:
        """Take from lines the payment that they name, where somebody ruled against it."""
        if not self.apart:
            return owner.copy()
        kept = owner.copy()
        for payment, line in self.apart:
            if kept[line] == payment:
                kept[line] = -1
        return kept


def decide(intake: Intake, rulings: Sequence[Ruling]) -> Decided:
    """Find the rows that rulings are about; a later ruling on the same rows wins."""
    paid, posted = intake.payments, intake.tenders
    excluded = np.zeros(len(paid), dtype=bool), np.zeros(len(posted), dtype=bool)
    together: list[tuple[Rows, Rows]] = []
    apart: set[tuple[int, int]] = set()
    why: dict[tuple[int, int], Ruling] = {}
    passed_over: list[tuple[Ruling, str, str | None]] = []
    places = _Places(intake, rulings)
    taken: set[tuple[int, int]] = set()
    for ruling in reversed(rulings):
        rows, missing = places.of(ruling)
        if missing:
            if ruling.at is None or places.has_any_of(ruling):
                passed_over.append((ruling, *missing))
            continue
        pairs = {(one, other) for one in rows[0] for other in rows[1]}
        sides = {(side, row) for side, some in enumerate(rows) for row in some}
        if _is_outweighed(ruling, pairs, sides, taken, apart):
            passed_over.append((ruling, "later_ruling", None))
        elif ruling.kind == "reject_match":
            apart |= pairs
        elif ruling.kind == "accept_match" and len(_currencies(intake, rows)) > 1:
            passed_over.append((ruling, "two_currencies", None))
        else:
            taken |= sides
            if ruling.kind == "accept_match":
                together.append((tuple(rows[0]), tuple(rows[1])))
                continue
            for side, row in sides:
                excluded[side][row] = True
                why[side, row] = ruling
    return Decided(*excluded, tuple(together), frozenset(apart), why, tuple(reversed(passed_over)))


def _is_outweighed(
    ruling: Ruling,
    pairs: set[tuple[int, int]],
    sides: set[tuple[int, int]],
    taken: set[tuple[int, int]],
    apart: set[tuple[int, int]],
) -> bool:
    """Tell whether later rulings are about the same rows: taken ones, or pairs kept apart."""
    if ruling.kind == "reject_match":
        return any({(0, one), (1, other)} <= taken for one, other in pairs)
    is_apart = ruling.kind == "accept_match" and not apart.isdisjoint(pairs)
    return is_apart or not taken.isdisjoint(sides)


class _Places:
    """Rows of the IDs that some rulings name, looked up at once."""

    def __init__(self, intake: Intake, rulings: Iterable[Ruling]) -> None:
        held = list(rulings)
        self._rows = [
            _rows_of({one for ruling in held for one in getattr(ruling, name)}, column)
            for name, column in (
                ("payment_ids", intake.payments.table["payment_id"]),
                ("tender_ids", intake.tenders.table["tender_id"]),
            )
        ]

    def of(self, ruling: Ruling) -> tuple[tuple[list[int], list[int]], tuple[str, str] | None]:
        """Give a ruling's rows of both sides, in the order of IDs, and what of it is not here."""
        rows: tuple[list[int], list[int]] = ([], [])
        for side, (ids, why) in enumerate(
            ((ruling.payment_ids, "no_payment"), (ruling.tender_ids, "no_line"))
        ):
            for one in ids:
                if one not in self._rows[side]:
                    return rows, (why, one)
                rows[side].append(self._rows[side][one])
        return rows, None

    def has_any_of(self, ruling: Ruling) -> bool:
        """Tell whether any row of a ruling is here."""
        sides = zip((ruling.payment_ids, ruling.tender_ids), self._rows, strict=True)
        return any(one in rows for ids, rows in sides for one in ids)


def _rows_of(ids: set[str], column: pa.ChunkedArray) -> dict[str, int]:
    if not ids:
        return {}
    named = sorted(ids)
    places = pc.index_in(pa.array(named, pa.string()), value_set=flat(column)).to_pylist()
    return {one: place for one, place in zip(named, places, strict=True) if place is not None}


def _currencies(intake: Intake, rows: tuple[list[int], list[int]]) -> set[int]:
    codes = intake.paid_currency[rows[0]].tolist() + intake.posted_currency[rows[1]].tolist()
    return set(codes)
