"""The drawn bridge: bars as long as their amounts, numbers that people can read."""

from __future__ import annotations

import dataclasses
import itertools
import re
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qerko_recon.recon.bridge import KINDS
from qerko_recon.report.page.drawing import bridge_svg, ticks
from qerko_recon.report.walk import Step, axis_limits
from qerko_recon.wording import LANGUAGES

AMOUNTS = st.integers(-(10**9), 10**9).map(lambda units: Decimal(units).scaleb(-2))


def walk(start, *moves):
    running, steps = Decimal(start), [Step("settled", Decimal(start), Decimal(start), 0)]
    for move in moves:
        running += move
        steps.append(Step("timing", Decimal(move), running, 1))
    return [*steps, Step("posted", running, running, 0)]


def drawn(steps, currency="CZK", language="en"):
    return ET.fromstring(str(bridge_svg(steps, currency, language)))


def bars(root):
    return [
        {name: float(one.get(name)) for name in ("x", "width")} | {"shade": one.get("class")}
        for one in root.iter("rect")
    ]


@given(AMOUNTS, st.lists(AMOUNTS, max_size=5))
def test_bars_hang_between_running_totals(start, moves):
    steps = walk(start, *moves)
    low, high = axis_limits(steps)
    scale = (760 - 196) / float(high - low)
    for step, bar in zip(steps, bars(drawn(steps)), strict=True):
        begin = min(max(step.start, low), high)
        left = 196 + float(min(begin, step.running) - low) * scale
        assert bar["x"] == pytest.approx(left, abs=0.06)
        assert bar["width"] == pytest.approx(
            max(abs(float(step.running - begin)) * scale, 1.5), abs=0.06
        )
        assert bar["x"] >= 196 - 0.06
        assert bar["x"] + bar["width"] <= 760 + 1.6


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_name_has_room(language):
    for kind in KINDS:
        steps = walk(100, Decimal(1))
        steps[1] = dataclasses.replace(steps[1], name=kind)
        root = drawn(steps, language=language)
        names = [one for one in root.iter("text") if one.get("class") == "name"]
        for one in names:
            assert 6.6 * len(one.text) <= float(one.get("x")) < bars(root)[0]["x"]


def test_a_name_of_any_length_leaves_room_for_bars():
    steps = [
        Step("settled", Decimal(1), Decimal(1), 0),
        Step("k" * 200, Decimal(1), Decimal(2), 1),
    ]
    assert bars(drawn(steps))[0]["x"] == 320


def test_shades_say_over_and_short():
    shades = [bar["shade"] for bar in bars(drawn(walk(100, Decimal(5), Decimal(-7), Decimal(0))))]
    assert shades == ["total", "over", "short", "total", "total"]


def test_a_cut_axis_is_marked_and_said():
    root = drawn(walk(245_000, Decimal(-300)))
    assert [one.get("class") for one in root.iter("line")].count("cut") == 4
    assert any("the axis is cut" in (one.text or "") for one in root.iter("text"))
    below = drawn(walk(-245_000, Decimal(300)), language="cs")
    assert any("osa je zkrácená" in (one.text or "") for one in below.iter("text"))
    assert "cut" not in [one.get("class") for one in drawn(walk(10, Decimal(10))).iter("line")]


def test_kinds_lead_to_their_breaks_and_totals_nowhere():
    root = drawn(walk(10, Decimal(5), Decimal(-2)))
    assert [one.get("href") for one in root.iter("a")] == ["#kind-timing"] * 2
    assert root.get("aria-label").startswith("The POS is")


def test_a_kind_or_currency_from_outside_stays_text():
    steps = [Step('"><script>', Decimal(1), Decimal(1), 1)]
    text = str(bridge_svg([*walk(0)[:1], *steps, *walk(1)[1:]], "<&>", "en"))
    assert "<script" not in text
    ET.fromstring(text)


@given(AMOUNTS, st.integers(1, 10**9).map(lambda units: Decimal(units).scaleb(-3)))
def test_ticks_are_few_even_and_within(low, spread):
    found = ticks(low, low + spread)
    assert len(found) <= 6
    assert all(low <= one < low + spread for one in found)
    gaps = {two - one for one, two in itertools.pairwise(found)}
    assert len(gaps) <= 1
    assert all(re.fullmatch(r"-?\d+(\.\d+)?", f"{one:f}") for one in found)
