"""How fast to ask, when to pause and when to give up: what came back in, room for more out.

No clock and no network: moments and waits are seconds that the caller counts.

The number of requests at once starts low and doubles while answers take no longer for it; then it
creeps up or down with how long they take. A server that asks to slow down, or fails, or is not
reached, halves it. Several such answers in a row, with no good one between them, open a circuit:
nothing is sent for a while, then one request is, and its answer decides. A server that has been
in trouble for longer than one has patience for is given up.
"""

from __future__ import annotations

import random
from typing import Final, Literal

from qerko_recon.fetch.attempt import Missed

__all__ = ["Pace", "Verdict"]

Verdict = Literal["unauthorized", "network", "server"]

_START: Final = 4.0
_SLACK: Final = 0.005  # seconds; what this machine itself may add to an answer
_STEADY: Final = 1.25
_CROWDED: Final = 2.0
_ROUNDS: Final = 50  # after as many, how quick answers can be is learned anew

_TRIP: Final = 5
_TRIP_ASKED: Final = 2  # a server that asks for time gets it sooner
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 60.0
_PATIENCE_AT_FIRST: Final = 10.0  # seconds; for a server that has never answered well
_PATIENCE_UNASKED: Final = 30.0  # for one that fails without asking for time

_RETRIES_AT_FIRST: Final = 100.0

_BASE_WAIT: Final = 0.25
_LONGEST_WAIT: Final = 8.0


class Pace:
    """Decides how many requests may be under way, from what has come back.

    Parameters
    ----------
    most
        Requests at once, at most.
    is_fixed
        Whether there are always as many, whatever the server does.
    patience
        Seconds without a good answer before the server is given up; a server that asks for a
        while gets it.
    """

    def __init__(self, most: int, *, is_fixed: bool, patience: float) -> None:
        self._most = float(most)
        self._is_fixed = is_fixed
        self._patience = patience
        self._limit = self._most if is_fixed else min(_START, self._most)
        self._is_doubling = True
        self._quickest = float("inf")
        self._round: list[float] = []
        self._rounds = 0
        self._has_halved = False

        self._troubles = 0
        self._pauses = 0
        self._is_well = True
        self._since = 0.0  # when the trouble began
        self._went_well = False
        self.is_probing = False
        self._retries = _RETRIES_AT_FIRST
        self.resume_at = 0.0
        self.reason: str | None = None
        self.verdict: Verdict | None = None

    @property
    def limit(self) -> int:
        """Requests at once, as things are."""
        return 1 if self.is_probing else int(self._limit)

    def room(self, in_flight: int, now: float) -> int:
        """Tell how many more may be sent."""
        if self.verdict is not None or now < self.resume_at:
            return 0
        return max(0, self.limit - in_flight)

    def delay(self, attempt: int, missed: Missed, now: float) -> float | None:
        """Give the seconds until an ID may be asked for again; ``None`` where it may not.

        What the server asks for, unless that is beyond all patience, else growing and at random.
        """
        asked = missed.asked_wait
        is_too_long = asked is not None and now + asked - self._since > self._patience
        if self._retries < 1 or self.verdict is not None or is_too_long:
            return None
        self._retries -= 1
        if asked is not None:
            return asked
        return random.uniform(0, min(_LONGEST_WAIT, _BASE_WAIT * 2 ** (attempt - 1)))

    def went_well(self, seconds: float) -> None:
        """Learn from an answer that says what it was asked, good or bad news for its ID."""
        self._went_well = self._is_well = True
        self.is_probing = False
        self._troubles = self._pauses = 0
        self.reason = None
        self._retries += 1
        self._round.append(seconds)
        if len(self._round) >= self._limit:
            self._end_round()

    def was_refused(self) -> None:
        """Learn that the credentials are not accepted: there is no use in asking on."""
        self.verdict = self.verdict or "unauthorized"

    def went_wrong(self, missed: Missed, *, is_first: bool, sent_at: float, now: float) -> float:
        """Learn from no answer, or one that says that the server is in trouble.

        Parameters
        ----------
        missed
            What came of the attempt.
        is_first
            Whether the ID had not failed before: one that had says little of the server.
        sent_at, now
            When the attempt began and ended.

        Returns
        -------
        float
            Seconds for which nothing is to be sent from now; 0 for no pause.
        """
        if sent_at < self.resume_at:
            return 0.0  # it was under way when the pause began, and is no news
        if self._is_well:
            self._since, self._is_well = sent_at, False
        if not (is_first or self.is_probing):
            return 0.0
        self._troubles += 1
        self._slow_down()
        trip = _TRIP_ASKED if missed.asked_wait else _TRIP
        if not self.is_probing and self._troubles < trip:
            return 0.0
        self.reason = missed.detail
        return self._pause(missed.asked_wait or 0.0, now, missed)

    def let_go(self) -> None:
        """Forget the pause: what is left are IDs that failed, and each of them waits by itself."""
        self.is_probing = False
        self.resume_at = 0.0
        self.reason = None

    def _pause(self, asked: float, now: float, missed: Missed) -> float:
        growing = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**self._pauses)
        seconds = asked or random.uniform(growing / 2, growing)
        patience = self._patience
        if not (self._went_well or asked):
            patience = min(patience, _PATIENCE_AT_FIRST)
        elif missed.kind == "server" and not asked:
            patience = min(patience, _PATIENCE_UNASKED)
        if now + seconds - self._since > patience:
            self.verdict = self.verdict or ("server" if missed.kind == "server" else "network")
            return 0.0
        self._pauses += 1
        self.is_probing = True
        self.resume_at = now + seconds
        return seconds

    def _slow_down(self) -> None:
        """Halve once a round: what fails together fails for one reason."""
        if self._is_fixed or self._has_halved:
            return
        self._has_halved = True
        self._is_doubling = False
        self._limit = max(1.0, self._limit / 2)
        self._round.clear()

    def _end_round(self) -> None:
        took = sum(self._round) / len(self._round)
        self._round.clear()
        self._has_halved = False
        if self._is_fixed:
            return
        self._rounds += 1
        if self._rounds % _ROUNDS == 0:
            self._quickest = took
        self._quickest = min(self._quickest, took)
        if took <= self._quickest * _STEADY + _SLACK:
            self._limit *= 2.0 if self._is_doubling else 1.1
            self._limit += not self._is_doubling
        elif took > self._quickest * _CROWDED + _SLACK:
            self._is_doubling = False
            self._limit *= 0.8
        else:
            self._is_doubling = False
        self._limit = min(self._most, max(1.0, self._limit))
