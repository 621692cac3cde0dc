"""What flowed past in, records of a session log out; the disk is never waited for.

Records are queued and written by a thread of their own, in order and with the time at which they
happened, so that neither a slow disk nor a full one holds up a guest's payment.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from os import PathLike
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import msgspec

from qerko_recon.errors import ConfigError, UnexpectedResponse, shorten
from qerko_recon.keys import ApiKey
from qerko_recon.model import MethodCallRequest, decode_call
from qerko_recon.session.proxy.tap import Message
from qerko_recon.session.records import body_of, shown_headers
from qerko_recon.session.writer import Clock, LogSettings, LogWriter

__all__ = ["Exchange", "Notary"]

_POLL: Final = "/pos/poll"
_PAYMENT: Final = "/pos/payment/"
_OK: Final = 200
_MOST_QUEUED: Final = 20_000
_MOST_KNOWN: Final = 10_000


@dataclass(slots=True)
class Exchange:
    """A request that flowed past, and who sent it."""

    number: int
    request: Message
    venue: str | None
    began: float
    is_poll: bool
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Event:
    at: datetime
    mono: float
    kind: str
    payload: Mapping[str, Any]


class _EventClock(Clock):
    """Tells the time at which the record at hand happened."""

    def __init__(self) -> None:
        self.event: _Event | None = None

    def now(self) -> datetime:
        """Tell the time of day."""
        return super().now() if self.event is None else self.event.at

    def monotonic(self) -> float:
        """Tell seconds that only go forward."""
        return super().monotonic() if self.event is None else self.event.mono


@dataclass(slots=True)
class _Venue:
    """What is known of a venue's calls, the oldest forgotten first."""

    calls: OrderedDict[str, dict[str, Any]] = field(default_factory=OrderedDict)
    times: dict[str, int] = field(default_factory=dict)
    sends: dict[str, int] = field(default_factory=dict)

    def heed(self, uuid: str, about: dict[str, Any]) -> int:
        """Remember a call; say how often it has come."""
        self.calls[uuid] = about
        self.times[uuid] = self.times.get(uuid, 0) + 1
        if len(self.calls) > _MOST_KNOWN:
            old, _ = self.calls.popitem(last=False)
            self.times.pop(old, None)
            self.sends.pop(old, None)
        return self.times[uuid]


