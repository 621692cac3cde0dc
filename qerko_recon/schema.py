"""Every column of every frame, with its type: the data contract in one place.

Takes in Arrow tables or plain DataFrames; gives out Arrow-backed DataFrames with exactly these
columns. Money and quantities are ``decimal128(18, 6)``, times ``timestamp[us, UTC]``, business
dates ``date32``; what the wire leaves open (states, types) is plain text.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import pandas as pd
import pyarrow as pa

from qerko_recon.errors import AmountError, ReconciliationError
from qerko_recon.money import MONEY, decimal_array

__all__ = [
    "BREAKS",
    "BRIDGE",
    "CALLS",
    "CANDIDATES",
    "DAY_BRIDGE",
    "FAILURES",
    "GAPS",
    "ITEMS",
    "LOG",
    "MATCHES",
    "PARTS",
    "PAYMENTS",
    "PROBLEMS",
    "SPANS",
    "STORY",
    "TENDERS",
    "TIP_BRIDGE",
    "TRAIL",
    "conform",
    "to_frame",
]

TIME: Final = pa.timestamp("us", tz="UTC")
_TEXT: Final = pa.string()
_TEXTS: Final = pa.list_(pa.string())
_COUNT: Final = pa.int32()
_NUMBER: Final = pa.int64()
_NUMBERS: Final = pa.list_(_NUMBER)
_SECONDS: Final = pa.float64()
_EXACT_FLOAT: Final = 2**53

PAYMENTS: Final = pa.schema(
    {
        "payment_id": _TEXT,
        "bill_id": _TEXT,
        "customer_id": _TEXT,
        "state": _TEXT,
        "currency": _TEXT,
        "items_total": MONEY,  # null where price × quantity has more than six decimals
        "discount_total": MONEY,  # as sent: Qerko does not document its sign
        "tip_gross": MONEY,
        "tip_net": MONEY,
        "tip_fee": MONEY,  # gross − net
        "parts_total": MONEY,
        "parts_count": _COUNT,
        "created_at": TIME,  # null where Qerko sent no time
        "api_version": _TEXT,
        "fetched_at": TIME,
        "raw": _TEXT,  # the JSON as received
    }
)
"""``payments.frame``: a row a payment."""

PARTS: Final = pa.schema(
    {
        "payment_id": _TEXT,
        "part_no": _COUNT,  # from 1
        "provider_id": _TEXT,
        "provider_name": _TEXT,
        "provider_type": _TEXT,
        "total": MONEY,
    }
)
"""``payments.parts``: a row a provider's share of a payment."""

ITEMS: Final = pa.schema(
    {
        "payment_id": _TEXT,
        "item_no": _COUNT,  # from 1
        "item_id": _TEXT,
        "name": _TEXT,
        "quantity": MONEY,
        "price": MONEY,
        "line_total": MONEY,  # price × quantity; null where that has more than six decimals
        "tags": _TEXTS,
    }
)
"""``payments.items``: a row an item paid."""

FAILURES: Final = pa.schema(
    {
        "payment_id": _TEXT,
        "kind": _TEXT,  # forbidden, not_found, unauthorized, server, network, invalid
        "status": _COUNT,  # HTTP status; null where no answer came
        "detail": _TEXT,
        "attempts": _COUNT,  # requests sent for this ID
    }
)
"""``payments.failures``: a row an ID that could not be had."""

TRAIL: Final = pa.schema(
    {
        "seq": pa.int64(),  # of the line in the file
        "at": TIME,
        "action_id": _TEXT,
        "kind": _TEXT,  # cancel, capture
        "payment_id": _TEXT,
        "state": _TEXT,  # confirmed, done, refused, outcome_unknown, dry_run
        "by": _TEXT,  # user and machine, unless stated
        "venue": _TEXT,
        "base_url": _TEXT,
        "key_fingerprint": _TEXT,
        "reason": _TEXT,
        "again": pa.bool_(),  # sent although an earlier one may have been carried out
        "method": _TEXT,
        "path": _TEXT,
        "body": _TEXT,  # of the request
        "status": _COUNT,  # HTTP status; null where no answer came or nothing was sent
        "detail": _TEXT,
        "currency": _TEXT,
        "state_before": _TEXT,
        "settled_before": MONEY,  # the parts' total
        "state_after": _TEXT,
        "settled_after": MONEY,
        "before": _TEXT,  # the payment's JSON as received
        "after": _TEXT,
    }
)
"""``AuditTrail.frame``: a row a line of the audit trail of cancels and captures."""

