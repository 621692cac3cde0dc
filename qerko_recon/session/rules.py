"""How a poll session behaves where Qerko's documentation leaves it open: settings, and a clock."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from qerko_recon.api import POLL_READ
from qerko_recon.errors import ConfigError
from qerko_recon.session.writer import Clock

__all__ = ["PollRules", "SessionClock"]


class SessionClock(Clock):
    """The time, and waiting."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollRules:
    """What a poll session does where Qerko's documentation says nothing, or little.

    Parameters
    ----------
    read_timeout
        Seconds to wait for Qerko's next call. How long a poll is held is not documented; it is
        raised by itself where Qerko turns out to hold longer.
    restart_wait
        Seconds to leave a server alone that says it restarts (503); the specification's two
        minutes. The answer that the poll carried is dropped, as it says too.
    resends
        How often an answer is sent again of which nobody knows whether it arrived. Whether Qerko
        minds an answer that it has is not documented. One that certainly did not arrive is sent
        until it does.
    first_wait, longest_wait
        Seconds before the next try after a failure: the first, and what it grows to.
    handler_timeout
        Seconds after which a handler is given up and the call is answered by an error; ``None``
        waits. How long Qerko waits for an answer is not documented.
    drain
        Seconds that a stop may take to finish and deliver an answer.
    resume_within
        Seconds after which an answer that an earlier run of this log did not deliver is too old
        to be sent.
    remember
        Answers kept, so that a call that Qerko repeats is not worked on twice.
    stops_when_not_recording
        Whether to stop where the log cannot be written, in place of going on without a record.
    """

    read_timeout: float = POLL_READ
    restart_wait: float = 120.0
    resends: int = 1
    first_wait: float = 1.0
    longest_wait: float = 60.0
    handler_timeout: float | None = None
    drain: float = 4.0
    resume_within: float = 300.0
    remember: int = 10_000
    stops_when_not_recording: bool = False

    def __post_init__(self) -> None:
        above_nothing = ("read_timeout", "first_wait", "longest_wait", "remember")
        for name in above_nothing:
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} is more than 0, not {getattr(self, name)!r}")
        for name in ("restart_wait", "resends", "drain", "resume_within"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name} is 0 or more, not {getattr(self, name)!r}")
        if self.handler_timeout is not None and not self.handler_timeout > 0:
            raise ConfigError(f"handler_timeout is more than 0, not {self.handler_timeout!r}")
