"""Who may connect: restaurants with their API keys, and what the specification leaves open.

Keys are made up from a name and pass the published checksum.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

from qerko_recon.errors import ConfigError

__all__ = ["POS_ID", "Restaurant", "Rules", "make_api_key"]

POS_ID: Final = "6d1f3a52-90c4-4c1b-8f0e-2b7a5e9d4c11"
"""The Pos-Id that the simulator accepts unless told otherwise."""

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"


def make_api_key(name: str) -> str:
    """Make an API key out of a name: six groups of four, the last one the checksum.

    The checksum is the beginning of the SHA-1 of all that stands before it, as Qerko publishes.

    >>> key = make_api_key("any name")
    >>> len(key), key[:25].count("-"), key == make_api_key("any name")
    (29, 5, True)
    """
    digest = hashlib.sha256(name.encode()).digest()
    letters = "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:20])
    groups = "".join(f"{letters[start : start + 4]}-" for start in range(0, 20, 4))
    return groups + hashlib.sha1(groups.encode(), usedforsecurity=False).hexdigest()[:4]


@dataclass(frozen=True, slots=True)
class Restaurant:
    """A restaurant on the server; all its keys are one restaurant to the one-connection rule."""

    name: str
    api_keys: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if not self.api_keys:
            object.__setattr__(self, "api_keys", (make_api_key(self.name),))


_REFUSALS: Final = frozenset({400, 409, 410})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What Qerko's specification leaves open, and what tests want to vary.

    Attributes
    ----------
    hold
        Seconds a poll is held before it is answered with a noop. Not documented.
    accepts_any_pos_id
        Whether any GUID is a Pos-Id, as in the sandbox by one version of its documentation.
    notices_gone_client
        Whether a poll whose client has gone is let go at once; if not, it is held to its end and
        the client's next poll meets a 409.
    second_cancel
        Status that cancelling a cancelled payment answers: 200, 400, 409 or 410. Not documented.
    second_capture, capture_of_auto, capture_of_cancelled
        Status that capturing answers where the payment was captured before, was started with
        automatic capture, or is cancelled: 200, 400, 409 or 410. Not documented. A 200 leaves
        the payment as it is.
    in_progress_state
        State of a payment while the POS is asked about it. Not documented, so the word says that
        it is made up.
    uncaptured_state
        State of a payment started with manual capture until it is captured. Not documented
        either.
    unasked_answer
        Status that a poll answers when it brings an answer that nobody waits for, a second one
        among them: 200 or 400. Not documented. Such an answer is kept in the journal either way.
    """

    hold: float = 20.0
    accepts_any_pos_id: bool = False
    notices_gone_client: bool = True
    second_cancel: int = 200
    second_capture: int = 200
    capture_of_auto: int = 400
    capture_of_cancelled: int = 400
    in_progress_state: str = "SIMULATED_IN_PROGRESS"
    uncaptured_state: str = "SIMULATED_UNCAPTURED"
    unasked_answer: int = 200

    def __post_init__(self) -> None:
        for name in ("second_cancel", "second_capture", "capture_of_auto", "capture_of_cancelled"):
            _check_status(name, getattr(self, name), {200, *_REFUSALS})
        _check_status("unasked_answer", self.unasked_answer, {200, 400})
        if not self.hold > 0:
            raise ConfigError(f"hold is {self.hold} seconds; a poll is held for some time")


def _check_status(name: str, status: int, allowed: set[int]) -> None:
    if status not in allowed:
        choices = ", ".join(map(str, sorted(allowed)))
        raise ConfigError(f"{name} is {status}; it may be {choices}")
