"""Both sides brought to one shape: payments and tenders in, exact integer columns out.

Takes in the rich objects or plain DataFrames with the contract's columns; gives out a
:class:`~qerko_recon.recon.sides.Intake` whose money is ``int64`` millionths, ready for
exact arithmetic on whole columns.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.errors import ReconciliationError, shorten
from qerko_recon.money import from_units, largest, sum_exactly, to_units
from qerko_recon.pos.digests import any_twice, digests_of
from qerko_recon.pos.vocabulary import state_meant
from qerko_recon.recon.coded import (
    Codes,
    Mask,
    Units,
    encode,
    flat,
    ranks,
    where_in,
    where_in_each,
)
from qerko_recon.recon.days import business_dates
from qerko_recon.recon.lookup import find_places
from qerko_recon.recon.policy import Policy, TipLayout
from qerko_recon.recon.result import Source
from qerko_recon.recon.sides import NO_CURRENCY, Intake, PaymentSide, TenderSide
from qerko_recon.schema import FAILURES, ITEMS, PARTS, PAYMENTS, PROBLEMS, TENDERS, conform
from qerko_recon.threads import aside

__all__ = ["refuse_same_ids", "take_in", "with_tips_moved"]

_INACTIVE: Final = ("cancelled", "open")
_MOST: Final = 10**18  # millionths; what a money column holds


@runtime_checkable
class HasPayments(Protocol):
    """What :class:`qerko_recon.frames.Payments` offers."""

    frame: pd.DataFrame
    parts: pd.DataFrame
    items: pd.DataFrame
    failures: pd.DataFrame


@runtime_checkable
class HasTenders(Protocol):
    """What :class:`qerko_recon.pos.PosExport` offers."""

    tenders: pd.DataFrame
    others: pd.DataFrame
    problems: pd.DataFrame


def take_in(payments: object, pos: object, policy: Policy) -> Intake:
    """Bring both sides to one shape.

    Raises
    ------
    ReconciliationError
        An input is of the wrong kind, lacks a column or holds money as ``float``. That a payment
        ID is repeated is said when ``owner`` is first asked for, which is found out beside all
        else; that a line's ID is, by :func:`refuse_same_ids`.
    """
    held = _payment_tables(payments)
    frames = _tender_frames(pos)
    table = _tender_table(frames[0])
    owners = aside(_owners, held.payments["payment_id"], held.failures, table["payment_id"])
    other_side = aside(_payment_side, held, policy)
    posted = _tender_side(table, frames, policy, held.payments)
    paid = other_side.result()
    layout: TipLayout = getattr(getattr(pos, "profile", None), "tip_layout", "beside")
    words, coded = encode(paid.table["currency"], posted.table["currency"])
    places = ranks(words)
    _refuse_overflow(paid, posted)
    return Intake(
        paid,
        posted,
        layout,
        _sources(payments, pos, paid, posted),
        tuple(sorted(words.to_pylist())),
        places[coded[0]],
        places[coded[1]],
        owners,
    )


def _owners(
    ids: pa.ChunkedArray, failures: pa.Table, named: pa.ChunkedArray
) -> tuple[Codes, Codes, Codes]:
    """Find the payment and the failed ID that each line names; a payment that was had wins.

    Raises
    ------
    ReconciliationError
        A payment ID stands twice among the payments.
    """
    owner, repeated = find_places(named, ids)
    if repeated >= 0:
        again = str(ids[repeated].as_py())
        raise ReconciliationError(
            f"payments.frame has payment {shorten(again)} "
            f"{pc.sum(pc.equal(ids, again)).as_py()} times; each payment may stand in it once"
        )
    failed = flat(failures["payment_id"])
    if not len(failed):
        nothing = np.zeros(0, dtype=np.int64)
        return owner, np.full(len(owner), -1, dtype=np.int64), nothing
    _, (first,) = encode(failed)
    firsts = np.unique(first, return_index=True)[1]
    had = np.asarray(pc.is_in(failed, value_set=flat(ids)).to_numpy(False))
    lost = np.sort(firsts[~had[firsts]])
    places = pc.fill_null(pc.index_in(flat(named), value_set=failed, skip_nulls=True), -1)
    failure = np.asarray(places.to_numpy(False), dtype=np.int64)
    return owner, np.where(owner < 0, failure, -1), lost


def _refuse_overflow(paid: PaymentSide, posted: TenderSide) -> None:
    """Refuse amounts whose sums could have more digits than a money column holds.

    Raises
    ------
    ReconciliationError
        The amounts are too large.
    """
    for what, units in (("payments", paid.parts_total), ("POS lines", posted.total)):
        if largest(units) * len(units) >= _MOST and sum_exactly(np.abs(units)) >= _MOST:
            raise ReconciliationError(
                f"the sum of the {what} does not fit: at most 12 digits before the decimal point "
                "are held; reconcile fewer of them at once, or look for a damaged amount"
            )


class _PaymentTables(NamedTuple):
    """Qerko's side as it was given."""

    payments: pa.Table
    parts: pa.Table
    items: pa.Table
    failures: pa.Table


