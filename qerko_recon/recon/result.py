"""What a reconciliation holds: matches, breaks, the bridge, and how the data were read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import pandas as pd

from qerko_recon.recon.policy import Policy

if TYPE_CHECKING:
    from qerko_recon.session.log import SessionLog

__all__ = ["ControlTotal", "Reading", "Reconciliation", "Source", "Summary"]


@dataclass(frozen=True, slots=True)
class ControlTotal:
    """Both sides' totals with tip in one currency; ``variance`` is posted − settled."""

    currency: str
    settled: Decimal
    posted: Decimal
    variance: Decimal
    payments: int
    tenders: int
    breaks: int


@dataclass(frozen=True, slots=True)
class Source:
    """Something the run was fed with, and the hash that tells whether it changed."""

    kind: Literal["payments", "pos", "log"]
    name: str
    rows: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Reading:
    """How an open fact was read: the setting, who chose it, how many payments it explains."""

    setting: str
    value: str
    chosen: Literal["stated", "inferred", "default"]
    explains: int
    of: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The run in figures: period, control totals, sources, readings, remarks."""

    venue: str | None
    first_day: date | None
    last_day: date | None
    time_zone: str
    totals: tuple[ControlTotal, ...]
    sources: tuple[Source, ...]
    readings: tuple[Reading, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, repr=False, eq=False)
class Reconciliation:
    """The outcome of :func:`qerko_recon.reconcile`.

    Attributes
    ----------
    summary
        Control totals, sources, readings, notes.
    matches, breaks, bridge
        DataFrames with the columns of :data:`qerko_recon.schema.MATCHES`, ``BREAKS`` and
        ``BRIDGE``. Per currency: settled total + Σ variance of the breaks = posted total.
    unexplained
        What the breaks leave of the variance, over all currencies: 0.
    policy
        The settings used, nothing left on ``auto``.
    payments, parts, tenders, others, problems
        What went in, in the contract's columns. Beside them ``payments`` has ``settled`` and
        ``settled_tip``, and ``tenders`` has ``posted`` and ``posted_tip``: what each row counts
        for.
    log
        The session log that causes were looked for in; ``None`` without one.
    """

    summary: Summary
    matches: pd.DataFrame
    breaks: pd.DataFrame
    bridge: pd.DataFrame
    unexplained: Decimal
    policy: Policy
    payments: pd.DataFrame
    parts: pd.DataFrame
    tenders: pd.DataFrame
    others: pd.DataFrame
    problems: pd.DataFrame
    log: SessionLog | None = None
