"""The one connection of a restaurant: polls out, method calls in, each answered once.

Runs in an event loop and knows nothing of threads. Every record is written before what it says is
acted upon, so that whatever kills the program, the log knows at least as much as Qerko does.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeVar

import msgspec

from qerko_recon.api import Answer as HttpAnswer
from qerko_recon.api import AsyncTransport, error_of, poll_request
from qerko_recon.errors import QerkoReconError, TransportError, UnexpectedResponse, shorten
from qerko_recon.model import MethodCallRequest, decode_call
from qerko_recon.session.answers import Answer, Answers, Subject
from qerko_recon.session.calls import delivery_of
from qerko_recon.session.handlers import Answered
from qerko_recon.session.records import HUNG_UP, body_of, shown_headers
from qerko_recon.session.redaction import Redaction
from qerko_recon.session.rules import PollRules, SessionClock
from qerko_recon.session.snapshot import Reason, Snapshot, State, Step
from qerko_recon.session.worker import Worker
from qerko_recon.settings import Venue

__all__ = ["Line", "Recorder"]

_T = TypeVar("_T")

_OK: Final = 200
_BAD: Final = 400
_UNAUTHORIZED: Final = 401
_CONFLICT: Final = 409
_RESTARTING: Final = 503
_LAST: Final = 50
_GRACE: Final = 0.5  # seconds for a refusal of the last answer to come
_LOUD: Final = 4  # refusals in a row, after which somebody must be holding the connection
_ALMOST: Final = 0.9
_LONGEST_READ: Final = 900.0
_GROWTH: Final = 1.5


class Recorder(Protocol):
    """Where records go."""

    redaction: Redaction

    def write(self, kind: str, payload: Mapping[str, Any]) -> int | None:
        """Record an event."""


@dataclass(slots=True)
class _Ended:
    """Why a session has come to its end."""

    why: str
    error: QerkoReconError | None = None


class Line:
    """Polls until it is told to stop, or is refused for good.

    Parameters
    ----------
    transport, venue
        How to reach Qerko.
    worker
        Who answers the calls.
    recorder
        Where records go; ``None`` keeps none.
    answers
        Those of earlier runs.
    rules, clock
        See :mod:`qerko_recon.session.rules`.
    tell
        Gets a :class:`Snapshot` after each change.
    chance
        A number from 0 to 1 for the jitter of a wait.
    """

    def __init__(
        self,
        transport: AsyncTransport,
        venue: Venue,
        worker: Worker,
        *,
        recorder: Recorder | None,
        answers: Answers,
        rules: PollRules,
        clock: SessionClock,
        tell: Callable[[Snapshot], object],
        first: Snapshot,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._venue = venue
        self._worker = worker
        self._recorder = recorder
        self._answers = answers
        self._rules = rules
        self._clock = clock
        self._tell = tell
        self._chance = chance
        self._snapshot = first
        self._stopping = asyncio.Event()
        self._aborting = asyncio.Event()
        self._has_left = asyncio.Event()
        self._owed: Answer | None = None
        self._exchange = 0
        self._failures = 0  # in a row
        self._refusals = 0  # 409 in a row
        self._read_timeout = rules.read_timeout
        self._outcomes: Counter[tuple[str, str]] = Counter()
        self._last: deque[Step] = deque(maxlen=_LAST)
        self.trouble: str | None = None

    # Its life

    async def run(self) -> QerkoReconError | None:
        """Poll until stopped; give the error that ended it, if one did."""
        self._take_up()
        self._change("connecting")
        self._record("state", {"state": "connecting", "why": self._venue.base_url})
        ended: _Ended | None = None
        try:
            while ended is None:
                ended = await self._turn()
        except asyncio.CancelledError:
            ended = _Ended("cancelled")
            raise
        finally:
            ended = ended or _Ended("a fault of this program")
            self._leave(ended)
        return ended.error

    def stop(self) -> None:
        """Finish the call at hand, deliver its answer, and end."""
        self._stopping.set()

    def abort(self) -> None:
        """End at once."""
        self._stopping.set()
        self._aborting.set()

    def _take_up(self) -> None:
        for about in self._answers.left:
            self._record("note", {"what": "left_unanswered", **about.as_payload()})
        rules = self._rules
        self._owed = self._answers.owed(self._clock.now(), rules.resume_within, rules.resends)

    def _leave(self, ended: _Ended) -> None:
        if self._owed is not None:
            about = self._owed.about.as_payload()
            sends = self._owed.sends
            self._record("note", {"what": "not_delivered", **about, "send": sends})
        self._record("state", {"state": "stopped", "why": ended.why})
        self._change("stopped", ended.why)

    # A poll

    async def _turn(self) -> _Ended | None:
        """Send one poll and act on what comes of it."""
        if self._stopping.is_set() and (self._owed is None or self._aborting.is_set()):
            return _Ended("as asked")
        if self._rules.stops_when_not_recording and self.trouble is not None:
            return _Ended(self.trouble)
        answer = self._owed
        self._exchange += 1
        about = {} if answer is None else answer.about.as_payload()
        if answer is not None:
            answer.sends += 1
            about["send"] = answer.sends
        self._has_left.clear()
        self._record("poll_sent", {"exchange": self._exchange, **about})
        self._snapshot = replace(self._snapshot, polls=self._snapshot.polls + 1)
        self._change("waiting" if answer is None else "answering")
        about.pop("send", None)
        about["exchange"] = self._exchange
        began = self._clock.monotonic()
        body = None if answer is None else answer.body
        request = poll_request(self._venue.api_version, body, self._read_timeout, self._on_sent)
        try:
            got = await self._unless_stopped(self._transport.send(request))
        except TransportError as error:
            return await self._no_answer(error, about, began)
        seconds = round(self._clock.monotonic() - began, 6)
        if got is None:
            return self._hung_up(about, seconds)
        return await self._answered(got, about, seconds)

    def _on_sent(self) -> None:
        """Note that the poll is out: what is left is to wait."""
        self._has_left.set()
        if self._snapshot.state == "answering":
            self._change("waiting")

    async def _unless_stopped(self, work: Coroutine[Any, Any, _T]) -> _T | None:
        """Do something until it is done or the session is to stop.

        A stop that finds an answer on its way leaves it the time to arrive.
        """
        task = asyncio.ensure_future(work)
        stop = asyncio.ensure_future(self._stopping.wait())
        abort = asyncio.ensure_future(self._aborting.wait())
        left = asyncio.ensure_future(self._has_left.wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done() and self._owed is not None:
                first = asyncio.FIRST_COMPLETED
                await asyncio.wait({task, abort, left}, return_when=first)
                await asyncio.wait({task, abort}, timeout=_GRACE, return_when=first)
            return task.result() if task.done() else None
        finally:
            for one in (task, stop, abort, left):
                one.cancel()
            await asyncio.gather(task, stop, abort, left, return_exceptions=True)

    def _hung_up(self, about: dict[str, Any], seconds: float) -> _Ended:
        """Note that we hung up on an open poll, and what that means for the answer it carried."""
        said = {"trouble": HUNG_UP, "was_sent": True, "timed_out": False}
        self._record("poll_answered", {**about, **said, "seconds": seconds})
        self._owed = None  # it was sent; whether it arrived is in the log as unknown
        return _Ended("as asked, while a poll was open")

    async def _no_answer(
        self, error: TransportError, about: dict[str, Any], began: float
    ) -> _Ended | None:
        seconds = round(self._clock.monotonic() - began, 6)
        words = str(error).partition(". ")[0]
        said = {"trouble": words, "was_sent": error.was_sent, "timed_out": error.timed_out}
        self._record("poll_answered", {**about, **said, "seconds": seconds})
        self._settle(delivery_of(None, was_sent=error.was_sent))
        if error.timed_out and seconds >= _ALMOST * self._read_timeout:
            # Qerko had nothing to ask; it may hold a poll for longer than we wait.
            self._read_timeout = min(_LONGEST_READ, self._read_timeout * _GROWTH)
            self._failures = 0
            return None
        return await self._back_off(words)

    async def _answered(
        self, got: HttpAnswer, about: dict[str, Any], seconds: float
    ) -> _Ended | None:
        call, trouble = _call_in(got)
        said = {"status": got.status, "seconds": seconds, "headers": shown_headers(got.headers)}
        if call is None:
            said |= body_of(got.body)
        if got.flaw is not None or trouble is not None:
            said["flaw"] = got.flaw or trouble
        self._record("poll_answered", {**about, **said})
        self._settle(delivery_of(got.status, was_sent=True))
        if got.status != _CONFLICT:
            self._refusals = 0
        if got.status == _OK:
            return await self._take(call, got, trouble)
        return await self._refused(got)

    async def _refused(self, got: HttpAnswer) -> _Ended | None:
        """Act on a status other than 200, as the specification has it."""
        path = f"/api/{self._venue.api_version}/pos/poll"
        error = error_of(got, method="POST", path=path, payment_id=None)
        words = str(error or f"status {got.status}")
        if got.status == _UNAUTHORIZED:
            return _Ended(words, error)
        if got.status == _RESTARTING:
            why = f"Qerko restarts; trying again in {self._rules.restart_wait:g} s"
            await self._wait(self._rules.restart_wait, why, "restart")
            return None
        if got.status == _CONFLICT:
            return await self._in_use()
        return await self._back_off(words)

    async def _in_use(self) -> _Ended | None:
        """Leave the connection to whoever has it, ever longer, and say so ever louder."""
        self._refusals += 1
        self._snapshot = replace(self._snapshot, conflicts=self._snapshot.conflicts + 1)
        wait = self._jittered(self._refusals)
        words = "another connection is open for this restaurant (409)"
        if self._refusals >= _LOUD:
            words += (
                f", {self._refusals} times in a row: the POS itself, a second session or a "
                "WebSocket holds it. Only one of them can work; stop the others"
            )
        await self._wait(wait, f"{words}. Trying again in {wait:.0f} s", "conflict")
        return None

    def _settle(self, delivery: str) -> None:
        """Note what became of the answer that a poll carried."""
        answer = self._owed
        if answer is None or delivery == "not_sent":
            return
        if delivery == "unknown":
            answer.unclear += 1
            if answer.unclear <= self._rules.resends:
                return
        else:
            answer.is_delivered = True
        self._owed = None

    # A call

    async def _take(
        self, call: MethodCallRequest | None, got: HttpAnswer, trouble: str | None
    ) -> _Ended | None:
        """Answer a method call, or what was meant as one."""
        if call is None:
            uuid = _uuid_in(got.body)
            if uuid is None:
                return await self._back_off(f"Qerko's answer is not a method call: {trouble}")
            self._failures = 0
            self._reject(uuid, trouble or "")
            return None
        self._failures = 0
        subject = Subject(call.uuid, call.method, call.payment_id, call.bill_id)
        known = None if call.uuid is None else self._answers.get(call.uuid)
        if known is not None:
            known.deliveries += 1
        self._record_call(call, subject, got, 1 if known is None else known.deliveries)
        self._snapshot = replace(self._snapshot, calls=self._snapshot.calls + 1)
        if call.method == "error":
            self._note_error(call)
        if known is not None:
            self._repeat(call, known)
        elif not (call.uuid is None and call.method == "noop"):
            await self._work(call, subject)
        return None

    def _record_call(
        self, call: MethodCallRequest, subject: Subject, got: HttpAnswer, times: int
    ) -> None:
        payload = {"exchange": self._exchange, **subject.as_payload()}
        payload |= {"method": call.method, "args": call.args, "times": times}
        known = {"uuid", "method", "args"}
        further = msgspec.json.decode(got.body, type=dict[str, Any])
        if more := {name: one for name, one in further.items() if name not in known}:
            payload["more"] = more
        self._record("call", payload)

    def _repeat(self, call: MethodCallRequest, known: Answer) -> None:
        """Send the answer that was given before; the call is not worked on twice."""
        known.unclear = 0
        known.is_delivered = False
        self._owed = known
        if known.about.method != call.method:
            said = {"what": "uuid_used_again", "uuid": call.uuid, "detail": call.method}
            self._record("note", said)
        self._count(call, "repeated", 0.0, known.body, None)

    def _reject(self, uuid: str, trouble: str) -> None:
        """Answer what has a uuid and cannot be read: silence would cancel a guest's payment."""
        about = Subject(uuid)
        error = {"message": "the POS could not read this call"}
        payload = {"error": error, "why": "bad_call", "detail": trouble, "seconds": 0.0}
        self._record("error", {**about.as_payload(), **payload})
        body = msgspec.json.encode({"uuid": uuid, "error": error})
        self._owe(Answer(about, body, self._clock.now(), is_error=True))

    async def _work(self, call: MethodCallRequest, subject: Subject) -> None:
        """Have the POS answer, and write the answer down before it leaves."""
        self._change("handling", call.method)
        began = self._clock.monotonic()
        answered = await self._ask(call)
        seconds = round(self._clock.monotonic() - began, 6)
        said: dict[str, Any] = {**subject.as_payload(), "seconds": seconds}
        said["method"] = call.method
        if answered.error is None:
            said["result"] = answered.result
            if self._is_redacted(answered.result):
                said["redacted"] = True
            self._record("result", said)
        else:
            error = msgspec.to_builtins(answered.error)
            said |= {"error": error, "why": answered.why, "detail": answered.detail}
            self._record("error", said)
        if call.uuid is not None and answered.body is not None:
            is_error = answered.error is not None
            self._owe(Answer(subject, answered.body, self._clock.now(), is_error=is_error))
        outcome = "ok" if answered.error is None else "error"
        outcome = "not_wanted" if call.uuid is None and outcome == "ok" else outcome
        self._count(call, outcome, seconds, answered.body, answered.why)

    async def _ask(self, call: MethodCallRequest) -> Answered:
        """Run the handler; give it up where it takes too long or the session must end."""
        task = asyncio.ensure_future(self._worker.answer(call))
        abort = asyncio.ensure_future(self._aborting.wait())
        waits: set[asyncio.Future[Any]] = {task, abort}
        limit = None
        if self._rules.handler_timeout is not None:
            limit = asyncio.ensure_future(self._clock.sleep(self._rules.handler_timeout))
            waits.add(limit)
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            self._worker.abandon()
            if abort.done():
                return Answered.given_up(call, "stopped", "the session was stopped meanwhile")
            seconds = f"{self._rules.handler_timeout:g} s"
            return Answered.given_up(call, "too_late", f"no answer within {seconds}")
        finally:
            for one in waits:
                one.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    def _owe(self, answer: Answer) -> None:
        self._owed = answer
        self._answers.keep(answer)

    def _note_error(self, call: MethodCallRequest) -> None:
        """File what Qerko disliked, under the call whose answer it was."""
        said = call.args[0] if call.args else None
        concerned = call.args[1] if len(call.args) > 1 else None
        note: dict[str, Any] = {"what": "qerko_error", "error": said}
        if isinstance(concerned, str):
            known = self._answers.get(concerned)
            note |= {"uuid": concerned} if known is None else known.about.as_payload()
        self._record("note", note)

    # Waiting

    async def _back_off(self, words: str) -> _Ended | None:
        """Leave Qerko alone for a while, the longer the more often it failed in a row."""
        self._failures += 1
        wait = self._jittered(self._failures)
        await self._wait(wait, f"{words}. Trying again in {wait:.0f} s", "conflict")
        return None

    def _jittered(self, tries: int) -> float:
        """Give a wait that grows with each failure, and that no two sessions share."""
        grown = self._rules.first_wait * 2.0 ** min(tries - 1, 30)
        most = min(self._rules.longest_wait, grown)
        return most * (0.5 + 0.5 * self._chance())

    async def _wait(self, seconds: float, why: str, reason: Reason = "trouble") -> None:
        if self._stopping.is_set():
            return
        self._record("state", {"state": "backing_off", "why": why, "wait": round(seconds, 3)})
        until = self._clock.now() + timedelta(seconds=seconds)
        self._change("backing_off", why, until=until, reason=reason)
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        stop = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({sleeping, stop}, return_when=asyncio.FIRST_COMPLETED)
        for one in (sleeping, stop):
            one.cancel()
        await asyncio.gather(sleeping, stop, return_exceptions=True)
        if self._stopping.is_set():
            self._owed = None if self._aborting.is_set() else self._owed

    # What is told

    def _record(self, kind: str, payload: Mapping[str, Any]) -> None:
        if self._recorder is not None:
            self._recorder.write(kind, payload)

    def _is_redacted(self, value: Any) -> bool:
        """Tell whether the log does not hold an answer as it was given."""
        if self._recorder is None:
            return False
        return bool(self._recorder.redaction.clean(value) != value)

    def _clean(self, value: Any) -> Any:
        return value if self._recorder is None else self._recorder.redaction.clean(value)

    def _count(
        self,
        call: MethodCallRequest,
        outcome: str,
        seconds: float,
        body: bytes | None,
        why: str | None,
    ) -> None:
        self._outcomes[call.method, outcome] += 1
        named = {"method": call.method, "args": list(call.args), "uuid": call.uuid}
        shown = self._clean({**named, "payment": call.payment_id, "bill": call.bill_id})
        step = Step(
            at=self._clock.now(),
            method=shown["method"],
            uuid=shown["uuid"],
            payment_id=shown["payment"],
            bill_id=shown["bill"],
            outcome=outcome,
            seconds=seconds,
            args=shown["args"],
            answer=None if body is None else self._clean(msgspec.json.decode(body)),
            why=why,
        )
        self._last.append(step)
        self._snapshot = replace(
            self._snapshot,
            outcomes=MappingProxyType(dict(self._outcomes)),
            last=tuple(self._last),
        )

    def _change(self, state: State, why: str = "", **more: Any) -> None:
        until = more.get("until")
        self._snapshot = replace(
            self._snapshot,
            state=state,
            why=why,
            since=self._clock.now(),
            until=until,
            reason=more.get("reason"),
            trouble=self.trouble,
        )
        self._tell(self._snapshot)


def _call_in(got: HttpAnswer) -> tuple[MethodCallRequest | None, str | None]:
    """Read the call that an answer holds, or say why there is none."""
    if got.status != _OK:
        return None, None
    if got.flaw is not None:
        return None, f"it {got.flaw}"
    try:
        return decode_call(got.body), None
    except UnexpectedResponse as error:
        return None, shorten(error, 300)


def _uuid_in(body: bytes) -> str | None:
    """Find the uuid of a call that is otherwise not one."""
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    uuid = said.get("uuid") if isinstance(said, dict) else None
    return uuid if isinstance(uuid, str) else None