def _payment_tables(payments: object) -> _PaymentTables:
    if isinstance(payments, pd.DataFrame):
        frame, parts, items, failures = payments, *_empty(PARTS, ITEMS, FAILURES)
    elif isinstance(payments, HasPayments):
        frame, parts, items, failures = (
            payments.frame,
            payments.parts,
            payments.items,
            payments.failures,
        )
    else:
        raise ReconciliationError(
            f"payments cannot be a {type(payments).__name__}; give what fetch_payments or "
            "Payments.read returned, or a DataFrame with the columns of payments.frame"
        )
    required = ("payment_id", "state", "currency", "parts_total")
    table = _complete(
        conform(frame, PAYMENTS, what="payments.frame", required=required),
        "payments.frame",
        required,
    )
    table = _without_empty(table, "bill_id")
    zero = pa.scalar(0, PAYMENTS.field("tip_gross").type)
    table = _replaced(table, "tip_gross", pc.fill_null(table["tip_gross"], zero))
    return _PaymentTables(
        table,
        conform(parts, PARTS, what="payments.parts", required=PARTS.names),
        conform(items, ITEMS, what="payments.items", required=("payment_id",)),
        conform(failures, FAILURES, what="payments.failures", required=("payment_id", "kind")),
    )


def _payment_side(held: _PaymentTables, policy: Policy) -> PaymentSide:
    table, parts, items, failures = held
    settles, cancelled = where_in_each(
        table["state"], policy.settled_states, policy.cancelled_states
    )
    return PaymentSide(
        table=table,
        parts=parts,
        items=items,
        failures=failures,
        days=business_dates(table["created_at"], policy.time_zone, policy.business_day_cutoff),
        settles=settles,
        cancelled=cancelled,
    )


def _tender_frames(pos: object) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    if isinstance(pos, pd.DataFrame):
        others, problems = _empty(TENDERS, PROBLEMS)
        return pos, others, problems
    if isinstance(pos, HasTenders):
        return pos.tenders, pos.others, pos.problems
    raise ReconciliationError(
        f"pos cannot be a {type(pos).__name__}; give what read_pos returned, "
        "or a DataFrame with the columns of pos.tenders"
    )


def _tender_table(tenders: pd.DataFrame) -> pa.Table:
    if "amount" not in tenders.columns and "total" in tenders.columns:
        tenders = tenders.assign(amount=tenders["total"])
        if "tip" in tenders.columns:
            raise ReconciliationError(
                "pos.tenders has total and tip but no amount; add amount = total − tip"
            )
    table = conform(tenders, TENDERS, what="pos.tenders", required=("amount",))
    table = _without_empty(table, "tender_id", "payment_id", "bill_id")
    return _name_rows(table)


