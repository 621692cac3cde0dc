"""The numbers on the artists are the tips of the payments."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from qerko_recon.errors import ReconciliationError
from qerko_recon.report import fee_rate_chart, tip_ecdf_chart, tip_rate_chart
from qerko_recon.report.canvas import SHORT
from qerko_recon.report.tip_charts import TIP
from qerko_recon.report.tip_shares import Tips


def at(day, hour, minute=0):
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.fixture(scope="module")
def evening(made):
    """Friday at noon and at night, and Saturday: in Prague an hour later than in UTC."""
    paid = made.paid
    payments = [
        paid("1", "110", "10", "9.85", created_at=at(20, 11)),
        paid("2", "200", "0", created_at=at(20, 11, 30)),
        paid("3", "120", "20", "19.70", created_at=at(21, 1, 30)),  # 02:30: still Friday
        paid("4", "130", "30", "29.10", created_at=at(21, 11), provider="Edenred"),
        paid("5", "100", "50", "1", created_at=at(21, 12), state="CANCELLED"),
        paid("6", "55", "5", "5", created_at=None, provider="Edenred"),
        paid("7", "12", "2", currency="EUR", created_at=at(20, 18)),
    ]
    return made(payments, [], tip_basis="net")


def heading(ax):
    return ax.get_title(loc="left").replace("\n", " ")


def labels(ax):
    return [text.get_text().replace("\n", " ") for text in ax.texts]


def test_a_line_climbs_to_the_share_of_payments_with_at_most_that_tip(evening):
    (ax,) = tip_ecdf_chart(evening, currency="CZK").axes
    curves = {line.get_label(): line for line in ax.lines}
    assert list(curves) == ["Qerko", "Edenred"]
    assert list(curves["Qerko"].get_xdata())[1:4] == [0, 10, 20]
    assert list(curves["Qerko"].get_ydata())[1:4] == pytest.approx([1 / 3, 2 / 3, 1])
    assert list(curves["Edenred"].get_xdata())[1:3] == [5, 30]
    assert labels(ax) == ["Qerko · 3×", "Edenred · 2×"]
    assert heading(ax) == "4 of 5 payments have a tip; half of these are CZK\xa020.00 or more"
    assert ax.get_xlabel() == "Gross tip of a payment, CZK"
    assert ax.get_yticklabels()[0].get_text() == "0\xa0%"


def test_providers_beyond_the_fourth_share_a_line(made):
    payments = [
        made.paid(f"{name}{number}", "110", "10", provider=f"P{name}")
        for name in range(7)
        for number in range(8 - name)
    ]
    (ax,) = tip_ecdf_chart(made(payments, []), language="cs").axes
    names = [line.get_label() for line in ax.lines]
    assert names == ["P0", "P1", "P2", "P3", "ostatní"]
    assert labels(ax)[-1] == "ostatní · 9×"
    assert len({line.get_color() for line in ax.lines}) == 5
    assert len({str(line.get_linestyle()) + str(line._dash_pattern) for line in ax.lines}) == 5


def test_bars_are_tips_over_what_was_paid_without_them(evening):
    (ax,) = tip_rate_chart(evening, "hour", currency="CZK").axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["12:00", "2:00"]
    noon, night = (bar.get_height() for bar in ax.patches)
    assert noon == pytest.approx(40 / 400)  # 10 + 0 + 30 of 100 + 200 + 100
    assert night == pytest.approx(20 / 100)
    assert labels(ax) == ["10.00\xa0% 3×", "20.00\xa0% 1×"]
    assert heading(ax) == (
        "Guests tip 12.00\xa0% of the amount; highest: 2:00 (20.00\xa0%), lowest: 12:00 "
        "(10.00\xa0%)"
    )
    assert ax.get_xlabel() == "Hour in which the payment was made (Europe/Prague)"
    assert to_hex(ax.patches[0].get_facecolor()).upper() == TIP


def test_weekdays_are_those_of_business_days(evening):
    (ax,) = tip_rate_chart(evening, "weekday", currency="CZK", language="de").axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["Fr.", "Sa."]
    assert [bar.get_height() for bar in ax.patches] == pytest.approx([30 / 400, 30 / 100])


def test_by_provider_those_of_most_payments_come_first(evening):
    (ax,) = tip_rate_chart(evening, "provider", currency="CZK").axes
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["Qerko", "Edenred"]
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([30 / 400, 35 / 150])
    assert labels(ax) == ["7.50\xa0% · 3×", "23.33\xa0% · 2×"]


def test_a_rate_of_a_few_payments_is_no_finding(made):
    often = [made.paid(f"a{n}", "110", "10", created_at=at(20, 11)) for n in range(25)]
    seldom = [made.paid(f"b{n}", "105", "5", created_at=at(20, 18)) for n in range(20)]
    once = made.paid("c", "200", "100", created_at=at(20, 15))
    (ax,) = tip_rate_chart(made([*often, *seldom, once], []), "hour").axes
    assert "highest: 12:00 (10.00\xa0%), lowest: 19:00 (5.00\xa0%)" in heading(ax)
    (ax,) = tip_rate_chart(made(often, []), "hour").axes
    assert heading(ax) == "Guests tip 10.00\xa0% of the amount"


def test_points_are_the_rates_of_fees_and_lines_reach_from_least_to_most(evening):
    (ax,) = fee_rate_chart(evening, currency="CZK").axes
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["Edenred", "Qerko"]
    edenred, point, qerko, other = ax.lines
    assert list(edenred.get_xdata()) == pytest.approx([0, 0.03])
    assert list(point.get_xdata()) == pytest.approx([0.9 / 35], abs=1e-6)
    assert to_hex(point.get_color()).upper() == SHORT
    assert list(qerko.get_xdata()) == pytest.approx([0.015, 0.015])
    assert to_hex(other.get_color()).upper() == TIP
    assert labels(ax) == ["2.57\xa0% · 2×", "1.50\xa0% · 2×"]
    assert heading(ax) == (
        "The fee of Edenred is not the same for all payments: 0.00\xa0% to 3.00\xa0% of the tip"
    )


def test_odd_fees_come_first_and_one_rate_is_said(made):
    odd = made([made.paid("1", "110", "10", "11"), made.paid("2", "110", "10", "9")], [])
    (ax,) = fee_rate_chart(odd).axes
    assert heading(ax) == "Fees that are negative or more than the tip: 1"
    only = made([made.paid("1", "110", "10", "11")], [])
    assert len(fee_rate_chart(only).axes[0].lines[0].get_xdata()) == 0
    one = made([made.paid("1", "110", "10", "9.85"), made.paid("2", "120", "20", "19.70")], [])
    (ax,) = fee_rate_chart(one).axes
    assert heading(ax) == "Qerko keeps 1.50\xa0% of the tips: CZK\xa00.45 of CZK\xa030.00"


CHARTS = [
    tip_ecdf_chart,
    fee_rate_chart,
    tip_rate_chart,
    lambda result, **more: tip_rate_chart(result, "weekday", **more),
    lambda result, **more: tip_rate_chart(result, "provider", **more),
]


@pytest.mark.parametrize("chart", CHARTS)
def test_several_currencies_get_a_panel_each_and_axes_take_one(evening, chart):
    assert len(chart(evening).axes) == 2
    figure = Figure()
    ax = figure.subplots()
    assert chart(evening, currency="EUR", ax=ax) is figure
    with pytest.raises(ReconciliationError, match="name one of CZK, EUR"):
        chart(evening, ax=ax)
    with pytest.raises(ReconciliationError, match="the result has no USD; it has CZK, EUR"):
        chart(evening, currency="USD")


@pytest.mark.parametrize("chart", CHARTS)
def test_nothing_is_drawn_of_nothing(nothing, chart):
    (ax,) = chart(nothing).axes
    assert heading(ax) == "No payment has a tip"


@pytest.mark.parametrize("chart", CHARTS)
def test_payments_without_tips_and_times_are_drawn_as_such(made, chart):
    (ax,) = chart(made([made.paid("1", "100", created_at=None)], [])).axes
    assert heading(ax) in {"No payment has a tip", "Guests tip 0.00\xa0% of the amount"}


def test_tips_can_be_by_three_things(evening):
    with pytest.raises(ReconciliationError, match="they can by hour, weekday or provider"):
        tip_rate_chart(evening, "table")


def test_shares_are_exact(evening):
    (noon, _) = Tips(evening).shares("CZK", "hour")
    assert (noon.payments, noon.tip, noon.base) == (3, 40_000_000, 400_000_000)
    assert noon.rate == Decimal("0.1")


def test_they_are_plots_of_a_result(evening):
    plot = evening.plot
    for figure in (plot.tip_ecdf(), plot.tip_rate(), plot.tip_rate("weekday"), plot.fee_rate()):
        assert len(figure.axes) == 2
        assert figure._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize("language", ["en", "cs", "de", "sk"])
@pytest.mark.parametrize("chart", CHARTS)
def test_no_text_leaves_the_figure(evening, chart, language):
    figure = chart(evening, language=language)
    figure.savefig(io.BytesIO(), format="png")
    width, height = figure.canvas.get_width_height()
    for ax in figure.axes:
        ticks = [
            tick
            for axis, (low, high) in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim()))
            for tick, at in zip(axis.get_ticklabels(), axis.get_ticklocs(), strict=True)
            if min(low, high) <= at <= max(low, high)
        ]
        for text in [*ax.texts, ax._left_title, ax.xaxis.label, ax.yaxis.label, *ticks]:
            if not text.get_text():
                continue
            box = text.get_window_extent()
            assert box.x0 >= 0
            assert box.x1 <= width
            assert box.y0 >= -1
            assert box.y1 <= height + 1
