"""Booked twice: by a message that came twice, or by the POS's own doing."""

from __future__ import annotations

from incidents import line_of, records, the_break

from qerko_recon.simulator import Fault


def test_a_closing_that_came_twice(incident):
    payment = incident.guests.pays("1002", "30", 60)
    incident.box.call("paymentClosed", [payment.id, "PAID"]).wait_for_answer()
    row = the_break(incident.reconcile([payment], [line_of(payment), line_of(payment)]))
    assert (row["kind"], row["cause_kind"]) == ("duplicate_in_pos", "closed_twice")
    came = records(incident.path, "call", method="paymentClosed", payment_id=payment.id)
    assert len(came) == 2
    assert row["log_records"][:2] == came
    assert row["facts"]["log_times"] == "2"
    assert "(paymentClosed) 2 times" in row["cause"]


def test_the_same_call_delivered_again_since_its_answer_was_lost(incident):
    incident.box.inject(Fault(kind="drop", route="poll", first=4, times=2, moment="read"))
    payment = incident.guests.pays("1002", "30", 60, timeout=0.3)
    again = incident.box.calls[-1]
    incident.box.call("paymentClosed", [payment.id, "PAID"], uuid=again.uuid).wait_for_answer()
    row = the_break(incident.reconcile([payment], [line_of(payment), line_of(payment)]))
    assert row["cause_kind"] == "closed_twice"
    assert row["log_records"][:2] == records(
        incident.path, "call", method="paymentClosed", payment_id=payment.id
    )


def test_a_receipt_that_was_asked_for_twice(incident):
    payment = incident.guests.pays("1002", "30", 60, loses_close=True)
    incident.box.call("paymentProcessed", [payment.id, "PAID"]).wait_for_answer()
    row = the_break(incident.reconcile([payment], [line_of(payment), line_of(payment)]))
    assert row["cause_kind"] == "processed_twice"
    assert "(paymentProcessed) 2 times" in row["cause"]


def test_told_once_and_booked_twice_by_itself(incident):
    payment = incident.guests.pays("1002", "30", 60)
    row = the_break(incident.reconcile([payment], [line_of(payment), line_of(payment)]))
    assert row["cause_kind"] == "closed_once"
    assert "booked the payment twice by itself" in row["cause"]
