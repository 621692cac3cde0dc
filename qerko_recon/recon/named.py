"""What an ID names in a reconciliation: a break, a payment or a bill, and all rows of it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.errors import ReconciliationError, shorten
from qerko_recon.recon.result import Reconciliation

__all__ = ["Named", "find_named"]

_ALIKE: Final = 3
_SAME_ENDS: Final = 3
_MOST_COMPARED: Final = 2000


@dataclass(frozen=True)
class Named:
    """The rows of a reconciliation that one name means.

    Attributes
    ----------
    name
        As it was asked for.
    break_id
        Where a break was asked for.
    payment_ids, bill_ids
        What the story is about.
    payments, tenders, matches, breaks
        The rows of it.
    """

    name: str
    break_id: str | None
    payment_ids: tuple[str, ...]
    bill_ids: tuple[str, ...]
    payments: pd.DataFrame
    tenders: pd.DataFrame
    matches: pd.DataFrame
    breaks: pd.DataFrame


def find_named(result: Reconciliation, name: str) -> Named:
    """Find what a name means: a break's ID, a payment's, or a bill's.

    Raises
    ------
    ReconciliationError
        Nothing has this name; the message names what is alike.
    """
    name = name.strip()
    breaks = result.breaks
    of_break = breaks[breaks["break_id"] == name]
    if len(of_break):
        row = of_break.iloc[0]
        payments = _known([row["payment_id"]])
        if payments:
            return _about(result, name, name, payments, _known([row["bill_id"]]))
        lines = tuple(row["tender_ids"])
        return _of_bill(result, name, name, _known([row["bill_id"]]), lines)
    for frame in (result.payments, breaks, result.tenders):
        own = frame[frame["payment_id"] == name]
        if len(own):
            return _about(result, name, None, (name,), _known(own["bill_id"]))
    for frame in (result.payments, breaks, result.tenders):
        if (frame["bill_id"] == name).any():
            return _of_bill(result, name, None, (name,), ())
    if result.log is not None and name in result.log.payment_ids:
        return _about(result, name, None, (name,), ())
    raise ReconciliationError(_unknown(result, name))


def _of_bill(
    result: Reconciliation,
    name: str,
    break_id: str | None,
    bills: tuple[str, ...],
    lines: tuple[str, ...],
) -> Named:
    """Gather all payments of a bill, and lines that name it or are named by the break."""
    payments = _known(result.payments[_among(result.payments["bill_id"], bills)]["payment_id"])
    return _about(result, name, break_id, payments, bills, lines)


def _about(
    result: Reconciliation,
    name: str,
    break_id: str | None,
    payments: tuple[str, ...],
    bills: tuple[str, ...],
    lines: tuple[str, ...] = (),
) -> Named:
    of_payments = _among(result.tenders["payment_id"], payments)
    own = of_payments | _among(result.tenders["tender_id"], lines)
    matches = result.matches[_holds(result.matches["payment_ids"], payments)]
    own |= _among(
        result.tenders["tender_id"], [one for some in matches["tender_ids"] for one in some]
    )
    breaks = result.breaks
    if break_id is not None and not payments:
        of_breaks = breaks["break_id"] == break_id
    else:
        of_breaks = _among(breaks["payment_id"], payments) | (
            breaks["break_id"] == (break_id or "")
        )
    if not lines and break_id is None and name in bills:
        own |= _among(result.tenders["bill_id"], bills)
        of_breaks |= _among(breaks["bill_id"], bills)
    return Named(
        name=name,
        break_id=break_id,
        payment_ids=payments,
        bill_ids=bills,
        payments=result.payments[_among(result.payments["payment_id"], payments)],
        tenders=result.tenders[own],
        matches=matches,
        breaks=breaks[of_breaks],
    )


def _known(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(one) for one in values if isinstance(one, str)))


def _among(column: pd.Series, values: Iterable[str]) -> pd.Series:
    return column.isin(list(values))


def _holds(column: pd.Series, values: Iterable[str]) -> pd.Series:
    """Tell which rows of a column of lists hold one of the values."""
    lists = pa.array(column)
    lists = lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
    found = pc.is_in(pc.list_flatten(lists), pa.array(list(values), pa.string()))
    rows = pc.list_parent_indices(lists).filter(found).to_pylist()
    mask = pd.Series(data=False, index=column.index)
    mask.iloc[sorted(set(rows))] = True
    return mask


def _unknown(result: Reconciliation, name: str) -> str:
    known = pa.concat_arrays(
        [
            _texts(result.breaks["break_id"]),
            _texts(result.payments["payment_id"]),
            _texts(result.tenders["payment_id"]),
            _texts(result.payments["bill_id"]),
        ]
    )
    alike = difflib.get_close_matches(name, _comparable(known, name), n=_ALIKE)
    hint = f"; alike: {', '.join(map(shorten, alike))}" if alike else ""
    return (
        f"nothing here is named {shorten(name)!r}: it is no break's, payment's or bill's ID"
        f"{hint}. The IDs of breaks stand in the workbook and in result.breaks"
    )


def _comparable(known: pa.Array, name: str) -> list[str]:
    """Give the names that begin or end alike; comparing with all of a million takes too long."""
    known = pc.unique(known).drop_null()
    if len(known) > _MOST_COMPARED:
        begins = pc.starts_with(known, name[:_SAME_ENDS])
        ends = pc.ends_with(known, name[-_SAME_ENDS:])
        known = known.filter(pc.or_(begins, ends))
    return [str(one) for one in known[:_MOST_COMPARED].to_pylist()]


def _texts(column: pd.Series) -> pa.Array:
    array = pa.array(column)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return array.cast(pa.string())
