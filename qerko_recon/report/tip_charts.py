"""Charts of tips: a result in; how they spread, who tips how much, what the fee is, as figures."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qerko_recon.money import unit_to_decimal
from qerko_recon.recon import Reconciliation
from qerko_recon.recon.coded import Units
from qerko_recon.report.canvas import (
    FAINT,
    SHORT,
    TEXT,
    TOTAL,
    dress,
    panels,
    say_nothing,
    title,
    unit_of,
    write_money_ticks,
    write_percent_ticks,
)
from qerko_recon.report.labels import LABELS, percent
from qerko_recon.report.rows import plain_rows
from qerko_recon.report.tip_shares import By, Tips, TipShare
from qerko_recon.wording import format_money, format_number, language_of, one_line

__all__ = ["fee_rate_chart", "tip_ecdf_chart", "tip_rate_chart"]

TIP: Final = "#009E73"
"""Okabe–Ito green: blue and vermillion are for what is over and short."""

_COLOURS: Final = (TIP, "#CC79A7", "#56B4E9", "#E69F00", TOTAL)
_STYLES: Final = ("-", (0, (6, 2)), (0, (3, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))
_LABELLED_AT: Final = (0.86, 0.74, 0.62, 0.5, 0.38)
_NAME: Final = 40
_ROW: Final = 0.36
_FRAME: Final = 1.5
_CURVES: Final = 4.2
_COLUMNS: Final = 3.6
_BAR: Final = 0.7
_UNIT: Final = 1_000_000
_ROOM: Final = 1.32
_ENOUGH: Final = 20
"""So many payments make a rate that is worth naming."""


def tip_ecdf_chart(
    result: Reconciliation,
    *,
    currency: str | None = None,
    language: str = "en",
    ax: Axes | None = None,
) -> Figure:
    """Draw which share of a provider's settled payments has at most a tip of some height.

    Parameters
    ----------
    result
        What ``reconcile`` returned.
    currency
        The one currency to draw; all of them by default, a panel each.
    language
        ``cs``, ``de``, ``en`` or ``sk``.
    ax
        Axes to draw into, in place of a figure of its own; takes one currency.

    Returns
    -------
    matplotlib.figure.Figure
        The finding is its title. The providers of most payments have a line each, all others
        one.

    Raises
    ------
    ReconciliationError
        No payment is in that currency, or there are several and ``ax`` takes one.
    """
    language = language_of(language)
    tips = Tips(result)
    names = tips.currencies(currency)
    figure, axes = panels(names, [_CURVES] * len(names) or [_FRAME], ax)
    for panel, name in zip(axes, names, strict=False):
        _draw_ecdf(panel, tips.amounts(name), name, language)
    if not names:
        say_nothing(axes[0], LABELS.say("tip_chart.none", language))
    return figure


def _draw_ecdf(ax: Axes, amounts: dict[str, Units], currency: str, language: str) -> None:
    curves = [(_provider(name, language), values) for name, values in amounts.items()]
    most = len(_COLOURS) - 1
    if len(curves) > len(_COLOURS):
        rest = np.sort(np.concatenate([values for _, values in curves[most:]]))
        curves = [*curves[:most], (LABELS.say("tip_chart.others", language), rest)]
    widest = max(int(values[-1]) for _, values in curves)
    for place, (name, values) in enumerate(curves):
        heights = np.arange(1, len(values) + 1) / len(values)
        ax.step(
            np.concatenate([[0], values / _UNIT, [max(widest / _UNIT, 1) * 1.02]]),
            np.concatenate([[0], heights, [1]]),
            where="post",
            color=_COLOURS[place],
            ls=_STYLES[place],
            lw=1.8,
            label=name,
        )
        _name_curve(ax, name, values, place, language)
    ax.set_ylim(0, 1.03)
    ax.set_xlim(left=min(0, *(int(values[0]) / _UNIT for _, values in curves)))
    write_percent_ticks(ax.yaxis, language)
    every = np.sort(np.concatenate([values for _, values in curves]))
    title(ax, _spread(every, currency, language))
    values_of = {"currency": unit_of(currency)}
    ax.set_xlabel(LABELS.say("tip_chart.amount", language, values_of), parse_math=False)
    ax.set_ylabel(LABELS.say("tip_chart.at_most", language))
    write_money_ticks(ax, language)
    dress(ax)
    ax.grid(visible=True, axis="y", color="#E4E4E4", lw=0.8, zorder=0)


def _name_curve(ax: Axes, name: str, values: Units, place: int, language: str) -> None:
    """Write a curve's name beside it, each at a height of its own."""
    height = _LABELLED_AT[place]
    at = int(values[min(int(height * len(values)), len(values) - 1)]) / _UNIT
    ax.annotate(
        f"{one_line(name, _NAME)} · {format_number(len(values), language)}×",
        (at, height),
        xytext=(7, -3),
        textcoords="offset points",
        va="top",
        fontsize=9,
        color=_COLOURS[place] if place else TEXT,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
        parse_math=False,
    )


