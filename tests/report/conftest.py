"""Results to report on, reconciled from small frames by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import pyarrow as pa
import pytest

from qerko_recon.recon import Policy
from qerko_recon.report import reconcile
from qerko_recon.schema import FAILURES, ITEMS, PARTS, PAYMENTS, PROBLEMS, TENDERS, to_frame

EVENING = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)
HOSTILE = "=cmd|' /C calc'!A0<script>alert(1)</script>"


def _frame(rows, schema):
    return to_frame(pa.Table.from_pylist(list(rows), schema=schema))


def paid(payment_id, total, tip="0", net=None, **more):
    total, tip = Decimal(total), Decimal(tip)
    return {
        "payment_id": payment_id,
        "bill_id": f"bill-{payment_id}",
        "state": "PAID",
        "currency": "CZK",
        "items_total": total - tip,
        "discount_total": Decimal(0),
        "tip_gross": tip,
        "tip_net": tip if net is None else Decimal(net),
        "tip_fee": Decimal(0),
        "parts_total": total,
        "parts_count": 1,
        "created_at": EVENING,
        "fetched_at": EVENING,
        "provider": "Qerko",
        **more,
    }


def posted(payment_id, amount, tip="0", **more):
    return {
        "payment_id": payment_id,
        "bill_id": f"bill-{payment_id}",
        "amount": None if amount is None else Decimal(amount),
        "tip": None if tip is None else Decimal(tip),
        "currency": "CZK",
        "state": "paid",
        "tender_type": "qerko",
        "provider": "Qerko",
        "paid_at": EVENING,
        "source_file": "export.csv",
        **more,
    }


def build(payments=(), lines=(), failures=(), problems=(), others=(), **policy):
    parts = [
        {
            "payment_id": one["payment_id"],
            "part_no": 1,
            "provider_id": one["provider"].lower(),
            "provider_name": one["provider"],
            "provider_type": "CARD",
            "total": one["parts_total"],
        }
        for one in payments
    ]
    lines = [
        {"tender_id": f"t{number}", "source_row": number, **line}
        for number, line in enumerate(lines, start=2)
    ]
    columns = PAYMENTS.names
    return reconcile(
        SimpleNamespace(
            frame=_frame(
                ({k: v for k, v in p.items() if k in columns} for p in payments), PAYMENTS
            ),
            parts=_frame(parts, PARTS),
            items=_frame([], ITEMS),
            failures=_frame(failures, FAILURES),
        ),
        SimpleNamespace(
            tenders=_frame(lines, TENDERS),
            others=_frame(others, TENDERS),
            problems=_frame(problems, PROBLEMS),
            profile=SimpleNamespace(tip_layout="beside"),
            sources=(("export.csv", "ab" * 32, len(lines)),),
        ),
        policy=Policy(**policy),
    )


def many_faults():
    """Reconcile a day with one of most faults, and with text that guests should not have typed."""
    payments = [
        paid("1", "1000"),
        paid("2", "120", "20", "18.50"),
        paid("3", "245", state="CANCELLED"),
        paid("4", "300", bill_id=HOSTILE),
        paid("5", "99.50", bill_id=HOSTILE),
        paid("6", "50", "10", state="\x07ODD\ud7ff\x1b[31m"),
        paid("7", "500"),
        paid("8", "60", currency="EUR", provider="Edenred"),
        paid("9", "80", "90", "95", items_total=Decimal(-10)),
    ]
    lines = [
        posted("1", "1000"),
        posted("2", "100", "18.50"),
        posted("3", "245"),
        posted("5", "100"),
        posted("7", "500"),
        posted("7", "500"),
        posted("8", "60", currency="EUR", provider="Edenred"),
        posted("9", "-10", "90"),
        posted("404", "77.125"),
        posted("4", None, None, bill_id=HOSTILE, state="paid"),
        posted(None, "0", state="cancelled", bill_id="gone"),
        posted(None, "15", bill_id="+1+1", tender_type="@SUM(A1)"),
    ]
    failures = [
        {"payment_id": "404", "kind": "not_found", "status": 404, "detail": None, "attempts": 1},
        {"payment_id": "500", "kind": "server", "status": 503, "detail": "503", "attempts": 4},
    ]
    problems = [
        {
            "source_file": "export.csv",
            "source_row": 11,
            "column": "Částka",
            "value": "=1+1\x00",
            "problem": "not an amount",
        }
    ]
    others = [posted(None, "55", tender_type="=cash", tender_id="c1", source_row=99)]
    return build(payments, lines, failures, problems, others, venue="U <b>&amp; Lípy</b>")


@pytest.fixture(scope="session")
def faulty():
    return many_faults()


@pytest.fixture(scope="session")
def clean():
    return build([paid("1", "120", "20")], [posted("1", "100", "20")])


@pytest.fixture(scope="session")
def nothing():
    return build()


class Maker:
    """Builds results from rows, and the rows."""

    hostile = HOSTILE
    paid = staticmethod(paid)
    posted = staticmethod(posted)
    __call__ = staticmethod(build)


@pytest.fixture(scope="session")
def made():
    """Build a result from rows; ``made.paid`` and ``made.posted`` give the rows."""
    return Maker()
