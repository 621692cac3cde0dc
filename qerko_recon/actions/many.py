"""Cancel several payments: all looked up, one total, one confirmation, an outcome for each."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Final

from qerko_recon.actions.action import CancelAction
from qerko_recon.actions.snapshot import Snapshot
from qerko_recon.api import ApiClient
from qerko_recon.errors import ActionError, AuthenticationFailed, QerkoReconError, shorten

__all__ = ["CancelMany"]

_UNAUTHORIZED: Final = 401


class CancelMany:
    """Several cancels that a person confirms at once; each is an action of its own.

    Parameters
    ----------
    client, settings
        As for :class:`CancelAction`.
    payment_ids
        Each is cancelled once.

    Attributes
    ----------
    actions
        In the order given.
    unread
        Why a payment could not be looked up, by its ID; nothing is sent for it.
    """

    def __init__(self, client: ApiClient, payment_ids: Iterable[str], **settings: Any) -> None:
        if isinstance(payment_ids, str):
            raise ActionError(f"give a list of payment IDs, as in [{shorten(payment_ids)!r}]")
        self._lock = threading.Lock()
        self.actions = tuple(
            CancelAction(client, one, **settings) for one in dict.fromkeys(payment_ids)
        )
        self.unread: dict[str, str] = {}

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """How each stands."""
        return tuple(action.snapshot for action in self.actions)

    def look_up(self) -> tuple[Snapshot, ...]:
        """Read every payment; one that cannot be read is among :attr:`unread`.

        Raises
        ------
        AuthenticationFailed
            The key is not accepted, so there is no use in asking on.
        """
        self.unread.clear()
        for action in self.actions:
            try:
                action.look_up()
            except AuthenticationFailed:
                raise
            except QerkoReconError as error:
                self.unread[action.snapshot.payment_id] = str(error)
        return self.snapshots

    @property
    def totals(self) -> dict[str, Decimal]:
        """What would be returned, by currency: the parts of every payment without an obstacle."""
        found: dict[str, Decimal] = {}
        for action in self._possible():
            payment = action.snapshot.payment
            if payment is not None:
                paid = sum((part.total for part in payment.parts), Decimal(0))
                found[payment.currency] = found.get(payment.currency, Decimal(0)) + paid
        return found

    def arm(self, reason: str) -> tuple[Snapshot, ...]:
        """Make ready every payment without an obstacle; raises as :meth:`CancelAction.arm`."""
        for action in self._possible():
            action.arm(reason)
        return self.snapshots

    def confirm(self, *, again: bool = False) -> tuple[Snapshot, ...]:
        """Cancel every armed payment, one after the other; each is one request.

        A refusal of the key stops it: what is left is disarmed. They were confirmed together, so
        none of them runs out while it waits for its turn.

        Raises
        ------
        AuditTrailError
            One could not be recorded and was not sent; :attr:`snapshots` tell what was done.
        """
        with self._lock:  # whoever clicks twice waits, and finds nothing armed
            armed = [action for action in self.actions if action.snapshot.state == "armed"]
            for number, action in enumerate(armed):
                if not action.stay_armed():
                    continue  # taken back meanwhile
                if action.confirm(again=again).status == _UNAUTHORIZED:
                    for rest in armed[number + 1 :]:
                        rest.disarm()
                    break
        return self.snapshots

    def _possible(self) -> Iterator[CancelAction]:
        for action in self.actions:
            seen = action.snapshot
            if seen.payment is not None and not (seen.obstacles or seen.has_ended):
                yield action
