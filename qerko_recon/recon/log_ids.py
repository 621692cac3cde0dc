"""Which payments of a session log belong to the days that an export covers."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.recon.days import business_dates, covered_days
from qerko_recon.recon.policy import Policy
from qerko_recon.schema import TIME
from qerko_recon.session.log import SessionLog

__all__ = ["export_days", "ids_of_days"]


def ids_of_days(
    log: SessionLog,
    days: Collection[date],
    policy: Policy,
    *,
    venue: str | None = None,
) -> list[str]:
    """Give the payments that a log names, in order, those of other days left out.

    A payment is of the business day on which the log first names it. A log of months beside an
    export of one day would otherwise bring months of payments that the export cannot have.

    Parameters
    ----------
    log
        One or several.
    days
        The business days; empty for all.
    policy
        Whose clock and cut-off count.
    venue
        Fingerprint of an API key: where the log has records of that venue, those alone count.
    """
    names = ("payment_id", "venue", "at")
    parts = [
        pa.table({name: table[name] for name in names}).filter(pc.is_valid(table["payment_id"]))
        for table in log.tables()
    ]
    if not parts:
        return []
    table = pa.concat_tables(parts)
    own = pc.fill_null(pc.equal(table["venue"], venue), False) if venue is not None else None
    if own is not None and pc.any(own).as_py():
        table = table.filter(own)
    numbers = table.set_column(2, "at", table["at"].cast(pa.int64()))
    firsts = numbers.group_by("payment_id").aggregate([("at", "min")]).sort_by("at_min")
    if days:
        moments = firsts["at_min"].cast(TIME)
        dates = business_dates(moments, policy.time_zone, policy.business_day_cutoff)
        wanted = np.array(sorted(days), dtype="datetime64[D]")
        firsts = firsts.filter(pa.array(np.isin(dates, wanted)))
    return [str(one) for one in firsts["payment_id"].to_pylist()]


def export_days(paid_at: pd.Series, policy: Policy) -> frozenset[date]:
    """Tell which business days an export covers, by the times of its lines or as stated."""
    if policy.business_day is not None:
        return frozenset({policy.business_day})
    times = pa.array(paid_at)
    times = times if isinstance(times, pa.ChunkedArray) else pa.chunked_array([times])
    return covered_days(business_dates(times, policy.time_zone, policy.business_day_cutoff))
