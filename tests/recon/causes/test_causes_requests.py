"""What the POS asked of Qerko itself, recorded by the proxy between them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from incidents import direct, line_of, records, the_break

from qerko_recon.errors import QerkoReconError
from qerko_recon.model import decode_receipt
from qerko_recon.simulator import Fault


def test_the_pos_cancelled_and_let_its_line_stand(watched):
    payment = watched.box.pay(watched.payment("5001", "1001"))
    watched.client.cancel_payment(payment.id)
    row = the_break(watched.reconcile([payment], [line_of(payment)]))
    assert (row["reason"], row["cause_kind"]) == ("cancelled_but_posted", "cancelled_by_pos")
    sent = records(watched.log, "rest_sent", verb="DELETE")
    answered = records(watched.log, "rest_answered", verb="DELETE")
    assert row["log_records"] == [*sent, *answered]
    assert row["facts"]["log_state"] == "CANCELLED"
    assert any("DELETE payment 5001: 200 CANCELLED" in one for one in row["evidence"])


def test_the_story_tells_what_the_pos_asked_for(watched):
    payment = watched.box.pay(watched.payment("5001", "1001"))
    watched.client.get_payment(payment.id)
    watched.box.inject(Fault(kind="drop", route="cancel", moment="unread"))
    with pytest.raises(QerkoReconError):
        watched.client.cancel_payment(payment.id)
    with pytest.raises(QerkoReconError):
        capture(watched, payment)
    result = watched.reconcile([payment], [line_of(payment)])
    story = result.explain(payment.id)
    whats = [one for one in story.frame["what"] if one.startswith(("look", "ask", "repl", "no_"))]
    assert whats == [
        "looked_up", "replied", "asked_to_cancel", "no_reply", "asked_to_capture", "replied",
    ]  # fmt: skip
    assert "asks to cancel the payment" in str(story)
    assert "gives no answer" in str(story)


def test_the_pos_was_refused_a_cancel_and_took_its_line_back(watched):
    payment = watched.box.pay(watched.payment("5001", "1001"))
    watched.box.clock.advance(timedelta(hours=4))
    with pytest.raises(QerkoReconError):
        watched.client.cancel_payment(payment.id)
    row = the_break(watched.reconcile([payment], [line_of(payment, state="Cancelled")]))
    assert (row["reason"], row["cause_kind"]) == ("paid_but_cancelled", "cancel_refused")
    assert row["facts"]["log_status"] == "410"
    assert "the three hours" in row["cause"]


def test_nobody_knows_whether_the_cancel_arrived(watched):
    payment = watched.box.pay(watched.payment("5001", "1001"))
    watched.box.inject(Fault(kind="drop", route="cancel", moment="unread"))
    with pytest.raises(QerkoReconError):
        watched.client.cancel_payment(payment.id)
    row = the_break(watched.reconcile([payment], [line_of(payment, state="Cancelled")]))
    assert row["cause_kind"] == "cancel_unanswered"
    assert "got no answer" in row["cause"]


def test_the_pos_looked_up_what_it_had_missed_and_did_not_book_it(watched):
    payment = watched.box.pay(watched.payment("5001", "1001"), loses_close=True)
    watched.client.get_payment(payment.id)
    row = the_break(watched.reconcile([payment], []))
    assert (row["kind"], row["cause_kind"]) == ("missing_in_pos", "looked_up_paid")
    assert row["log_records"] == [
        *records(watched.log, "rest_sent", verb="GET"),
        *records(watched.log, "rest_answered", verb="GET"),
    ]
    assert any("GET payment 5001: 200 PAID" in one for one in row["evidence"])
    assert any("paymentProcessed answered ok" in one for one in row["evidence"])


def test_a_look_up_that_failed_stands_beside_the_cause(watched):
    payment = watched.box.pay(watched.payment("5001", "1001"), loses_close=True)
    watched.box.inject(Fault(kind="status", status=403, route="get"))
    with pytest.raises(QerkoReconError):
        watched.client.get_payment(payment.id)
    row = the_break(watched.reconcile([payment], []))
    assert row["cause_kind"].startswith("closed_")
    assert row["facts"]["log_look"] == "refused"
    assert "was refused (403)" in row["cause"]


def test_a_look_up_of_a_cancelled_payment_was_ignored(watched):
    payment = watched.box.pay(watched.payment("5001", "1001"), loses_close=True)
    watched.box.call("getTableList").wait_for_answer()
    with direct(watched.box) as somebody:  # whose requests do not pass the proxy
        somebody.cancel_payment(payment.id)
    watched.client.get_payment(payment.id)
    row = the_break(watched.reconcile([payment], [line_of(payment)]))
    assert row["cause_kind"] == "looked_up_cancelled"


def test_told_by_qerko_and_looked_up_as_well(watched):
    payment = watched.box.pay(watched.payment("5001", "1001"))
    watched.client.get_payment(payment.id)
    row = the_break(watched.reconcile([payment], [line_of(payment), line_of(payment)]))
    assert (row["kind"], row["cause_kind"]) == ("duplicate_in_pos", "closed_and_looked_up")
    assert records(watched.log, "rest_sent", verb="GET")[0] in row["log_records"]


RECEIPT = {"receiptDeliveryType": "EMAIL", "items": [{"name": "Pivo", "price": "62"}]}


def capture(watched, payment):
    watched.client.capture_payment(payment.id, decode_receipt(msgspec.json.encode(RECEIPT)))


def test_a_capture_that_was_accepted(watched):
    payment = watched.box.add(watched.payment("5001", "1001"), capture="manual")
    capture(watched, payment)
    later = watched.box.add(msgspec.structs.replace(payment, state="SETTLING"))
    row = the_break(watched.reconcile([later], [line_of(later)]))
    assert (row["reason"], row["cause_kind"]) == ("unknown_state", "capture_accepted")


def test_a_capture_that_was_refused(watched):
    payment = watched.box.add(watched.payment("5001", "1001"), capture="manual")
    watched.box.inject(Fault(kind="status", status=404, route="capture"))
    with pytest.raises(QerkoReconError):
        capture(watched, payment)
    row = the_break(watched.reconcile([payment], [line_of(payment)]))
    assert row["cause_kind"] == "capture_refused"
    assert "404" in row["cause"]


def test_a_capture_without_an_answer(watched):
    payment = watched.box.add(watched.payment("5001", "1001"), capture="manual")
    watched.box.inject(Fault(kind="drop", route="capture", moment="unread"))
    with pytest.raises(QerkoReconError):
        capture(watched, payment)
    row = the_break(watched.reconcile([payment], [line_of(payment)]))
    assert row["cause_kind"] == "capture_unanswered"


def test_an_id_that_a_path_has_to_encode(watched):
    payment = watched.box.pay(watched.payment("50/01 é", "1001"), loses_close=True)
    watched.client.get_payment(payment.id)
    row = the_break(watched.reconcile([payment], []))
    assert row["cause_kind"] == "looked_up_paid"
    assert datetime.fromisoformat(row["facts"]["log_at"]) < datetime.now(UTC)
