"""Session logs out as HTTP Archives (HAR 1.2), which browsers open; and HARs in."""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from os import PathLike
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from qerko_recon import __version__
from qerko_recon.errors import SessionLogError, UnexpectedResponse, shorten
from qerko_recon.files import replace_when_done
from qerko_recon.model import decode_call
from qerko_recon.session.log import Entry, SessionLog
from qerko_recon.session.records import body_of, bytes_of, shown_headers
from qerko_recon.session.writer import Clock, LogSettings, LogWriter

__all__ = ["from_har", "to_har"]

_PAGE: Final = "session"
_JSON: Final = "application/json; charset=utf-8"
_MOST_KNOWN: Final = 10_000
_OK: Final = 200
_POLL: Final = "/pos/poll"
_OURS: Final = "/pos/"


def to_har(log: SessionLog, target: str | PathLike[str]) -> int:
    """Write a log's exchanges as a HAR; how many there are.

    An exchange without an answer has the status 0, as browsers write it. Bodies of JSON are as
    they mean, not as they were laid out. Credentials are not in it: a log has none.

    Raises
    ------
    SessionLogError
        The file cannot be written.
    """
    book = _Book()
    try:
        with replace_when_done(target) as draft, draft.open("wb") as file:
            file.write(_opening(log))
            many = 0
            for entry in log.entries():
                for made in book.take(entry):
                    file.write((b",\n" if many else b"\n") + msgspec.json.encode(made))
                    many += 1
            for made in book.rest():
                file.write((b",\n" if many else b"\n") + msgspec.json.encode(made))
                many += 1
            file.write(b"\n]}}\n")
    except OSError as error:
        reason = error.strerror or error
        raise SessionLogError(f"{target} cannot be written: {reason}", file=str(target)) from error
    return many


def _opening(log: SessionLog) -> bytes:
    first = next(iter(log.entries()), None)
    page = {
        "startedDateTime": _time(first.at if first is not None else datetime.now(UTC)),
        "id": _PAGE,
        "title": ", ".join(path.name for path in log.files),
        "pageTimings": {"onContentLoad": -1, "onLoad": -1},
    }
    creator = {"name": "qerko_recon", "version": __version__}
    head = {"version": "1.2", "creator": creator, "pages": [page]}
    return b'{"log":' + msgspec.json.encode(head)[:-1] + b',"entries":['


@dataclass(slots=True)
class _Open:
    """An exchange of which the answer has not come."""

    at: datetime
    verb: str
    path: str
    payload: dict[str, Any]
    body: bytes
    answer: dict[str, Any] | None = None


