"""A session log on the page, without a kernel: real logs, zoomed, filtered, stepped through."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

import qerko_recon as qr
from qerko_recon.widgets.log import LogPanel
from qerko_recon.widgets.log.saying import parse_time

INCIDENT = Path("data_samples/sessions/incident.jsonl")
EVENING = Path("data_samples/bad_evening/session.jsonl")


@pytest.fixture
def panel():
    made = LogPanel(INCIDENT)
    assert made.wait(30)
    yield made
    made.close()


def test_a_log_is_opened_and_summed_up(panel):
    assert "27 calls" in panel.summary.value
    assert "3 gaps" in panel.summary.value
    assert panel.calls.count == 27
    assert "data:image/png" in panel.timeline.value
    assert panel.since.value == "2026-11-20 18:00:00"
    assert panel.method.value == ""
    assert panel.status.tone == "good"


def test_filters_leave_what_is_wanted_and_count_it(panel):
    panel.method.value = "paymentClosed"
    wanted = int((panel.view.log.calls["method"] == "paymentClosed").sum())
    assert panel.calls.count == wanted
    assert f"{wanted} of 27 calls" in panel.counted.value
    panel.method.value = ""
    panel.only_problems.value = True
    assert panel.calls.count == int(panel.view.problems.sum()) == 3
    panel.only_problems.value = False
    panel.payment.value = "4021"
    assert {row[2] for row in panel.calls.rows} == {"4021"}
    panel.payment.value = ""
    panel.text.value = "out of paper"
    assert panel.wait(30)
    assert panel.calls.count == 1
    panel.text.value = ""
    assert panel.wait(30)
    assert panel.calls.count == 27


def test_one_steps_from_problem_to_problem_with_request_and_answer(panel):
    seen = []
    for _ in range(3):
        panel.next_problem.click()
        assert panel.wait(30)
        seen.append(panel.calls.selected)
        assert "Qerko asked" in panel.exchange.value
    assert seen == [
        key for key, bad in zip(panel.view.keys, panel.view.problems, strict=True) if bad
    ]
    panel.next_problem.click()
    assert "none further on" in panel.status.text
    panel.previous.click()
    assert panel.calls.selected == str(int(seen[-1]) - 1)
    panel.next.click()
    assert panel.calls.selected == seen[-1]


def test_a_stretch_is_zoomed_into_by_buttons_fields_and_gaps(panel):
    panel.zoom_in.click()
    assert panel.wait(30)
    since, until = panel.look.since, panel.look.until
    first, last = panel.view.span
    assert (until - since) * 2 == last - first
    panel.earlier.click()
    assert panel.look.since < since
    panel.zoom_out.click()
    panel.zoom_out.click()
    panel.whole.click()
    assert (panel.look.since, panel.look.until) == (None, None)
    panel.since.value = "2026-11-20 18:17"
    panel.until.value = "2026-11-20 18:20"
    assert panel.look.since == datetime(2026, 11, 20, 17, 17, tzinfo=UTC)
    received = panel.view.log.calls["received_at"]
    wanted = ((received >= panel.look.since) & (received < panel.look.until)).sum()
    assert panel.calls.count == wanted > 0
    panel.since.value = "soon"
    assert "is no time" in panel.status.text
    panel.since.value = "2026-11-20 19:00"
    assert "before the beginning" in panel.status.text
    panel.gaps.step(1)
    assert panel.wait(30)
    gap = panel.view.gaps.iloc[0]
    assert panel.look.since < gap["began_at"] < panel.look.until


def test_it_is_asked_again_and_differences_are_marked(panel):
    panel.method.value = "paymentProcessed"
    panel.ask_again.click()
    assert panel.wait(30)
    assert "answered as recorded" in panel.replay_said.value
    assert {row[3] for row in panel.replayed.rows} <= {"same", "otherwise", "no answer recorded"}
    assert any("receiptDeliveryType" in row[4] for row in panel.replayed.rows)


def test_a_handler_of_one_s_own_is_asked(tmp_path):
    made = LogPanel(EVENING, handler=qr.RefusingHandler())
    assert made.wait(30)
    made.ask_again.click()
    assert made.wait(30)
    assert made.replayed.count > 0
    made.close()


def test_the_exchanges_shown_are_taken_along(panel):
    panel.payment.value = "4014"
    panel.har.press()
    panel.har.wait(30)
    assert panel.har.made.name == "session.har"
    entries = json.loads(panel.har.made.content)["log"]["entries"]
    assert entries
    assert b"4014" in panel.har.made.content


def test_what_guests_wrote_is_text(tmp_path):
    log = tmp_path / "odd.jsonl"
    content = INCIDENT.read_text(encoding="utf-8")
    log.write_text(content.replace("Svíčková", "<img src=x onerror=alert(1)>"), encoding="utf-8")
    made = LogPanel(log)
    assert made.wait(30)
    for key in made.view.keys:
        assert made.calls.turn_to(key)
        assert made.wait(30)
        assert "<img src=x" not in made.exchange.value
    made.close()


def test_a_log_that_is_not_there_is_said(panel):
    panel.path.value = "no/such.jsonl"
    panel.load.click()
    assert panel.wait(30)
    assert panel.status.tone == "error"
    assert "such.jsonl" in panel.status.text
    panel.path.value = ""
    panel.load.click()
    assert "path" in panel.status.text
    empty = LogPanel()
    assert empty.view is None
    empty.zoom_in.click()
    empty.next.click()
    empty.ask_again.click()
    assert empty.status.tone == "plain"
    empty.close()


def test_another_log_begins_anew(panel):
    panel.method.value = "getBill"
    panel.path.value = str(EVENING)
    panel.load.click()
    assert panel.wait(60)
    assert panel.method.value == ""
    assert panel.calls.count == len(panel.view) > 27


@pytest.mark.parametrize("language", ["cs", "sk", "de"])
def test_it_speaks(language):
    made = LogPanel(INCIDENT, language=language)
    assert made.wait(30)
    made.next_problem.click()
    assert made.wait(30)
    assert "Qerko asked" not in made.exchange.value
    made.close()


@pytest.mark.parametrize("text", ["2026-11-20", "2026-11-20 18:03", " 2026-11-20 18:03:07 "])
def test_times_are_read_as_written(text):
    assert parse_time(text, "UTC").date().isoformat() == "2026-11-20"
    assert parse_time("tomorrow", "UTC") is None
