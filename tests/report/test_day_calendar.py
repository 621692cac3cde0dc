"""A cell a business day, in the colour of its variance."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from qerko_recon.errors import ReconciliationError
from qerko_recon.report import calendar_chart
from qerko_recon.report.canvas import OVER, SHORT
from qerko_recon.report.day_calendar import day_variances


def noon(day, month=11):
    return datetime(2026, month, day, 11, tzinfo=UTC)


@pytest.fixture(scope="module")
def days(made):
    """The 20th is 300 short, the 21st is right, the 23rd 75 over, 3 December 7 over and short."""
    whens = {
        "1": (noon(20), "1000", "700"),
        "2": (noon(21), "500", "500"),
        "3": (noon(23), "100", "175"),
        "4": (noon(3, 12), "60", "67"),
        "5": (noon(3, 12), "60", "53"),
    }
    return made(
        [made.paid(name, total, created_at=when) for name, (when, total, _) in whens.items()],
        [made.posted(name, amount, paid_at=when) for name, (when, _, amount) in whens.items()],
    )


def cells(ax):
    """Give each cell's place (weekday, week), colour, and texts."""
    texts = [text.get_text() for text in ax.texts]
    return {
        (int(cell.get_x()), int(cell.get_y())): (to_hex(cell.get_facecolor()).upper(), *pair)
        for cell, pair in zip(ax.patches, zip(texts[::2], texts[1::2], strict=True), strict=True)
    }


def test_a_row_is_a_week_and_a_cell_a_day(days):
    (ax,) = calendar_chart(days.bridge_by_day).axes
    found = cells(ax)
    assert set(found) == {(4, 0), (5, 0), (0, 1), (3, 2)}
    assert found[4, 0] == (SHORT, "20", "−300.00")
    assert found[5, 0] == ("#FFFFFF", "21", "✓")
    assert found[0, 1][1:] == ("23", "+75.00")
    assert found[3, 2] == ("#FFFFFF", "3", "✓")
    red, blue = int(found[0, 1][0][1:3], 16), int(found[0, 1][0][5:7], 16)
    assert red < blue  # a shade of what is over
    assert found[0, 1][0] != OVER
    weeks = [tick.get_text() for tick in ax.get_yticklabels()]
    assert weeks == ["16 Nov 2026", "23 Nov 2026", "30 Nov 2026"]
    assert ax.get_xticklabels()[0].get_text() == "Mon"
    assert ax.get_xlabel() == "Variance by business day, CZK"


def test_the_title_is_the_finding(days, clean):
    (ax,) = calendar_chart(days.bridge_by_day, language="cs").axes
    assert ax.get_title(loc="left").replace("\n", " ") == (
        "Nesouhlasí 2 z 4 obchodních dnů; největší rozdíl má 20.\xa011.\xa02026 (−300,00\xa0Kč)"
    )
    (ax,) = calendar_chart(clean.bridge_by_day).axes
    assert ax.get_title(loc="left") == "Every business day agrees (1)"


def test_variances_add_up_to_those_of_the_breaks(days, faulty):
    for result in (days, faulty):
        found = day_variances(result.bridge_by_day)
        for currency, own in found.items():
            mine = result.breaks[result.breaks["currency"] == currency]
            dated = mine[mine["business_date"].notna()]
            assert sum(own.values(), Decimal(0)) == sum(dated["variance"], Decimal(0))
    assert day_variances(days.bridge_by_day)["CZK"][date(2026, 12, 3)] == 0


def test_money_that_moves_to_the_next_day_is_no_variance(made):
    result = made(
        [made.paid("1", "100", created_at=noon(20)), made.paid("2", "50", created_at=noon(21))],
        [made.posted("1", "100", paid_at=noon(21)), made.posted("2", "50", paid_at=noon(21))],
    )
    assert set(day_variances(result.bridge_by_day)["CZK"].values()) == {Decimal(0)}


def test_several_currencies_get_a_panel_each_and_axes_take_one(faulty, nothing):
    assert len(calendar_chart(faulty.bridge_by_day).axes) == 2
    figure = Figure()
    ax = figure.subplots()
    assert faulty.plot.calendar(currency="EUR", ax=ax) is figure
    with pytest.raises(ReconciliationError, match="name one of CZK, EUR"):
        calendar_chart(faulty.bridge_by_day, ax=ax)
    (ax,) = calendar_chart(nothing.bridge_by_day).axes
    assert ax.get_title(loc="left") == "Nothing to reconcile"


@pytest.mark.parametrize("language", ["en", "cs", "de", "sk"])
def test_no_text_leaves_the_figure(days, language):
    figure = calendar_chart(days.bridge_by_day, language=language)
    figure.savefig(io.BytesIO(), format="png")
    width, height = figure.canvas.get_width_height()
    (ax,) = figure.axes
    for text in [*ax.texts, ax._left_title, ax.xaxis.label, *ax.get_yticklabels()]:
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= width
        assert box.y0 >= 0
        assert box.y1 <= height + 1
