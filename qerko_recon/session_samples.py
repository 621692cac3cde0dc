"""Makes the sample session logs: a till and a simulated Qerko in, two evenings in a folder out.

``python -m qerko_recon.session_samples data_samples/sessions`` writes them. Time is virtual, so
that four hours pass in seconds; uuids, ports and run names are new each time.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from qerko_recon.client import Client
from qerko_recon.model import Payment, PaymentPart, Provider, Receipt
from qerko_recon.session.handlers import DemoPos
from qerko_recon.session.rules import SessionClock
from qerko_recon.session.session import PollSession
from qerko_recon.session.writer import LogSettings
from qerko_recon.simulator import Clock as BoxClock
from qerko_recon.simulator import Fault, Simulator

__all__ = ["write_incident", "write_quiet_evening", "write_session_samples"]

_BEGAN: Final = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
_CARD: Final = Provider(id="qerko", name="Qerko", type="CARD")
_FEE: Final = Decimal("0.012")
_CENT: Final = Decimal("0.01")
_RESTART: Final = 100.0  # seconds; whoever waits for longer waits for a restart


_README: Final = """# Sample session logs

Two evenings of a demo till against the built-in simulator, written by

    python -m qerko_recon.session_samples data_samples/sessions

- `quiet_evening.jsonl`: six payments, nothing goes wrong.
- `incident.jsonl`: another program takes the connection for a minute (409), the `paymentClosed` of
  payment 4021 is lost, the printer is out of paper so that payment 4028 is cancelled, the fate of
  one answer is unknown, and Qerko restarts.

Time is virtual; nobody's key, guest or restaurant is in them.
"""


class _Evening(SessionClock):
    """A clock of an evening that passes when somebody says so, for till, session and server."""

    def __init__(self) -> None:
        self.box = BoxClock(_BEGAN)
        self.on_long_wait: Callable[[], object] = lambda: None
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Tell the time of the evening."""
        with self._lock:
            self.box.advance(timedelta(microseconds=137))  # nothing happens in no time
            return self.box.now()

    def monotonic(self) -> float:
        """Tell seconds of the evening."""
        return (self.box.now() - _BEGAN).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Let the evening pass."""
        self.passes(seconds)
        if seconds >= _RESTART:
            self.on_long_wait()
        await super().sleep(0)

    def passes(self, seconds: float) -> None:
        """Let so many seconds pass."""
        with self._lock:
            self.box.advance(timedelta(seconds=seconds))


class _Till(DemoPos):
    """A demo till that takes its time, and whose receipt printer may be out of paper."""

    def __init__(self, evening: _Evening) -> None:
        super().__init__(clock=evening.now, seconds=evening.monotonic, receipts="EMAIL")
        self._evening = evening
        self.has_paper = True

    def getBill(self, bill_id: str) -> Any:  # noqa: N802 - Qerko's name
        """Give a bill, as slowly as tills do."""
        self._evening.passes(0.08)
        return super().getBill(bill_id)

    def paymentStart(self, payment: Payment) -> None:  # noqa: N802
        """Lock a bill."""
        self._evening.passes(0.21)
        super().paymentStart(payment)

    def paymentProcessed(self, payment_id: str) -> Receipt:  # noqa: N802
        """Print a receipt, where there is paper."""
        self._evening.passes(0.65)
        if not self.has_paper:
            raise RuntimeError("the fiscal printer is out of paper")
        return super().paymentProcessed(payment_id)


class _Table:
    """Guests at the tables: they look, and they pay."""

    def __init__(self, box: Simulator, till: _Till, evening: _Evening) -> None:
        self._box, self._till, self._evening = box, till, evening
        self._number = 4000

    def looks(self, table: str, after: float) -> None:
        """Scan a table's code."""
        self._wait(after)
        self._box.call("getTableContents", [table, None]).wait_for_answer()

    def asks(self, bill_id: str, after: float) -> None:
        """Open a bill."""
        self._wait(after)
        self._box.call("getBill", [bill_id, None]).wait_for_answer()

    def pays(self, bill_id: str, tip: str, after: float, **how: Any) -> Payment:
        """Pay what is open on a bill."""
        self.asks(bill_id, after)
        items = tuple(self._till.getBill(bill_id).items)
        gross = Decimal(tip)
        total = sum((item.price * item.quantity for item in items), gross)
        self._number += 7
        payment = Payment(
            id=str(self._number),
            bill_id=bill_id,
            currency="CZK",
            state="PAID",
            items=items,
            parts=(PaymentPart(total=total, provider=_CARD),),
            tip_gross=gross,
            tip_net=(gross - gross * _FEE).quantize(_CENT),
            timestamp=self._evening.now().isoformat(),
        )
        self._wait(25.0)
        return self._box.pay(payment, **how)

    def _wait(self, seconds: float) -> None:
        """Let the evening pass while a poll is open."""
        self._box.wait_for_poll()
        self._evening.passes(seconds)


