"""Fetching from the command line: what a store has is not asked for again; Ctrl-C keeps all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter

import pytest
from spec_server import Fault

from qerko_recon.frames import Payments
from qerko_recon.store import PaymentStore

on_posix = pytest.mark.skipif(os.name == "nt", reason="signals are sent as on POSIX")


@pytest.fixture
def qerko(server, run, monkeypatch):
    """Settings of the server written from the specification alone."""
    monkeypatch.setenv("QERKO_API_KEY", server.api_key)
    monkeypatch.setenv("QERKO_POS_ID", server.pos_id)
    monkeypatch.setenv("QERKO_BASE_URL", server.base_url)
    server.hold(*"123456")
    return server


def asked(server):
    return Counter(one.target.rsplit("/", 1)[1] for one in server.requests())


def test_a_second_run_asks_for_what_is_missing(run, qerko, tmp_path):
    qerko.fail_always("GET", Fault(status=404), "3")
    code, out, err = run("fetch", "1", "2", "3", "--store", "payments.db")
    assert code == 1
    assert "2 payments had, 1 not: not found" in err
    assert "not_found" in out
    assert "already" not in err
    code, _, err = run("fetch", "1", "2", "4", "--store", "payments.db")
    assert code == 0
    assert "3 payments had; 2 of these were in the store already" in err
    assert asked(qerko) == {"1": 1, "2": 1, "3": 1, "4": 1}
    with PaymentStore(tmp_path / "payments.db") as store:
        assert sorted(store.frame["payment_id"]) == ["1", "2", "4"]


@pytest.mark.parametrize(
    ("refresh", "times"), [("all", 2), ("0m", 2), ("not-final", 2), ("1d", 1), ("30h", 1)]
)
def test_what_is_stale_is_asked_for_again(run, qerko, refresh, times):
    run("fetch", "1", "--store", "payments.db")
    run("fetch", "1", "--store", "payments.db", "--refresh", refresh)
    assert asked(qerko) == {"1": times}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--refresh", "all"], "add --store"),
        (["--refresh", "soon", "--store", "s.db"], "none of not-final, all, or an age"),
        (["--concurrency", "65"], "neither auto nor a whole number from 1 to 64"),
        (["--concurrency", "many"], "neither auto nor"),
        (["--patience", "-1"], "-1"),
    ],
)
def test_options_that_cannot_be(run, qerko, arguments, words):
    code, _, err = run("fetch", "1", *arguments)
    assert code == 2
    assert words in err
    assert qerko.requests() == []


def test_ids_come_from_files_of_any_kind(run, qerko, tmp_path):
    (tmp_path / "list.txt").write_text("1\n2\n")
    call = {"uuid": "u", "method": "paymentClosed", "args": ["3", "PAID"]}
    (tmp_path / "log.jsonl").write_text(json.dumps({"kind": "call", "payload": call}) + "\n{torn")
    run("fetch", "4", "--store", "payments.db")
    code, out, err = run(
        "fetch", "--ids", "list.txt", "--ids", "log.jsonl", "--ids", "payments.db", "--json"
    )
    assert code == 0
    assert {one["payment_id"] for one in json.loads(out)["payments"]} == set("1234")
    assert "list.txt: a list with 2 payment IDs" in err
    assert "log.jsonl: a session log with 1 payment IDs" in err
    assert "line 2: not whole, and passed over" in err
    assert "payments.db: a store of payments with 1 payment IDs" in err


def test_a_profile_says_how_an_export_among_the_ids_is_read(run, settings, export, tmp_path):
    code, _, err = run("fetch", "--ids", export, "--profile", "none.toml", "--store", "s.db")
    assert code == 2
    assert "none.toml" in err
    (tmp_path / "list.txt").write_text("58743324\n", encoding="utf-8")
    run("pos", "sniff", export, "--write-profile", "till.toml")
    _, _, err = run("fetch", "--ids", export, "--profile", "till.toml", "--store", "s.db")
    assert "a POS export with" in err
    _, _, err = run(
        *("fetch", "--ids", "list.txt", "--pos", export, "--profile", "till.toml"),
        *("--store", "s.db"),
    )
    assert "list.txt: a list with 1 payment IDs" in err


@pytest.mark.parametrize("is_watched", [True, False])
def test_a_bar_is_drawn_where_anybody_watches(run, qerko, monkeypatch, is_watched):
    monkeypatch.setattr("qerko_recon.cli.payments.on_terminal", lambda: is_watched)
    code, _, err = run("fetch", "1", "2", "3", "3")
    assert code == 0
    # How many there are is known before the first comes, so that the time to go can be told.
    assert "Payments: 0 [" not in err
    assert ("Payments: 100%" in err and "3/3 [" in err) is is_watched
    assert ("Payments:" in err) is is_watched


def test_a_store_is_reconciled_as_a_file_of_payments_is(run, settings, export):
    run("fetch", "--ids", export, "--store", "payments.db", "--out", "payments.jsonl")
    stored = run("reconcile", "--payments", "payments.db", "--pos", export, "--json")
    written = run("reconcile", "--payments", "payments.jsonl", "--pos", export, "--json")
    assert stored[0] == written[0] == 1
    assert json.loads(stored[1])["breaks"] == json.loads(written[1])["breaks"]


def test_a_day_is_closed_from_a_store_without_a_request(run, settings, export):
    first = run("close", "--pos", export, "--store", "payments.db", "--json")
    with PaymentStore("payments.db") as store:
        had = {f"/api/v2/pos/payment/{one.id}" for one in store.payments()}
    before = len(settings.journal)
    again = run("close", "--pos", export, "--store", "payments.db", "--json")
    assert json.loads(first[1])["totals"] == json.loads(again[1])["totals"]
    assert len(had) > 40
    assert not {one.path for one in settings.journal[before:]} & had


@pytest.fixture
def interrupted(qerko, tmp_path):
    """Run a command over 400 IDs in ids.txt, Ctrl-C at the 60th request; give code and errors."""
    ids = [str(number) for number in range(400)]
    qerko.hold(*ids)
    (tmp_path / "ids.txt").write_text("\n".join(ids))
    begin = qerko.begin
    child = None

    def begin_and_interrupt(seen):
        begin(seen)
        if len(qerko.requests()) == 60:
            child.send_signal(signal.SIGINT)

    def interrupted(*arguments):
        nonlocal child
        qerko.begin = begin_and_interrupt
        child = subprocess.Popen(
            [sys.executable, "-m", "qerko_recon", *map(str, arguments)],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )
        _, err = child.communicate(timeout=60)
        qerko.begin = begin
        return child.returncode, err

    return interrupted


@on_posix
@pytest.mark.parametrize("store", [True, False])
def test_ctrl_c_keeps_what_came(interrupted, tmp_path, store):
    code, err = interrupted(
        *("fetch", "--ids", "ids.txt", "--out", "out.jsonl", "--concurrency", "4"),
        *(("--store", "payments.db") if store else ()),
    )
    assert code == 130
    assert "Stopped after" in err
    assert ("the store has them" if store else "add --store to go on") in err
    kept = Payments.read(tmp_path / "out.jsonl")
    assert 40 <= len(kept) < 400
    if store:
        with PaymentStore(tmp_path / "payments.db") as opened:
            assert len(opened.payments()) >= len(kept)


@on_posix
def test_ctrl_c_reconciles_nothing(interrupted, export, tmp_path):
    code, err = interrupted(
        *("close", "--pos", export, "--ids", "ids.txt", "--out", "close.xlsx"),
        *("--concurrency", "4"),
    )
    assert code == 130
    assert "nothing was reconciled" in err
    assert not (tmp_path / "close.xlsx").exists()