LOG: Final = pa.schema(
    {
        "seq": _NUMBER,
        "at": TIME,
        "run": _TEXT,  # of the program that recorded
        "mono": _SECONDS,  # of a clock that is never set, within the run
        "kind": _TEXT,  # see qerko_recon.session.records
        "venue": _TEXT,  # fingerprint of the API key
        "exchange": _NUMBER,  # pairs what was sent with what came back, within the run
        "uuid": _TEXT,
        "method": _TEXT,
        "payment_id": _TEXT,
        "bill_id": _TEXT,
        "status": _COUNT,
        "seconds": _SECONDS,
        "error_code": _TEXT,
        "error_message": _TEXT,
        "state": _TEXT,
        "what": _TEXT,
        "why": _TEXT,
        "trouble": _TEXT,  # why no answer came
        "was_sent": pa.bool_(),
        "timed_out": pa.bool_(),
        "wait": _SECONDS,
        "times": _COUNT,  # deliveries of the call so far
        "send": _COUNT,  # sends of the answer so far
        "verb": _TEXT,
        "path": _TEXT,
        "source_file": _TEXT,
        "source_line": _NUMBER,
        "raw": pa.large_string(),  # the line as it stands
    }
)
"""``log.frame``: a row a record of a session log."""

CALLS: Final = pa.schema(
    {
        "seq": _NUMBER,  # of the record that the call came
        "venue": _TEXT,
        "run": _TEXT,
        "uuid": _TEXT,  # null where no answer was wanted
        "method": _TEXT,
        "payment_id": _TEXT,
        "bill_id": _TEXT,
        "received_at": TIME,
        "answered_at": TIME,  # when the POS had its answer; null where it never had
        "duration": _SECONDS,  # from received to answered
        "outcome": _TEXT,  # ok, error, unanswered, not_wanted
        "error_code": _TEXT,
        "error_message": _TEXT,
        "why": _TEXT,  # of an error: unknown_method, refused, bad_arguments, handler_failed …
        "delivery": _TEXT,  # delivered, refused, dropped, unknown, not_sent, none
        "delivered_at": TIME,
        "sends": _COUNT,  # polls that carried the answer
        "times": _COUNT,  # deliveries of the call
        "complaint": _TEXT,  # what Qerko said of the answer by its method `error`
        "evidence": _NUMBERS,  # seq of each record that concerns it
        "source_file": _TEXT,
    }
)
"""``log.calls``: a row a method call of Qerko's."""

GAPS: Final = pa.schema(
    {
        "venue": _TEXT,
        "began_at": TIME,
        "ended_at": TIME,  # null where it lasts to the log's end
        "seconds": _SECONDS,
        "reason": _TEXT,  # conflict, restart, unreachable, unauthorized, stopped, killed …
        "detail": _TEXT,
        "attempts": _COUNT,  # polls that were tried meanwhile
        "evidence": _NUMBERS,
        "source_file": _TEXT,
    }
)
"""``log.gaps``: a row a time in which no poll was open and no call was being worked on."""

SPANS: Final = pa.schema(
    {
        "venue": _TEXT,
        "lane": _TEXT,  # polling, working, gap
        "began_at": TIME,
        "ended_at": TIME,
        "reason": _TEXT,  # of a gap; the method that is worked on
        "seq": _NUMBER,
    }
)
"""``log.spans``: a row a stretch of time and what the connection was doing."""

