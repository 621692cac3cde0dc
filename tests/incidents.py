"""Incidents: a real session against the simulator, recorded; the payments fetched; an export."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

import qerko_recon as qr
from qerko_recon.model import Payment, PaymentPart, Provider
from qerko_recon.report import Result
from qerko_recon.session_samples.stage import Stage, Till
from qerko_recon.simulator import Simulator

NIGHT = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    """A line of the POS's export."""

    payment_id: str | None
    bill_id: str
    amount: Decimal
    tip: Decimal = Decimal(0)
    state: str = "Paid"
    at: datetime = NIGHT
    tender: str = "Qerko"


def line_of(payment: Payment, **more: Any) -> Line:
    """Give the line that a POS is to have for a payment."""
    amount = sum((part.total for part in payment.parts), Decimal(0)) - payment.tip_gross
    at = payment.created_at or NIGHT
    line = Line(payment.id, payment.bill_id, amount, payment.tip_gross, at=at)
    return replace(line, **more)


def write_export(path: Path, lines: Iterable[Line]) -> Path:
    """Write an export, as a till does."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(
            ("Payment ID", "Bill", "Created on", "Payment method", "Amount", "Tip", "Currency",
             "Status")
        )  # fmt: skip
        for line in lines:
            at = line.at.isoformat(timespec="seconds")
            amounts = f"{line.amount:.2f}", f"{line.tip:.2f}"
            out.writerow(
                (line.payment_id or "", line.bill_id, at, line.tender, *amounts, "CZK", line.state)
            )
    return path


class Books:
    """What came of an incident: payments as Qerko has them, the POS's lines, the log."""

    def __init__(self, client: qr.Client, folder: Path, log: Path) -> None:
        self.client, self.folder, self.log = client, folder, log

    def reconcile(
        self, asked: Iterable[Payment | str], lines: Iterable[Line], log: Any = None, **policy: Any
    ) -> Result:
        """Fetch, read and reconcile."""
        ids = [one if isinstance(one, str) else one.id for one in asked]
        payments = self.client.fetch_payments(ids)
        pos = qr.read_pos(write_export(self.folder / "export.csv", lines))
        return qr.reconcile(payments, pos, log=log or self.log, policy=qr.Policy(**policy))


def the_break(result: Result, payment: Payment | str | None = None) -> dict[str, Any]:
    """Give the one break of a payment, its facts opened."""
    rows = result.breaks.to_dict("records")
    if payment is not None:
        wanted = payment if isinstance(payment, str) else payment.id
        rows = [row for row in rows if row["payment_id"] == wanted]
    [row] = rows
    facts = msgspec.json.decode(row["facts"])
    return {**row, "facts": facts, "log_records": list(row["log_records"])}


def records(log: Path, kind: str, **wanted: Any) -> list[int]:
    """Give the records of a log, by what their payload says."""
    return [
        entry.seq
        for entry in qr.SessionLog(log).entries()
        if entry.kind == kind and wanted.items() <= entry.payload.items()
    ]


class Incident(Stage):
    """An evening with a payment that all is well with, beside whatever goes wrong."""

    def __init__(self, folder: Path, make_till: Callable[..., Any] = Till) -> None:
        super().__init__(folder / "evening.jsonl", make_till)
        self.folder = folder
        self.fine: Payment | None = None

    def begins(self) -> None:
        """Let one payment go well."""
        self.fine = self.guests.pays("1001", "60", 300)

    def copies(self) -> Path:
        """Give the log as a killed program would leave it now."""
        return Path(shutil.copy(self.path, self.folder / "killed.jsonl"))

    def reconcile(self, payments: Iterable[Any], lines: Iterable[Line], **more: Any) -> Result:
        """End the evening; reconcile the payments and the lines beside those of the fine one."""
        if self._session is not None:
            self.box.wait_for_poll()
        fine = [] if self.fine is None else [self.fine]
        books = Books(self.client, self.folder, self.path)
        return books.reconcile([*fine, *payments], [*map(line_of, fine), *lines], **more)


@dataclass
class Watched:
    """A till behind the recording proxy: its own requests are in the log too."""

    box: Simulator
    client: qr.Client
    till: qr.DemoPos
    folder: Path
    log: Path
    close: Callable[[], None]

    def payment(self, payment_id: str, bill_id: str, tip: str = "0") -> Payment:
        """Make a payment of all that is open on a bill."""
        gross = Decimal(tip)
        items = tuple(self.till.getBill(bill_id).items)
        total = sum((item.price * item.quantity for item in items), gross)
        card = PaymentPart(total=total, provider=Provider(id="qerko", name="Qerko", type="CARD"))
        return Payment(
            id=payment_id, bill_id=bill_id, currency="CZK", state="PAID", items=items,
            parts=(card,), tip_gross=gross, tip_net=gross,
            timestamp=(datetime.now(UTC) - timedelta(seconds=1)).isoformat(),
        )  # fmt: skip

    def reconcile(self, payments: Iterable[Any], lines: Iterable[Line], **more: Any) -> Result:
        """Stop recording and reconcile."""
        self.close()
        with direct(self.box) as client:
            return Books(client, self.folder, self.log).reconcile(payments, lines, **more)


def direct(box: Simulator) -> qr.Client:
    """Give a client that does not go through the proxy."""
    return qr.Client(base_url=box.base_url, api_key=box.api_key, pos_id=box.pos_id)
