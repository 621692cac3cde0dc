"""What became of paymentClosed, each from an incident that is known to produce it."""

from __future__ import annotations

import shutil
from datetime import date

import msgspec
from incidents import direct, line_of, records, the_break

from qerko_recon import CallRefused
from qerko_recon.session.writer import LogWriter
from qerko_recon.session_samples.stage import Till
from qerko_recon.simulator import Fault


class Locked(Till):
    """A till that refuses to book."""

    def paymentClosed(self, payment_id, state):  # noqa: N802 - Qerko's name
        if payment_id != "4007":
            raise CallRefused("the bill is open on another till", "BILL_LOCKED")
        super().paymentClosed(payment_id, state)


class Failing(Till):
    def paymentClosed(self, payment_id, state):  # noqa: N802
        if payment_id != "4007":
            raise KeyError("drawer 2")
        super().paymentClosed(payment_id, state)


class Slow(Till):
    def paymentClosed(self, payment_id, state):  # noqa: N802
        if payment_id != "4007":
            self._evening.passes(14)
        super().paymentClosed(payment_id, state)


def test_an_error_in_answer_to_the_closing(incident_of):
    incident = incident_of(Locked)
    payment = incident.guests.pays("1002", "30", 60)
    row = the_break(incident.reconcile([payment], []))
    assert (row["kind"], row["cause_kind"]) == ("missing_in_pos", "closed_error")
    assert row["facts"]["log_code"] == "BILL_LOCKED"
    assert row["facts"]["log_message"] == "the bill is open on another till"
    [call] = records(incident.path, "call", method="paymentClosed", payment_id=payment.id)
    [error] = records(incident.path, "error", payment_id=payment.id)
    assert row["log_records"] == [call, error]
    assert (
        f"evening.jsonl, record {error}: paymentClosed answered with error "
        "BILL_LOCKED the bill is open on another till"
    ) in row["evidence"][-1]
    assert "BILL_LOCKED" in row["cause"]
    assert "at 18:0" in row["cause"]  # on the venue's clock, which is an hour ahead


def test_a_line_left_open_is_explained_by_the_same_error(incident_of):
    incident = incident_of(Locked)
    payment = incident.guests.pays("1002", "30", 60)
    row = the_break(incident.reconcile([payment], [line_of(payment, state="Open")]))
    assert (row["reason"], row["cause_kind"]) == ("paid_but_open", "closed_error")


def test_what_was_booked_as_cash_since_the_closing_failed(incident_of):
    incident = incident_of(Locked)
    payment = incident.guests.pays("1002", "0", 60)
    cash = line_of(payment, payment_id=None, tender="Cash")
    row = the_break(incident.reconcile([payment], [cash]))
    assert (row["reason"], row["cause_kind"]) == ("posted_as_other_tender", "closed_error")
    assert row["cause"].startswith("The POS has a line of another tender (Cash)")
    assert "BILL_LOCKED" in row["cause"]


def test_a_program_that_failed_says_what_it_noted_of_it(incident_of):
    incident = incident_of(Failing)
    payment = incident.guests.pays("1002", "30", 60)
    row = the_break(incident.reconcile([payment], []))
    assert row["cause_kind"] == "closed_error"
    assert "drawer 2" in row["facts"]["log_detail"]
    assert "drawer 2" in row["cause"]


def test_a_closing_that_came_again_and_was_taken_in_is_no_error(incident_of):
    class Once(Till):
        refused = False

        def paymentClosed(self, payment_id, state):  # noqa: N802
            if payment_id != "4007" and not self.refused:
                self.refused = True
                raise CallRefused("busy")
            super().paymentClosed(payment_id, state)

    incident = incident_of(Once)
    payment = incident.guests.pays("1002", "30", 60)
    incident.box.call("paymentClosed", [payment.id, "PAID"]).wait_for_answer()
    row = the_break(incident.reconcile([payment], []))
    assert row["cause_kind"] == "closed_not_booked"
    assert any("answered with error busy" in one for one in row["evidence"])


