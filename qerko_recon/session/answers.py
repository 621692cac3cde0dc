"""Answers on their way to Qerko: encoded once, kept by uuid, taken up again from an earlier log.

An answer outlives a broken connection and a killed program: a call that Qerko repeats gets the
same bytes, and its handler is not run again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from qerko_recon.chained import ends_of
from qerko_recon.session.calls import delivery_of
from qerko_recon.session.files import parts_of

__all__ = ["Answer", "Answers", "Subject"]

_TAIL: Final = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Subject:
    """What a record is about: a method call and what it concerns."""

    uuid: str | None
    method: str | None = None
    payment_id: str | None = None
    bill_id: str | None = None

    def as_payload(self) -> dict[str, Any]:
        """Give the names that every record of the call has."""
        named = {"method": self.method, "payment_id": self.payment_id, "bill_id": self.bill_id}
        return {"uuid": self.uuid, **{name: one for name, one in named.items() if one is not None}}


@dataclass(slots=True)
class Answer:
    """An answer: its bytes, and how it fared.

    ``unclear`` counts sends of which nobody knows whether they arrived.
    """

    about: Subject
    body: bytes
    at: datetime
    is_error: bool
    sends: int = 0
    unclear: int = 0
    is_delivered: bool = False
    deliveries: int = 1  # of the call


class Answers:
    """Answers by uuid, the oldest forgotten first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[str, Answer] = OrderedDict()
        self.left: list[Subject] = []

    def get(self, uuid: str) -> Answer | None:
        """Give the answer to a call that was answered before."""
        return self._known.get(uuid)

    def keep(self, answer: Answer) -> None:
        """Remember an answer."""
        if answer.about.uuid is None:
            return
        self._known[answer.about.uuid] = answer
        self._known.move_to_end(answer.about.uuid)
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def take_up(self, log: Path) -> None:
        """Take in the answers at the end of a log, and in :attr:`left` the calls without one."""
        waiting: dict[str, Subject] = {}
        for entry in _tail(log):
            payload = entry.payload
            uuid = payload.get("uuid")
            if not isinstance(uuid, str):
                continue
            about = _subject(uuid, payload)
            if entry.kind == "call" and uuid not in self._known:
                waiting[uuid] = about
            elif entry.kind in {"result", "error"} and not payload.get("redacted"):
                body = {"uuid": uuid, entry.kind: payload.get(entry.kind)}
                is_error = entry.kind == "error"
                self.keep(Answer(about, msgspec.json.encode(body), entry.at, is_error))
            answer = self._known.get(uuid)
            if entry.kind in {"result", "error"}:
                waiting.pop(uuid, None)
            elif answer is not None:
                _follow(answer, entry.kind, payload)
        self.left = list(waiting.values())

    def owed(self, now: datetime, within: float, resends: int) -> Answer | None:
        """Give the last answer where it may not have arrived and is young enough to be sent."""
        last = next(reversed(self._known.values()), None)
        if last is None or last.is_delivered or last.unclear > resends:
            return None
        return last if (now - last.at).total_seconds() <= within else None


def _follow(answer: Answer, kind: str, payload: dict[str, Any]) -> None:
    """Note what a poll that carried an answer says of it."""
    if kind == "poll_sent":
        answer.sends += 1
        answer.unclear += 1  # until its outcome is read
    elif kind == "poll_answered":
        delivery = delivery_of(payload.get("status"), was_sent=payload.get("was_sent"))
        if delivery != "unknown":
            answer.unclear = max(0, answer.unclear - 1)
        answer.is_delivered = answer.is_delivered or delivery in {
            "delivered",
            "refused",
            "dropped",
        }


def _subject(uuid: str, payload: dict[str, Any]) -> Subject:
    named = (payload.get(name) for name in ("method", "payment_id", "bill_id"))
    return Subject(uuid, *(one if isinstance(one, str) else None for one in named))


class _Entry(msgspec.Struct):
    at: datetime
    kind: str
    payload: dict[str, Any] = {}


_DECODER: Final = msgspec.json.Decoder(_Entry)


def _tail(log: Path) -> Iterator[_Entry]:
    """Give the records at the end of a log, as far back as memory should go."""
    for part in parts_of(log)[-2:]:
        if part.path.suffix in {".gz", ".zst"}:
            continue
        with part.path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL))
            lines = file.read().split(b"\n")
        for raw in lines[1:] if size > _TAIL else lines:
            if ends_of(raw) is None:
                continue
            try:
                yield _DECODER.decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
