"""The panel that returns guests' money: one payment or many, each by one request."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import ipywidgets
import pandas as pd

from qerko_recon.actions import CancelMany, Snapshot
from qerko_recon.widgets.actions.armed import ArmedPanel
from qerko_recon.widgets.actions.saying import (
    obstacle_of,
    outcome_of,
    paid_by,
    paid_of,
    said_amounts,
    tone_of,
    window_of,
)
from qerko_recon.widgets.parts import Column, Table, html, row
from qerko_recon.widgets.parts.showing import as_money, as_text, as_time, line_html

__all__ = ["CancelPanel"]


@dataclass(frozen=True, slots=True)
class _Line:
    """A payment as the table has it."""

    payment_id: str
    state: str
    amount: object
    currency: str
    tip: object
    parts: str
    bill: str
    created: datetime | None
    window: str
    outcome: str


class CancelPanel(ArmedPanel):
    """Cancel payments: looked up, armed with a reason, confirmed, each sent once, recorded.

    Nothing happens before buttons are pressed, and nothing moves before the last one is. See
    :class:`~qerko_recon.widgets.actions.armed.ArmedPanel` for the parameters.

    Attributes
    ----------
    ids, look_up
        Which payments: IDs parted by spaces, commas or lines.
    table, total
        What is known of them, and what would be returned.
    actions
        The :class:`~qerko_recon.actions.CancelMany` of the last look-up.
    """

    title: ClassVar[str] = "cancel"

    def __init__(self, *given: Any, ids: tuple[str, ...] | list[str] = (), **options: Any) -> None:
        self.actions: CancelMany | None = None
        self._given_ids = ids
        super().__init__(*given, **options)

    def _inputs(self) -> tuple[ipywidgets.Widget, ...]:
        words = self.words
        self.ids = ipywidgets.Textarea(
            value="\n".join(self._given_ids),
            description=words("ids"),
            placeholder=words("ids_hint"),
            rows=2,
            layout={"width": "48em"},
            style={"description_width": "initial"},
        )
        self.ids.observe(lambda _: self.forget(), "value")
        self.table = Table(
            words("payments"), self._columns(), key="payment_id", language=self.language
        )
        self.total = html()
        self.table.layout.display = "none"
        return (row(self.ids, self.look_up, align="flex-end"), self.table, self.total)

    @property
    def is_ready(self) -> bool:
        """Whether a payment was looked up and can be cancelled."""
        return self.actions is not None and bool(self.actions.totals)

    def forget(self) -> None:
        """Forget what was looked up: other payments are meant now."""
        self._changed()
        self.actions = None
        self.table.layout.display = "none"
        self.total.value = ""
        self.arm.disabled = True
        self.look_again.layout.display = "none"

    def _read(self) -> None:
        ids = self.ids.value.replace(",", " ").replace(";", " ").split()
        if not ids:
            self.status.say(self.words("ids_wanted"), "warning")
            return
        actions = CancelMany(self.venue.client, ids, **self._settings)
        actions.look_up()
        self.actions = actions
        self._show()
        self.status.say(self.words("looked_up"))

    def _make_ready(self, reason: str) -> tuple[datetime | None, str]:
        actions = self.actions
        if actions is None:
            return None, ""
        actions.arm(reason)
        armed = [one for one in actions.snapshots if one.state == "armed"]
        until = min((one.armed_until for one in armed if one.armed_until), default=None)
        amounts = said_amounts(actions.totals, self.language)
        return until, self.words.count("yes_cancel", len(armed), amounts=amounts)

    def _take_back(self) -> None:
        for action in () if self.actions is None else self.actions.actions:
            action.disarm()

    def _act(self) -> None:
        actions = self.actions
        if actions is None:
            return
        try:
            actions.confirm()
        finally:
            self._show()
            self._sum_up(actions.snapshots)

    def _read_again(self) -> None:
        actions = self.actions
        if actions is None:
            return
        for action in actions.actions:
            if action.snapshot.state == "outcome_unknown":
                action.look_up()
        self._show()
        self._sum_up(actions.snapshots)

    def _sum_up(self, snapshots: tuple[Snapshot, ...]) -> None:
        """Say in a line what came of all."""
        ended = [one for one in snapshots if one.has_ended]
        if not ended:
            self.status.say(self.words("nothing_sent"), "warning")
            return
        if len(ended) == 1:
            said = f"{ended[0].payment_id}: {outcome_of(ended[0], self.words)}"
        else:
            counts = Counter(one.state for one in ended)
            said = ", ".join(
                self.words(f"sum.{state}", n=str(counts[state]))
                for state in ("done", "refused", "outcome_unknown", "dry_run")
                if counts[state]
            )
        self._tell_outcome(said, tone_of({one.state for one in ended}))

    def _show(self) -> None:
        """Show how each payment stands."""
        actions = self.actions
        if actions is None:
            return
        lines = [self._line(one, actions.unread) for one in actions.snapshots]
        self.table.put(pd.DataFrame(lines).astype({"amount": object, "tip": object}))
        self.table.layout.display = None
        possible = sum(one.payment is not None and not one.obstacles for one in actions.snapshots)
        totals = actions.totals
        unknown = any(one.state == "outcome_unknown" for one in actions.snapshots)
        self.look_again.layout.display = None if unknown else "none"
        ended = any(one.has_ended for one in actions.snapshots)
        self.total.value = "" if ended else line_html(
            self.words.count(
                "total", possible, all=str(len(lines)),
                amounts=said_amounts(totals, self.language) or None,
            )
        )  # fmt: skip
        self.arm.disabled = not self.is_ready

    def _line(self, seen: Snapshot, unread: dict[str, str]) -> _Line:
        payment = seen.after or seen.payment
        ended = outcome_of(seen, self.words) if seen.has_ended else ""
        if payment is None:
            why = obstacle_of(seen, unread, self.words)
            return _Line(seen.payment_id, "", None, "", None, "", "", None, "", ended or why)
        return _Line(
            seen.payment_id,
            payment.state,
            paid_of(payment),
            payment.currency,
            payment.tip_gross,
            paid_by(payment, self.language),
            payment.bill_id,
            payment.created_at,
            "" if seen.has_ended or seen.obstacles else self._window(seen),
            ended or obstacle_of(seen, unread, self.words),
        )

    def _window(self, seen: Snapshot) -> str:
        return window_of(seen, datetime.now(UTC), self.words)

    def _columns(self) -> list[Column]:
        words = self.words

        def money(value: Any) -> str:
            return as_money(value, self.language)

        return [
            Column("payment_id", words("payment"), as_text),
            Column("state", words("payment_state"), as_text),
            Column("amount", words("amount"), money, is_number=True),
            Column("currency", words("currency"), as_text),
            Column("tip", words("tip"), money, is_number=True),
            Column("parts", words("parts"), as_text),
            Column("bill", words("bill"), as_text),
            Column("created", words("created"), lambda one: as_time(one, "UTC")),
            Column("window", words("window_left"), as_text),
            Column("outcome", words("outcome"), as_text, is_wide=True),
        ]
