"""A recorded run as people hold it, and what its recording changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pandas as pd

from qerko_recon.history.book import SignOff
from qerko_recon.history.compare import RunComparison
from qerko_recon.history.packing import Input
from qerko_recon.history.states import Carried
from qerko_recon.recon import ControlTotal, Summary

__all__ = ["Moves", "News", "Run"]


@dataclass(frozen=True, repr=False, eq=False)
class News:
    """What the recording of a run changed.

    Per currency: ``before`` + Σ appeared + Σ changes − Σ closed = ``after``, exactly. Frames have
    the columns of :data:`qerko_recon.history.columns.CARRIED`.

    Attributes
    ----------
    is_again
        Whether the same run was recorded before: then nothing is kept twice.
    before, after
        Variance of the venue's open breaks, by currency; ``open_before`` and ``open_after`` count
        them.
    appeared
        Breaks that this run brought, and closed ones that are open again.
    closed
        Breaks that were open, or came with this run, and are closed now.
    changed
        Open breaks with another variance than before, which is in ``variance_before``.
    carried
        Breaks of other days that stay open.
    compared
        Where an export or the payments are not what an earlier run of these days was fed with:
        that run beside this one.
    signed
        Sign-offs of days of this run that were in force.
    """

    is_again: bool
    before: Mapping[str, Decimal]
    after: Mapping[str, Decimal]
    open_before: int
    open_after: int
    appeared: pd.DataFrame
    closed: pd.DataFrame
    changed: pd.DataFrame
    carried: pd.DataFrame
    compared: RunComparison | None
    signed: tuple[SignOff, ...]


@dataclass(frozen=True, repr=False, eq=False)
class Run:
    """A run that a history keeps.

    Attributes
    ----------
    run_no, run_id
        Its number in the file; its ID, the same for the same inputs, policy and results.
    venue, first_day, last_day
        Whose, and which business days it covers.
    by, at, name
        Who recorded it first, when, and under which name.
    times, last_at
        How often it was recorded, and when last.
    inputs
        What it was fed with, each with its SHA-256.
    news
        What recording it changed; ``None`` for one that was looked up.
    """

    run_no: int
    run_id: str
    venue: str | None
    first_day: date | None
    last_day: date | None
    name: str | None
    by: str
    at: datetime
    times: int
    last_at: datetime
    inputs: tuple[Input, ...]
    summary: Summary
    policy_json: str
    news: News | None = None

    @property
    def totals(self) -> tuple[ControlTotal, ...]:
        """Control totals, one a currency."""
        return self.summary.totals

    @property
    def policy(self) -> Mapping[str, Any]:
        """The settings used, as JSON holds them."""
        settings: dict[str, Any] = msgspec.json.decode(self.policy_json)
        return settings

    def __repr__(self) -> str:
        from qerko_recon.history.faces import run_text

        return run_text(self)

    def _repr_html_(self) -> str:
        from qerko_recon.history.faces import run_html

        return run_html(self)


@dataclass(frozen=True, slots=True)
class Moves:
    """How the breaks of a venue stand after something happened, beside how they stood before."""

    before: Mapping[str, Carried]
    after: Mapping[str, Carried]

    @property
    def open_before(self) -> dict[str, Carried]:
        """The breaks that were open."""
        return {key: one for key, one in self.before.items() if one.is_open}

    @property
    def open_after(self) -> dict[str, Carried]:
        """The breaks that are open."""
        return {key: one for key, one in self.after.items() if one.is_open}

    def appeared(self) -> list[Carried]:
        """Give those that are open and were not, and those that came and were settled at once."""
        were = self.open_before
        return [
            one
            for key, one in self.after.items()
            if key not in were
            and (one.is_open or (key not in self.before and one.why == "settled_by"))
        ]

    def closed(self) -> list[Carried]:
        """Give those that were open, or came, and are closed; each as it stood when it was."""
        were = self.open_before | {one.key: one for one in self.appeared()}
        return [
            replace(one, found=were[key].found, found_in=were[key].found_in)
            for key, one in self.after.items()
            if not one.is_open and key in were
        ]

    def changed(self) -> list[tuple[Carried, Carried]]:
        """Give those that stay open with another variance, as they were and as they are."""
        now = self.open_after
        return [
            (one, now[key])
            for key, one in self.open_before.items()
            if key in now and now[key].found.variance != one.found.variance
        ]