def _spread(tips: Units, currency: str, language: str) -> str:
    given = tips[tips > 0]
    if not len(given):
        return LABELS.say("tip_chart.none", language)
    # Of an even number the higher one of the middle: half of them are at least that.
    median = unit_to_decimal(int(given[len(given) // 2]))
    values = {
        "tipped": format_number(len(given), language),
        "payments": format_number(len(tips), language),
        "median": format_money(median, currency, language),
    }
    return LABELS.say("tip_chart.spread", language, values)


def tip_rate_chart(
    result: Reconciliation,
    by: By = "hour",
    *,
    currency: str | None = None,
    language: str = "en",
    ax: Axes | None = None,
) -> Figure:
    """Draw tips as a share of what was paid without them, by hour, weekday or provider.

    Parameters
    ----------
    result
        What ``reconcile`` returned.
    by
        ``hour`` (the venue's, as its business day runs), ``weekday`` (of the business day) or
        ``provider``.
    currency, language, ax
        As for :func:`tip_ecdf_chart`.

    Returns
    -------
    matplotlib.figure.Figure
        The finding is its title; each bar says how many payments it stands for.

    Raises
    ------
    ReconciliationError
        ``by`` is something else, no payment is in that currency, or there are several and ``ax``
        takes one.
    """
    language = language_of(language)
    tips = Tips(result)
    names = tips.currencies(currency)
    shares = {name: tips.shares(name, by) for name in names}
    heights = [
        len(own) * _ROW + _FRAME if by == "provider" else _COLUMNS for own in shares.values()
    ]
    figure, axes = panels(names, heights or [_FRAME], ax)
    for panel, own in zip(axes, shares.values(), strict=False):
        if own:
            _draw_rates(panel, own, by, result.policy.time_zone, language)
        else:
            say_nothing(panel, LABELS.say("tip_chart.none", language))
    if not names:
        say_nothing(axes[0], LABELS.say("tip_chart.none", language))
    return figure


def _draw_rates(
    ax: Axes, shares: Sequence[TipShare], by: By, time_zone: str, language: str
) -> None:
    names = [_key(share.key, by, language) for share in shares]
    rates = [float(share.rate) for share in shares]
    labels = [
        f"{percent(share.rate, language)}\n{format_number(share.payments, language)}×"
        for share in shares
    ]
    room = max([*rates, 0.01]) * _ROOM
    if by == "provider":
        ax.barh(names, rates, height=_BAR, color=TIP, zorder=2)
        flat = [label.replace("\n", " · ") for label in labels]
        _label_bars(ax, list(zip(rates, range(len(rates)), strict=True)), flat, (5, 0))
        ax.set_xlim(min([*rates, 0]), room)
        ax.set_ylim(len(names) - 0.4, -0.6)
        ax.set_xlabel(LABELS.say("tip_chart.rate", language))
        dress(ax)
        write_percent_ticks(ax.xaxis, language)
    else:
        ax.bar(names, rates, width=_BAR, color=TIP, zorder=2)
        _label_bars(ax, list(zip(range(len(rates)), rates, strict=True)), labels, (0, 3))
        ax.set_ylim(min([*rates, 0]), room)
        ax.set_ylabel(LABELS.say("tip_chart.rate", language))
        ax.set_xlabel(LABELS.say(f"tip_chart.{by}", language, {"zone": time_zone}))
        dress(ax, grid="y")
        write_percent_ticks(ax.yaxis, language)
    title(ax, _rate_finding(shares, names, language))


def _label_bars(
    ax: Axes,
    places: Sequence[tuple[float, float]],
    labels: Sequence[str],
    offset: tuple[int, int],
) -> None:
    for place, label in zip(places, labels, strict=True):
        ax.annotate(
            label,
            place,
            xytext=offset,
            textcoords="offset points",
            ha="center" if offset[1] else "left",
            va="bottom" if offset[1] else "center",
            fontsize=8,
            color=TEXT,
            parse_math=False,
        )


def _rate_finding(shares: Sequence[TipShare], names: Sequence[str], language: str) -> str:
    """Say what is tipped in all, and where most and least; a few payments are no finding."""
    tip = sum(share.tip for share in shares)
    base = sum(share.base for share in shares)
    rate = Decimal(tip) / Decimal(base) if base else Decimal(0)
    values = {"rate": percent(rate, language)}
    places = [place for place, share in enumerate(shares) if share.payments >= _ENOUGH]
    if len(places) < 2:  # noqa: PLR2004
        places = list(range(len(shares)))
    best = max(places, key=lambda place: shares[place].rate)
    worst = min(places, key=lambda place: shares[place].rate)
    if shares[best].rate == shares[worst].rate:
        return LABELS.say("tip_chart.even", language, values)
    values |= {
        "best": names[best],
        "best_rate": percent(shares[best].rate, language),
        "worst": names[worst],
        "worst_rate": percent(shares[worst].rate, language),
    }
    return LABELS.say("tip_chart.highest", language, values)


def _key(key: int | str, by: By, language: str) -> str:
    if by == "hour":
        return f"{key}:00"
    if by == "weekday":
        from babel.dates import get_day_names

        return str(get_day_names("abbreviated", locale=language)[int(key)])
    return _provider(str(key), language)


def _provider(name: str, language: str) -> str:
    return one_line(name, _NAME) or LABELS.say("report.no_provider", language)


def fee_rate_chart(
    result: Reconciliation,
    *,
    currency: str | None = None,
    language: str = "en",
    ax: Axes | None = None,
) -> Figure:
    """Draw what share of the tips Qerko keeps, by provider: of all, and from least to most.

    Parameters
    ----------
    result
        What ``reconcile`` returned.
    currency, language, ax
        As for :func:`tip_ecdf_chart`.

    Returns
    -------
    matplotlib.figure.Figure
        The finding is its title: fees that cannot be right before rates that differ before the
        rate of all.

    Raises
    ------
    ReconciliationError
        No payment is in that currency, or there are several and ``ax`` takes one.
    """
    language = language_of(language)
    rows: dict[str, list[dict[str, Any]]] = {
        name: [] for name in Tips(result).currencies(currency)
    }
    for row in plain_rows(result.tip_bridge):
        if row["currency"] in rows and row["fee_rate"] is not None:
            rows[row["currency"]].append(row)
    heights = [len(own) * _ROW + _FRAME for own in rows.values()]
    figure, axes = panels(list(rows), heights or [_FRAME], ax)
    for panel, (name, own) in zip(axes, rows.items(), strict=False):
        if own:
            _draw_fees(panel, own, name, language)
        else:
            say_nothing(panel, LABELS.say("tip_chart.none", language))
    if not rows:
        say_nothing(axes[0], LABELS.say("tip_chart.none", language))
    return figure


def _draw_fees(ax: Axes, rows: Sequence[dict[str, Any]], currency: str, language: str) -> None:
    for place, row in enumerate(rows):
        is_odd = bool(row["odd_fees"]) or row["one_fee_rate"] is False
        ends = [row[name] for name in ("fee_rate_min", "fee_rate_max") if row[name] is not None]
        ax.plot([float(end) for end in ends], [place] * len(ends), color=FAINT, lw=3, zorder=2)
        ax.plot(
            [float(row["fee_rate"])],
            [place],
            marker="D" if is_odd else "o",
            color=SHORT if is_odd else TIP,
            ms=7,
            ls="",
            zorder=3,
        )
        ax.annotate(
            f"{percent(row['fee_rate'], language)} · {format_number(row['tipped'], language)}×",
            (max(float(row["fee_rate"]), *(float(end) for end in ends), 0), place),
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=TEXT,
            parse_math=False,
        )
    rates = [
        float(row[name])
        for row in rows
        for name in ("fee_rate", "fee_rate_min", "fee_rate_max")
        if row[name] is not None
    ]
    ax.set_xlim(min([*rates, 0]) * 1.05, max([*rates, 0.01]) * _ROOM)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_yticks(range(len(rows)), [_provider(row["provider"], language) for row in rows])
    write_percent_ticks(ax.xaxis, language)
    ax.set_xlabel(LABELS.say("tip_chart.fee", language))
    title(ax, _fee_finding(rows, currency, language))
    dress(ax)


def _fee_finding(rows: Sequence[dict[str, Any]], currency: str, language: str) -> str:
    odd = sum(row["odd_fees"] for row in rows)
    if odd:
        return LABELS.say("tip_chart.odd", language, {"count": format_number(odd, language)})
    for row in rows:
        if row["one_fee_rate"] is False:
            values = {
                "provider": _provider(row["provider"], language),
                "least": percent(row["fee_rate_min"], language),
                "most": percent(row["fee_rate_max"], language),
            }
            return LABELS.say("tip_chart.varies", language, values)
    gross = sum((row["tip_gross"] for row in rows), Decimal(0))
    fee = sum((row["tip_fee"] for row in rows), Decimal(0))
    values = {
        "rate": percent(fee / gross if gross else Decimal(0), language),
        "fee": format_money(fee, currency, language),
        "gross": format_money(gross, currency, language),
    }
    return LABELS.say("tip_chart.kept", language, values)