TENDERS: Final = pa.schema(
    {
        "tender_id": _TEXT,
        "payment_id": _TEXT,
        "bill_id": _TEXT,
        "amount": MONEY,  # without the tip; null where the row's amount cannot be read
        "tip": MONEY,  # null where the export says nothing of tips
        "total": MONEY,  # amount + tip
        "currency": _TEXT,
        "state": _TEXT,  # paid, cancelled, open, or the POS's own word
        "tender_type": _TEXT,
        "provider": _TEXT,
        "paid_at": TIME,
        "source_file": _TEXT,
        "source_row": pa.int64(),  # the file's line, from 1
    }
)
"""``pos.tenders``: a row a POS payment line."""

PROBLEMS: Final = pa.schema(
    {
        "source_file": _TEXT,
        "source_row": pa.int64(),
        "column": _TEXT,  # null where the row as a whole is at fault
        "value": _TEXT,
        "problem": _TEXT,
    }
)
"""``pos.problems``: what of an export could not be read."""

MATCHES: Final = pa.schema(
    {
        "match_id": _TEXT,
        "kind": _TEXT,  # one_to_one, one_to_many, many_to_one, many_to_many, nothing_due
        "status": _TEXT,  # confirmed, suggested, ambiguous
        "rule": _TEXT,
        "payment_ids": _TEXTS,
        "tender_ids": _TEXTS,
        "settled": MONEY,
        "posted": MONEY,
        "variance": MONEY,  # posted − settled
        "currency": _TEXT,
        "evidence": _TEXTS,  # where its lines stand
    }
)
"""``result.matches``: a row a match, totals with tip; what is only suggested counts nowhere."""

BREAKS: Final = pa.schema(
    {
        "break_id": _TEXT,  # stable over re-runs
        "kind": _TEXT,
        "reason": _TEXT,  # what within the kind; names the sentence
        "severity": _TEXT,  # high, medium, low, info
        "payment_id": _TEXT,
        "bill_id": _TEXT,
        "tender_ids": _TEXTS,
        "field": _TEXT,  # total, amount, tip, state, currency, parts, arithmetic, row
        "settled": MONEY,
        "posted": MONEY,
        "variance": MONEY,  # posted − settled
        "currency": _TEXT,
        "business_date": pa.date32(),
        "age": _COUNT,  # days from the business date to the day of the run
        "cause": _TEXT,
        "cause_kind": _TEXT,  # which cause a session log showed; null where none could be told
        "evidence": _TEXTS,
        "log_records": _NUMBERS,  # seq of the log's records that show it; null without a log
        "action": _TEXT,
        "facts": _TEXT,  # JSON of what the sentence names beside the columns
    }
)
"""``result.breaks``: a row a break."""

STORY: Final = pa.schema(
    {
        "at": TIME,  # null where nothing says when
        "source": _TEXT,  # qerko, pos, connection, export, match, break
        "what": _TEXT,  # names the sentence
        "payment_id": _TEXT,
        "detail": _TEXT,  # the sentence, in the story's language
        "evidence": _TEXT,  # a log's record, an export's row, an answer of Qerko's
    }
)
"""``result.explain(…).frame``: a row an event of a payment's or a bill's story."""

BRIDGE: Final = pa.schema(
    {
        "currency": _TEXT,
        "step": _TEXT,  # settled, a kind of break, posted
        "amount": MONEY,
        "running": MONEY,  # the walk so far
        "breaks": _COUNT,
    }
)
"""``result.bridge``: the walk from the settled to the posted total of each currency."""

DAY_BRIDGE: Final = pa.schema(
    {
        "venue": _TEXT,
        "currency": _TEXT,
        "business_date": pa.date32(),  # null: of what has no time
        "step": _TEXT,  # settled, a kind of break, booked_on_other_day, posted
        "amount": MONEY,
        "running": MONEY,
        "breaks": _COUNT,
    }
)
"""``result.bridge_by_day``: the same walk for each business day."""
TIP_BRIDGE: Final = pa.schema(
    {
        "currency": _TEXT,
        "provider": _TEXT,  # several joined by " + "; null: POS lines that belong to no payment
        "payments": _NUMBER,  # settled ones
        "tipped": _NUMBER,
        "tip_gross": MONEY,
        "tip_fee": MONEY,  # gross − net
        "tip_net": MONEY,
        "fee_rate": MONEY,  # of all: fee ÷ gross; null where there is no tip
        "fee_rate_min": MONEY,  # of single payments whose fee is not odd
        "fee_rate_median": MONEY,
        "fee_rate_max": MONEY,
        "one_fee_rate": pa.bool_(),  # one rate, rounded, makes every fee
        "odd_fees": _NUMBER,  # payments whose fee is negative or more than the tip
        "settled_tip": MONEY,  # what the POS is to book
        "posted_tip": MONEY,  # null where the export says nothing of tips
        "variance": MONEY,  # posted − settled
    }
)
"""``result.tip_bridge``: a row a currency and provider, from the gross to the net tip."""