def _tender_side(
    table: pa.Table,
    frames: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
    policy: Policy,
    payments: pa.Table,
) -> TenderSide:
    _, others, problems = frames
    amount, tip = to_units(table["amount"]), to_units(table["tip"])
    total = amount + tip
    readable = np.asarray(pc.is_valid(table["amount"]).combine_chunks().to_numpy(False))
    table = _replaced(table, "total", _totals(table, total, ~readable))
    table = _replaced(table, "state", _states(table, total))
    table = _replaced(table, "currency", _currencies(table, payments))
    return TenderSide(
        table=table,
        others=conform(others, TENDERS, what="pos.others", required=()),
        problems=conform(problems, PROBLEMS, what="pos.problems", required=()),
        days=business_dates(table["paid_at"], policy.time_zone, policy.business_day_cutoff),
        amount=amount,
        tip=tip,
        has_tip=np.asarray(pc.is_valid(table["tip"]).combine_chunks().to_numpy(False)),
        readable=readable,
        counts=~where_in(table["state"], _INACTIVE) | _reversals(table, total),
    )


def _name_rows(table: pa.Table) -> pa.Table:
    """Give lines without an ID one made of their place in the input."""
    held = flat(table["tender_id"])
    if not held.null_count:
        return table
    places = pa.array([f"row-{number}" for number in range(1, len(held) + 1)])
    return _replaced(table, "tender_id", pc.coalesce(held, places))


def refuse_same_ids(lines: TenderSide) -> None:
    """Refuse lines of which two have one ID; reading a million texts is worth a core of its own.

    Raises
    ------
    ReconciliationError
        Names the ID.
    """
    ids = flat(lines.table["tender_id"])
    if not any_twice(digests_of(ids)):
        return
    counts = pc.value_counts(ids)
    often = counts.filter(pc.greater(counts.field("counts"), 1))
    if not len(often):  # two IDs have one number
        return
    raise ReconciliationError(
        f"pos.tenders has the tender_id {shorten(often[0].as_py()['values'])} more than once; "
        "each line needs an ID of its own"
    )


def _totals(table: pa.Table, units: Units, unknown: Mask) -> pa.Array:
    """Derive the total, which is amount and tip whatever the input says."""
    if largest(units) >= _MOST:
        line = table["tender_id"][int(np.argmax(np.abs(units)))].as_py()
        raise ReconciliationError(
            f"pos.tenders: amount and tip of the line {shorten(line)} make a total that does not "
            "fit: at most 12 digits before the decimal point are held"
        )
    return from_units(units, unknown)


def _states(table: pa.Table, total: Units) -> pa.Array:
    """Bring the POS's words for a line's state to ours; a word nobody knows stays as it is.

    Where no state is given the line is paid. What is marked as a refund is money given back if
    it is negative, and a line that no longer counts if it is not.
    """
    given = pc.fill_null(table["state"], "paid").combine_chunks()
    words = pc.unique(given)
    meant = pa.array([state_meant(word) or word for word in words.to_pylist()], pa.string())
    is_ours = meant.equals(words)
    states = given if is_ours else meant.take(pc.index_in(given, value_set=words))
    if "refund" not in meant.to_pylist():
        return states
    refund, negative = pc.equal(states, "refund"), pa.array(total < 0)
    return pc.if_else(refund, pc.if_else(negative, "paid", "cancelled"), states)


def _reversals(table: pa.Table, units: Units) -> Mask:
    """Find cancelled lines that take back the money of a paid line beside them.

    A negative `Storno` line counts where the line it reverses still stands as paid; where that
    one is marked cancelled itself, neither counts.
    """
    found = np.zeros(table.num_rows, dtype=bool)
    is_negative = units < 0
    if not is_negative.any():
        return found
    cancelled = where_in(table["state"], ("cancelled",))
    suspects = np.flatnonzero(cancelled & is_negative)
    if not len(suspects):
        return found
    keys = list(zip(*(table[name].to_pylist() for name in ("payment_id", "bill_id")), strict=True))
    standing = Counter((keys[row], int(units[row])) for row in np.flatnonzero(~cancelled))
    for row in suspects:
        reversed_line = (keys[row], -int(units[row]))
        if standing[reversed_line] > 0:
            standing[reversed_line] -= 1
            found[row] = True
    return found


