"""The terminal shows all of it, at any width, with no colour needed."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from qerko_recon.report import print_report


def shown(result, language="en", width=80, **more):
    out = io.StringIO()
    print_report(result, Console(file=out, width=width, **more), language)
    return out.getvalue()


def words(text):
    return " ".join(text.replace("\xa0", " ").split())


@pytest.mark.parametrize("language", ["en", "cs", "de", "sk"])
def test_every_break_is_there_with_its_action(faulty, language):
    from qerko_recon.recon.sentences import action
    from qerko_recon.report.rows import break_rows

    text = words(shown(faulty, language))
    rows = break_rows(faulty, language)
    assert len(rows) == len(faulty.breaks) > 8
    for row in rows:
        assert words(row["sentence"]) in text
        assert words(action(row, language)) in text


def test_lines_keep_to_the_width_and_end_without_blanks(faulty):
    for width in (60, 80, 120):
        for line in shown(faulty, width=width).splitlines():
            assert len(line) <= width
            assert line == line.rstrip()


def test_amounts_are_not_torn_from_their_currency(faulty):
    assert not [line for line in shown(faulty).splitlines() if line.endswith("CZK")]


def test_severity_is_said_in_words(faulty):
    text = shown(faulty)
    assert "[high] " in text
    assert "\x1b[" not in text
    assert "\x1b[1;31m[high]" in shown(faulty, force_terminal=True, color_system="standard")


def test_most_money_at_risk_comes_first(faulty):
    text = shown(faulty)
    places = [text.index(f"\n{name}: ") for name in ("Twice in the POS", "State differs")]
    assert places == sorted(places)
    assert text.index("\nRounding: ") > max(places)


def test_problems_and_notes_say_where(faulty):
    text = words(shown(faulty))
    assert "• export.csv, row 11, column Částka, value “=1+1�”: not an amount" in text


def test_nothing_prints_the_verdict_alone(nothing, clean):
    assert shown(nothing) == "Nothing to reconcile: there are no payments and no POS lines.\n"
    assert "Control totals" in shown(clean)
