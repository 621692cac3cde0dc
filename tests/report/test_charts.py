"""The numbers on the artists are the numbers of the bridge."""

from __future__ import annotations

import io
import threading
from decimal import Decimal

import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from qerko_recon.errors import ReconciliationError
from qerko_recon.report import bridge_chart
from qerko_recon.report.charts import OVER, SHORT
from qerko_recon.report.walk import Step, axis_limits


@pytest.fixture(scope="module")
def day(made):
    """10 000 settled; 245 short, 60 over: steps that are small beside the totals."""
    return made(
        [made.paid("1", "9755"), made.paid("2", "245")],
        [made.posted("1", "9755"), made.posted("404", "60")],
    )


def bars(ax):
    return {
        label.get_text(): bar for label, bar in zip(ax.get_yticklabels(), ax.patches, strict=True)
    }


def test_bars_walk_from_settled_to_posted(day):
    (ax,) = bridge_chart(day.bridge).axes
    found = bars(ax)
    assert list(found) == ["Settled", "missing in the POS", "missing in Qerko", "Posted"]
    ends = {name: (bar.get_x(), bar.get_x() + bar.get_width()) for name, bar in found.items()}
    assert ends["Settled"][1] == 10000
    assert ends["missing in the POS"] == (10000, 9755)
    assert ends["missing in Qerko"] == (9755, 9815)
    assert ends["Posted"][1] == 9815
    colours = [to_hex(bar.get_facecolor()).upper() for bar in found.values()]
    assert colours[1:3] == [SHORT, OVER]
    assert len(set(colours)) == 3


def test_amounts_are_labelled_with_sign_and_count(day):
    (ax,) = bridge_chart(day.bridge, language="cs").axes
    texts = [text.get_text() for text in ax.texts]
    assert texts == [
        "10\xa0000,00\xa0Kč",
        "−245,00\xa0Kč · 1×",
        "+60,00\xa0Kč · 1×",
        "9\xa0815,00\xa0Kč",
    ]


def test_the_title_is_the_finding_and_the_axis_names_its_unit_and_its_cut(day):
    (ax,) = bridge_chart(day.bridge).axes
    title = ax.get_title(loc="left").replace("\n", " ")
    assert title == (
        "The POS is CZK\xa0185.00 short; the largest step down: missing in the POS "
        "(−CZK\xa0245.00)"
    )
    start = ax.get_xlim()[0]
    assert 9000 < start < 9755
    label = ax.get_xlabel()
    assert label.startswith("Total with tip, CZK\n(the axis is cut: it begins at CZK")
    assert f"{start:,.2f}" in label
    assert len([line for line in ax.lines if line.get_gid() == "cut"]) == 4  # two strokes a total


def test_an_axis_that_need_not_be_cut_begins_at_zero(made):
    result = made([made.paid("1", "100"), made.paid("2", "100")], [made.posted("1", "100")])
    (ax,) = bridge_chart(result.bridge).axes
    assert ax.get_xlim()[0] == 0
    assert "cut" not in ax.get_xlabel()
    assert not [line for line in ax.lines if line.get_gid() == "cut"]


def test_several_currencies_get_a_panel_each(faulty):
    figure = bridge_chart(faulty.bridge)
    assert [ax.get_xlabel().partition("\n")[0][-3:] for ax in figure.axes] == ["CZK", "EUR"]
    one = bridge_chart(faulty.bridge, currency="EUR")
    assert len(one.axes) == 1
    assert one.axes[0].get_title(loc="left") == "Qerko and the POS agree on €60.00"


def test_given_axes_are_drawn_into(faulty):
    figure = Figure()
    ax = figure.subplots()
    assert bridge_chart(faulty.bridge, currency="CZK", ax=ax) is figure
    assert ax.patches
    with pytest.raises(ReconciliationError, match="name one of CZK, EUR"):
        bridge_chart(faulty.bridge, ax=ax)
    ax.remove()
    with pytest.raises(ReconciliationError, match="belong to no figure"):
        bridge_chart(faulty.bridge, currency="CZK", ax=ax)
    with pytest.raises(ReconciliationError, match="the result has no USD; it has CZK, EUR"):
        bridge_chart(faulty.bridge, currency="USD")


def test_what_cancels_out_and_what_moves_nothing_is_said(made):
    cancelling = made(
        [made.paid("1", "10"), made.paid("2", "20")],
        [made.posted("1", "15"), made.posted("404", "15")],
    )
    title = bridge_chart(cancelling.bridge).axes[0].get_title(loc="left")
    assert "agrees with Qerko in total (CZK\xa030.00)" in title.replace("\n", " ")
    moved = made([made.paid("1", "120", "20")], [made.posted("1", "120", "0")])
    title = bridge_chart(moved.bridge).axes[0].get_title(loc="left")
    assert "1 break that move no money" in title.replace("\n", " ")


def test_nothing_is_drawn_of_nothing(nothing):
    (ax,) = bridge_chart(nothing.bridge).axes
    assert ax.get_title(loc="left") == "Nothing to reconcile"


@pytest.mark.parametrize("language", ["en", "cs", "de", "sk"])
def test_no_text_leaves_the_figure(faulty, language):
    figure = bridge_chart(faulty.bridge, language=language)
    figure.savefig(io.BytesIO(), format="png")
    width, height = figure.canvas.get_width_height()
    for ax in figure.axes:
        for text in [*ax.texts, ax.title, ax.xaxis.label, *ax.get_yticklabels()]:
            box = text.get_window_extent()
            assert box.x0 >= 0
            assert box.x1 <= width
            assert box.y0 >= 0
            assert box.y1 <= height


def test_it_draws_in_any_thread_and_the_same_each_time(day):
    images = []

    def draw():
        image = io.BytesIO()
        bridge_chart(day.bridge).savefig(image, format="png", metadata={"Software": None})
        images.append(image.getvalue())

    threads = [threading.Thread(target=draw) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(images) == 3
    assert len(set(images)) == 1


def walk(settled, *moves):
    steps, running = [Step("settled", Decimal(settled), Decimal(settled), 0)], Decimal(settled)
    for move in moves:
        running += Decimal(move)
        steps.append(Step("timing", Decimal(move), running, 1))
    return [*steps, Step("posted", running, running, 0)]


@pytest.mark.parametrize(
    "steps",
    [
        walk(10_000, -1),
        walk(10_000),
        walk(0),
        walk(0, 91),
        walk(-500, 3),
        walk(-500, 600),
        walk(5, -10, 100),
        walk("0.000001", "0.000001"),
        walk(Decimal(10) ** 11, "-0.01"),
    ],
)
def test_the_axis_holds_every_step_and_never_crosses_zero_when_cut(steps):
    low, high = axis_limits(steps)
    assert low < high
    for step in steps:
        assert low <= step.running <= high
        if not step.is_total:
            assert low <= step.start <= high
    if low > 0 or high < 0:
        assert min(abs(step.running) for step in steps) > 0
