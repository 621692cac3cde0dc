"""Days closed one after the other from the command line, as an accountant does it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, timedelta

import openpyxl
import pytest

from qerko_recon.history import History
from qerko_recon.simulator import Simulator, TradingDay

FIRST, SECOND = date(2026, 11, 20), date(2026, 11, 21)
ONE, OTHER = FIRST.isoformat(), SECOND.isoformat()


@pytest.fixture(scope="module")
def two_days():
    """Two honest days, but for two payments of the first that the POS books on the second."""
    first, second = (
        TradingDay.generate(seed, day, payments=30, discrepancies=False)
        for seed, day in ((1, FIRST), (2, SECOND))
    )
    late = tuple(
        replace(line, paid_at=line.paid_at + timedelta(hours=14)) for line in first.tenders[-2:]
    )
    return (
        replace(first, tenders=first.tenders[:-2]),
        replace(second, tenders=(*late, *second.tenders)),
        late,
    )


@pytest.fixture
def folder(two_days, tmp_path, run):
    first, second, _ = two_days
    for day in (first, second):
        name = day.business_date.isoformat()
        day.write_pos_export(tmp_path / f"{name}.csv", "czech_semicolon")
        day.write_payments(tmp_path / f"{name}.jsonl")
        ids = "".join(f"{one}\n" for one in day.payment_ids)
        (tmp_path / f"{name}.txt").write_text(ids)
    return tmp_path


@pytest.fixture
def reconciled(run, folder):
    """Reconcile a day into the history."""

    def reconcile(day, *more):
        files = ["--payments", f"{day}.jsonl", "--pos", f"{day}.csv"]
        kept = ["--venue", "Old Town", "--history", "h.db", "--by", "Anna"]
        return run("reconcile", *files, *kept, *more)

    return reconcile


def test_what_a_day_leaves_open_closes_the_next_day(reconciled, run, two_days):
    late = two_days[2]
    code, out, _ = reconciled(ONE)
    assert code == 1
    assert "Recorded as run R-" in out
    assert "Open in all: 2 breaks, −CZK" in out
    code, out, _ = run("history", "open", "--history", "h.db")
    assert code == 1
    assert all(line.payment_id in out for line in late)
    assert "Old Town: 2 open breaks, −CZK" in out
    code, out, _ = reconciled(OTHER)
    assert code == 1  # the day itself has lines whose payments are of another
    assert "Nothing is open now (before this run: 2, −CZK" in out
    assert " ".join(out.split()).count("Settled by break B-") == 2
    code, out, _ = run("history", "open", "--history", "h.db")
    assert (code, out.strip()) == (0, "• Nothing is open.")


def test_close_records_against_the_box(run, folder, two_days, monkeypatch):
    first, second, late = two_days
    monkeypatch.setenv("QERKO_HISTORY", "h.db")
    everything = replace(
        second,
        payments=(*first.payments, *second.payments),
    )
    with Simulator(everything) as box:
        for name, value in box.environment.items():
            monkeypatch.setenv(name, value)
        code, out, _ = run("close", "--pos", f"{ONE}.csv", "--ids", f"{ONE}.txt", "--by", "Anna")
        assert code == 1
        assert "Open in all: 2 breaks" in out
        # The second day's export names the late payments, so they are fetched with it.
        code, out, _ = run("close", "--pos", f"{OTHER}.csv", "--ids", f"{OTHER}.txt", "--json")
    assert code == 0
    news = json.loads(out)["history"]
    assert [one["why"] for one in news["closed"]] == ["counterpart_came"] * 2
    assert {one["payment_id"] for one in news["closed"]} == {line.payment_id for line in late}
    assert news["open_after"] == {}


def test_a_run_again_is_said_and_kept_once(reconciled, run):
    reconciled(ONE)
    code, out, _ = reconciled(ONE, "--language", "cs")
    assert code == 1
    assert "Stejný běh už je zaznamenán" in out
    code, out, _ = run("history", "--history", "h.db", "--json")
    assert code == 0
    answer = json.loads(out)
    assert [one["times"] for one in answer["runs"]] == [2]
    assert answer["totals"][0]["currency"] == "CZK"
    assert answer["balance"][0]["open_breaks"] == 2


def test_without_a_history_nothing_is_recorded(run, folder):
    code, out, _ = run("reconcile", "--payments", f"{ONE}.jsonl", "--pos", f"{ONE}.csv")
    assert code == 1
    assert "History" not in out
    assert not list(folder.glob("*.db"))


def test_record_keeps_it_in_the_user_s_folder(run, folder, monkeypatch):
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: folder / "own")
    files = ["--payments", f"{ONE}.jsonl", "--pos", f"{ONE}.csv"]
    run("reconcile", *files, "--record")
    code, out, _ = run("history")
    assert code == 0
    assert "1 run" in out
    assert (folder / "own" / "history.db").exists()


def test_a_history_that_is_not_there_is_not_made(run, folder):
    for command in (["history"], ["history", "open"], ["note", "B-1", "x"]):
        code, _, err = run(*command, "--history", "typo.db")
        assert code == 2
        assert "there is no history at" in err
    assert not list(folder.glob("typo*"))


def test_a_run_is_shown_again(reconciled, run, folder):
    _, said, _ = reconciled(ONE, "--out", "first.xlsx", "--html", "first.html")
    code, out, err = run(
        *("history", "show", "1", "--history", "h.db"),
        *("--out", "again.xlsx", "--html", "again.html"),
    )
    assert code == 1
    assert said.startswith(out.strip()[:400])
    assert "Run 1, R-" in err
    for name in ("xlsx", "html"):
        first, again = ((folder / f"{which}.{name}").read_bytes() for which in ("first", "again"))
        assert first == again
    assert openpyxl.load_workbook(folder / "again.xlsx").sheetnames
    code, out, _ = run("history", "show", "R-", "--history", "h.db", "--json")
    assert json.loads(out)["unexplained"] == "0.00"


def test_a_changed_export_is_noticed_and_compared(reconciled, run, folder, two_days):
    reconciled(ONE)
    first = two_days[0]
    line = first.tenders[3]
    wrong = replace(line, amount=line.amount + 10)
    changed = replace(first, tenders=(*first.tenders[:3], wrong, *first.tenders[4:]))
    changed.write_pos_export(folder / f"{ONE}.csv", "czech_semicolon")
    _, out, _ = reconciled(ONE)
    words = " ".join(out.split())
    assert f"{ONE}.csv is not as run R-" in words
    assert "POS lines: 1 changed; Breaks: 1 appeared." in words
    code, out, _ = run("history", "--history", "h.db", "compare", "1", "2")
    assert code == 1
    assert f"payment id {line.payment_id}" in out
    assert "1 appeared" in out
    code, out, _ = run("history", "compare", "1", "2", "--history", "h.db", "--json")
    answer = json.loads(out)
    assert answer["breaks"][0]["change_of_variance"] == "10.00"
    assert answer["inputs"][0]["name"] == f"{ONE}.csv"
    code, out, _ = run("history", "compare", "2", "2", "--history", "h.db")
    assert (code, out.strip().endswith(": the same")) == (0, True)


def test_notes_follow_a_break(reconciled, run):
    reconciled(ONE)
    _, out, _ = run("history", "open", "--history", "h.db", "--json")
    name = json.loads(out)["breaks"][0]["break_id"]
    code, _, err = run(
        *("note", name, "the waiter books it tomorrow", "--status", "explained"),
        *("--by", "Jana", "--day", ONE, "--venue", "Old Town", "--history", "h.db"),
    )
    assert (code, err) == (0, f"{name} is explained now.\n")
    code, _, err = run("note", name, "he did not", "--history", "h.db")
    assert (code, err) == (0, f"Noted with {name}.\n")
    _, out, _ = run("history", "open", "--history", "h.db", "--as-of", "2026-11-27")
    assert "7 days old; explained by" in " ".join(out.split())
    code, _, err = run("note", "B-nowhere", "x", "--history", "h.db")
    assert code == 2
    assert "no recorded run has a break" in err


def test_a_day_is_signed_off_and_reopened(reconciled, run):
    reconciled(ONE)
    sign = ["sign-off", "--venue", "Old Town", "--day", ONE, "--history", "h.db"]
    code, _, err = run(*sign, "--by", "Jana")
    assert code == 2
    assert "--with-open-breaks" in err
    code, _, err = run(*sign, "--by", "anna", "--with-open-breaks")
    assert code == 2
    assert "--allow-same-person" in err
    code, out, _ = run(*sign, "--by", "Jana", "--with-open-breaks", "--comment", "see notes")
    assert code == 0
    assert out.startswith(f"{ONE} is signed off by Jana; open breaks: 2.\nSeal: ")
    code, out, _ = run(*sign, "--status")
    assert code == 0
    assert "nothing changed since" in out
    _, out, _ = reconciled(OTHER)
    code, out, _ = run(*sign, "--status")
    assert code == 1
    assert "2 breaks closed" in out
    code, out, _ = run(*sign, "--status", "--json")
    answer = json.loads(out)
    assert (answer["is_same"], len(answer["closed"])) == (False, 2)
    assert answer["sign_off"]["by"] == "Jana"
    code, _, err = run(*sign, "--reopen", "--by", "Jana")
    assert code == 2
    assert "for a reason" in err
    code, _, err = run(*sign, "--reopen", "--by", "Jana", "--reason", "late booking")
    assert (code, err) == (0, f"{ONE} is open again.\n")
    code, out, _ = run(*sign, "--by", "Anna", "--allow-same-person", "--json")
    answer = json.loads(out)
    assert (answer["is_same_person"], answer["open_breaks"]) == (True, 0)
    for wrong in (["--by", "Jana"], ["--day", ONE]):
        code, _, err = run("sign-off", *wrong, "--history", "h.db")
        assert code == 2
        assert re.search("which day|by name", err)


def test_rulings_are_kept_followed_and_withdrawn(reconciled, run, two_days):
    late = two_days[2]
    reconciled(ONE)
    lost = late[0].payment_id
    code, out, _ = run(
        *("accept", "--exclude-payment", lost, "--reason", "test payment", "--by", "Jana"),
        *("--history", "h.db"),
    )
    assert code == 0
    ruling = re.match(r"RL-\w{12}", out)[0]
    assert out == f"{ruling} is kept. Run {ONE} again: what it settles closes then.\n"
    _, out, _ = reconciled(ONE)
    assert "test payment" in out
    assert "Open in all: 1 break" in out
    code, out, _ = run("history", "rulings", "--history", "h.db")
    assert ruling in out
    code, _, err = run("accept", "--withdraw", ruling, "--reason", "no", "--history", "h.db")
    assert (code, err) == (0, f"{ruling} is withdrawn; the next run does not follow it.\n")
    code, out, _ = run("history", "rulings", "--history", "h.db", "--json")
    assert json.loads(out)[0]["withdrawn_reason"] == "no"
    _, out, _ = reconciled(ONE)
    assert "Open in all: 2 breaks" in out


def test_matches_are_accepted_or_rejected_by_their_id(reconciled, run, folder):
    reconciled(ONE)
    with History(folder / "h.db") as history:
        match_id = history.show(1).matches["match_id"][0]
    code, _, err = run("accept", match_id, "--reason", "x", "--history", "h.db")
    assert code == 2
    assert "is confirmed already" in err
    code, out, _ = run(
        "accept", match_id, "--reject", "--reason", "x", "--history", "h.db", "--json"
    )
    assert code == 0
    assert json.loads(out)["ruling"]["kind"] == "reject_match"
    code, out, err = run(
        "accept", "--exclude-tender", "unknown", "--reason", "x", "--history", "h.db"
    )
    assert code == 0
    assert "No recorded run has this" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--reason", "x"], "say one thing"),
        (["M-1", "--exclude-payment", "2", "--reason", "x"], "say one thing"),
        (["--reject", "--exclude-payment", "2", "--reason", "x"], "--reject is about a match"),
        (["M-1"], "--reason TEXT is needed"),
    ],
)
def test_a_ruling_says_one_thing_and_why(run, arguments, said):
    code, _, err = run("accept", *arguments)
    assert code == 2
    assert said in err


def test_the_journal_is_shown_and_verified(reconciled, run, folder):
    reconciled(ONE)
    _, out, _ = run("history", "open", "--history", "h.db", "--json")
    break_id = json.loads(out)["breaks"][0]["break_id"]
    said = ("the bank\nconfirms it", "--by", "Eva", "--venue", "Old Town")
    run("note", break_id, *said, "--history", "h.db")
    code, out, _ = run("history", "journal", "--history", "h.db")
    assert code == 0
    first, second = out.splitlines()
    assert re.fullmatch(
        r" +1  [\d-]{10} \d\d:\d\d  Anna  run recorded R-\w{12} of Old Town", first
    )
    assert second.endswith(f"  Eva   note {break_id} of Old Town: the bank confirms it")
    code, out, _ = run("history", "verify", "--history", "h.db")
    assert code == 0
    assert re.search(r"2 entries, 1 runs: all is as it was written\. Seal: \w{64}", out)
    import sqlite3

    with sqlite3.connect(folder / "h.db") as connection:
        connection.execute("UPDATE found SET variance = '0.00'")
    connection.close()
    code, out, _ = run("history", "verify", "--history", "h.db")
    assert code == 1
    assert "what was noted with entry 1: edited" in out
    code, out, _ = run("history", "verify", "--history", "h.db", "--json")
    assert json.loads(out)["flaws"] == [{"where": "what was noted with entry 1", "kind": "edited"}]
    code, out, _ = run("history", "journal", "--history", "h.db", "--json")
    assert json.loads(out)[0]["what"] == "run_recorded"


@pytest.mark.parametrize(
    "command",
    [
        ["history"],
        *(["history", one] for one in ("show", "compare", "open", "rulings", "journal", "verify")),
        ["note"],
        ["accept"],
        ["sign-off"],
    ],
)
def test_every_command_shows_an_example(run, command):
    code, out, _ = run(*command, "--help")
    assert code == 0
    assert f"Example: qerko-recon {' '.join(command)}" in " ".join(out.split())
