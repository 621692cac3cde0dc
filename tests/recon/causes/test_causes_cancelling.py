"""Cancelled in Qerko and paid in the POS: what the POS was told, and why Qerko cancelled."""

from __future__ import annotations

import shutil

import pytest
from incidents import line_of, records, the_break

from qerko_recon import CallRefused, SessionLog
from qerko_recon.session_samples.stage import Till
from qerko_recon.simulator import Fault


def test_the_pos_ignored_the_state(incident):
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    incident.client.cancel_payment(payment.id)
    incident.box.call("paymentClosed", [payment.id, "CANCELLED"]).wait_for_answer()
    row = the_break(incident.reconcile([payment], [line_of(payment)]))
    assert (row["reason"], row["cause_kind"]) == ("cancelled_but_posted", "state_ignored")
    [call] = records(incident.path, "call", method="paymentClosed", payment_id=payment.id)
    [result] = records(incident.path, "result", method="paymentClosed", payment_id=payment.id)
    assert row["log_records"] == [call, result]
    assert "does not look at the state" in row["cause"]


def test_the_reason_why_qerko_cancelled_stands_beside_it(incident):
    incident.till.has_paper = False
    payment = incident.guests.pays("1002", "30", 60)
    row = the_break(incident.reconcile([payment], [line_of(payment)]))
    assert row["cause_kind"] == "state_ignored"
    assert row["facts"]["log_why"] == "error"
    assert row["facts"]["log_why_call"] == "paymentProcessed"
    [error] = records(incident.path, "error", payment_id=payment.id)
    assert error in row["log_records"]
    assert "out of paper" in row["cause"]


def test_the_closing_was_answered_with_an_error(incident_of):
    class Locked(Till):
        def paymentClosed(self, payment_id, state):  # noqa: N802 - Qerko's name
            if state == "CANCELLED":
                raise CallRefused("the day is closed", "DAY_CLOSED")
            super().paymentClosed(payment_id, state)

    incident = incident_of(Locked)
    incident.till.has_paper = False
    payment = incident.guests.pays("1002", "30", 60)
    row = the_break(incident.reconcile([payment], [line_of(payment)]))
    assert row["cause_kind"] == "closed_error"
    assert row["facts"]["log_state"] == "CANCELLED"
    assert "(paymentClosed, CANCELLED)" in row["cause"]


def test_the_pos_was_told_paid_and_cancelled_behind_its_back(incident):
    payment = incident.guests.pays("1002", "30", 60)
    incident.client.cancel_payment(payment.id)
    row = the_break(incident.reconcile([payment], [line_of(payment)]))
    assert row["cause_kind"] == "told_paid_then_cancelled"
    [call] = records(incident.path, "call", method="paymentClosed", payment_id=payment.id)
    assert row["log_records"][0] == call


@pytest.mark.parametrize("step", ["start", "processed"])
def test_the_pos_refused_a_call_and_booked_all_the_same(incident_of, step):
    class Refusing(Till):
        def paymentStart(self, payment):  # noqa: N802
            if step == "start" and payment.id != "4007":
                raise CallRefused("the bill is being split", "BILL_LOCKED")
            super().paymentStart(payment)

        def paymentProcessed(self, payment_id):  # noqa: N802
            if step == "processed" and payment_id != "4007":
                raise CallRefused("no more receipts", "PAPER")
            return super().paymentProcessed(payment_id)

    incident = incident_of(Refusing)
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    row = the_break(incident.reconcile([payment], [line_of(payment)]))
    assert row["cause_kind"] == f"{step}_error"
    [error] = records(incident.path, "error", payment_id=payment.id)
    assert row["log_records"][-1] == error
    assert "so Qerko cancelled the payment" in row["cause"]