def _currencies(table: pa.Table, payments: pa.Table) -> pa.Array:
    """Fill a line's missing currency from its payment, its bill, or what most payments have."""
    own = flat(table["currency"])
    if not own.null_count:
        return own
    currency = flat(payments["currency"])
    place = pc.index_in(flat(table["payment_id"]), value_set=flat(payments["payment_id"]))
    linked = currency.take(place)
    if own.null_count and linked.null_count:
        linked = pc.coalesce(linked, _currencies_of_bills(flat(table["bill_id"]), payments))
    counts = pc.value_counts(payments["currency"]).to_pylist()
    most = max(counts, key=lambda one: (one["counts"], one["values"]), default=None)
    return pc.coalesce(own, linked, pa.scalar(most["values"] if most else _own_default(own)))


def _currencies_of_bills(bills: pa.Array, payments: pa.Table) -> pa.Array:
    """Give each line the currency of its bill's payments, if they have one alone."""
    words, (own, wanted) = encode(payments["bill_id"], bills)
    currencies, (codes,) = encode(payments["currency"])
    only = np.full(len(words) + 1, -1, dtype=np.int64)  # the last place is for no bill
    known = own >= 0
    only[own[known]] = codes[known]
    mixed = own[known][only[own[known]] != codes[known]]
    only[mixed] = -1
    found = only[wanted]
    return currencies.take(pa.array(found, mask=found < 0))


def _replaced(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, column)


def _without_empty(table: pa.Table, *names: str) -> pa.Table:
    """Take an empty text for no text."""
    for name in names:
        empty = pc.equal(table[name], "")
        if pc.any(empty).as_py():
            nothing = pa.scalar(None, pa.string())
            table = _replaced(table, name, pc.if_else(empty, nothing, table[name]))
    return table


def _own_default(own: pa.Array) -> str:
    named = pc.unique(own.drop_null()).to_pylist()
    return str(named[0]) if len(named) == 1 else NO_CURRENCY


def _complete(table: pa.Table, what: str, required: tuple[str, ...]) -> pa.Table:
    for name in required:
        if table[name].null_count:
            row = pc.index(pc.is_null(table[name]), True).as_py() + 1
            raise ReconciliationError(f"{what}.{name} is empty in row {row}; every row needs one")
    return table


def _empty(*schemas: pa.Schema) -> list[pd.DataFrame]:
    return [schema.empty_table().to_pandas(types_mapper=pd.ArrowDtype) for schema in schemas]


def _sources(
    payments: object, pos: object, paid: PaymentSide, posted: TenderSide
) -> tuple[Source, ...]:
    """Name what went in, with the hashes the POS reader took."""
    name, sha256 = getattr(payments, "source", None) or ("payments", None)
    sources = [Source("payments", name, len(paid) + paid.failures.num_rows, sha256)]
    files: Any = getattr(pos, "sources", None)
    if files:
        sources += [Source("pos", str(file), int(rows), sha) for file, sha, rows in files]
    else:
        sources.append(Source("pos", "tenders", len(posted), None))
    return tuple(sources)


def with_tips_moved(side: TenderSide, shift: int) -> TenderSide:
    """Add each line's tip ``shift`` times to its amount."""
    if not shift:
        return side
    amount = side.amount + shift * side.tip
    table = side.table
    for name, units in (("amount", amount), ("total", amount + side.tip)):
        table = _replaced(table, name, from_units(units, ~side.readable))
    return replace(side, amount=amount, table=table)
