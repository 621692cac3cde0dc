"""Every column of a history's frames, with its type; :mod:`qerko_recon.schema` has the others.

Money is ``decimal128(18, 6)``, times are UTC, business days ``date32``.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from qerko_recon.money import MONEY
from qerko_recon.schema import BREAKS, TIME

__all__ = [
    "BALANCE",
    "BREAK_CHANGES",
    "CARRIED",
    "JOURNAL",
    "LINE_CHANGES",
    "NOTES",
    "PAYMENT_CHANGES",
    "RULINGS",
    "RUNS",
    "RUN_TOTALS",
    "SIGN_OFFS",
]

_TEXT: Final = pa.string()
_TEXTS: Final = pa.list_(pa.string())
_COUNT: Final = pa.int32()
_NUMBER: Final = pa.int64()

RUNS: Final = pa.schema(
    {
        "run_no": _NUMBER,
        "run_id": _TEXT,  # the same for the same inputs, policy and results
        "venue": _TEXT,  # null where the run named none
        "first_day": pa.date32(),
        "last_day": pa.date32(),
        "name": _TEXT,
        "by": _TEXT,  # who recorded it first
        "at": TIME,
        "times": _COUNT,  # how often it was recorded
        "last_at": TIME,
        "payments": _NUMBER,
        "tenders": _NUMBER,
        "breaks": _NUMBER,
        "after_sign_off": pa.bool_(),  # a day of it was signed off when it was recorded
    }
)
"""``history.runs``: a row a run."""

RUN_TOTALS: Final = pa.schema(
    {
        "run_no": _NUMBER,
        "run_id": _TEXT,
        "currency": _TEXT,
        "settled": MONEY,
        "posted": MONEY,
        "variance": MONEY,
        "payments": _NUMBER,
        "tenders": _NUMBER,
        "breaks": _NUMBER,
    }
)
"""``history.totals``: a row a run and currency, its control totals."""

CARRIED: Final = pa.schema(
    [
        pa.field("venue", _TEXT),
        *BREAKS,  # age: days from the business date to the day asked about
        pa.field("status", _TEXT),  # open, explained, accepted, handed_on, closed
        pa.field("note", _TEXT),  # the last one
        pa.field("noted_by", _TEXT),
        pa.field("noted_at", TIME),
        pa.field("first_run", _TEXT),
        pa.field("last_run", _TEXT),
        pa.field("why", _TEXT),  # of a closed one: counterpart_came, settled_by …
        pa.field("closed_in", _TEXT),  # the run that closed it
        pa.field("counterpart", _TEXT),  # the break or match that closed it
        pa.field("is_signed_off", pa.bool_()),
    ]
)
"""``history.open_breaks()``, ``history.breaks()``: a row a break, whichever runs found it."""

BALANCE: Final = pa.schema(
    {
        "venue": _TEXT,
        "currency": _TEXT,
        "found": MONEY,  # variances of all breaks that were ever found
        "closed": MONEY,
        "open": MONEY,  # found − closed
        "open_breaks": _NUMBER,
    }
)
"""``history.balance()``: a row a venue and currency."""

NOTES: Final = pa.schema(
    {
        "at": TIME,
        "by": _TEXT,
        "venue": _TEXT,
        "break_id": _TEXT,
        "status": _TEXT,  # null where none was given
        "text": _TEXT,
        "variance": MONEY,  # of the break when it was said
        "currency": _TEXT,
    }
)
"""``history.notes``: a row a note."""

RULINGS: Final = pa.schema(
    {
        "ruling_id": _TEXT,
        "venue": _TEXT,
        "kind": _TEXT,
        "payment_ids": _TEXTS,
        "tender_ids": _TEXTS,
        "reason": _TEXT,
        "by": _TEXT,
        "at": TIME,
        "days": pa.list_(pa.date32()),  # business days of what it is about, where known
        "withdrawn_by": _TEXT,
        "withdrawn_at": TIME,
        "withdrawn_reason": _TEXT,
    }
)
"""``history.all_rulings``: a row a ruling, those withdrawn included."""

SIGN_OFFS: Final = pa.schema(
    {
        "venue": _TEXT,
        "business_day": pa.date32(),
        "by": _TEXT,
        "at": TIME,
        "account": _TEXT,  # user and machine
        "comment": _TEXT,
        "prepared_by": _TEXT,
        "is_same_person": pa.bool_(),
        "run_id": _TEXT,
        "open_breaks": _NUMBER,
        "seal": _TEXT,  # the journal's last link then
        "reopened_by": _TEXT,
        "reopened_at": TIME,
        "reopened_reason": _TEXT,
    }
)
"""``history.sign_offs``: a row a sign-off, those reopened included."""

JOURNAL: Final = pa.schema(
    {
        "seq": _NUMBER,
        "at": TIME,
        "by": _TEXT,
        "account": _TEXT,
        "what": _TEXT,  # run_recorded, run_again, note, status, ruling, signed_off …
        "venue": _TEXT,
        "payload": _TEXT,  # JSON
        "chain": _TEXT,  # SHA-256 over the entry before and this one
    }
)
"""``history.journal``: a row an entry."""

LINE_CHANGES: Final = pa.schema(
    {
        "change": _TEXT,  # added, gone, changed
        "tender_id": _TEXT,
        "tender_id_before": _TEXT,
        "payment_id": _TEXT,
        "bill_id": _TEXT,
        "what": _TEXTS,  # the columns that changed
        "total_before": MONEY,
        "total": MONEY,
        "state_before": _TEXT,
        "state": _TEXT,
        "currency": _TEXT,
        "source_file": _TEXT,
        "source_row": _NUMBER,
    }
)
"""``comparison.lines``: a row a POS line that two runs do not have alike."""

PAYMENT_CHANGES: Final = pa.schema(
    {
        "change": _TEXT,
        "payment_id": _TEXT,
        "bill_id": _TEXT,
        "what": _TEXTS,
        "settled_before": MONEY,
        "settled": MONEY,
        "state_before": _TEXT,
        "state": _TEXT,
        "currency": _TEXT,
    }
)
"""``comparison.payments``: a row a payment that two runs do not have alike."""

BREAK_CHANGES: Final = pa.schema(
    {
        "change": _TEXT,  # appeared, closed, changed
        "break_id": _TEXT,
        "kind": _TEXT,
        "reason": _TEXT,
        "payment_id": _TEXT,
        "bill_id": _TEXT,
        "variance_before": MONEY,  # 0 where it appeared
        "variance": MONEY,  # 0 where it closed
        "change_of_variance": MONEY,
        "currency": _TEXT,
    }
)
"""``comparison.breaks``: a row a break that two runs do not have alike."""
