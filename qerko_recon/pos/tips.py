"""Where an export has its tips: columns of amounts in, amount without tip and tip out.

Two of amount, tip and total give the third. Where all three are there, the rows themselves tell
whether the amount contains the tip. Tips on lines of their own are folded into the line that they
belong to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.money import from_units, to_units, unit_to_decimal
from qerko_recon.pos.amounts import Amounts, Units
from qerko_recon.pos.profile import TipLayout

__all__ = ["Fault", "Money", "derive", "fold", "note_empty"]

Mask = npt.NDArray[np.bool_]

_LIMIT: Final = 10**18
_TOO_LARGE: Final = "amount and tip together do not fit: at most 12 digits before the decimal mark"
_EMPTY: Final = "the amount is empty, so what this line posts is not known; fill it in"


class Fault(NamedTuple):
    """A cell that could not be read or does not fit its row."""

    row: int
    idea: str
    text: str


@dataclass(eq=False)
class Money:
    """What the lines of a file are about, a row a value.

    Attributes
    ----------
    amount, tip
        Millionths; the amount is without the tip.
    has_tip
        Whether the file says anything of the row's tip.
    is_known
        Whether what the row posts is known.
    layout
        Where the file has its tips.
    faults, notes
        What could not be read, and what had to be assumed.
    """

    amount: Units
    tip: Units
    has_tip: Mask
    is_known: Mask
    layout: TipLayout
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def derive(
    amount: Amounts | None, tip: Amounts | None, total: Amounts | None, stated: TipLayout | None
) -> Money:
    """Tell amounts from tips by the columns there are and what the profile states.

    >>> from qerko_recon.pos.amounts import parse_amounts
    >>> from qerko_recon.pos.strings import Strings
    >>> columns = [parse_amounts(Strings(pa.array(cells)), ",")
    ...            for cells in (["100", "200"], ["5", "0"], ["100", "200"])]
    >>> money = derive(*columns, None)
    >>> money.layout, (money.amount // 1_000_000).tolist()
    ('inside', [95, 200])
    """
    if tip is not None and stated in {"none", "line"}:
        tip = total = None
    if amount is None:
        assert total is not None  # noqa: S101 - an export without amounts is refused before
        money = _of_totals(total, tip)
    elif tip is None:
        money = _of_amounts(amount, None if stated in {"none", "line"} else total)
    elif total is None:
        money = _of_amounts_and_tips(amount, tip, stated)
    else:
        money = _of_all(amount, tip, total, stated)
    if stated == "line" and money.layout == "none":
        money.layout = "line"
    for column, idea in ((amount, "amount"), (tip, "tip"), (total, "total")):
        if column is not None:
            money.faults += [Fault(row, idea, text) for row, text in column.faults]
    _refuse_large(money)
    return money


def note_empty(money: Money, amount: Amounts | None) -> None:
    """Report rows of which nothing says what they post, though nothing is wrong with a cell."""
    faulty = {fault.row for fault in money.faults}
    idea = "amount" if amount is not None else "total"
    for row in np.flatnonzero(~money.is_known).tolist():
        if row not in faulty:
            money.faults.append(Fault(row, idea, _EMPTY))


def _of_totals(total: Amounts, tip: Amounts | None) -> Money:
    if tip is None:
        return _of_amounts(total, None)
    is_known = total.is_read & ~tip.is_faulty
    layout: TipLayout = "inside"
    return Money(total.units - tip.units, tip.units, ~tip.is_faulty, is_known, layout)


def _of_amounts(amount: Amounts, total: Amounts | None) -> Money:
    nothing = np.zeros_like(amount.units)
    none = np.zeros(len(nothing), dtype=bool)
    plain = Money(amount.units, nothing, none, amount.is_read, "none")
    if total is None:
        return plain
    both = amount.is_read & total.is_read
    tip = np.where(both, total.units - amount.units, 0)
    toward = np.where(amount.units < 0, -1, 1)
    is_tip = (tip * toward >= 0) & (np.abs(tip) <= np.abs(amount.units))
    if not both.any() or not is_tip[both].all() or not tip.any():
        if tip.any():
            plain.notes.append(
                "the totals are not the amounts and a tip, so they are not used; "
                "state columns.total in a profile if they are"
            )
        return plain
    is_known = amount.is_read & ~total.is_faulty
    return Money(amount.units, tip, is_known, is_known, "beside")


def _of_amounts_and_tips(amount: Amounts, tip: Amounts, stated: TipLayout | None) -> Money:
    # A line of nothing but a tip has an empty amount.
    only_tip = ~amount.is_given & tip.is_read & (tip.units != 0)
    is_known = (amount.is_read | only_tip) & ~tip.is_faulty
    if stated == "inside":
        base = np.where(only_tip, 0, amount.units - tip.units)
        return Money(base, tip.units, ~tip.is_faulty, is_known, "inside")
    layout: TipLayout = stated or "auto"
    money = Money(amount.units, tip.units, ~tip.is_faulty, is_known, layout)
    if layout == "auto":
        money.notes.append(
            "nothing says whether the amounts contain the tips; they are read as without them "
            "until payments tell: state tip_layout in a profile"
        )
    return money


def _of_all(amount: Amounts, tip: Amounts, total: Amounts, stated: TipLayout | None) -> Money:
    whole = amount.is_read & total.is_read & ~tip.is_faulty
    beside = whole & (amount.units + tip.units == total.units)
    inside = whole & (amount.units == total.units)
    tipped = tip.units != 0
    layout = stated if stated in {"beside", "inside"} else None
    if layout is None:
        layout = "inside" if (inside & tipped).sum() > (beside & tipped).sum() else "beside"
    agrees = inside if layout == "inside" else beside
    if 2 * int(agrees.sum()) < int(whole.sum()) and stated is None:
        money = _of_amounts_and_tips(amount, tip, stated)
        money.notes.append(
            "in most rows the total is not the amount and the tip, so it is not used"
        )
        return money
    base = amount.units - tip.units if layout == "inside" else amount.units.copy()
    held = tip.units.copy()
    # What one cell does not say, the other two do.
    lost = ~amount.is_read & total.is_read & ~tip.is_faulty
    base[lost] = (total.units - tip.units)[lost]
    torn = tip.is_faulty & amount.is_read & total.is_read
    if layout == "beside":
        held[torn] = (total.units - amount.units)[torn]
    else:
        torn[:] = False
    is_known = (amount.is_read & ~tip.is_faulty) | lost | torn
    money = Money(base, held, ~tip.is_faulty | torn, is_known, layout)
    for row in np.flatnonzero(whole & ~agrees).tolist():
        money.faults.append(Fault(row, "total", _disagreement(amount, tip, total, layout, row)))
    return money


def _disagreement(amount: Amounts, tip: Amounts, total: Amounts, layout: str, row: int) -> str:
    paid, given, summed = (
        unit_to_decimal(int(column.units[row])) for column in (amount, tip, total)
    )
    if layout == "inside":
        says = f"the amount {paid} contains the tip in this file, yet the total is {summed}"
    else:
        both = unit_to_decimal(int(amount.units[row] + tip.units[row]))
        says = f"amount {paid} and tip {given} make {both}, yet the total is {summed}"
    return f"{says}; amount and tip were taken, so check the row in the POS"


def _refuse_large(money: Money) -> None:
    if all(_is_small(units) for units in (money.amount, money.tip)):
        return
    sums = money.amount + money.tip
    large = (np.abs(sums) >= _LIMIT) | (np.abs(money.amount) >= _LIMIT)
    large |= np.abs(money.tip) >= _LIMIT
    for row in np.flatnonzero(large).tolist():
        money.faults.append(Fault(row, "amount", _TOO_LARGE))
        money.is_known[row] = False
        money.amount[row] = money.tip[row] = 0


def _is_small(units: Units) -> bool:
    return not len(units) or max(int(units.max()), -int(units.min())) < _LIMIT // 2


def fold(tenders: pa.Table, is_tip: Mask) -> tuple[pa.Table, Mask]:
    """Add tips on lines of their own to a line of the same payment, or else of the same bill.

    A tip goes to the line above it; several tips below several lines go to them one by one. Where
    a tip names a provider, lines of that provider come first. In a file with such tips a line
    without one has none.

    Parameters
    ----------
    tenders
        A table of :data:`qerko_recon.schema.TENDERS`.
    is_tip
        Which rows are nothing but a tip; their amount is 0.

    Returns
    -------
    tenders, kept
        The table with tips added, and which of its rows stay: a tip that finds no line of its
        payment, state and currency stays as a line of its own.
    """
    kept = np.ones(len(is_tip), dtype=bool)
    if not is_tip.any():
        return tenders, kept
    amount, tip = to_units(tenders["amount"]), to_units(tenders["tip"])
    null = np.asarray(pc.is_null(tenders["amount"]).to_numpy())
    has_tip = np.asarray(pc.is_valid(tenders["tip"]).to_numpy()).copy()
    for place, home in _homes(tenders, is_tip):
        tip[home] += tip[place]
        has_tip[home] = True
        null[home] |= null[place]
        kept[place] = False
    has_tip |= _in_files_of(tenders, is_tip)
    units = {"amount": (amount, null), "tip": (tip, ~has_tip), "total": (amount + tip, null)}
    for name, (values, is_null) in units.items():
        index = tenders.schema.get_field_index(name)
        tenders = tenders.set_column(index, name, from_units(values, is_null))
    return tenders, kept


def _in_files_of(tenders: pa.Table, rows: Mask) -> Mask:
    """Mark all rows of the files that some rows are of."""
    files = tenders["source_file"]
    named = pc.unique(files.filter(pa.array(rows)))
    return np.asarray(pc.is_in(files, value_set=named).to_numpy())


def _homes(tenders: pa.Table, is_tip: Mask) -> Iterator[tuple[int, int]]:
    """Give each tip the line that it belongs to."""
    names = ("payment_id", "bill_id", "state", "currency", "provider")
    cells = dict(zip(names, (tenders[name].to_pylist() for name in names), strict=True))
    order = _in_file_order(tenders)
    for idea, others in (("payment_id", ()), ("bill_id", ("payment_id",))):
        some: dict[tuple[str | None, ...], list[int]] = defaultdict(list)
        wanted = {cells[idea][row] for row in np.flatnonzero(is_tip).tolist()} - {None}
        for row in order:
            if cells[idea][row] not in wanted:
                continue
            if is_tip[row] and any(cells[name][row] is not None for name in others):
                continue
            some[cells[idea][row], cells["state"][row], cells["currency"][row]].append(row)
        for rows in some.values():
            yield from _in_turn(rows, is_tip, cells["provider"])


def _in_file_order(tenders: pa.Table) -> list[int]:
    """Sort rows as they stand in their files."""
    keys = tenders.select(["source_file", "source_row"])
    by = [("source_file", "ascending"), ("source_row", "ascending")]
    return list(pc.sort_indices(keys, by).to_pylist())


def _in_turn(
    rows: list[int], is_tip: Mask, providers: list[str | None]
) -> Iterator[tuple[int, int]]:
    """Pair the tips of one payment or bill with its lines, in the order of the file."""
    lines: list[int] = []  # above, and without a tip so far
    last: list[int] = []  # all above
    for is_tips, run in groupby(rows, key=lambda row: bool(is_tip[row])):
        block = list(run)
        if not is_tips:
            lines, last = [*lines, *block], [*last, *block]
            continue
        homes = last or [row for row in rows if not is_tip[row]][:1]
        free = lines if len(lines) <= len(block) else lines[-len(block) :]
        for number, place in enumerate(block):
            own = [row for row in homes if providers[row] == providers[place] is not None]
            if own:
                yield place, next((row for row in own if row in lines), own[-1])
            elif homes:
                yield place, free[number] if number < len(free) else homes[-1]
        lines = []
