"""What the POS has and Qerko has not; and what a log cannot show."""

from __future__ import annotations

import shutil
from datetime import timedelta
from decimal import Decimal

import msgspec
import pandas as pd
import pytest
from incidents import NIGHT, Line, line_of, records, the_break

import qerko_recon as qr
from qerko_recon.schema import TIME
from qerko_recon.simulator import Fault


def wire(payment):
    from qerko_recon.simulator.wire import payment_json

    return msgspec.json.decode(payment_json(payment))


def begins(incident, bill_id="1002"):
    """Begin a payment that no one ever finishes, and that Qerko does not keep."""
    chosen = incident.guests.chooses(bill_id, "0", 60)
    incident.box.call("paymentStart", [wire(chosen)]).wait_for_answer()
    return chosen


def closes(incident, payment, state="PAID"):
    incident.box.call("paymentProcessed", [payment.id, state]).wait_for_answer()
    incident.box.call("paymentClosed", [payment.id, state]).wait_for_answer()


def test_a_payment_that_was_begun_and_never_finished(incident):
    chosen = begins(incident)
    row = the_break(incident.reconcile([chosen], [line_of(chosen)]))
    assert (row["reason"], row["cause_kind"]) == ("not_found", "not_finished")
    [start] = records(incident.path, "call", method="paymentStart", payment_id=chosen.id)
    assert row["log_records"][0] == start
    assert "the guest was not charged" in row["cause"]


def test_an_id_that_no_call_names(incident):
    typed = Line("4O14", "1002", Decimal(313), at=incident.fine.created_at)
    row = the_break(incident.reconcile(["4O14"], [typed]))
    assert (row["reason"], row["cause_kind"]) == ("not_found", "id_never_seen")
    assert row["log_records"] == []
    assert "the ID is mistyped" in row["cause"]
    assert "evening.jsonl" in row["cause"]


def test_an_id_of_a_time_that_the_log_does_not_cover(incident):
    typed = Line("4O14", "1002", Decimal(313), at=NIGHT - timedelta(hours=4))
    row = the_break(incident.reconcile(["4O14"], [typed]))
    assert row["cause_kind"] == "log_not_covering"


def test_a_payment_that_qerko_knew_once(incident):
    chosen = begins(incident)
    closes(incident, chosen)
    row = the_break(incident.reconcile([chosen], [line_of(chosen)]))
    assert (row["reason"], row["cause_kind"]) == ("not_found", "known_to_qerko")
    assert "another restaurant" in row["cause"]


def test_a_payment_that_was_not_asked_for(incident):
    payment = incident.guests.pays("1002", "0", 60)
    row = the_break(incident.reconcile([], [line_of(payment)]))
    assert (row["reason"], row["cause_kind"]) == ("not_among_payments", "log_names_it")
    assert "closed it as PAID" in row["cause"]


def test_a_payment_that_could_not_be_had(incident):
    payment = incident.guests.pays("1002", "0", 60)
    incident.box.inject(
        Fault(kind="status", status=403, route="get", payment_id=payment.id, times=None)
    )
    row = the_break(incident.reconcile([payment], [line_of(payment)]))
    assert (row["kind"], row["cause_kind"]) == ("unfetched", "log_names_it")


# A line that names a bill and no payment


def unnamed(payment, **more):
    return line_of(payment, payment_id=None, **more)


def test_a_bill_that_was_paid_by_a_payment_nobody_fetched(incident):
    payment = incident.guests.pays("1002", "0", 60)
    row = the_break(incident.reconcile([], [unnamed(payment)]))
    assert (row["reason"], row["cause_kind"]) == ("no_payment_for_bill", "bill_paid_unfetched")
    assert row["facts"]["log_payment"] == payment.id
    [call] = records(incident.path, "call", method="paymentClosed", payment_id=payment.id)
    assert row["log_records"][0] == call
    assert f"payment {payment.id}" in row["cause"]


def test_a_bill_whose_payment_was_cancelled(incident):
    incident.till.has_paper = False
    payment = incident.guests.pays("1002", "0", 60)
    row = the_break(incident.reconcile([], [unnamed(payment)]))
    assert row["cause_kind"] == "bill_failed"
    assert "out of paper" in row["cause"]


def test_a_bill_whose_payment_was_never_finished(incident):
    chosen = begins(incident)
    row = the_break(incident.reconcile([], [unnamed(chosen)]))
    assert row["cause_kind"] == "bill_unfinished"
    assert row["facts"]["log_payment"] == chosen.id


def test_a_bill_whose_payments_are_all_accounted_for(incident):
    payment = incident.guests.pays("1002", "0", 60)
    extra = unnamed(payment, amount=Decimal(11))
    result = incident.reconcile([payment], [line_of(payment), extra])
    row = result.breaks.to_dict("records")[0]
    assert (row["reason"], row["cause_kind"]) == ("no_payment_for_bill", "bill_without_more")
    assert payment.id in row["cause"]


def test_a_bill_that_was_looked_at_and_not_paid(incident):
    chosen = incident.guests.chooses("1002", "0", 60)
    row = the_break(incident.reconcile([], [unnamed(chosen)]))
    assert row["cause_kind"] == "bill_not_asked"
    assert "a guest last looked at the bill at 18:0" in row["cause"]


