"""Guests of a simulated evening: a Qerko in a box in, people who look at bills and pay out.

They come while somebody answers Qerko's calls, so that a poll session has something to show.
"""

from __future__ import annotations

import itertools
import random
import threading
from datetime import UTC, datetime
from decimal import Decimal
from types import TracebackType
from typing import Final, Self

import msgspec

from qerko_recon.errors import QerkoReconError
from qerko_recon.model import Bill, BillItem, MethodCallResponse, Payment, PaymentPart, Provider
from qerko_recon.simulator import Simulator

__all__ = ["Visitors"]

_CARD: Final = Provider(id="qerko", name="Qerko", type="CARD")
_FEE: Final = Decimal("0.012")
_CENT: Final = Decimal("0.01")
_TABLES: Final = ("1", "2", "3", "4", "5")
_TIPS: Final = ("0", "10", "20", "30")


class Visitors:
    """Guests who come every few seconds, on a thread of their own; a context manager.

    Parameters
    ----------
    box
        Where they pay.
    every
        Seconds from one to the next.
    seed
        Others come with another one.
    """

    def __init__(self, box: Simulator, *, every: float = 5.0, seed: int = 1) -> None:
        self._box = box
        self._every = every
        self._chance = random.Random(seed)
        self._numbers = itertools.count(700_001)
        self._leaves = threading.Event()
        self._thread = threading.Thread(target=self._come, name="qerko-guests", daemon=True)

    def start(self) -> Self:
        """Let them come, until :meth:`stop` or the program's end."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Let no more come."""
        self._leaves.set()
        self._thread.join(5)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _come(self) -> None:
        while not self._leaves.wait(self._every):
            if not self._box.wait_for_poll(timeout=0.1):
                continue  # nobody answers
            try:
                self._visit()
            except (QerkoReconError, TimeoutError):
                continue  # a till that fails or leaves does not keep the next guest away

    def _visit(self) -> None:
        """Look at a table, and pay an item of a bill if there is one."""
        table = self._chance.choice(_TABLES)
        bills = _bills(self._box.call("getTableContents", [table, None]).wait_for_answer())
        held = [(bill, item) for bill in bills for item in bill.items if item.quantity >= 1]
        if not held or self._leaves.is_set():
            return
        bill, item = self._chance.choice(held)
        self._box.call("getBill", [bill.id, None]).wait_for_answer()
        self._box.pay(self._payment(bill, item))

    def _payment(self, bill: Bill, item: BillItem) -> Payment:
        gross = Decimal(self._chance.choice(_TIPS))
        return Payment(
            id=str(next(self._numbers)),
            bill_id=bill.id,
            currency=bill.currency,
            state="PAID",
            items=(msgspec.structs.replace(item, quantity=Decimal(1)),),
            parts=(PaymentPart(total=item.price + gross, provider=_CARD),),
            tip_gross=gross,
            tip_net=(gross - gross * _FEE).quantize(_CENT),
            timestamp=datetime.now(UTC).isoformat(timespec="seconds"),
        )


def _bills(answer: MethodCallResponse | None) -> tuple[Bill, ...]:
    if answer is None:
        return ()
    try:
        return msgspec.convert(answer.result, tuple[Bill, ...], strict=False)
    except msgspec.ValidationError:
        return ()  # an error, or what no till should say