@pytest.mark.parametrize("method", ["paymentStart", "paymentProcessed"])
def test_the_pos_never_answered(incident_of, tmp_path, method):
    class Killed(Till):
        def paymentStart(self, payment):  # noqa: N802
            if payment.id != "4007" and method == "paymentStart":
                self._die()
            super().paymentStart(payment)

        def paymentProcessed(self, payment_id):  # noqa: N802
            if payment_id != "4007":
                self._die()
            return super().paymentProcessed(payment_id)

        def _die(self):
            shutil.copy(tmp_path / "evening.jsonl", tmp_path / "killed.jsonl")
            raise CallRefused("killed")

    incident = incident_of(Killed)
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    row = the_break(
        incident.reconcile([payment], [line_of(payment)], log=tmp_path / "killed.jsonl")
    )
    assert (
        row["cause_kind"]
        == {
            "paymentStart": "start_unanswered",
            "paymentProcessed": "processed_unanswered",
        }[method]
    )
    assert row["log_records"] == records(
        tmp_path / "killed.jsonl", "call", method=method, payment_id=payment.id
    )
    assert f"never answered {method}" in row["cause"]


def test_the_answer_did_not_reach_qerko(incident):
    incident.box.inject(Fault(kind="drop", route="poll", first=2, times=2, moment="read"))
    payment = incident.guests.pays("1002", "30", 60, timeout=0.3, loses_close=True)
    row = the_break(incident.reconcile([payment], [line_of(payment)]))
    assert row["cause_kind"] == "start_undelivered"
    assert row["facts"]["log_delivery"] == "unknown"
    polls = SessionLog(incident.path).where(payment_id=payment.id).frame
    carried = polls[polls["kind"].isin(["poll_sent", "poll_answered"])]["seq"]
    assert set(carried) <= set(row["log_records"])


def test_an_answer_lost_in_a_restart(incident_of):
    class Unlucky(Till):
        def paymentProcessed(self, payment_id):  # noqa: N802
            if payment_id != "4007":
                incident.restarts()
            return super().paymentProcessed(payment_id)

    incident = incident_of(Unlucky)
    payment = incident.guests.pays("1002", "30", 60, timeout=0.3, loses_close=True)
    row = the_break(incident.reconcile([payment], [line_of(payment)]))
    assert row["cause_kind"] == "processed_undelivered"
    assert "lost in a restart" in row["cause"]


def test_the_answer_took_too_long(incident_of):
    class Slow(Till):
        def paymentProcessed(self, payment_id):  # noqa: N802
            if payment_id != "4007":
                self._evening.passes(31)
            return super().paymentProcessed(payment_id)

    incident = incident_of(Slow)
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    incident.client.cancel_payment(payment.id)
    row = the_break(incident.reconcile([payment], [line_of(payment)]))
    assert row["cause_kind"] == "processed_late"
    assert "31.6\xa0s to answer paymentProcessed" in row["cause"]


def test_qerko_disliked_the_answer(incident):
    chosen = incident.guests.chooses("1002", "30", 60)
    payment = incident.box.pay(chosen, loses_close=True)
    incident.client.cancel_payment(payment.id)
    asked = next(one for one in incident.box.calls[::-1] if one.method == "paymentProcessed")
    incident.box.call("error", [{"message": "a receipt needs items"}, asked.uuid], uuid=None)
    incident.guests.looks("3", 1)
    row = the_break(incident.reconcile([payment], [line_of(payment)]))
    assert row["cause_kind"] == "processed_disliked"
    assert records(incident.path, "call", method="error")[0] in row["log_records"]
    assert "a receipt needs items" in row["cause"]


def test_the_answer_was_no_receipt(incident_of):
    class Odd(Till):
        def paymentProcessed(self, payment_id):  # noqa: N802
            receipt = super().paymentProcessed(payment_id)
            return receipt if payment_id == "4007" else {"done": True}

    incident = incident_of(Odd)
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    assert payment.state == "CANCELLED"
    row = the_break(incident.reconcile([payment], [line_of(payment)]))
    assert row["cause_kind"] == "processed_no_receipt"


def test_the_cancelling_message_was_lost(incident):
    chosen = incident.guests.chooses("1002", "30", 60)
    payment = incident.box.pay(chosen, loses_close=True)
    incident.client.cancel_payment(payment.id)
    incident.guests.wait(20)  # so long was the poll held that brought the answer
    incident.restarts()
    row = the_break(incident.reconcile([payment], [line_of(payment)]))
    assert row["cause_kind"] == "closed_lost_restart"