class Notary:
    """Writes down what flows past.

    Parameters
    ----------
    log, settings, base_url
        Where to record, how, and what lies upstream.
    on_trouble
        Gets a sentence when recording fails, and ``None`` when it goes on.
    """

    def __init__(
        self,
        log: str | PathLike[str],
        *,
        base_url: str,
        settings: LogSettings | None = None,
        on_trouble: Callable[[str | None], object] | None = None,
    ) -> None:
        self._clock = _EventClock()
        self._writer = LogWriter(
            log,
            recorder="proxy",
            base_url=base_url,
            settings=settings,
            clock=self._clock,
            on_trouble=on_trouble,
        )
        self._on_trouble = on_trouble
        self.path = self._writer.path
        self._venues: OrderedDict[str | None, _Venue] = OrderedDict()
        self._queue: queue.SimpleQueue[_Event | None] = queue.SimpleQueue()
        self._dropped = 0
        self._exchanges = 0
        self._thread = threading.Thread(target=self._work, name="qerko-notary", daemon=True)
        self._thread.start()

    @property
    def lost(self) -> int:
        """Records that could not be written."""
        return self._writer.lost + self._dropped

    @property
    def venues(self) -> list[str]:
        """Fingerprints of the keys that were seen."""
        return [one for one in self._venues if one is not None]

    def close(self) -> None:
        """Write down all that is queued, and end."""
        self._queue.put(None)
        self._thread.join(timeout=10)
        self._writer.close()

    # What flows past

    @contextmanager
    def minding(self) -> Iterator[None]:
        """Keep a fault in here away from the traffic, and say that something is not recorded."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - a guest's payment matters more than its record
            self._writer.lost += 1
            if self._on_trouble is not None:
                self._on_trouble(f"NOT RECORDED: {type(error).__name__}: {shorten(error, 200)}")

    def began(self, request: Message) -> Exchange:
        """Record a request that has come whole, before its last byte goes on."""
        self._exchanges += 1
        venue = self._venue_of(request)
        parts = urlsplit(request.target)
        is_poll = request.verb == "POST" and parts.path.endswith(_POLL)
        number = self._exchanges
        exchange = Exchange(number, request, venue, time.monotonic(), is_poll=is_poll)
        content = request.content()
        if is_poll:
            if content:
                exchange.about = self._answered(venue, content)
            said = dict(exchange.about)
            if content and "uuid" not in said:
                said |= body_of(content)
            elif "uuid" in said:
                said["send"] = self._known(venue).sends[said["uuid"]]
            self._write("poll_sent", venue, {"exchange": exchange.number, **said})
            return exchange
        _, found, rest = parts.path.partition(_PAYMENT)
        exchange.about = {"verb": request.verb, "path": request.target}
        if found:
            exchange.about["payment_id"] = unquote(rest.partition("/")[0])
        said = {**exchange.about, "headers": shown_headers(request.headers), **body_of(content)}
        self._write("rest_sent", venue, {"exchange": exchange.number, **said})
        return exchange

    def ended(self, exchange: Exchange, answer: Message) -> MethodCallRequest | None:
        """Record an answer; give the call that it brought, if it did."""
        seconds = round(time.monotonic() - exchange.began, 6)
        said: dict[str, Any] = {"exchange": exchange.number, **exchange.about}
        said |= {"status": answer.status, "seconds": seconds}
        said["headers"] = shown_headers(answer.headers)
        content = answer.content()
        call = _call_in(answer, content) if exchange.is_poll else None
        if call is None:
            said |= body_of(content)
        if answer.flaw is not None:
            said["flaw"] = answer.flaw
        kind = "poll_answered" if exchange.is_poll else "rest_answered"
        self._write(kind, exchange.venue, said)
        if call is not None:
            self._called(exchange, call, content)
        return call

    def broke(self, exchange: Exchange, words: str, *, was_sent: bool) -> None:
        """Record that no answer came."""
        seconds = round(time.monotonic() - exchange.began, 6)
        said = {"exchange": exchange.number, **exchange.about, "trouble": words}
        said |= {"was_sent": was_sent, "timed_out": False, "seconds": seconds}
        kind = "poll_answered" if exchange.is_poll else "rest_answered"
        self._write(kind, exchange.venue, said)

    def note(self, what: str, detail: str) -> None:
        """Record what is no exchange."""
        self._write("note", None, {"what": what, "detail": detail})

    def state(self, state: str, why: str) -> None:
        """Record that the proxy begins or ends."""
        for venue in self._venues or [None]:
            self._write("state", venue, {"state": state, "why": why})

    # How it is told

    def _venue_of(self, request: Message) -> str | None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        if pos_id := headers.get("pos-id"):
            self._writer.redaction.add_secret(pos_id)
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if not key:
            scheme, key = "", scheme
        try:
            secret = ApiKey(key)
        except ConfigError:
            return None
        self._writer.redaction.add_secret(secret.reveal())
        self._known(secret.fingerprint)
        return secret.fingerprint

    def _known(self, venue: str | None) -> _Venue:
        known = self._venues.setdefault(venue, _Venue())
        self._venues.move_to_end(venue)
        return known

    def _answered(self, venue: str | None, content: bytes) -> dict[str, Any]:
        """Record the answer that a poll carries, the first time; name the call it is for."""
        try:
            said = msgspec.json.decode(content, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return {}
        uuid = said.get("uuid")
        if not isinstance(uuid, str):
            return {}
        known = self._known(venue)
        about = known.calls.get(uuid, {"uuid": uuid})
        known.sends[uuid] = known.sends.get(uuid, 0) + 1
        if known.sends[uuid] == 1:
            kind = "error" if said.get("error") is not None else "result"
            self._write(kind, venue, {**about, kind: said.get(kind)})
        return dict(about)

    def _called(self, exchange: Exchange, call: MethodCallRequest, content: bytes) -> None:
        about: dict[str, Any] = {"uuid": call.uuid, "method": call.method}
        named = {"payment_id": call.payment_id, "bill_id": call.bill_id}
        about |= {name: one for name, one in named.items() if one is not None}
        times = 1
        if call.uuid is not None:
            times = self._known(exchange.venue).heed(call.uuid, about)
        said = {"exchange": exchange.number, **about, "args": list(call.args), "times": times}
        whole = msgspec.json.decode(content, type=dict[str, Any])
        more = {name: one for name, one in whole.items() if name not in {"uuid", "method", "args"}}
        self._write("call", exchange.venue, {**said, "more": more} if more else said)

    def _write(self, kind: str, venue: str | None, payload: dict[str, Any]) -> None:
        if self._queue.qsize() >= _MOST_QUEUED:
            self._dropped += 1  # a disk that hangs; memory is not to follow it
            if self._dropped == 1 and self._on_trouble is not None:
                self._on_trouble(f"NOT RECORDING to {self.path}: the disk does not keep up")
            return
        named = payload if venue is None else {"venue": venue, **payload}
        self._queue.put(_Event(datetime.now(UTC), time.monotonic(), kind, named))

    def _work(self) -> None:
        while (event := self._queue.get()) is not None:
            self._clock.event = event
            if self._dropped:
                lost, self._dropped = self._dropped, 0
                self._writer.lost += lost
                gap = {"what": "not_recording", "lost": lost, "detail": "the disk did not keep up"}
                self._writer.write("note", gap)
            self._writer.write(event.kind, event.payload)


def _call_in(answer: Message, content: bytes) -> MethodCallRequest | None:
    if answer.status != _OK or answer.flaw is not None:
        return None
    try:
        return decode_call(content)
    except UnexpectedResponse:
        return None