CANDIDATES: Final = pa.schema(
    {
        "about": _TEXT,  # arithmetic, tips
        "price": _TEXT,  # settings that were not judged together are null
        "tip_in_parts": pa.bool_(),
        "discount_in_parts": pa.bool_(),
        "tip_basis": _TEXT,
        "tip_layout": _TEXT,
        "explains": _NUMBER,  # payments
        "of": _NUMBER,  # payments judged
        "share": pa.float64(),  # null where none was judged
        "tells": _NUMBER,  # payments that tell the candidate from the chosen one
        "chosen": pa.bool_(),
    }
)
"""``result.candidates``: a row a way to read the data."""


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Turn an Arrow table into a pandas frame that keeps Arrow's types."""
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def conform(
    frame: pd.DataFrame, schema: pa.Schema, *, what: str, required: Collection[str]
) -> pa.Table:
    """Bring any DataFrame to a contract: its columns, in its order, in its types.

    Missing columns that are not required become null; columns the contract does not have are
    left out.

    Raises
    ------
    ReconciliationError
        A required column is missing, or a value does not fit its column (a ``float`` in a money
        column never does).
    """
    missing = [name for name in schema.names if name in required and name not in frame.columns]
    if missing:
        given = ", ".join(map(str, frame.columns)) or "none"
        raise ReconciliationError(f"{what} lacks the column {', '.join(missing)}; it has: {given}")
    columns = [_column(frame, field, what) for field in schema]
    return pa.table(columns, schema=schema)


def _column(frame: pd.DataFrame, field: pa.Field, what: str) -> pa.Array:
    if field.name not in frame.columns:
        return pa.nulls(len(frame), field.type)
    series = frame[field.name]
    if isinstance(series.dtype, pd.ArrowDtype) and series.dtype.pyarrow_dtype == field.type:
        return pa.array(series)
    try:
        if field.type == MONEY:
            return _money(series, f"{what}.{field.name}")
        if field.type == TIME:
            return pa.array(pd.to_datetime(series, utc=True)).cast(TIME)
        if field.type == _TEXT:
            values = [None if _absent(value) else _as_text(value) for value in series]
            return pa.array(values, _TEXT)
        return pa.array(series, field.type, from_pandas=True)
    except (AmountError, pa.ArrowInvalid, pa.ArrowTypeError, TypeError, ValueError) as error:
        raise ReconciliationError(f"{what}.{field.name}: {error}") from error


def _as_text(value: object) -> str:
    """Write an ID as it was before pandas made a float of it to fit a missing one in."""
    if isinstance(value, float):
        if not value.is_integer() or abs(value) >= _EXACT_FLOAT:
            raise ValueError(f"{value!r} is a float, which has lost digits; read IDs as text")
        return str(int(value))
    return str(value)


def _money(series: pd.Series, what: str) -> pa.Array:
    if isinstance(series.dtype, pd.ArrowDtype) and pa.types.is_decimal(series.dtype.pyarrow_dtype):
        return pa.array(series).cast(MONEY)
    if pd.api.types.is_float_dtype(series.dtype):
        if series.isna().all():
            return pa.nulls(len(series), MONEY)
        raise AmountError(
            f"{what} is a float column, which cannot hold money; "
            "give decimal strings, Decimal objects or an Arrow decimal column"
        )
    return decimal_array((None if _absent(value) else value for value in series), what="the value")


def _absent(value: object) -> bool:
    """Whether a cell is any of pandas' ways to say nothing."""
    return value is None or value is pd.NA or value is pd.NaT or value != value  # noqa: PLR0124