def test_another_program_held_the_connection_and_took_the_closing(incident):
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    incident.box.inject(Fault(kind="status", status=409, route="poll", times=5))
    taken = []

    def takes(_):
        if not taken:
            closing = incident.box.call("paymentClosed", [payment.id, "PAID"])
            incident.box.clear_faults()
            with direct(incident.box) as rival:
                taken.append(rival.poll())
            incident.box.inject(Fault(kind="status", status=409, route="poll", times=4))
            assert closing.record.deliveries == 1

    incident.evening.on_wait = takes
    incident.guests.looks("3", 0)  # ends the poll at hand; the next meets a 409
    row = the_break(incident.reconcile([payment], []))
    assert [one.method for one in taken] == ["paymentClosed"]
    assert row["cause_kind"] == "closed_lost_conflict"
    refused = records(incident.path, "poll_answered", status=409)
    assert len(refused) == 5
    assert row["log_records"][-5:] == refused
    assert row["facts"]["log_gap_tries"] == "5"
    assert "somebody else held the restaurant's one connection" in row["cause"]
    assert "no connection from" in row["evidence"][-1]


def test_qerko_was_restarting(incident):
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    incident.restarts()
    row = the_break(incident.reconcile([payment], []))
    assert row["cause_kind"] == "closed_lost_restart"
    assert records(incident.path, "poll_answered", status=503)[0] in row["log_records"]
    assert "Qerko was restarting (503)" in row["cause"]


def test_the_connection_broke_off(incident):
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    incident.box.inject(Fault(kind="drop", route="poll", times=4))
    incident.guests.wait(5)
    incident.box.call("getTableContents", ["3", None]).wait_for_delivery()
    row = the_break(incident.reconcile([payment], []))
    assert row["cause_kind"] == "closed_lost_connection"
    assert row["facts"]["log_gap"] == "broken"
    assert "the connection broke off" in row["cause"]


def test_the_key_was_not_accepted(incident):
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    incident.box.inject(Fault(kind="status", status=401, route="poll"))
    incident.box.call("getTableContents", ["3", None]).wait_for_delivery()
    incident._session.wait(10)
    incident.evening.passes(90)
    incident.opens()
    row = the_break(incident.reconcile([payment], []))
    assert row["cause_kind"] == "closed_lost_unauthorized"
    assert records(incident.path, "poll_answered", status=401)[0] in row["log_records"]


def test_the_connection_was_closed_and_opened_again(incident):
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    incident.closes()
    incident.evening.passes(180)
    incident.opens()
    row = the_break(incident.reconcile([payment], []))
    assert row["cause_kind"] == "closed_lost_stopped"
    stops = records(incident.path, "state", state="stopped")
    assert stops[0] in row["log_records"]
    assert "opened again at" in row["cause"]


def test_the_connection_was_closed_for_good(incident):
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    incident.box.wait_for_poll()
    incident.closes()
    row = the_break(incident.reconcile([payment], []))
    assert row["cause_kind"] == "closed_lost_stopped"
    assert row["log_records"][-1] == records(incident.path, "state", state="stopped")[-1]
    assert "not opened again in this log" in row["cause"]


def test_the_program_was_killed(incident):
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    incident.box.wait_for_poll()
    killed = incident.copies()
    incident.closes()
    incident.evening.passes(240)
    shutil.move(killed, incident.path)
    incident.opens()
    row = the_break(incident.reconcile([payment], []))
    assert row["cause_kind"] == "closed_lost_killed"
    assert "was killed or crashed" in row["cause"]


def test_the_pos_was_busy_with_another_call(incident_of):
    class Printing(Till):
        def getTableContents(self, table_id):  # noqa: N802
            self._evening.passes(45)
            return super().getTableContents(table_id)

    incident = incident_of(Printing)
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    incident.guests.looks("3", 1)
    incident.guests.looks("3", 300)
    row = the_break(incident.reconcile([payment], []))
    assert row["cause_kind"] == "closed_lost_busy"
    assert "was busy with another call" in row["cause"]


