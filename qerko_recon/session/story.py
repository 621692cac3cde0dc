"""A log's records in, lines that a person reads out: what came, what was answered, what broke."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from qerko_recon.errors import shorten
from qerko_recon.session.log import Entry
from qerko_recon.session.records import HUNG_UP

__all__ = ["StoryLine", "Tone", "tell"]

Tone = Literal["plain", "good", "bad", "warn", "quiet"]

_OK: Final = 200
_CONTENT: Final = 160
_UUID: Final = 13


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One line of a log's story.

    Attributes
    ----------
    seq, at
        Of the record that it tells.
    mark
        ``<`` Qerko asks, ``>`` the POS answers, ``!`` something is wrong, ``-`` all else.
    text
        What happened, in one line.
    tone
        How it is to be taken.
    source_file, source_line
        Where the record stands.
    """

    seq: int
    at: datetime
    mark: str
    text: str
    tone: Tone
    source_file: str
    source_line: int


def tell(
    entries: Iterable[Entry], *, everything: bool = False, content: int = _CONTENT
) -> Iterator[StoryLine]:
    """Tell a log record by record.

    Parameters
    ----------
    entries
        Of a :class:`~qerko_recon.session.log.SessionLog`.
    everything
        Polls that went as they should too: between two calls they say little.
    content
        Characters of arguments, results and bodies that are shown; 0 shows none.
    """
    for entry in entries:
        teller = _TELLERS.get(entry.kind, _unknown)
        said = teller(entry.payload, content)
        if said is None:
            continue
        mark, text, tone = said
        if tone == "quiet" and not everything:
            continue
        venue = entry.payload.get("venue")
        where = f"[{venue}] " if venue else ""
        yield StoryLine(
            entry.seq, entry.at, mark, where + text, tone, entry.source_file, entry.source_line
        )


_Said = tuple[str, str, Tone] | None


def _header(payload: Mapping[str, Any], _: int) -> _Said:
    who = payload.get("venue_name") or payload.get("base_url") or "several venues"
    segment = payload.get("segment", 1)
    part = "" if segment == 1 else f", part {segment}"
    return (
        "-",
        f"log of {who} begins, by {payload.get('made_by', 'an unknown program')}{part}",
        "plain",
    )


def _poll_sent(payload: Mapping[str, Any], _: int) -> _Said:
    if payload.get("uuid") is None:
        return "-", "poll", "quiet"
    send = payload.get("send", 1)
    again = f", send {send}" if isinstance(send, int) and send > 1 else ""
    text = f"poll with the answer to {_call(payload)}{again}"
    return "-", text, "warn" if again else "quiet"


def _poll_answered(payload: Mapping[str, Any], content: int) -> _Said:
    carried = "" if payload.get("uuid") is None else f"; it carried the answer to {_call(payload)}"
    if "trouble" in payload:
        fate = "was sent" if payload.get("was_sent") else "did not leave"
        rest = carried and f"{carried}, which {fate}"
        if payload.get("timed_out"):
            return "-", f"poll ended without a call{rest}", "quiet" if not carried else "warn"
        if payload["trouble"] == HUNG_UP:
            return "-", f"the session hung up{rest}", "warn" if rest else "plain"
        return "!", f"poll failed: {payload['trouble']}{rest}", "bad"
    status = payload.get("status")
    flaw = payload.get("flaw")
    if status == _OK and flaw is None:
        return "-", f"poll answered after {_seconds(payload)}", "quiet"
    text = f"poll answered by {status}{carried}"
    if flaw is not None:
        text += f": {flaw}"
    return "!", text + _body(payload, content), "bad"


def _called(payload: Mapping[str, Any], content: int) -> _Said:
    times = payload.get("times", 1)
    again = f" (delivery {times})" if isinstance(times, int) and times > 1 else ""
    args = payload.get("args")
    shown = _short(args, content) if args else ""
    wants = "" if payload.get("uuid") is not None else ", wants no answer"
    is_noop = payload.get("method") == "noop" and payload.get("uuid") is None
    text = f"{_call(payload)}{again}{wants}{shown}"
    return "<", text, "quiet" if is_noop else "warn" if again else "plain"


def _result(payload: Mapping[str, Any], content: int) -> _Said:
    if payload.get("method") == "noop" and payload.get("uuid") is None:
        return ">", "noop: ok", "quiet"
    shown = _short(payload.get("result"), content)
    return ">", f"{_call(payload)}: ok after {_seconds(payload)}{shown}", "good"