def test_a_bill_number_of_another_day_is_another_bill(incident):
    payment = incident.guests.pays("1002", "0", 60)
    later = unnamed(payment, at=payment.created_at + timedelta(days=2))
    row = the_break(incident.reconcile([], [later]))
    assert (row["reason"], row["cause_kind"]) == ("no_payment_for_bill", "log_not_covering")


# What a log cannot show


def test_a_payment_that_came_while_somebody_else_held_the_connection(incident):
    incident.box.inject(Fault(kind="status", status=409, route="poll", times=6))
    incident.guests.looks("2", 60)
    gap = incident_gap(incident)
    chosen = incident.guests.chooses("1002", "0", 60)
    at = (gap + timedelta(seconds=20)).isoformat()
    foreign = incident.box.add(msgspec.structs.replace(chosen, timestamp=at))
    row = the_break(incident.reconcile([foreign], []))
    assert row["cause_kind"] == "taken_over"
    assert row["log_records"] == records(incident.path, "poll_answered", status=409)
    assert "the POS had no line" in row["cause"]


def incident_gap(incident):
    return qr.SessionLog(incident.path).gaps["began_at"].iloc[0]


def test_a_payment_that_the_log_does_not_name(incident):
    chosen = incident.guests.chooses("1002", "0", 60)
    incident.guests.looks("3", 60)
    foreign = incident.box.add(chosen)
    row = the_break(incident.reconcile([foreign], []))
    assert row["cause_kind"] == "log_silent"
    assert row["log_records"] == []
    assert "does not name the payment" in row["cause"]


def test_a_payment_without_a_time_that_the_log_does_not_name(incident):
    chosen = incident.guests.chooses("1002", "0", 60)
    foreign = incident.box.add(msgspec.structs.replace(chosen, timestamp=None))
    row = the_break(incident.reconcile([foreign], []))
    assert row["cause_kind"] == "log_unclear"


def test_a_payment_before_the_log_began(incident):
    chosen = incident.guests.chooses("1002", "0", 60)
    early = chosen.created_at - timedelta(hours=3)
    foreign = incident.box.add(msgspec.structs.replace(chosen, timestamp=early.isoformat()))
    row = the_break(incident.reconcile([foreign], []))
    assert row["cause_kind"] == "log_not_covering"
    assert "does not cover its time" in row["cause"]


def test_a_payment_while_nothing_was_recorded(incident):
    incident.closes()
    incident.evening.passes(600)
    incident.opens()
    chosen = incident.guests.chooses("1002", "0", 60)
    between = chosen.created_at - timedelta(minutes=5)
    foreign = incident.box.add(msgspec.structs.replace(chosen, timestamp=between.isoformat()))
    row = the_break(incident.reconcile([foreign], []))
    assert row["cause_kind"] == "log_not_covering"
    assert "was closed on purpose" in row["cause"]


# All of it


def test_without_a_log_the_cause_says_what_one_would_show(incident):
    payment = incident.guests.pays("1002", "0", 60, loses_close=True)
    with_log = incident.reconcile([payment], [])
    assert with_log.log is not None
    payments = incident.client.fetch_payments([payment.id])
    result = qr.reconcile(payments, pd.DataFrame({"amount": []}, dtype="object"))
    assert result.log is None
    [row] = result.breaks.to_dict("records")
    assert pd.isna(row["cause_kind"])
    assert "A session log would show" in row["cause"]


def test_a_log_may_be_given_in_several_ways(incident, tmp_path):
    payment = incident.guests.pays("1002", "0", 60, loses_close=True)
    incident.closes()
    folder = tmp_path / "logs"
    folder.mkdir()
    shutil.copy(incident.path, folder / "evening.jsonl")
    for log in (
        folder,
        str(folder / "*.jsonl"),
        [folder / "evening.jsonl"],
        qr.SessionLog(folder),
        [qr.SessionLog(folder / "evening.jsonl"), incident.path],
        qr.SessionLog(folder).where(method="getTableContents"),
    ):
        row = the_break(incident.reconcile([payment], [], log=log))
        assert row["cause_kind"] == "closed_lost_stopped"


def test_what_else_is_in_the_folder_of_logs_is_left_out_and_said(incident, tmp_path):
    payment = incident.guests.pays("1002", "0", 60, loses_close=True)
    incident.closes()
    folder = tmp_path / "logs"
    folder.mkdir()
    shutil.copy(incident.path, folder / "evening.jsonl")
    (folder / "payments.jsonl").write_text('{"id": "1002"}\n', encoding="utf-8")
    log = qr.SessionLog(folder)
    assert [path.name for path in log.skipped] == ["payments.jsonl"]
    assert "payments.jsonl is no session log" in str(log.verify())
    assert log.where(method="noop").skipped == log.skipped
    result = incident.reconcile([payment], [], log=folder)
    assert the_break(result)["cause_kind"] == "closed_lost_stopped"
    assert any("payments.jsonl" in note for note in result.summary.notes)
    (folder / "evening.jsonl").unlink()
    with pytest.raises(qr.SessionLogError, match=r"payments\.jsonl is no session log"):
        qr.SessionLog(folder)


