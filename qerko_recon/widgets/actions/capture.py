"""The panel that takes the money of a payment with manual capture, by its receipt."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import ipywidgets

from qerko_recon.actions import CaptureAction
from qerko_recon.model import CANCELLED, Payment
from qerko_recon.widgets.actions.armed import ArmedPanel
from qerko_recon.widgets.actions.receipt_form import ReceiptForm
from qerko_recon.widgets.actions.saying import (
    outcome_of,
    paid_by,
    paid_of,
    tone_of,
)
from qerko_recon.widgets.parts import field, html, row
from qerko_recon.widgets.parts.showing import as_time, facts_html, line_html
from qerko_recon.wording import format_money

__all__ = ["CapturePanel"]


class CapturePanel(ArmedPanel):
    """Capture a payment with a receipt: checked as one types, armed, confirmed, sent once.

    A receipt that does not add up cannot be armed. See
    :class:`~qerko_recon.widgets.actions.armed.ArmedPanel` for the parameters.

    Attributes
    ----------
    payment_id, look_up
        Which payment.
    facts, receipt
        What is known of it, and the form of its receipt.
    action
        The :class:`~qerko_recon.actions.CaptureAction` that was armed last.
    """

    title: ClassVar[str] = "capture"

    def __init__(self, *given: Any, payment_id: str = "", **options: Any) -> None:
        self.action: CaptureAction | None = None
        self._payment: Payment | None = None
        self._given_id = payment_id
        super().__init__(*given, **options)

    def _inputs(self) -> tuple[ipywidgets.Widget, ...]:
        words = self.words
        self.payment_id = field(words("payment_id"), self._given_id, width="28em", is_instant=True)
        self.payment_id.observe(lambda _: self.forget(), "value")
        self.facts = html()
        self.receipt = ReceiptForm(words, self._changed)
        self.receipt.layout.display = "none"
        return (row(self.payment_id, self.look_up), self.facts, self.receipt)

    @property
    def is_ready(self) -> bool:
        """Whether a payment was looked up that can be captured, and its receipt adds up."""
        payment = self._payment
        is_open = self.action is None or not self.action.snapshot.has_ended
        return (
            is_open
            and payment is not None
            and payment.state != CANCELLED
            and self.receipt.receipt is not None
            and not self.receipt.errors
        )

    def forget(self) -> None:
        """Forget what was looked up: another payment is meant now."""
        self._changed()
        self.action = self._payment = None
        self.facts.value = ""
        self.receipt.layout.display = "none"
        self.arm.disabled = True
        self.look_again.layout.display = "none"

    def _read(self) -> None:
        payment_id = self.payment_id.value.strip()
        if not payment_id:
            self.status.say(self.words("ids_wanted"), "warning")
            return
        payment = self.venue.client.get_payment(payment_id)
        self.action, self._payment = None, payment
        self._show(payment)
        if payment.state == CANCELLED:
            self.receipt.layout.display = "none"
            self.status.say(self.words("obstacle.cancelled"), "warning")
            return
        self.receipt.fill(payment)
        self.receipt.layout.display = None
        self.status.say(self.words("looked_up"))

    def _make_ready(self, reason: str) -> tuple[datetime | None, str]:
        receipt, payment = self.receipt.receipt, self._payment
        if receipt is None or payment is None or self.receipt.errors:
            self.status.say(self.words("does_not_add_up"), "warning")
            return None, ""
        self.action = CaptureAction(self.venue.client, payment.id, receipt, **self._settings)
        seen = self.action.look_up()
        if seen.obstacles or seen.payment is None:
            self.status.say("; ".join(seen.obstacles), "warning")
            return None, ""
        armed = self.action.arm(reason)
        amount = paid_of(seen.payment) if receipt.final_price is None else receipt.final_price
        said = format_money(amount, seen.payment.currency, self.language)
        return armed.armed_until, self.words("yes_capture", amount=said)

    def _take_back(self) -> None:
        if self.action is not None:
            self.action.disarm()

    def _act(self) -> None:
        if self.action is not None:
            self.action.confirm()
            self._sum_up()

    def _read_again(self) -> None:
        if self.action is not None:
            self.action.look_up()
            self._sum_up()

    def _sum_up(self) -> None:
        """Say what came of it."""
        if self.action is None:
            return
        seen = self.action.snapshot
        if seen.after is not None:
            self._show(seen.after)
        is_unknown = seen.state == "outcome_unknown"
        self.look_again.layout.display = None if is_unknown else "none"
        said = f"{seen.payment_id}: {outcome_of(seen, self.words)}"
        self._tell_outcome(said, tone_of({seen.state}))

    def _show(self, payment: Payment) -> None:
        words, language = self.words, self.language
        created = payment.created_at
        self.facts.value = facts_html(
            [
                (words("payment_state"), payment.state),
                (words("amount"), format_money(paid_of(payment), payment.currency, language)),
                (words("tip"), format_money(payment.tip_gross, payment.currency, language)),
                (words("parts"), paid_by(payment, language)),
                (words("bill"), payment.bill_id),
                (words("created"), "" if created is None else as_time(created, "UTC")),
            ]
        ) + line_html(words("capture_state_note"))
