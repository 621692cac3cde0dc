"""What a history says of itself: in every language, in text and in static HTML."""

from __future__ import annotations

import re

import pytest

import qerko_recon as qr
from qerko_recon.history.faces import comparison_lines
from qerko_recon.history.states import STATUSES, Why
from qerko_recon.history.telling import WORDS, news_sections, open_sections
from qerko_recon.wording import LANGUAGES

HOSTILE = "<script>alert(1)</script>"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_word_with_the_same_slots(language):
    def without_forms(keys):
        return {re.sub(r"\.(one|few|many|other)$", "", key) for key in keys}

    assert without_forms(WORDS.keys(language)) == without_forms(WORDS.keys("en"))
    for key in WORDS.keys("en") & WORDS.keys(language):
        assert WORDS.slots(key, language) == WORDS.slots(key, "en"), key
    for name in (*(f"why.{why}" for why in Why.__args__), *(f"status.{one}" for one in STATUSES)):
        assert WORDS.knows(name)


def eventful(history, days):
    """Two days, a changed export, a note and a sign-off; gives the last run."""
    late, wrong = days.paid("2", "50", 20, 22), days.paid("3", "30", 20)
    history.record(days.anchored(20, [late, wrong], [days.posted("3", "31", 20)]), by="Anna")
    (name,) = history.open_breaks().query("kind == 'amount_mismatch'")["break_id"]
    history.note(name, f"{HOSTILE} a beer twice", status="explained", by="Anna")
    history.record(days.anchored(21, [late], [days.posted("2", "50", 21)]), by="Anna")
    history.sign_off(None, "2026-11-21", by="Jana")
    return history.record(
        days.anchored(21, [late], [days.posted("2", "50", 21), days.posted("404", "7", 21)])
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_news_are_told_in_every_language(history, days, language):
    run = eventful(history, days)
    (_, first), *rest = news_sections(run, language)
    assert run.run_id in first[0]
    assert "Jana" in first[1]
    assert "day.csv" in first[2]
    assert "8" in first[-1]
    ((heading, carried),) = rest
    assert heading
    assert "a beer twice" in carried[0]
    assert "Anna" in carried[0]
    everything = "\n".join([*first, *carried])
    assert "?" not in everything
    assert "{" not in everything


def test_news_in_english(history, days):
    run = eventful(history, days)
    (_, first), (heading, carried) = news_sections(run)
    assert first[1] == (
        "21 Nov 2026 was signed off by Jana. This run is kept beside that, not in its place."
    )
    assert first[2].startswith("day.csv is not as run R-")
    assert first[2].endswith(": POS lines: 1 added; Breaks: 1 appeared.")
    assert first[3] == ("Open in all: 2 breaks, +CZK\xa08.00 (before this run: 1, +CZK\xa01.00).")
    assert heading == "Still open from before"
    (line,) = carried
    assert line == (
        "[low] Payment 3 (bill bill-3): apart from the tip, the POS booked CZK\xa01.00 more than "
        "the guest paid (settled by Qerko: CZK\xa030.00). (1 day old; explained by Anna: "
        f"{HOSTILE} a beer twice)"
    )


def test_the_end_of_a_break_is_told(history, days):
    first = history.record(days.anchored(20, [days.paid("2", "50", 20)]))
    ((_, lines),) = news_sections(first)
    assert lines[-1] == "Open in all: 1 break, −CZK\xa050.00."  # there was nothing before
    second = history.record(days.anchored(21, lines=[days.posted("2", "50", 21)]))
    _, (heading, closed) = news_sections(second)
    assert heading == "Closed by this run"
    (line,) = closed  # the line that settles it is not told again
    assert re.search(r"through Qerko.* Settled by break B-\w+, in run R-\w+\.$", line)
    third = history.record(days.anchored(22))
    ((_, lines),) = news_sections(third)
    assert lines[-1] == "Nothing is open."
    assert list(news_sections(history.run(1))) == []


def test_all_that_closed_is_told(history, days):
    history.record(days.anchored(20, [days.paid("2", "50", 20)]))
    run = history.record(
        days.anchored(20, [days.paid("2", "50", 20)], [days.posted("2", "50", 20)])
    )
    (_, first), _ = news_sections(run)
    assert first[-1] == "Nothing is open now (before this run: 1, −CZK\xa050.00)."


def test_payments_that_say_the_same_are_told(history, days):
    result = days.anchored(20)
    again = days.anchored(20)
    for one, name in ((result, "a" * 64), (again, "b" * 64)):
        source = next(s for s in one.summary.sources if s.kind == "payments")
        object.__setattr__(source, "sha256", name)
    history.record(result)
    run = history.record(again)
    ((_, first),) = news_sections(run)
    assert first[1].endswith(": what they say is the same.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_open_is_listed_by_venue(history, days, language):
    eventful(history, days)
    history.record(days.anchored(20, [days.paid("9", "5", 20, currency="EUR")], venue=None))
    sections = list(open_sections(history.open_breaks(), language))
    assert len(sections) == 2
    heads = [head for head, _ in sections]
    assert sum("Old Town" in head for head in heads) == 1
    for _, lines in sections:
        assert all(re.match(r"B-\w{12} \[", line) for line in lines)
    empty = history.open_breaks("Nowhere")
    ((head, lines),) = open_sections(empty, language)
    assert (head, len(lines)) == (None, 1)


def test_a_run_and_a_history_show_themselves(history, days):
    run = eventful(history, days)
    assert repr(run).startswith(f"Run 3, {run.run_id} of Old Town: 21 Nov 2026, recorded by ")
    assert "Settled CZK\xa060.00, posted CZK\xa067.00" in repr(run)
    again = history.record(history.show(3), name=HOSTILE)
    assert ", 2 times, last on 20" in repr(again)
    text = repr(history)
    assert "3 runs" in text
    assert "Old Town: 3 runs, 2 open breaks, +CZK\xa08.00" in text
    for shown in (run, again, history):
        page = shown._repr_html_()
        assert "<script" not in page
        assert "<table" in page
        assert "http" not in page


def test_a_run_over_several_days_names_both(history, days):
    both = days.run(
        [days.paid("1", "5", 20), days.paid("2", "5", 21)],
        [days.posted("1", "5", 20), days.posted("2", "5", 21)],
    )
    assert "20 Nov 2026 to 21 Nov 2026" in repr(history.record(both))


def test_a_comparison_shows_itself(history, days):
    eventful(history, days)
    found = history.compare(1, 3)
    text = repr(found)
    assert text == "\n".join(comparison_lines(found, 20))
    assert "variance +CZK\xa056.00" in text
    assert re.search(r"pos day\.csv: \w{12} → \w{12}", text)
    assert "lines: 3 added, 2 gone" in text
    assert "breaks: 1 appeared, 2 closed" in text
    page = found._repr_html_()
    assert page.count("<table") == 3
    assert "<script" not in page
    same = history.compare(2, 2)
    assert repr(same).endswith(": the same")
    assert "<table" not in same._repr_html_()


def test_settings_and_lost_files_are_shown(history, days):
    history.record(days.anchored(20, file="a.csv"))
    history.record(days.anchored(20, file="b.csv", tolerance="1"))
    text = repr(history.compare(1, 2))
    assert "setting tolerance: 0.00 → 1" in text
    assert re.search(r"pos a\.csv: \w{12} → not there", text)
    assert re.search(r"pos b\.csv: not there → \w{12}", text)


def test_long_comparisons_are_cut_and_counted(history, days):
    lines = [days.posted(str(n), "5", 20) for n in range(40)]
    payments = [days.paid(str(n), "5", 20) for n in range(40)]
    history.record(days.anchored(20))
    history.record(days.anchored(20, payments, lines))
    found = history.compare(1, 2)
    assert repr(found).count("added: ") == 40
    assert len(list(comparison_lines(found))) > 80
    assert "and 20 more" in found._repr_html_()


def test_what_changed_since_a_sign_off_shows_itself(history, days):
    eventful(history, days)
    since = history.since_sign_off(None, "2026-11-21")
    assert repr(since).startswith("2026-11-21 was signed off by Jana on ")
    assert "since then" in repr(since)
    assert "<br>" in since._repr_html_()


def test_it_is_there_for_everybody(tmp_path, days):
    with qr.History(tmp_path / "h.db") as history:
        history.record(days.anchored(20))
        assert history.balance()["open"].sum() == 0
    assert qr.Ruling("exclude_tender", tender_ids=["x"]).tender_ids == ("x",)
    assert issubclass(qr.HistoryError, qr.QerkoReconError)
