"""Bars are the money at risk in breaks of an age."""

from __future__ import annotations

import io
from decimal import Decimal

import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from qerko_recon.errors import ReconciliationError
from qerko_recon.report import ageing_chart
from qerko_recon.report.ageing import break_ages
from qerko_recon.report.canvas import OVER, SHORT


def breaks(*rows):
    return pd.DataFrame(
        [
            {"currency": currency, "age": age, "variance": Decimal(variance)}
            for age, variance, currency in rows
        ]
    )


OPEN = breaks(
    (0, "10", "CZK"),
    (1, "-4", "CZK"),
    (2, "5.50", "CZK"),
    (7, "0", "CZK"),
    (31, "-200", "CZK"),
    (400, "-50", "CZK"),
)


def bars(ax):
    """Give each age's bar to the right and to the left."""
    widths = [bar.get_width() for bar in ax.patches]
    return list(zip(widths[::2], widths[1::2], strict=True))


def test_short_goes_left_and_over_right(faulty):
    (ax,) = ageing_chart(OPEN).axes
    assert bars(ax) == [(10, -4), (5.5, 0), (0, 0), (0, -250)]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [
        "0–1 days",
        "2–7 days",
        "8–30 days",
        "over 30 days",
    ]
    assert [to_hex(bar.get_facecolor()).upper() for bar in ax.patches[:2]] == [OVER, SHORT]
    assert [text.get_text() for text in ax.texts] == [
        "+10.00 · 2 breaks",
        "−4.00",
        "+5.50 · 2 breaks",
        "2 breaks",
        "−250.00",
    ]
    assert ax.get_title(loc="left").replace("\n", " ") == (
        "6 breaks with CZK\xa0269.50 at risk; the oldest (over 30 days): 2 breaks, CZK\xa0250.00"
    )
    assert ax.get_xlabel() == "Money at risk, CZK (left: the POS has less, right: more)"


@pytest.mark.parametrize(
    ("age", "since"),
    [(-3, 0), (None, 0), (0, 0), (1, 0), (2, 2), (7, 2), (8, 8), (30, 8), (31, 31), (9999, 31)],
)
def test_each_age_has_its_stretch(age, since):
    found = break_ages(breaks((age, "-1", "CZK")))["CZK"]
    assert [one for one, aged in found.items() if aged.breaks] == [since]
    assert found[since].at_risk == 1


def test_sums_are_those_of_the_breaks(faulty):
    found = break_ages(faulty.breaks)
    for currency, ages in found.items():
        own = faulty.breaks[faulty.breaks["currency"] == currency]["variance"]
        assert sum(one.over + one.short for one in ages.values()) == sum(own, Decimal(0))
        assert sum(one.breaks for one in ages.values()) == len(own)
    assert faulty.plot.ageing(currency="CZK").axes


def test_several_currencies_get_a_panel_each_and_axes_take_one(nothing):
    both = breaks((0, "10", "CZK"), (0, "1", "EUR"))
    assert len(ageing_chart(both).axes) == 2
    figure = Figure()
    ax = figure.subplots()
    assert ageing_chart(both, currency="EUR", ax=ax) is figure
    with pytest.raises(ReconciliationError, match="name one of CZK, EUR"):
        ageing_chart(both, ax=ax)
    (ax,) = ageing_chart(nothing.breaks, language="sk").axes
    assert ax.get_title(loc="left") == "Žiadne nezrovnalosti"


@pytest.mark.parametrize("language", ["en", "cs", "de", "sk"])
@pytest.mark.parametrize("frame", [OPEN, breaks((0, "-9", "CZK")), breaks((0, "0", "CZK"))])
def test_no_text_leaves_the_figure(frame, language):
    figure = ageing_chart(frame, language=language)
    figure.savefig(io.BytesIO(), format="png")
    width, height = figure.canvas.get_width_height()
    (ax,) = figure.axes
    for text in [*ax.texts, ax._left_title, ax.xaxis.label, *ax.get_yticklabels()]:
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= width
        assert box.y0 >= 0
        assert box.y1 <= height
