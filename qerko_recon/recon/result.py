"""What a reconciliation holds: matches, breaks, the bridge, and how the data were read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol

import pandas as pd

from qerko_recon.recon.policy import Policy
from qerko_recon.recon.remark import Remark
from qerko_recon.schema import to_frame

if TYPE_CHECKING:
    from qerko_recon.session.log import SessionLog

__all__ = ["ControlTotal", "Details", "Inputs", "Reading", "Reconciliation", "Source", "Summary"]


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
    remarks: tuple[Remark, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """The remarks as English sentences."""
        return tuple(remark.say() for remark in self.remarks)


class Details(Protocol):
    """Frames that are made when they are first asked for, or that a history holds."""

    @property
    def matches(self) -> pd.DataFrame:
        """A row a match."""

    @property
    def bridge_by_day(self) -> pd.DataFrame:
        """The bridge of each business day."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a reconciliation was given, to be run again with another policy."""

    payments: object
    pos: object
    policy: Policy  # as stated


@dataclass(frozen=True, repr=False, eq=False)
class Reconciliation:
    """The outcome of :func:`qerko_recon.reconcile`.

    Attributes
    ----------
    summary
        Control totals, sources, readings, remarks.
    matches, breaks, bridge, bridge_by_day
        DataFrames with the columns of :data:`qerko_recon.schema.MATCHES`, ``BREAKS``,
        ``BRIDGE`` and ``DAY_BRIDGE``. Per currency, and per currency and business day: settled
        total + Σ variance of the breaks = posted total. A match that is only ``suggested`` counts
        nowhere: what it would bring together stands among the breaks.
    unexplained
        What the breaks leave of the variance, over all currencies: 0.
    policy
        The settings used, nothing left on ``auto``.
    payments, parts, tenders, others, problems, failures
        What went in, in the contract's columns. Beside them ``payments`` has ``settled`` and
        ``settled_tip``, and ``tenders`` has ``posted`` and ``posted_tip``: what each row counts
        for.
    candidates
        Every way to read the data that was judged, with the columns of
        :data:`qerko_recon.schema.CANDIDATES`: how many payments each explains.
    log
        The session log that causes were looked for in; ``None`` without one.
    """

    summary: Summary
    breaks: pd.DataFrame
    bridge: pd.DataFrame
    unexplained: Decimal
    policy: Policy
    payments: pd.DataFrame
    parts: pd.DataFrame
    tenders: pd.DataFrame
    others: pd.DataFrame
    problems: pd.DataFrame
    failures: pd.DataFrame
    candidates: pd.DataFrame
    details: Details
    inputs: Inputs | None = None
    log: SessionLog | None = None

    @property
    def matches(self) -> pd.DataFrame:
        """A row a match; columns of :data:`qerko_recon.schema.MATCHES`."""
        return self.details.matches

    @property
    def bridge_by_day(self) -> pd.DataFrame:
        """The bridge of each business day; columns of :data:`qerko_recon.schema.DAY_BRIDGE`."""
        return self.details.bridge_by_day

    @cached_property
    def tip_bridge(self) -> pd.DataFrame:
        """Tips by currency and provider: gross, fee, net, to book, booked.

        The columns of :data:`qerko_recon.schema.TIP_BRIDGE`, worked out when first asked for.
        Sums of the rows are those of all settled payments and all lines, exactly.
        """
        from qerko_recon.recon.tip_bridge import tip_bridge_table

        return to_frame(tip_bridge_table(self))
