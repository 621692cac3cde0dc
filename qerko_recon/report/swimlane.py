"""A session log in, a chart of the session out: when Qerko could reach the POS, and each call."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from qerko_recon.report.charts import Chart
from qerko_recon.report.labels import LABELS, term
from qerko_recon.session.log import SessionLog
from qerko_recon.wording import language_of

__all__ = ["draw_swimlane", "swimlane_chart"]

_LANES: Final = ("polling", "working", "gap")
_COLOURS: Final = {"polling": "#0072B2", "working": "#009E73", "gap": "#D55E00"}
# Shape says it where colour does not.
_MARKS: Final = {
    "ok": ("o", "#009E73"),
    "error": ("X", "#D55E00"),
    "unanswered": ("s", "#CC79A7"),
    "not_wanted": ("|", "#8A8A8A"),
}
_TEXT: Final = "#1A1A1A"
_FAINT: Final = "#8A8A8A"
_NAMED: Final = 8
_DAY: Final = 86_400
_DOTS: Final = 1500  # what a page shows beside each other
_FEW: Final = 2000
_NEVER: Final = np.iinfo(np.int64).min


def swimlane_chart(log: SessionLog, *, time_zone: str = "UTC", language: str = "en") -> Figure:
    """Draw a session: poll open, POS answering, no connection, and the calls by outcome.

    The longest gaps are named with their reason. A log that holds several venues is drawn as
    one; narrow it with ``log.where(venue=...)``.

    Parameters
    ----------
    log
        See :class:`~qerko_recon.session.log.SessionLog`; narrow it with ``where(since=...)``.
    time_zone
        Of the axis.
    language
        ``cs``, ``de``, ``en`` or ``sk``.
    """
    return draw_swimlane(log.spans, log.calls, log.gaps, time_zone=time_zone, language=language)


def draw_swimlane(
    spans: pd.DataFrame,
    calls: pd.DataFrame,
    gaps: pd.DataFrame,
    *,
    time_zone: str = "UTC",
    language: str = "en",
    between: tuple[datetime, datetime] | None = None,
) -> Figure:
    """Draw a session of its frames, as :func:`swimlane_chart` does.

    What lies closer together than can be seen is drawn as one, so that a log of a million
    records is drawn as fast as one of a thousand.

    Parameters
    ----------
    spans, calls, gaps
        Columns of :data:`qerko_recon.schema.SPANS`, ``CALLS`` and ``GAPS``.
    time_zone, language
        As for :func:`swimlane_chart`.
    between
        The stretch of time to show; all there is by default.
    """
    language = language_of(language)
    zone = ZoneInfo(time_zone)
    fine = _finest(spans, calls)
    figure = Chart(figsize=(9.5, 3.4), layout="constrained")
    axes = figure.add_subplot()
    names = [_say(f"lane_{lane}", language) for lane in (*_LANES, "calls")]
    for height, lane in enumerate(_LANES):
        bars = _bars(spans[spans["lane"] == lane], fine)
        axes.broken_barh(
            bars, (height - 0.32, 0.64), facecolor=_COLOURS[lane], edgecolor=_COLOURS[lane], lw=0.6
        )
    for outcome, (mark, colour) in _MARKS.items():
        mine = calls[calls["outcome"] == outcome]
        if len(mine):
            times = _apart(_days(mine["received_at"]), fine)
            label = f"{_say(f'call_{outcome}', language)} ({len(mine)})"
            axes.scatter(
                times, [len(_LANES)] * len(times), marker=mark, c=colour, s=34, label=label
            )
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(colors=_TEXT, length=0)
    locator = AutoDateLocator(tz=zone)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))  # type: ignore[no-untyped-call]
    if between is not None:
        axes.set_xlim(*_days(pd.Series(pd.to_datetime(list(between), utc=True))))
    axes.grid(axis="x", color="#E4E4E4", lw=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.set_xlabel(LABELS.say("swimlane.time", language, {"zone": time_zone}), color=_FAINT)
    _name_gaps(figure, gaps, language)
    if len(calls):
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=4, frameon=False)
    return figure


def _say(key: str, language: str) -> str:
    return LABELS.say(f"swimlane.{key}", language)


def _finest(spans: pd.DataFrame, calls: pd.DataFrame) -> float:
    """Give the stretch of days below which nothing can be told apart."""
    columns = (spans["began_at"], spans["ended_at"], calls["received_at"])
    times = [day for column in columns for day in _days(column.dropna().agg(["min", "max"]))]
    known = [day for day in times if not math.isnan(day)]
    return (max(known) - min(known)) / _DOTS if known else 0.0


def _bars(spans: pd.DataFrame, fine: float) -> list[tuple[float, float]]:
    """Give where each stretch begins and how long it is; those that touch are one."""
    if not len(spans):
        return []
    ended = spans["ended_at"].fillna(spans["ended_at"].max()).fillna(spans["began_at"])
    starts, ends = np.array(_days(spans["began_at"])), np.array(_days(ended))
    if len(starts) <= _FEW:
        return [(one, max(two - one, 0.0)) for one, two in zip(starts, ends, strict=True)]
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], np.maximum.accumulate(ends[order])
    is_first = np.append(True, starts[1:] - ends[:-1] > fine)
    is_last = np.append(is_first[1:], True)
    return list(
        zip(starts[is_first], np.maximum(ends[is_last] - starts[is_first], 0), strict=True)
    )


def _apart(times: list[float], fine: float) -> list[float]:
    """Leave out marks that would lie on others."""
    if len(times) <= _FEW or not fine:
        return times
    held = np.array(times)
    _, first = np.unique(np.floor(held / fine), return_index=True)
    return [float(one) for one in held[first]]


def _days(times: pd.Series[pd.Timestamp]) -> list[float]:
    """Give days since 1970, as matplotlib counts time."""
    micros = pd.to_datetime(times, utc=True).to_numpy(dtype="datetime64[us]").astype(np.int64)
    days = micros / (_DAY * 1_000_000)
    return [
        math.nan if one == _NEVER else float(day) for one, day in zip(micros, days, strict=True)
    ]


def _name_gaps(figure: Figure, gaps: pd.DataFrame, language: str) -> None:
    """Write the reason under the longest gaps."""
    [axes] = figure.axes
    longest = gaps.sort_values("seconds", ascending=False).head(_NAMED)
    columns = (_days(longest["began_at"]), longest["reason"], longest["seconds"])
    for at, reason, seconds in zip(*columns, strict=True):
        text = f"{term('gap', reason, language)} {seconds:.0f} s"
        axes.annotate(text, (at, 2.34), ha="left", va="top", fontsize=8, color=_TEXT)