@dataclass(slots=True)
class _Book:
    """Pairs what was sent with what came back."""

    base_url: str = "http://qerko.invalid"
    version: str = "v2"
    run: str = ""
    open: OrderedDict[tuple[Any, ...], _Open] = field(default_factory=OrderedDict)
    answers: OrderedDict[tuple[Any, ...], bytes] = field(default_factory=OrderedDict)

    def take(self, entry: Entry) -> Iterator[dict[str, Any]]:
        """Follow a record; give the exchanges that it completes."""
        payload = entry.payload
        if entry.kind == "header" or payload.get("what") == "opened":
            yield from self.rest()
            self.base_url = payload.get("base_url") or self.base_url
            self.version = payload.get("api_version") or self.version
        venue = payload.get("venue")
        if entry.kind in {"result", "error"}:
            body = {"uuid": payload.get("uuid"), entry.kind: payload.get(entry.kind)}
            self.answers[venue, payload.get("uuid")] = msgspec.json.encode(body)
            if len(self.answers) > _MOST_KNOWN:
                self.answers.popitem(last=False)
        key = (venue, payload.get("exchange"))
        if entry.kind in {"poll_sent", "rest_sent"}:
            yield from self._end(key)
            self.open[key] = self._sent(entry)
        elif entry.kind in {"poll_answered", "rest_answered"} and key in self.open:
            self.open[key].answer = {**payload, "_at": entry.at}
            is_call = entry.kind == "poll_answered" and payload.get("status") == _OK
            if not (is_call and "body" not in payload and "text" not in payload):
                yield from self._end(key)
        elif entry.kind == "call" and key in self.open:
            one = self.open[key]
            if one.answer is not None:
                named = {name: payload.get(name) for name in ("uuid", "method", "args")}
                one.answer["body"] = {**named, **(payload.get("more") or {})}
            yield from self._end(key)

    def rest(self) -> Iterator[dict[str, Any]]:
        """Give the exchanges that never got an answer."""
        for key in list(self.open):
            yield from self._end(key)

    def _end(self, key: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
        one = self.open.pop(key, None)
        if one is not None:
            yield _entry(self.base_url, one)

    def _sent(self, entry: Entry) -> _Open:
        payload = entry.payload
        body = bytes_of(payload)
        if entry.kind == "rest_sent":
            return _Open(
                entry.at, payload.get("verb", "GET"), payload.get("path", "/"), payload, body
            )
        if not body and payload.get("uuid") is not None:
            body = self.answers.get((payload.get("venue"), payload["uuid"]), b"")
        return _Open(entry.at, "POST", f"/api/{self.version}{_POLL}", payload, body)


def _entry(base_url: str, one: _Open) -> dict[str, Any]:
    answer = one.answer or {}
    seconds = answer.get("seconds")
    if not isinstance(seconds, int | float):
        ended = answer.get("_at")
        seconds = 0.0 if ended is None else (ended - one.at).total_seconds()
    wait = round(1000 * seconds, 3)
    made: dict[str, Any] = {
        "pageref": _PAGE,
        "startedDateTime": _time(one.at),
        "time": wait,
        "request": _request(base_url, one),
        "response": _response(answer),
        "cache": {},
        "timings": {"send": 0, "wait": wait, "receive": 0},
    }
    trouble = answer.get("trouble") or (None if one.answer else "no answer is in the log")
    said = [] if one.payload.get("venue") is None else [f"venue {one.payload['venue']}"]
    said += [str(trouble)] if trouble else []
    if said:
        made["comment"] = ", ".join(said)
    if trouble:
        made["response"]["_error"] = str(trouble)
    if isinstance(answer.get("body"), dict) and "method" in answer["body"]:
        made["_method"] = answer["body"]["method"]
    return made


def _request(base_url: str, one: _Open) -> dict[str, Any]:
    made: dict[str, Any] = {
        "method": one.verb,
        "url": f"{base_url}{one.path}",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(one.payload),
        "queryString": [],
        "headersSize": -1,
        "bodySize": len(one.body),
    }
    if one.body:
        kind = "application/json" if "text" not in one.payload else "text/plain"
        made["postData"] = {"mimeType": kind, "text": one.body.decode()}
    return made


def _response(answer: Mapping[str, Any]) -> dict[str, Any]:
    status = answer.get("status") or 0
    body = bytes_of(answer)
    headers = answer.get("headers") or {}
    content: dict[str, Any] = {
        "size": len(body),
        "mimeType": headers.get("content-type", _JSON if "body" in answer else "x-unknown"),
    }
    if body:
        content["text"] = body.decode()
    return {
        "status": status,
        "statusText": _phrase(status),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(answer),
        "content": content,
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": len(body),
    }


def _headers(payload: Mapping[str, Any]) -> list[dict[str, str]]:
    headers = payload.get("headers") or {}
    return [{"name": str(name), "value": str(value)} for name, value in headers.items()]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# In


class _Text(msgspec.Struct):
    text: str | None = None
    encoding: str | None = None

    def content(self) -> bytes:
        """Give the body's bytes."""
        if self.text is None:
            return b""
        if self.encoding == "base64":
            return base64.b64decode(self.text)
        return self.text.encode()


class _Header(msgspec.Struct):
    name: str
    value: str


class _Request(msgspec.Struct, rename="camel"):
    method: str
    url: str
    headers: list[_Header] = []
    post_data: _Text | None = None


class _Response(msgspec.Struct, rename="camel"):
    status: int = 0
    headers: list[_Header] = []
    content: _Text = msgspec.field(default_factory=_Text)
    error: str | None = msgspec.field(name="_error", default=None)


class _Exchange(msgspec.Struct, rename="camel"):
    started_date_time: datetime
    request: _Request
    response: _Response = msgspec.field(default_factory=_Response)
    time: float = 0.0

    @property
    def path(self) -> str:
        """The address without its host."""
        parts = urlsplit(self.request.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    @property
    def is_poll(self) -> bool:
        """Whether it is a long poll."""
        return self.request.method == "POST" and urlsplit(self.request.url).path.endswith(_POLL)


class _Archive(msgspec.Struct):
    entries: list[_Exchange]


class _Har(msgspec.Struct):
    log: _Archive


class _Told(Clock):
    """A clock that says what it is told."""

    def __init__(self, first: datetime) -> None:
        self._first = self.at = first

    def now(self) -> datetime:
        """Tell the time of the exchange at hand."""
        return self.at

    def monotonic(self) -> float:
        """Tell seconds since the first exchange."""
        return (self.at - self._first).total_seconds()


def from_har(
    source: str | PathLike[str], log: str | PathLike[str], *, settings: LogSettings | None = None
) -> int:
    """Make a session log of the exchanges with Qerko in a HAR; how many there are.

    Whatever else the HAR holds is left out, and so are headers that may carry credentials.

    Raises
    ------
    SessionLogError
        The file is no HAR, has no exchange with Qerko, or ``log`` exists.
    """
    exchanges = _read(Path(source))
    if Path(log).exists():
        raise SessionLogError(
            f"{log} exists; a HAR is made into a new log, name another file", file=str(log)
        )
    told = _Told(exchanges[0].started_date_time)
    with LogWriter(log, recorder="har", settings=settings, clock=told) as writer:
        scribe = _Scribe(writer, told)
        moments = [(one.started_date_time, 1, place) for place, one in enumerate(exchanges)]
        moments += [(_end_of(one), 0, place) for place, one in enumerate(exchanges)]
        # What had ended before the next began comes before it, as it was.
        for at, is_start, place in sorted(moments):
            told.at = max(told.at, at)
            (scribe.sent if is_start else scribe.answered)(place, exchanges[place])
        if writer.trouble is not None:
            raise SessionLogError(writer.trouble, file=str(log))
    return len(exchanges)


def _end_of(one: _Exchange) -> datetime:
    return one.started_date_time + timedelta(milliseconds=max(one.time, 0.001))


def _read(path: Path) -> list[_Exchange]:
    try:
        har = msgspec.json.decode(path.read_bytes(), type=_Har)
    except OSError as error:
        reason = error.strerror or error
        raise SessionLogError(f"{path} cannot be read: {reason}", file=str(path)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SessionLogError(
            f"{path} is no HAR: {shorten(error, 200)}. Save one from the browser's developer "
            "tools, or with `qerko-recon log har --out`",
            file=str(path),
        ) from error
    found = [one for one in har.log.entries if _OURS in urlsplit(one.request.url).path]
    for one in found:
        if one.started_date_time.tzinfo is None:
            one.started_date_time = one.started_date_time.replace(tzinfo=UTC)
    if not found:
        raise SessionLogError(
            f"{path} has no exchange with Qerko's POS interface among its "
            f"{len(har.log.entries)} entries",
            file=str(path),
        )
    return sorted(found, key=lambda one: one.started_date_time)


class _Scribe:
    """Writes exchanges down as the records of a session."""

    def __init__(self, writer: LogWriter, told: _Told) -> None:
        self._writer = writer
        self._told = told
        self._calls: dict[str, dict[str, Any]] = {}
        self._times: dict[str, int] = {}
        self._sends: dict[str, int] = {}
        self._carried: dict[int, dict[str, Any]] = {}

    def sent(self, place: int, one: _Exchange) -> None:
        """Record what left."""
        for header in one.request.headers:
            if header.name.lower() in {"authorization", "pos-id"}:
                self._writer.redaction.add_secret(header.value.removeprefix("Bearer ").strip())
        body = _content(one.request.post_data)
        if not one.is_poll:
            headers = shown_headers({h.name: h.value for h in one.request.headers})
            said = {"exchange": place, "verb": one.request.method, "path": one.path}
            self._writer.write("rest_sent", {**said, "headers": headers, **body_of(body)})
            return
        self._carried[place] = self._answer(body) if body else {}
        carried = dict(self._carried[place])
        uuid = carried.get("uuid")
        if isinstance(uuid, str):
            carried["send"] = self._sends[uuid]
        elif body:
            carried |= body_of(body)
        self._writer.write("poll_sent", {"exchange": place, **carried})

    def answered(self, place: int, one: _Exchange) -> None:
        """Record what came back."""
        headers = shown_headers({h.name: h.value for h in one.response.headers})
        body = _content(one.response.content)
        said: dict[str, Any] = {"exchange": place, "seconds": round(one.time / 1000, 6)}
        if one.response.status:
            said |= {"status": one.response.status, "headers": headers}
        else:
            words = one.response.error or "no answer"
            said |= {"trouble": words, "was_sent": True, "timed_out": False}
        if not one.is_poll:
            said |= {"verb": one.request.method, "path": one.path}
            self._writer.write("rest_answered", {**said, **body_of(body)})
            return
        said |= self._carried.pop(place, {})
        call = self._call(place, body) if one.response.status == _OK else None
        self._writer.write("poll_answered", said if call else {**said, **body_of(body)})
        if call:
            self._writer.write("call", call)

    def _answer(self, body: bytes) -> dict[str, Any]:
        """Record the answer to a call, the first time that it is sent."""
        try:
            read = msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return {}
        uuid = read.get("uuid")
        if not isinstance(uuid, str):
            return {}
        about = self._calls.get(uuid, {"uuid": uuid})
        self._sends[uuid] = self._sends.get(uuid, 0) + 1
        if self._sends[uuid] == 1:
            kind = "error" if read.get("error") is not None else "result"
            self._writer.write(kind, {**about, kind: read.get(kind)})
        return about

    def _call(self, place: int, body: bytes) -> dict[str, Any] | None:
        try:
            call = decode_call(body)
            said = msgspec.json.decode(body, type=dict[str, Any])
        except (UnexpectedResponse, msgspec.DecodeError):
            return None
        about = {"uuid": call.uuid, "method": call.method}
        about |= {"payment_id": call.payment_id} if call.payment_id else {}
        about |= {"bill_id": call.bill_id} if call.bill_id else {}
        times = 1
        if call.uuid is not None:
            self._calls[call.uuid] = about
            times = self._times[call.uuid] = self._times.get(call.uuid, 0) + 1
        made = {"exchange": place, **about, "args": list(call.args), "times": times}
        more = {name: one for name, one in said.items() if name not in {"uuid", "method", "args"}}
        return {**made, "more": more} if more else made


def _content(text: _Text | None) -> bytes:
    try:
        return b"" if text is None else text.content()
    except binascii.Error:
        return (text.text or "").encode() if text is not None else b""
