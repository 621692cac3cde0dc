"""Cancel and capture from the command line: nobody's money moves by mistake, or twice."""

from __future__ import annotations

import json
import sys

import pytest
from spec_server import Fault

from qerko_recon.actions import AuditTrail

RECEIPT = {"receiptDeliveryType": "EMAIL", "items": [{"name": "Item", "price": "156"}]}
SURE = ["--yes", "--reason", "paid twice", "--trail", "trail.jsonl"]


@pytest.fixture
def qerko(server, run, monkeypatch, tmp_path):
    monkeypatch.setenv("QERKO_API_KEY", server.api_key)
    monkeypatch.setenv("QERKO_POS_ID", server.pos_id)
    monkeypatch.setenv("QERKO_BASE_URL", server.base_url)
    (tmp_path / "receipt.json").write_text(json.dumps(RECEIPT))
    server.hold("1", "2")
    return server


@pytest.fixture
def answering(monkeypatch):
    """Sit at the terminal and type."""

    asked = []

    def answering(*lines):
        typed = iter(lines)

        def answer(question):
            asked.append(question.replace("\xa0", " "))
            return next(typed)

        class Terminal:
            def isatty(self):
                return True

            def readline(self, *_):
                return next(typed) + "\n"

        monkeypatch.setattr(sys, "stdin", Terminal())
        monkeypatch.setattr("click.termui.visible_prompt_func", answer)
        return asked

    return answering


def test_a_payment_is_cancelled_once_and_it_is_said_what_changed(run, qerko):
    code, out, err = run("cancel", "1", *SURE)
    assert code == 0
    assert "1: PAID, CZK 156.00, bill 1; window unknown" in err.replace("\xa0", " ")
    assert "1: done, PAID → CANCELLED" in out
    assert len(qerko.requests("DELETE")) == 1
    code, out, err = run("cancel", "1", *SURE)
    assert code == 1
    assert "the payment is cancelled already" in err
    assert "nothing to cancel" in err
    assert len(qerko.requests("DELETE")) == 1
    assert AuditTrail("trail.jsonl").frame["state"].tolist() == ["confirmed", "done"]


def test_several_have_one_total_and_an_outcome_each(run, qerko, answering):
    qerko.fail("DELETE", Fault(status=410), payment_id="2")
    answering("y", "the till was down")
    code, out, err = run("cancel", "1", "2", "none", "--trail", "trail.jsonl")
    assert code == 1
    assert "knows no payment none" in err
    assert "1: done" in out
    assert "2: refused" in out
    assert "no longer be cancelled" in out
    assert AuditTrail("trail.jsonl").actions["reason"].unique().tolist() == ["the till was down"]


@pytest.mark.parametrize("typed", ["n", ""])
def test_no_is_the_answer_unless_one_says_yes(run, qerko, answering, typed):
    answering(typed)
    code, _, err = run("cancel", "1", "--reason", "x", "--trail", "trail.jsonl")
    assert code == 1
    assert "Nothing was sent" in err
    assert qerko.requests("DELETE") == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cancel", "1", "--reason", "x"], "nobody is there to confirm"),
        (["cancel", "1", "--yes"], "--reason TEXT is needed"),
        (["cancel", "1", "--yes", "--reason", " "], "--reason TEXT is needed"),
        (["capture", "1", "--receipt", "receipt.json", "--reason", "x"], "nobody is there"),
        (["cancel"], "Missing argument"),
    ],
)
def test_without_a_person_it_takes_yes_and_a_reason(run, qerko, arguments, words):
    code, _, err = run(*arguments)
    assert code == 2
    assert words in err
    assert qerko.requests() == []


def test_a_dry_run_asks_nothing_and_sends_nothing(run, qerko):
    code, out, _ = run("cancel", "1", "--dry-run", "--reason", "to see", "--trail", "trail.jsonl")
    assert code == 0
    assert "dry run" in out
    assert qerko.requests("DELETE") == []


def test_an_unknown_outcome_is_not_sent_again_unless_one_decides(run, qerko):
    qerko.fail("DELETE", Fault("reset"))
    code, out, _ = run("cancel", "1", *SURE)
    assert code == 3
    assert "outcome unknown" in out
    code, out, _ = run("cancel", "1", *SURE)
    assert code == 3
    assert "nothing was sent now" in out
    assert len(qerko.requests("DELETE")) == 1
    code, out, _ = run("cancel", "1", *SURE, "--again")
    assert code == 0
    assert len(qerko.requests("DELETE")) == 2


def test_a_payment_is_captured_with_its_receipt(run, qerko):
    code, out, _ = run("capture", "1", "--receipt", "receipt.json", *SURE, "--json")
    assert code == 0
    [said] = json.loads(out)
    assert (said["state"], said["status"], said["kind"]) == ("done", 200, "capture")
    assert (said["settled_before"], said["currency"]) == ("156", "CZK")
    assert qerko.receipts["1"] == RECEIPT


def test_one_is_asked_what_is_captured(run, qerko, answering, tmp_path):
    (tmp_path / "receipt.json").write_text(json.dumps(RECEIPT | {"finalPrice": "120"}))
    asked = answering("y")
    code, _, err = run(
        "capture", "1", "--receipt", "receipt.json", "--reason", "x", "--trail", "trail.jsonl"
    )
    assert code == 0
    assert "Capture CZK 120.00 of payment 1?" in err.replace("\xa0", " ") + "".join(asked)


@pytest.mark.parametrize(
    ("receipt", "code", "words"),
    [
        (json.dumps(RECEIPT | {"finalPrice": "157"}), 1, "above what was paid"),
        (json.dumps({"items": []}), 1, "the receipt has no items"),
        ('{"items": 5}', 2, "receipt.json: it is not a receipt"),
        ("soup", 2, "receipt.json: it is not a receipt"),
        (None, 2, "receipt.json cannot be read"),
    ],
)
def test_a_receipt_that_will_not_do(run, qerko, tmp_path, receipt, code, words):
    file = tmp_path / "receipt.json"
    file.unlink() if receipt is None else file.write_text(receipt)
    ended, _, err = run("capture", "1", "--receipt", "receipt.json", *SURE)
    assert ended == code
    assert words in err
    assert qerko.requests("POST") == []


def test_a_key_that_is_not_accepted(run, qerko):
    qerko.api_key = "another"
    code, _, err = run("cancel", "1", *SURE)
    assert code == 3
    assert "does not accept the API key" in err


def test_what_was_done_is_said_whatever_comes_next(run, qerko, tmp_path):
    """The second one cannot be recorded, so it is not sent; the first has had its effect."""
    begin = qerko.begin

    def block(seen):
        begin(seen)
        if seen.method == "DELETE":
            (tmp_path / "trail.jsonl").unlink()
            (tmp_path / "trail.jsonl").mkdir()

    qerko.begin = block
    with pytest.warns(UserWarning, match="could not be recorded"):
        code, out, err = run("cancel", "1", "2", *SURE)
    assert code == 2
    assert "1: done, PAID → CANCELLED" in out
    assert "audit trail" in err
    assert len(qerko.requests("DELETE")) == 1


def test_the_trail_is_where_the_environment_says(run, qerko, monkeypatch, tmp_path):
    monkeypatch.setenv("QERKO_AUDIT_TRAIL", str(tmp_path / "sub" / "trail.jsonl"))
    assert run("cancel", "1", "--yes", "--reason", "x")[0] == 0
    assert len(AuditTrail().frame) == 2
    assert qerko.api_key not in (tmp_path / "sub" / "trail.jsonl").read_text()