def write_quiet_evening(path: Path) -> None:
    """Write an evening on which nothing goes wrong."""

    def happens(guests: _Table, _: Simulator, __: _Till) -> None:
        guests.looks("1", 300)
        guests.pays("1001", "60", 40)
        guests.looks("2", 900)
        guests.pays("1002", "0", 30)
        guests.pays("1003", "20", 65)
        guests.looks("6", 1200)
        guests.looks("3", 2400)
        guests.pays("1004", "180", 120)
        guests.pays("1005", "30", 1800)
        guests.asks("1005", 20)
        guests.pays("1006", "10", 2700)

    _run(path, happens)


def write_incident(path: Path) -> None:
    """Write an evening on which much goes wrong.

    Another program takes the connection for a while, a payment's ``paymentClosed`` is lost, the
    printer is out of paper, an answer's fate is unknown, and Qerko restarts.
    """

    def happens(guests: _Table, box: Simulator, till: _Till) -> None:
        guests.pays("1001", "60", 420)
        box.inject(Fault(kind="status", status=409, route="poll", times=6))
        guests.looks("2", 600)
        guests.pays("1002", "30", 45)
        guests.pays("1003", "25", 300, loses_close=True)
        till.has_paper = False
        guests.pays("1004", "150", 1500)
        till.has_paper = True
        box.inject(Fault(kind="drop", route="poll", moment="read"))
        guests.asks("1004", 60)
        guests.pays("1004", "150", 15)
        guests.looks("4", 900)
        box.wait_for_poll()
        box.restart()
        guests.asks("1005", 0)
        guests.pays("1005", "20", 240)

    _run(path, happens)


def _run(path: Path, happens: Callable[[_Table, Simulator, _Till], object]) -> None:
    evening = _Evening()
    till = _Till(evening)
    path.unlink(missing_ok=True)
    with Simulator(clock=evening.box) as box:
        evening.on_long_wait = lambda: box.restart(on=False)
        client = Client(base_url=box.base_url, api_key=box.api_key, pos_id=box.pos_id)
        settings = LogSettings(durability="never")
        with PollSession(
            client, till, log=path, log_settings=settings, clock=evening, chance=_most
        ):
            happens(_Table(box, till, evening), box, till)
            box.wait_for_poll()
            evening.passes(600)
    path.with_name(f"{path.name}.lock").unlink(missing_ok=True)


def _most() -> float:
    """Wait as long as there is to wait, so that the evenings are alike each time."""
    return 1.0


def write_session_samples(folder: Path) -> list[Path]:
    """Write both evenings into a folder; give the files."""
    folder.mkdir(parents=True, exist_ok=True)
    quiet, incident = folder / "quiet_evening.jsonl", folder / "incident.jsonl"
    write_quiet_evening(quiet)
    write_incident(incident)
    readme = folder / "README.md"
    readme.write_text(_README, encoding="utf-8")
    return [quiet, incident, readme]


if __name__ == "__main__":
    for written in write_session_samples(Path(sys.argv[1])):
        sys.stdout.write(f"{written}\n")