@pytest.mark.parametrize("log", [5, []])
def test_what_is_no_log_is_refused(log):
    with pytest.raises(qr.ReconciliationError, match="log"):
        qr.reconcile(pd.DataFrame(), pd.DataFrame(), log=log)


def test_a_log_that_two_recorders_wrote_is_no_second_message(incident, tmp_path):
    payment = incident.guests.pays("1002", "30", 60)
    incident.closes()
    second = tmp_path / "second.jsonl"
    shutil.copy(incident.path, second)
    lines = [line_of(payment), line_of(payment)]
    row = the_break(incident.reconcile([payment], lines, log=[incident.path, second]))
    assert row["cause_kind"] == "closed_once"


def test_a_log_that_was_edited_is_said_to_be(incident, tmp_path):
    payment = incident.guests.pays("1002", "30", 60)
    incident.closes()
    text = incident.path.read_text(encoding="utf-8")
    edited = tmp_path / "edited.jsonl"
    edited.write_text(text.replace('"PAID"', '"paid"', 1), encoding="utf-8")
    result = incident.reconcile([payment], [], log=edited)
    assert any("NOT as it was written" in note for note in result.summary.notes)
    [source] = [one for one in result.summary.sources if one.kind == "log"]
    assert source.rows == len(qr.SessionLog(edited))
    assert len(source.sha256) == 64


def test_every_language_says_the_same_cause(incident):
    from qerko_recon.recon.sentences import cause

    payment = incident.guests.pays("1002", "0", 60, loses_close=True)
    incident.restarts()
    row = the_break(incident.reconcile([payment], []))
    said = {language: cause(row, language) for language in ("en", "cs", "sk", "de")}
    assert said["en"] == row["cause"]
    assert all("503" in one for one in said.values())


def test_a_line_without_a_time(incident, tmp_path):
    payment = incident.guests.pays("1002", "0", 60)
    payments = incident.client.fetch_payments([incident.fine.id])
    lines = pd.DataFrame(
        {
            "payment_id": [incident.fine.id, None, None, "4O14"],
            "bill_id": ["1001", payment.bill_id, "77", "1003"],
            "amount": ["709", "313", "5", "8"],
            "tip": ["60", "0", "0", "0"],
        }
    )
    result = qr.reconcile(payments, lines, log=incident.path)
    found = {row["bill_id"]: row["cause_kind"] for row in result.breaks.to_dict("records")}
    assert found == {"1002": "bill_paid_unfetched", "77": "log_unclear", "1003": "log_unclear"}


def test_a_bill_number_that_came_again_on_another_day_tells_nothing_without_a_time(incident):
    incident.guests.pays("1002", "0", 60)
    incident.guests.asks("1002", 30 * 3600)
    payments = incident.client.fetch_payments([incident.fine.id])
    lines = pd.DataFrame(
        {"bill_id": ["1001", "1002"], "amount": ["709", "313"], "tip": ["60", "0"]}
    )
    result = qr.reconcile(payments, lines, log=incident.path)
    [row] = result.breaks.to_dict("records")
    assert row["cause_kind"] == "log_unclear"


def test_a_break_of_a_whole_bill_names_the_payment_that_it_is_about(incident):
    first = incident.guests.chooses("1002", "0", 60, items=1)
    incident.box.pay(first)
    second = incident.guests.chooses("1002", "0", 60)
    incident.box.pay(second)
    changed = incident.box.add(incident.guests.tips_anew(second, "50"))
    both = [unnamed(first, amount=Decimal(363))]  # all of it, the tip among it
    row = the_break(incident.reconcile([first, changed], both, tip_basis="gross"))
    assert (row["payment_id"], row["kind"]) == (None, "tip_mismatch")
    assert row["cause_kind"] == "amounts_changed"
    assert f"Payment {changed.id}: The payment changed" in row["cause"]


def test_ids_of_a_log_by_day_and_venue(incident):
    from datetime import date

    from qerko_recon.recon.log_ids import export_days, ids_of_days

    payment = incident.guests.pays("1002", "0", 30 * 3600)
    log, policy = qr.SessionLog(incident.path), qr.Policy()
    both = [incident.fine.id, payment.id]
    assert ids_of_days(log, (), policy) == both
    assert ids_of_days(log, {date(2026, 11, 20)}, policy) == both[:1]
    assert ids_of_days(log, {date(2026, 11, 21)}, policy) == both[1:]
    own = incident.client.venue.api_key.fingerprint
    assert ids_of_days(log, (), policy, venue=own) == both
    assert ids_of_days(log, (), policy, venue="another") == both
    assert ids_of_days(log.where(kind="header"), (), policy) == []
    times = pd.Series([NIGHT, None], dtype=pd.ArrowDtype(TIME))
    assert export_days(times, policy) == {date(2026, 11, 20)}
    assert export_days(times[:0], policy) == frozenset()
    stated = qr.Policy(business_day=date(2026, 11, 19))
    assert export_days(times, stated) == {date(2026, 11, 19)}
