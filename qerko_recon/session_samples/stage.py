"""An evening to be recorded: a till, guests, a simulated Qerko and a session, on a virtual clock.

Four hours pass in seconds, and the same evening comes out alike each time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from qerko_recon.client import Client
from qerko_recon.model import Payment, PaymentPart, Provider, Receipt
from qerko_recon.session.handlers import DemoPos
from qerko_recon.session.rules import SessionClock
from qerko_recon.session.session import PollSession
from qerko_recon.session.writer import LogSettings
from qerko_recon.simulator import Clock as BoxClock
from qerko_recon.simulator import Simulator

__all__ = ["Evening", "Guests", "Stage", "Till"]

_BEGAN: Final = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
_CARD: Final = Provider(id="qerko", name="Qerko", type="CARD")
_FEE: Final = Decimal("0.012")
_CENT: Final = Decimal("0.01")
_RESTART: Final = 100.0  # seconds; whoever waits for longer waits for a restart


class Evening(SessionClock):
    """A clock of an evening that passes when somebody says so, for till, session and server."""

    def __init__(self) -> None:
        self.box = BoxClock(_BEGAN)
        self.on_wait: Callable[[float], object] = lambda _: None
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
        self.on_wait(seconds)
        await super().sleep(0)

    def passes(self, seconds: float) -> None:
        """Let so many seconds pass."""
        with self._lock:
            self.box.advance(timedelta(seconds=seconds))


class Till(DemoPos):
    """A demo till that takes its time, and whose receipt printer may be out of paper."""

    def __init__(self, evening: Evening) -> None:
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


class Guests:
    """Guests at the tables: they look, and they pay."""

    def __init__(self, box: Simulator, till: DemoPos, evening: Evening) -> None:
        self._box, self._till, self._evening = box, till, evening
        self._number = 4000

    def looks(self, table: str, after: float) -> None:
        """Scan a table's code."""
        self.wait(after)
        self._box.call("getTableContents", [table, None]).wait_for_answer()

    def asks(self, bill_id: str, after: float) -> None:
        """Open a bill."""
        self.wait(after)
        self._box.call("getBill", [bill_id, None]).wait_for_answer()

    def pays(self, bill_id: str, tip: str, after: float, **how: Any) -> Payment:
        """Pay what is open on a bill."""
        return self._box.pay(self.chooses(bill_id, tip, after), **how)

    def chooses(
        self, bill_id: str, tip: str, after: float, *, items: int | None = None
    ) -> Payment:
        """Open a bill, and choose what of it to pay, and the tip."""
        self.asks(bill_id, after)
        chosen = tuple(self._till.getBill(bill_id).items)[:items]
        gross = Decimal(tip)
        total = sum((item.price * item.quantity for item in chosen), gross)
        self._number += 7
        payment = Payment(
            id=str(self._number),
            bill_id=bill_id,
            currency="CZK",
            state="PAID",
            items=chosen,
            parts=(PaymentPart(total=total, provider=_CARD),),
            tip_gross=gross,
            tip_net=(gross - gross * _FEE).quantize(_CENT),
            timestamp=self._evening.now().isoformat(timespec="seconds"),
        )
        self.wait(25.0)
        return payment

    def tips_anew(self, payment: Payment, tip: str) -> Payment:
        """Give another tip than before."""
        gross = Decimal(tip)
        total = payment.parts[0].total - payment.tip_gross + gross
        return msgspec.structs.replace(
            payment,
            parts=(PaymentPart(total=total, provider=_CARD),),
            tip_gross=gross,
            tip_net=(gross - gross * _FEE).quantize(_CENT),
        )

    def wait(self, seconds: float) -> None:
        """Let the evening pass while a poll is open."""
        self._box.wait_for_poll()
        self._evening.passes(seconds)


class Stage:
    """All that an evening needs; a context manager, in which a session is open from the start.

    Parameters
    ----------
    path
        Where the session is recorded; one that is there is written anew.
    make_till
        Makes the till, given the evening's clock.
    """

    def __init__(self, path: Path, make_till: Callable[[Evening], DemoPos] = Till) -> None:
        self.path = path
        self.evening = Evening()
        self.till = make_till(self.evening)
        self.box = Simulator(clock=self.evening.box)
        self.guests = Guests(self.box, self.till, self.evening)
        self._session: PollSession | None = None

    @cached_property
    def client(self) -> Client:
        """A client of the simulated Qerko's."""
        box = self.box
        return Client(base_url=box.base_url, api_key=box.api_key, pos_id=box.pos_id)

    def opens(self) -> None:
        """Open a session; one log goes on in the next."""
        self._session = PollSession(
            self.client,
            self.till,
            log=self.path,
            log_settings=LogSettings(durability="never"),
            clock=self.evening,
            chance=_most,
        ).start()

    def closes(self) -> None:
        """Close the session."""
        if self._session is not None:
            self._session.stop()
            self._session = None

    def restarts(self) -> None:
        """Have Qerko restart: whoever is told so waits, and then it is there again."""
        self.evening.on_wait = self._is_back
        self.box.restart()

    def _is_back(self, seconds: float) -> None:
        if seconds >= _RESTART:
            self.box.restart(on=False)

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        self.box.start()
        self.opens()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            self.box.wait_for_poll()
            self.evening.passes(600)
        self.closes()
        self.client.close()
        self.box.stop()
        self.path.with_name(f"{self.path.name}.lock").unlink(missing_ok=True)


def _most() -> float:
    """Wait as long as there is to wait, so that the evenings are alike each time."""
    return 1.0