def test_qerko_never_sent_it_though_the_line_was_up(incident):
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    incident.guests.looks("3", 600)
    row = the_break(incident.reconcile([payment], []))
    assert row["cause_kind"] == "closed_not_sent"
    [asked] = records(incident.path, "call", method="paymentProcessed", payment_id=payment.id)
    assert row["log_records"][0] == asked
    assert "Qerko did not send it" in row["cause"]


def test_a_gap_long_after_the_payment_is_no_cause(incident):
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    incident.guests.looks("3", 600)
    incident.restarts()
    incident.guests.looks("3", 1)
    assert the_break(incident.reconcile([payment], []))["cause_kind"] == "closed_not_sent"


def test_a_log_that_ends_too_early_does_not_say_that_nothing_came(incident):
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    incident.box.wait_for_poll()
    copied = incident.copies()
    row = the_break(incident.reconcile([payment], [], log=copied))
    assert row["cause_kind"] == "closed_after_log"
    assert "cannot show" in row["cause"]


def test_records_that_were_lost_are_no_proof(incident, tmp_path):
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    incident.closes()
    since = incident.evening.now().isoformat()
    incident.evening.passes(20)
    with LogWriter(incident.path, clock=incident.evening) as writer:
        writer.write("note", {"what": "not_recording", "since": since, "lost": 7})
        writer.write("note", {"what": "not_recording", "since": "long ago", "lost": 1})
    incident.opens()
    row = the_break(incident.reconcile([payment], []))
    assert row["cause_kind"] == "log_incomplete"
    assert records(incident.path, "note", what="not_recording")[0] in row["log_records"]
    assert "nothing could be recorded" in row["cause"]


def test_the_pos_never_answered_the_closing(incident_of, tmp_path):
    class Killed(Till):
        def paymentClosed(self, payment_id, state):  # noqa: N802
            if payment_id != "4007":
                shutil.copy(tmp_path / "evening.jsonl", tmp_path / "killed.jsonl")
            super().paymentClosed(payment_id, state)

    incident = incident_of(Killed)
    payment = incident.guests.pays("1002", "30", 60)
    row = the_break(incident.reconcile([payment], [], log=tmp_path / "killed.jsonl"))
    assert row["cause_kind"] == "closed_unanswered"
    [call] = records(incident.path, "call", method="paymentClosed", payment_id=payment.id)
    assert row["log_records"] == [call]
    assert "never answered it" in row["cause"]
    story = incident.reconcile([payment], [], log=tmp_path / "killed.jsonl").explain(payment.id)
    assert "NEVER answers paymentClosed" in str(story)


def test_the_closing_came_late(incident):
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    incident.restarts()
    incident.guests.wait(1)
    incident.box.call("paymentClosed", [payment.id, "PAID"]).wait_for_answer()
    row = the_break(incident.reconcile([payment], []))
    assert row["cause_kind"] == "closed_came_late"
    assert float(row["facts"]["log_later_took"]) > 119
    assert row["facts"]["log_gap"] == "restart"
    assert "2\xa0min 1\xa0s after paymentProcessed" in row["cause"]


def test_the_closing_was_answered_late(incident_of):
    incident = incident_of(Slow)
    payment = incident.guests.pays("1002", "30", 60)
    row = the_break(incident.reconcile([payment], []))
    assert row["cause_kind"] == "closed_answered_late"
    assert "14\xa0s to answer" in row["cause"]


def test_the_pos_answered_well_and_did_not_book(incident):
    payment = incident.guests.pays("1002", "30", 60)
    row = the_break(incident.reconcile([payment], []))
    assert row["cause_kind"] == "closed_not_booked"
    [call] = records(incident.path, "call", method="paymentClosed", payment_id=payment.id)
    [result] = records(incident.path, "result", method="paymentClosed", payment_id=payment.id)
    assert row["log_records"] == [call, result]
    assert "did not book it" in row["cause"]


