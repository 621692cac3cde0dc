"""Causes and stories from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qerko_recon.session_samples.bad_evening import write_bad_evening
from qerko_recon.session_samples.stage import Stage

FOLDER = Path("data_samples/bad_evening").absolute()
LOG = FOLDER / "session.jsonl"
INPUT = ("--payments", FOLDER / "payments.jsonl", "--pos", FOLDER / "export.csv")


def test_reconcile_with_a_log_says_why(run):
    code, out, _ = run("reconcile", *INPUT, "--log", LOG)
    assert code == 1
    text = " ".join(out.split())
    assert "the bill is open on another till" in text
    assert "somebody else held the restaurant's one connection" in text
    code, out, _ = run("reconcile", *INPUT, "--log", LOG, "--json")
    breaks = {one["payment_id"]: one for one in json.loads(out)["breaks"]}
    assert breaks["4014"]["cause_kind"] == "closed_error"
    assert all(isinstance(one, int) for one in breaks["4014"]["log_records"])


def test_without_a_log_nothing_is_said_of_causes(run):
    _, out, _ = run("reconcile", *INPUT)
    assert "closing message" not in out


def test_explain_tells_a_story(run, tmp_path):
    code, out, err = run("explain", "4021", *INPUT, "--log", LOG, "--html", "story.html")
    assert code == 0
    assert "Payment 4021" in out
    assert "Why: Qerko's closing message" in out
    assert "Written: story.html" in err
    assert "<table" in (tmp_path / "story.html").read_text(encoding="utf-8")


def test_a_story_fits_the_terminal_and_names_its_places_as_asked(run, monkeypatch):
    for columns, widest in (("80", 80), ("200", 100)):
        monkeypatch.setenv("COLUMNS", columns)
        _, out, _ = run("explain", "4021", *INPUT, "--log", LOG, "--language", "cs")
        lines = out.splitlines()
        assert widest - 10 < max(map(len, lines)) <= widest
        assert "[session.jsonl, záznamy 52 až 67]" in " ".join(out.split())


def test_explain_takes_a_break_and_speaks_as_asked(run):
    _, out, _ = run("reconcile", *INPUT, "--json")
    break_id = json.loads(out)["breaks"][0]["break_id"]
    code, out, _ = run("explain", break_id, *INPUT, "--language", "cs", "--json")
    assert code == 0
    told = json.loads(out)
    assert told["title"].startswith("Platba ")
    assert [one["what"] for one in told["events"]][-1] == "do"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("explain", "402", *INPUT), "alike: "),
        (("explain", "4021", *INPUT, "--log", "nowhere"), "there is no session log nowhere"),
        (("explain", "4021", *INPUT[:2]), "no POS export"),
        (("reconcile", *INPUT, "--log", FOLDER / "export.csv"), "is no session log"),
    ],
)
def test_what_cannot_be_done_is_said(run, arguments, said):
    code, _, err = run(*arguments)
    assert code == 2
    assert said in err


def test_close_fetches_what_the_logs_name_and_says_why(run, tmp_path, monkeypatch):
    """The accountant's command: the payments that the POS lost are known from the log alone."""
    monkeypatch.setenv("QERKO_LOCKS", str(tmp_path / "locks"))
    sessions = tmp_path / "sessions"
    sessions.mkdir()
    with Stage(sessions / "evening.jsonl") as stage:
        stage.guests.pays("1001", "60", 300)
        lost = stage.guests.pays("1002", "0", 600, loses_close=True)
        stage.restarts()
        stage.guests.looks("3", 1)
        stage.guests.pays("1003", "0", 40 * 3600)  # of another day
        fine = stage.till.postings[0]
        export = tmp_path / "export.csv"
        export.write_text(
            "Payment ID,Bill,Created on,Payment method,Amount,Tip,Currency,Status\n"
            f"{fine.payment_id},{fine.bill_id},{fine.at.isoformat()},Qerko,"
            f"{fine.amount},{fine.tip},CZK,Paid\n",
            encoding="utf-8",
        )
        for name, value in stage.box.environment.items():
            monkeypatch.setenv(name, value)
        command = ("close", "--pos", export, "--log", sessions, "--out", "close.xlsx", "--json")
        code, out, err = run(*command)
    assert code == 1
    assert "evening.jsonl: a session log with 2 payment IDs of 2026-11-20" in err
    [found] = json.loads(out)["breaks"]
    assert (found["payment_id"], found["cause_kind"]) == (lost.id, "closed_lost_restart")
    assert (tmp_path / "close.xlsx").exists()


def test_the_bad_evening_of_the_readme_can_be_written(tmp_path, monkeypatch):
    monkeypatch.setenv("QERKO_LOCKS", str(tmp_path / "locks"))
    assert (tmp_path / "evening" / "export.csv") in write_bad_evening(tmp_path / "evening")


def test_a_recorded_run_tells_its_stories_too(run):
    run("reconcile", *INPUT, "--log", LOG, "--history", "history.db")
    code, out, _ = run("explain", "4014", "--run", "1", "--history", "history.db")
    assert code == 0
    assert "BILL_LOCKED" in out
    assert "No session log was given" in out
    _, with_log, _ = run("explain", "4014", "--run", "1", "--history", "history.db", "--log", LOG)
    assert "answers paymentClosed with an ERROR BILL_LOCKED" in " ".join(with_log.split())
    code, _, err = run("explain", "4014")
    assert code == 2
    assert "--payments and --pos, or a recorded run" in err
