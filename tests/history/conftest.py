"""Days of a restaurant by hand: what was paid, what the POS posted, and the runs over them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import pyarrow as pa
import pytest

from qerko_recon.history import History
from qerko_recon.recon import Policy
from qerko_recon.report import reconcile
from qerko_recon.schema import FAILURES, ITEMS, PARTS, PAYMENTS, PROBLEMS, TENDERS, to_frame

_ZERO = Decimal(0)


def moment(day, hour=19, minute=0):
    """A moment of November 2026, UTC."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def paid(payment_id, total, day, hour=19, **more):
    total = Decimal(total)
    return {
        "payment_id": payment_id,
        "bill_id": f"bill-{payment_id}",
        "state": "PAID",
        "currency": "CZK",
        "items_total": total,
        "discount_total": _ZERO,
        "tip_gross": _ZERO,
        "tip_net": _ZERO,
        "tip_fee": _ZERO,
        "parts_total": total,
        "parts_count": 1,
        "created_at": moment(day, hour),
        "fetched_at": moment(day + 1, 6),
        **more,
    }


def posted(payment, amount, day, hour=19, **more):
    return {
        "tender_id": f"t-{payment}-{day}",
        "payment_id": payment,
        "bill_id": f"bill-{payment}",
        "amount": None if amount is None else Decimal(amount),
        "tip": _ZERO,
        "currency": "CZK",
        "state": "paid",
        "tender_type": "Qerko",
        "provider": "Qerko",
        "paid_at": moment(day, hour),
        **more,
    }


def run(
    payments=(),
    lines=(),
    failures=(),
    problems=(),
    *,
    venue="Old Town",
    file="day.csv",
    **policy,
):
    """Reconcile rows as if they came from an export of that name."""
    lines = [{"source_file": file, "source_row": row, **one} for row, one in enumerate(lines, 2)]
    parts = [
        {
            "payment_id": one["payment_id"],
            "part_no": 1,
            "provider_id": "qerko",
            "provider_name": "Qerko",
            "provider_type": "CARD",
            "total": one["parts_total"],
        }
        for one in payments
    ]
    sources = [
        (name, hashlib.sha256(repr([name, mine]).encode()).hexdigest(), len(mine))
        for name in dict.fromkeys([one["source_file"] for one in lines] or [file])
        for mine in [[one for one in lines if one["source_file"] == name]]
    ]
    frames = {
        "frame": _frame(payments, PAYMENTS),
        "parts": _frame(parts, PARTS),
        "items": _frame([], ITEMS),
        "failures": _frame(failures, FAILURES),
    }
    pos = {
        "tenders": _frame(lines, TENDERS),
        "others": _frame([], TENDERS),
        "problems": _frame(problems, PROBLEMS),
        "profile": SimpleNamespace(tip_layout="beside"),
        "sources": tuple(sources),
    }
    stated = {"venue": venue, "tip_basis": "gross", "tip_in_parts": True, "price": "line"}
    return reconcile(
        SimpleNamespace(**frames), SimpleNamespace(**pos), policy=Policy(**stated | policy)
    )


def anchored(day, payments=(), lines=(), failures=(), **more):
    """A run over a day on which one payment, at least, is as it should be."""
    anchor = f"anchor-{day}"
    return run(
        [paid(anchor, "10", day), *payments],
        [posted(anchor, "10", day), *lines],
        failures,
        **more,
    )


def _frame(rows, schema):
    return to_frame(pa.Table.from_pylist(list(rows), schema=schema))


@pytest.fixture
def history(tmp_path):
    with History(tmp_path / "history.db") as held:
        yield held


@pytest.fixture(scope="session")
def days():
    """The rows and runs of this module."""
    return SimpleNamespace(moment=moment, paid=paid, posted=posted, run=run, anchored=anchored)


@pytest.fixture
def told():
    """Give a column, or several, of a history's frames as plain values."""

    def tell(frame, *columns):
        rows = [tuple(row) for row in frame[list(columns)].itertuples(index=False, name=None)]
        return [row[0] for row in rows] if len(columns) == 1 else rows

    return tell
