from __future__ import annotations

import runpy
import sys
from pathlib import Path

import msgspec
import pytest

import qerko_recon as qr
from qerko_recon.session_samples import write_bad_evening, write_session_samples
from qerko_recon.session_samples.guests import Visitors
from qerko_recon.simulator import Simulator

KEPT = Path("data_samples")
CAUSES = {
    "4014": ("missing_in_pos", "closed_error"),
    "4021": ("missing_in_pos", "closed_lost_conflict"),
    "4028": ("state_mismatch", "state_ignored"),
    "4035": ("duplicate_in_pos", "closed_twice"),
    "4042": ("tip_mismatch", "amounts_changed"),
    "4049": ("missing_in_pos", "closed_not_booked"),
    "4O49": ("missing_in_qerko", "id_never_seen"),
    "4056": ("missing_in_pos", "closed_lost_restart"),
    "4063": ("amount_mismatch", "whole_bill"),
    "4070": ("missing_in_qerko", "not_finished"),
    "4077": ("missing_in_pos", "closed_lost_stopped"),
}


@pytest.fixture(autouse=True)
def locks(tmp_path, monkeypatch):
    monkeypatch.setenv("QERKO_LOCKS", str(tmp_path / "locks"))


@pytest.mark.parametrize(
    ("write", "folder"), [(write_session_samples, "sessions"), (write_bad_evening, "bad_evening")]
)
def test_the_samples_can_be_made_anew_byte_for_byte(tmp_path, write, folder):
    made = write(tmp_path / "made")
    assert {one.name for one in made} == {one.name for one in (KEPT / folder).iterdir()}
    for one in made:
        assert one.read_bytes() == (KEPT / folder / one.name).read_bytes(), one.name


def test_a_command_writes_all_of_them(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["session_samples", str(tmp_path)])
    runpy.run_module("qerko_recon.session_samples", run_name="__main__")
    assert len(capsys.readouterr().out.splitlines()) == 7
    assert (tmp_path / "bad_evening" / "session.jsonl").exists()


@pytest.mark.parametrize("folder", ["sessions", "bad_evening/session.jsonl"])
def test_the_logs_of_the_samples_are_whole(folder):
    assert qr.SessionLog(KEPT / folder).verify().is_whole


@pytest.fixture(scope="module")
def bad_evening():
    return qr.reconcile(
        qr.Payments.read(KEPT / "bad_evening/payments.jsonl"),
        qr.read_pos(KEPT / "bad_evening/export.csv"),
        log=KEPT / "bad_evening/session.jsonl",
    )


def test_every_break_of_the_bad_evening_has_its_cause(bad_evening):
    assert bad_evening.unexplained == 0
    rows = bad_evening.breaks.to_dict("records")
    found = {row["payment_id"]: (row["kind"], row["cause_kind"]) for row in rows}
    assert found == CAUSES
    assert len(rows) == len(CAUSES)


def test_the_records_are_those_that_show_it(bad_evening):
    entries = {one.seq: one for one in bad_evening.log.entries()}
    for row in bad_evening.breaks.to_dict("records"):
        shown = [entries[seq] for seq in row["log_records"]]
        assert shown or row["cause_kind"] == "id_never_seen"
        own = {one.payload.get("payment_id") for one in shown} - {None}
        assert own <= {row["payment_id"]}


def test_an_id_that_was_typed_names_the_payment_it_is_like(bad_evening):
    [row] = [one for one in bad_evening.breaks.to_dict("records") if one["payment_id"] == "4O49"]
    assert msgspec.json.decode(row["facts"])["log_alike"] == "4049"
    assert "4049 has the same amount" in row["cause"]


def test_visitors_pay_while_a_till_answers_and_wait_while_none_does():
    with (
        Simulator() as box,
        Visitors(box, every=0.01) as visitors,
        qr.Client(base_url=box.base_url, api_key=box.api_key, pos_id=box.pos_id) as client,
    ):
        assert box.calls == ()
        till = qr.DemoPos()
        with qr.PollSession(client, till) as session:
            assert box._world.journal.wait_until(lambda: len(till.postings) >= 3, 30)
            visitors.stop()  # a call that the session's end meets is answered with an error
        assert session.snapshot.errors == 0
        paid = {one.id for one in box.payments if one.state == "PAID"}
        assert {one.payment_id for one in till.postings} <= paid


def test_a_till_that_refuses_keeps_no_visitor_away():
    with (
        Simulator() as box,
        Visitors(box, every=0.01),
        qr.Client(base_url=box.base_url, api_key=box.api_key, pos_id=box.pos_id) as client,
        qr.PollSession(client, qr.RefusingHandler()),
    ):
        box._world.journal.wait_until(lambda: len(box.calls) >= 5, 30)
        assert {one.method for one in box.calls} == {"getTableContents"}
