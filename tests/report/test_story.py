"""The whole story of one payment or bill, as a frame, a text and a page."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal

import pandas as pd
import pytest

import qerko_recon as qr
from qerko_recon.errors import ConfigError, QerkoReconError
from qerko_recon.schema import STORY
from qerko_recon.wording import LANGUAGES

FOLDER = "data_samples/bad_evening"


def read(log=None):
    return qr.reconcile(
        qr.Payments.read(f"{FOLDER}/payments.jsonl"),
        qr.read_pos(f"{FOLDER}/export.csv"),
        log=log,
    )


@pytest.fixture(scope="module")
def result():
    return read(f"{FOLDER}/session.jsonl")


def test_a_story_goes_in_order_of_time_and_ends_with_what_is_concluded(result):
    frame = result.explain("4028").frame
    assert list(frame.columns) == STORY.names
    times = frame["at"].dropna()
    assert times.is_monotonic_increasing
    assert list(frame["source"].tail(3)) == ["break"] * 3
    assert list(frame["what"].tail(3)) == ["wrong", "why", "do"]
    said = [f"{row.source} {row.what} {row.evidence}" for row in frame.itertuples()]
    log = qr.SessionLog(f"{FOLDER}/session.jsonl").where(payment_id="4028").frame
    [failed] = log[log["kind"] == "error"]["seq"]
    assert f"pos failed session.jsonl, record {failed}" in said
    assert "export line export.csv, row 3" in said
    assert "qerko fetched GET payment 4028" in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_event_of_the_evening_is_said_in_every_language(result, language):
    for payment_id in sorted(set(result.breaks["payment_id"].dropna())):
        story = result.explain(payment_id, language)
        for text in [*story.frame["detail"], story.title]:
            assert text
            assert not re.search(r"[{}\[\]|]|\bNone\b|<NA>|  |\?", text), text
        assert "SIMULATED" not in story.title


def test_a_break_a_payment_and_a_bill_may_be_named(result):
    row = result.breaks[result.breaks["payment_id"] == "4014"].iloc[0]
    by_break = result.explain(row["break_id"])
    assert by_break.title == "Payment 4014 (bill 1002)"
    assert str(by_break) == str(result.explain("4014")) == str(result.explain(" 4014 "))
    bill = result.explain("1002")
    assert bill.title == "Payment 4014 (bill 1002)"
    assert "BILL_LOCKED" in str(bill)


def test_a_payment_with_no_break_says_so(result):
    story = result.explain("4007")
    assert "No break: Qerko and the POS agree." in str(story)
    assert "by payment ID" in str(story)


def test_what_is_not_known_is_refused_with_what_is_alike(result):
    with pytest.raises(qr.ReconciliationError, match=r"'402'.*alike: .*4021"):
        result.explain("402")
    with pytest.raises(qr.ReconciliationError) as refused:
        result.explain("nothing like it")
    assert "alike" not in str(refused.value)
    with pytest.raises(ConfigError, match="language"):
        result.explain("4021", "fr")


def test_without_a_log_the_story_says_what_is_missing():
    story = read().explain("4021")
    assert "No session log was given" in str(story)
    assert "No session log was given" in story._repr_html_()
    assert set(story.frame["source"]) == {"qerko", "export", "break"}


def test_a_log_that_says_nothing_of_it_is_said_to(result):
    other = replace(result, log=qr.SessionLog("data_samples/sessions/quiet_evening.jsonl"))
    assert "The session log says nothing of this." in str(other.explain("4063"))


def test_a_payment_that_the_log_alone_names(result):
    kept = result.payments[result.payments["payment_id"] != "4007"]
    lines = result.tenders[result.tenders["payment_id"] != "4007"]
    story = qr.reconcile(kept, lines, log=result.log).explain("4007")
    assert "paymentClosed (PAID)" in str(story)
    assert "has no line of it" in str(story)


def test_a_bill_of_several_payments_names_each(result):
    payments = pd.DataFrame(
        {
            "payment_id": ["a", "b"],
            "bill_id": ["7", "7"],
            "state": ["PAID", "PAID"],
            "currency": ["CZK", "CZK"],
            "parts_total": [Decimal(10), Decimal(20)],
            "tip_gross": [Decimal(0), Decimal(2)],
            "tip_net": [Decimal(0), None],
        }
    )
    lines = pd.DataFrame({"bill_id": ["7"], "amount": [None], "tender_id": ["T1"]})
    found = qr.reconcile(payments, lines)
    story = found.explain("7")
    assert story.title == "Payment a, b (bill 7)"
    assert "a: answers when asked: PAID, CZK 10.00" in str(story).replace("\xa0", " ")
    assert "no amount that can be read" in str(story)
    [unreadable] = found.breaks[found.breaks["kind"] == "unreadable"]["break_id"]
    assert "T1" in str(found.explain(unreadable))


def test_a_bill_with_lines_alone():
    lines = pd.DataFrame({"bill_id": ["9", "8"], "amount": [Decimal(5), Decimal(6)]})
    empty = pd.DataFrame(columns=["payment_id", "state", "currency", "parts_total"])
    found = qr.reconcile(empty, lines)
    story = found.explain("9")
    assert story.title == "Bill 9"
    [row] = story.story.breaks
    by_break = found.explain(row["break_id"])
    assert by_break.title == "Bill 9"
    assert list(by_break.frame["detail"]) == list(story.frame["detail"])
    assert len(by_break.story.breaks) == 1


def test_a_page_escapes_what_guests_and_tills_wrote(tmp_path):
    payments = pd.DataFrame(
        {
            "payment_id": ["<script>x</script>"],
            "bill_id": ['"&<b>'],
            "state": ["<i>PAID"],
            "currency": ["CZK"],
            "parts_total": ["5"],
        }
    )
    lines = pd.DataFrame({"payment_id": ["<script>x</script>"], "amount": ["5"]})
    story = qr.reconcile(payments, lines).explain("<script>x</script>")
    story.to_html(tmp_path / "story.html")
    page = (tmp_path / "story.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<b>" not in page
    assert "http" not in page
    assert story._repr_html_() in page
    with pytest.raises(QerkoReconError):
        story.to_html(tmp_path / "no" / "story.html")


def test_a_story_shows_itself(result):
    story = result.explain("4035")
    assert repr(story) == f"PaymentStory({story.title}, {len(story.story.events)} events)"
    assert story._repr_html_().count("<tr>") > 10


def test_many_names_are_compared_with_those_that_begin_or_end_alike():
    numbers = [str(10_000_000 + number) for number in range(3000)]
    payments = pd.DataFrame(
        {"payment_id": numbers, "state": "PAID", "currency": "CZK", "parts_total": "5"}
    )
    result = qr.reconcile(payments, pd.DataFrame({"payment_id": numbers, "amount": "5"}))
    with pytest.raises(qr.ReconciliationError, match="alike: 10002999"):
        result.explain("1O002999")


def test_who_has_no_log_does_not_wait_for_what_reads_one():
    code = (
        "import json, sys, pandas as pd, qerko_recon as qr\n"
        "payments = pd.DataFrame({'payment_id': ['1'], 'state': ['PAID'], 'currency': ['CZK'],"
        " 'parts_total': ['5']})\n"
        "result = qr.reconcile(payments, pd.DataFrame({'payment_id': ['1'], 'amount': ['4']}))\n"
        "str(result.explain('1'))\n"
        "print(json.dumps([one for one in sys.modules if one.startswith('qerko_recon.session')]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