def test_an_answer_of_unknown_fate_is_said(incident):
    incident.box.inject(Fault(kind="drop", route="poll", first=4, times=2, moment="read"))
    payment = incident.guests.pays("1002", "30", 60, timeout=0.3)
    incident.guests.looks("3", 60)
    row = the_break(incident.reconcile([payment], []))
    assert row["cause_kind"] == "closed_not_booked"
    assert row["facts"]["log_delivery"] == "unknown"
    assert "whether the answer reached Qerko is not known" in row["cause"]
    story = incident.reconcile([payment], []).explain(payment.id)
    assert list(story.frame["what"]).count("unheard") == 1


def test_what_qerko_disliked_of_the_answer_is_said(incident):
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    closing = incident.box.call("paymentClosed", [payment.id, "PAID"])
    closing.wait_for_answer()
    incident.box.call("error", [{"message": "result is not null"}, closing.uuid], uuid=None)
    incident.guests.looks("3", 1)
    row = the_break(incident.reconcile([payment], []))
    assert row["cause_kind"] == "closed_not_booked"
    assert row["facts"]["log_complaint"] == "result is not null"
    assert records(incident.path, "call", method="error")[0] in row["log_records"]
    story = incident.reconcile([payment], []).explain(payment.id)
    assert "complains of the answer to paymentClosed: “result is not null”" in str(story)


def test_the_pos_was_told_that_a_paid_payment_is_cancelled(incident):
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    incident.box.call("paymentClosed", [payment.id, "CANCELLED"]).wait_for_answer()
    row = the_break(incident.reconcile([payment], [line_of(payment, state="Cancelled")]))
    assert (row["reason"], row["cause_kind"]) == ("paid_but_cancelled", "told_cancelled")
    [call] = records(incident.path, "call", method="paymentClosed", payment_id=payment.id)
    assert row["log_records"][0] == call


def test_a_state_that_nobody_knows_and_a_payment_that_is_not_over(incident):
    chosen = incident.guests.chooses("1002", "0", 60)
    started = incident.box.add(msgspec.structs.replace(chosen, state="WAITING"))
    incident.box.call("paymentStart", [msgspec.json.decode(_wire(started))]).wait_for_answer()
    row = the_break(incident.reconcile([started], [line_of(started)]))
    assert (row["reason"], row["cause_kind"]) == ("unknown_state", "in_progress")
    assert "is not over" in row["cause"]


def test_a_state_that_nobody_knows_and_that_the_pos_was_told(incident):
    chosen = incident.guests.chooses("1002", "0", 60)
    incident.box.pay(chosen, loses_close=True)
    refunded = incident.box.add(msgspec.structs.replace(chosen, state="REFUNDED"))
    incident.box.call("paymentClosed", [chosen.id, "REFUNDED"]).wait_for_answer()
    row = the_break(incident.reconcile([refunded], [line_of(refunded)]))
    assert (row["reason"], row["cause_kind"]) == ("unknown_state", "told_state")
    assert "REFUNDED" in row["cause"]


def _wire(payment):
    from qerko_recon.simulator.wire import payment_json

    return payment_json(payment)


def test_a_payment_of_the_neighbouring_day(incident):
    payment = incident.guests.pays("1002", "0", 11 * 3600 - 60)  # four o'clock has passed
    row = the_break(incident.reconcile([payment], []), payment)
    assert (row["kind"], row["cause_kind"]) == ("timing", "closed_in_time")
    assert "answered that all is well" in row["cause"]


def test_a_closing_that_came_on_the_next_business_day(incident):
    payment = incident.guests.pays("1002", "0", 9 * 3600 + 3000, loses_close=True)
    incident.guests.wait(600)  # past four o'clock
    incident.box.call("paymentClosed", [payment.id, "PAID"]).wait_for_answer()
    row = the_break(incident.reconcile([payment], [], business_day=date(2026, 11, 19)), payment)
    assert (row["kind"], row["cause_kind"]) == ("timing", "closed_another_day")
    assert "21 Nov 2026" in row["cause"]


def test_a_line_of_the_neighbouring_day_whose_payment_was_not_fetched(incident):
    payment = incident.guests.pays("1002", "0", 11 * 3600 - 60)  # four o'clock has passed
    row = the_break(incident.reconcile([], [line_of(payment)]), payment)
    assert (row["kind"], row["cause_kind"]) == ("timing", "log_names_it")
