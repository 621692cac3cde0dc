"""What a session log's records are: their kinds, and what each payload holds.

A line is ``{"seq", "at", "mono", "kind", "payload", "chain"}``: ``at`` is UTC to the microsecond,
``mono`` counts seconds of a clock that is never set, within one run. These names mean the same in
every payload and are absent where they do not apply: ``venue`` (the fingerprint of the API key,
where one log holds several venues), ``exchange`` (pairs what was sent with what came back, within
a run), ``uuid`` and ``method`` (of Qerko's method call), ``payment_id`` and ``bill_id`` (what it
concerns), ``status`` (of HTTP), ``seconds``. A body that is JSON is under ``body``, any other
under ``text``.

=============  ==================================================================================
kind           payload
=============  ==================================================================================
header         begins every file: ``format``, ``version``, ``segment``, ``run``, ``made_by``,
               ``recorder``, the venue without its key, ``hides_guests``, ``continues``
poll_sent      a poll leaves, with the answer named by ``uuid`` if there is one; ``send`` counts
               how often that answer was sent
poll_answered  what came of it: ``status``, ``headers`` and what no ``call`` record holds, or
               ``trouble`` in words with ``was_sent`` and ``timed_out``
call           Qerko's method call: ``args``, ``times`` (how often it was delivered), ``more``
result         the POS's answer: ``result``
error          the POS's answer: ``error`` (``message``, perhaps ``code``), ``why``, ``detail``
state          ``state`` and ``why``: connecting, backing_off (``wait`` in seconds) or stopped; the
               other states show in the other kinds
note           ``what``, in a word, and what belongs to it
rest_sent      any other request: ``verb``, ``path``, body
rest_answered  what came of it, as for a poll
=============  ==================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

__all__ = [
    "FORMAT",
    "HUNG_UP",
    "KINDS",
    "SHOWN_HEADERS",
    "VERSION",
    "body_of",
    "bytes_of",
    "shown_headers",
]

FORMAT: Final = "qerko-session-log"
VERSION: Final = 1
HUNG_UP: Final = "hung up, as asked"
"""The ``trouble`` of a poll that a session itself ended."""

KINDS: Final = (
    "header",
    "poll_sent",
    "poll_answered",
    "call",
    "result",
    "error",
    "state",
    "note",
    "rest_sent",
    "rest_answered",
)
SHOWN_HEADERS: Final = frozenset(
    {
        "accept-language",
        "content-length",
        "content-type",
        "date",
        "retry-after",
        "server",
        "user-agent",
    }
)
"""The headers that a log may hold: none that can carry a credential."""

_LARGEST_NUMBER: Final = 2**63


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Give the headers that a log may hold, by lower-case name."""
    named = ((name.lower(), text) for name, text in headers.items())
    return {name: text for name, text in named if name in SHOWN_HEADERS}


def body_of(content: bytes) -> Mapping[str, Any]:
    """Give a body as a payload holds it: nothing, ``body`` with JSON, or ``text``.

    >>> dict(body_of(b'{"a": 1}')), dict(body_of(b"<p>")), dict(body_of(b""))
    ({'body': {'a': 1}}, {'text': '<p>'}, {})
    """
    if not content:
        return _NOTHING
    try:
        value = msgspec.json.decode(content)
        # Floats and long integers come back as they were only where both ways agree.
        if msgspec.json.encode(value) == content or _is_exact(value):
            return {"body": value}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError, ValueError):
        pass
    return {"text": content.decode("utf-8", "backslashreplace")}


def bytes_of(payload: Mapping[str, Any]) -> bytes:
    """Give the body that a payload holds; JSON as it means, not as it was laid out."""
    if "body" in payload:
        return msgspec.json.encode(payload["body"])
    return str(payload.get("text", "")).encode()


_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def _is_exact(value: Any) -> bool:
    """Tell whether JSON holds nothing that a round trip may change."""
    if isinstance(value, dict):
        return all(map(_is_exact, value.values()))
    if isinstance(value, list):
        return all(map(_is_exact, value))
    if isinstance(value, float):
        return False
    return not isinstance(value, int) or abs(value) < _LARGEST_NUMBER
