"""One cancel or one capture: looked up, armed by a person, confirmed, sent once, recorded.

The line that says what is about to be sent is on the disk before it leaves; what came of it
follows. Where the second line is missing, the program was stopped in between, and nobody knows:
so the next action on that payment sends nothing until a person has decided.
"""

from __future__ import annotations

import threading
import uuid
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from qerko_recon.actions.snapshot import CancelWindow, Kind, Snapshot, State
from qerko_recon.actions.trail import AuditTrail, Earlier, Record
from qerko_recon.api import ApiClient, Request, payment_path
from qerko_recon.errors import (
    ActionError,
    ApiError,
    AuditTrailError,
    OutcomeUnknown,
    QerkoReconError,
    TransportError,
    shorten,
)
from qerko_recon.model import CANCELLED, PAID, Payment, Receipt
from qerko_recon.receipts import check_receipt
from qerko_recon.who import person

__all__ = ["Action", "CancelAction", "CaptureAction"]

_ARMED_FOR: Final = timedelta(seconds=60)
_ACCEPTED: Final = "Accepted"


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a request came to."""

    state: State
    detail: str
    status: int | None = None
    after: Payment | None = None


class Action(ABC):
    """A cancel or a capture of one payment.

    Safe to use from several threads: whoever confirms while a request is under way waits for it
    and gets its outcome.

    Parameters
    ----------
    client
        Of the venue whose payment it is.
    payment_id
        Which payment.
    trail
        Where it is recorded.
    by
        Who acts; else this machine's user.
    dry_run
        Whether to do everything but send.
    armed_for
        After which time an armed action must be armed again.
    on_change
        Gets every new :class:`Snapshot`.
    clock
        In place of this machine's, for tests; gives a time in UTC.
    """

    kind: ClassVar[Kind]

    def __init__(
        self,
        client: ApiClient,
        payment_id: str,
        *,
        trail: AuditTrail | None = None,
        by: str | None = None,
        dry_run: bool = False,
        armed_for: timedelta = _ARMED_FOR,
        on_change: Callable[[Snapshot], object] | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._client = client
        self._trail = trail or AuditTrail()
        self._by = by or person()
        self._is_dry = dry_run
        self._armed_for = armed_for
        self._on_change = on_change
        self._clock = clock or (lambda: datetime.now(UTC))
        self._lock = threading.RLock()
        self._snapshot = Snapshot(self.kind, payment_id, str(uuid.uuid4()))
        self._looked_up_at = datetime.min.replace(tzinfo=UTC)

    @property
    def snapshot(self) -> Snapshot:
        """How it stands; one that is armed no longer is shown as looked up."""
        seen = self._snapshot
        if seen.armed_until is not None and self._clock() >= seen.armed_until:
            return replace(seen, state="looked_up", armed_until=None)
        return seen

    def look_up(self) -> Snapshot:
        """Read the payment, and see whether there is an obstacle; sends nothing that changes.

        After an outcome that is not known, this may show what it was.

        Raises
        ------
        ApiError, TransportError
            It could not be read; see :meth:`ApiClient.get_payment`.
        """
        with self._lock:
            looking_since = datetime.now(UTC)
            payment = self._client.get_payment(self._snapshot.payment_id)
            self._looked_up_at = looking_since
            if self._snapshot.state == "outcome_unknown":
                return self._resolve(payment)
            if self._snapshot.has_ended:
                return self._become(after=payment)
            return self._become(
                state="looked_up",
                armed_until=None,
                payment=payment,
                window=CancelWindow.of(payment),
                obstacles=self._obstacles(payment),
                warnings=self._warnings(payment),
            )

    def arm(self, reason: str) -> Snapshot:
        """Make ready to be confirmed, for a while.

        Raises
        ------
        ActionError
            It was not looked up, there is an obstacle, no reason is given, or it has ended.
        """
        with self._lock:
            seen = self.snapshot
            if seen.has_ended:
                raise ActionError(f"{self._what} has ended: {seen.detail}")
            if seen.payment is None:
                raise ActionError(f"{self._what}: look the payment up first")
            if seen.obstacles:
                raise ActionError(f"{self._what} is not possible: {'; '.join(seen.obstacles)}")
            if not reason.strip():
                raise ActionError(f"{self._what}: say why, for the audit trail")
            until = self._clock() + self._armed_for
            return self._become(state="armed", reason=reason.strip(), armed_until=until)

    def stay_armed(self) -> bool:
        """Arm anew what was armed and not taken back, since its turn has come now.

        Returns
        -------
        bool
            Whether it is armed.
        """
        with self._lock:
            if self._snapshot.state != "armed":
                return False
            self._become(armed_until=self._clock() + self._armed_for)
            return True

    def disarm(self) -> Snapshot:
        """Take back the arming."""
        with self._lock:
            if self._snapshot.state != "armed":
                return self.snapshot
            return self._become(state="looked_up", armed_until=None)

    def confirm(self, *, again: bool = False) -> Snapshot:
        """Do it: one request, once, however often this is called and by whom.

        Parameters
        ----------
        again
            A person's decision to send although an earlier action on this payment may have been
            carried out, after its look-up shows that it was not.

        Returns
        -------
        Snapshot
            ``done``, ``refused``, ``outcome_unknown`` or ``dry_run``. Where an action on this
            payment was done before, it is ``done``, and nothing was sent.

        Raises
        ------
        ActionError
            It is not armed; nothing was sent.
        AuditTrailError
            It could not be recorded; nothing was sent.
        """
        with self._lock:
            seen = self.snapshot
            if seen.has_ended:
                return seen
            if seen.state != "armed":
                raise ActionError(f"{self._what} is not armed, or no longer; arm it again")
            request = self._request()
            earlier = self._begin(request, again=again)
            if earlier is not None:
                return self._stand_on(earlier)
            if self._is_dry:
                return self._become(
                    state="dry_run", detail=f"a dry run: nothing was sent for {self._what}"
                )
            self._become(state="confirmed", armed_until=None)
            return self._carry_out(request, again=again)

    @abstractmethod
    def _request(self) -> Request:
        """Give what is to be sent, for the trail."""

    @abstractmethod
    def _send(self) -> _Outcome:
        """Send the request and read the answer."""

    @abstractmethod
    def _obstacles(self, payment: Payment) -> tuple[str, ...]: ...

    def _warnings(self, payment: Payment) -> tuple[str, ...]:
        if payment.state in {PAID, CANCELLED}:
            return ()
        return (f"the payment's state is {payment.state}, which nobody has documented",)

    def _was_seen_done(self, payment: Payment) -> bool:  # noqa: ARG002 - a capture does not show
        """Tell whether a payment shows that the action was carried out."""
        return False

    @property
    def _what(self) -> str:
        return f"{self.kind} of payment {shorten(self._snapshot.payment_id)}"

    def _begin(self, request: Request, *, again: bool) -> Earlier | None:
        """Record what is about to be sent, unless an earlier action stands in the way."""
        with self._trail.held() as trail:
            earlier = trail.earlier(self.kind, self._snapshot.payment_id, self._client.venue)
            if earlier is not None and not self._is_dry and not self._may_repeat(earlier, again):
                return earlier
            state: State = "dry_run" if self._is_dry else "confirmed"
            trail.append(self._record(request, _Outcome(state, ""), again=again))
        return None

    def _may_repeat(self, earlier: Earlier, again: bool) -> bool:
        """Tell whether a person's decision covers an earlier action.

        None covers what is known to be done, nor what was sent after the person looked.
        """
        was_seen = datetime.fromisoformat(earlier.sent.at) < self._looked_up_at
        return again and was_seen and not earlier.is_done

    def _stand_on(self, earlier: Earlier) -> Snapshot:
        """Take over what an earlier action came to; nothing is sent."""
        sent = earlier.sent
        when = f"it was sent at {sent.at} by {sent.by}"
        if earlier.is_done:
            return self._become(
                state="done", armed_until=None, detail=f"done before: {when}; nothing was sent now"
            )
        what = "what came of it is not known" if earlier.last is not sent else (
            "no outcome is recorded: it is under way, or the program was stopped"
        )  # fmt: skip
        return self._become(
            state="outcome_unknown",
            armed_until=None,
            detail=f"nothing was sent now: {when}, and {what}. Look the payment up; if it was "
            "not carried out, a person may decide to send it again",
        )

    def _carry_out(self, request: Request, *, again: bool) -> Snapshot:
        try:
            outcome = self._attempt()
        except BaseException as error:
            words = f"stopped by {type(error).__name__} while the request was under way"
            unknown = _Outcome("outcome_unknown", words)
            self._keep(self._record(request, unknown, again=again))
            self._become(state="outcome_unknown", detail=words)
            raise
        self._keep(self._record(request, outcome, again=again))
        ended = self._become(
            state=outcome.state, detail=outcome.detail, status=outcome.status, after=outcome.after
        )
        return self._look_again() if outcome.state == "outcome_unknown" else ended

    def _attempt(self) -> _Outcome:
        """Send, and put what comes of it in order: what is not clearly refused may be done."""
        try:
            return self._send()
        except OutcomeUnknown as error:
            return _Outcome("outcome_unknown", str(error))
        except ApiError as error:
            return _Outcome("refused", str(error), error.status)
        except TransportError as error:
            state: State = "outcome_unknown" if error.was_sent else "refused"
            return _Outcome(state, str(error))

    def _look_again(self) -> Snapshot:
        """Look up what may have been done; that it cannot be read makes nothing worse."""
        try:
            return self.look_up()
        except QerkoReconError:
            return self._snapshot

    def _resolve(self, payment: Payment) -> Snapshot:
        if not self._was_seen_done(payment):
            return self._become(after=payment)
        detail = f"done: the payment is {payment.state}, as looked up afterwards"
        outcome = _Outcome("done", detail, None, payment)
        self._keep(self._record(self._request(), outcome, again=False))
        return self._become(state="done", detail=detail, after=payment)

    def _keep(self, record: Record) -> None:
        """Record what came of it; if that fails, say so loudly, for it has had its effect."""
        try:
            with self._trail.held() as trail:
                trail.append(record)
        except AuditTrailError as error:
            warnings.warn(
                f"{self._what} ended as {record.state}, which could not be recorded: {error}",
                stacklevel=4,
            )

    def _record(self, request: Request, outcome: _Outcome, *, again: bool) -> Record:
        venue, seen = self._client.venue, self._snapshot
        return Record(
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            action_id=seen.action_id,
            kind=self.kind,
            payment_id=seen.payment_id,
            state=outcome.state,
            by=self._by,
            venue=venue.name,
            base_url=venue.base_url,
            key_fingerprint=venue.api_key.fingerprint,
            reason=seen.reason,
            again=again,
            method=request.method,
            path=request.path,
            body=None if request.body is None else request.body.decode(),
            status=outcome.status,
            detail=outcome.detail,
            before=_raw(seen.payment),
            after=_raw(outcome.after),
        )

    def _become(self, **changes: Any) -> Snapshot:
        self._snapshot = replace(self._snapshot, **changes)
        if self._on_change is not None:
            try:
                self._on_change(self._snapshot)
            except Exception as error:  # noqa: BLE001 - who watches does not stop what goes on
                warnings.warn(f"who watches {self._what} failed: {error!r}", stacklevel=3)
        return self._snapshot

    def __repr__(self) -> str:
        seen = self.snapshot
        return f"{type(self).__name__}({seen.payment_id!r}, {seen.state})"


class CancelAction(Action):
    """Return the guest's money: see :class:`Action`.

    Examples
    --------
    >>> import tempfile
    >>> from qerko_recon.api import ApiClient
    >>> from qerko_recon.simulator import Simulator, TradingDay
    >>> box = Simulator(TradingDay.generate(payments=60)).start()
    >>> client = ApiClient(base_url=box.base_url, api_key=box.api_key, pos_id=box.pos_id)
    >>> trail = AuditTrail(tempfile.mkdtemp() + "/actions.jsonl")
    >>> action = CancelAction(client, box.payments[0].id, trail=trail, dry_run=True)
    >>> action.look_up().state, action.arm("paid twice").state, action.confirm().state
    ('looked_up', 'armed', 'dry_run')
    >>> client.close(); box.stop()
    """

    kind = "cancel"

    def _request(self) -> Request:
        path = payment_path(self._client.venue.api_version, self._snapshot.payment_id)
        return Request("DELETE", path, payment_id=self._snapshot.payment_id)

    def _send(self) -> _Outcome:
        reply = self._client.with_answer.cancel_payment(self._snapshot.payment_id)
        after, status = reply.value, reply.answer.status
        if self._was_seen_done(after):
            return _Outcome("done", f"done: the payment is {after.state}", status, after)
        words = f"Qerko took the request in ({status}), and the payment is {after.state}"
        return _Outcome("outcome_unknown", words, status, after)

    def _obstacles(self, payment: Payment) -> tuple[str, ...]:
        return ("the payment is cancelled already",) if payment.state == CANCELLED else ()

    def _was_seen_done(self, payment: Payment) -> bool:
        return payment.state == CANCELLED


class CaptureAction(Action):
    """Take the money of a payment that was started with manual capture: see :class:`Action`.

    Parameters
    ----------
    receipt
        Checked when the payment is looked up; an error in it is an obstacle.
    """

    kind = "capture"

    def __init__(
        self, client: ApiClient, payment_id: str, receipt: Receipt, **settings: Any
    ) -> None:
        super().__init__(client, payment_id, **settings)
        self.receipt = receipt

    def _request(self) -> Request:
        payment_id, version = self._snapshot.payment_id, self._client.venue.api_version
        path = payment_path(version, payment_id, "/capture")
        return Request("POST", path, body=self.receipt.to_json(), payment_id=payment_id)

    def _send(self) -> _Outcome:
        payment_id = self._snapshot.payment_id
        reply = self._client.with_answer.capture_payment(payment_id, self.receipt)
        word, status = reply.value, reply.answer.status
        if word != _ACCEPTED:
            words = f"Qerko answered {word!r} ({status}), which nobody has documented"
            return _Outcome("outcome_unknown", words, status)
        try:
            after = self._client.get_payment(payment_id)
        except QerkoReconError:
            after = None  # it was accepted all the same
        return _Outcome("done", "done: Qerko accepted the receipt", status, after)

    def _obstacles(self, payment: Payment) -> tuple[str, ...]:
        found = [] if payment.state != CANCELLED else ["the payment is cancelled"]
        found += self._findings(payment, "error")
        return tuple(found)

    def _warnings(self, payment: Payment) -> tuple[str, ...]:
        return (*super()._warnings(payment), *self._findings(payment, "warning"))

    def _findings(self, payment: Payment, severity: str) -> list[str]:
        found = check_receipt(self.receipt, payment)
        return [one.sentence for one in found if one.severity == severity]


def _raw(payment: Payment | None) -> str | None:
    return None if payment is None else payment.raw.decode("utf-8", "replace")