def _error(payload: Mapping[str, Any], content: int) -> _Said:
    error = payload.get("error")
    error = error if isinstance(error, dict) else {"message": error}
    code = f" {error['code']}" if error.get("code") else ""
    why = payload.get("why")
    text = f"{_call(payload)}: ERROR{code} after {_seconds(payload)}: {error.get('message')}"
    if why and why != "refused":
        text += f" ({why})"
    if payload.get("detail"):
        text += f" | {shorten(payload['detail'], max(content, 1))}"
    return ">", text, "bad"


def _state(payload: Mapping[str, Any], _: int) -> _Said:
    state, why = payload.get("state"), payload.get("why") or ""
    tone: Tone = "warn" if state == "backing_off" else "plain"
    words = str(state).replace("_", " ")
    return ("!" if tone == "warn" else "-"), f"{words}: {why}" if why else words, tone


def _note(payload: Mapping[str, Any], content: int) -> _Said:
    what = str(payload.get("what"))
    about = f" {_call(payload)}" if payload.get("uuid") or payload.get("method") else ""
    said = payload.get("detail") or payload.get("error") or ""
    rest = {
        "opened": ("the log is continued by another run", "plain"),
        "moved": ("the file was moved away; a new one was begun", "warn"),
        "left_unanswered": (f"an earlier run left this call unanswered:{about}", "bad"),
        "not_delivered": (f"stopped before this answer was delivered:{about}", "bad"),
        "qerko_error": (f"Qerko complained{about and f' of{about}'}", "bad"),
        "uuid_used_again": (f"a uuid came again for another method:{about}", "bad"),
        "not_recording": (
            f"{payload.get('lost', '?')} records were LOST since {payload.get('since', '?')}",
            "bad",
        ),
    }.get(what)
    words, tone = rest if rest is not None else (f"{what}{about}", "plain")
    shown = _short(said, content) if said else ""
    mark = "!" if tone in {"bad", "warn"} else "-"
    return mark, f"{words}{shown}", tone  # type: ignore[return-value]


def _rest_sent(payload: Mapping[str, Any], content: int) -> _Said:
    return "-", f"{payload.get('verb')} {payload.get('path')}{_body(payload, content)}", "plain"


def _rest_answered(payload: Mapping[str, Any], content: int) -> _Said:
    what = f"{payload.get('verb')} {payload.get('path')}"
    if "trouble" in payload:
        return "!", f"{what} failed: {payload['trouble']}", "bad"
    status = payload.get("status")
    is_good = isinstance(status, int) and status < 400  # noqa: PLR2004 - where HTTP's errors begin
    text = f"{what}: {status} after {_seconds(payload)}{_body(payload, content)}"
    return ("-" if is_good else "!"), text, "good" if is_good else "bad"


def _unknown(payload: Mapping[str, Any], content: int) -> _Said:
    return "-", f"a record of an unknown kind{_short(payload, content)}", "plain"


_TELLERS: Final[Mapping[str, Callable[[Mapping[str, Any], int], _Said]]] = {
    "header": _header,
    "poll_sent": _poll_sent,
    "poll_answered": _poll_answered,
    "call": _called,
    "result": _result,
    "error": _error,
    "state": _state,
    "note": _note,
    "rest_sent": _rest_sent,
    "rest_answered": _rest_answered,
}


def _call(payload: Mapping[str, Any]) -> str:
    """Name a call and what it concerns."""
    parts = [str(payload.get("method") or "a call")]
    if payload.get("payment_id"):
        parts.append(f"payment {payload['payment_id']}")
    if payload.get("bill_id"):
        parts.append(f"bill {payload['bill_id']}")
    uuid = payload.get("uuid")
    if isinstance(uuid, str):
        parts.append(f"#{uuid[:_UUID]}")
    return " ".join(parts)


def _seconds(payload: Mapping[str, Any]) -> str:
    seconds = payload.get("seconds")
    if not isinstance(seconds, int | float):
        return "an unknown time"
    return f"{seconds:.3f} s" if seconds < 1 else f"{seconds:.1f} s"


def _body(payload: Mapping[str, Any], content: int) -> str:
    for name in ("body", "text"):
        if payload.get(name) not in (None, ""):
            return _short(payload[name], content)
    return ""


def _short(value: object, content: int) -> str:
    if not content or value is None:
        return ""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f"  {shorten(text, content)}"
