"""Amounts that differ: what the POS was told, what it answered, what became of it since."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import msgspec
from incidents import line_of, records, the_break

from qerko_recon.model import PAID
from qerko_recon.session_samples.stage import Till


def test_a_payment_that_changed_after_the_pos_was_told(incident):
    told = incident.guests.chooses("1002", "30", 60)
    incident.box.pay(told)
    now = incident.box.add(incident.guests.tips_anew(told, "80"))
    row = the_break(incident.reconcile([now], [line_of(told)]))
    assert (row["kind"], row["cause_kind"]) == ("tip_mismatch", "amounts_changed")
    assert row["facts"]["log_told_tip"] == "30.00 CZK"
    assert row["facts"]["log_now_tip"] == "80.00 CZK"
    [start] = records(incident.path, "call", method="paymentStart", payment_id=told.id)
    assert row["log_records"] == [start]
    assert "with a tip of CZK\xa030.00, now it is" in row["cause"]
    assert "as it was told" in row["cause"]


def test_a_share_for_which_the_whole_bill_was_booked(incident):
    share = incident.guests.chooses("1002", "0", 60, items=1)
    whole = incident.till.getBill("1002")
    total = sum((item.price * item.quantity for item in whole.items), Decimal(0))
    incident.box.pay(share)
    row = the_break(incident.reconcile([share], [line_of(share, amount=total)]))
    assert (row["kind"], row["cause_kind"]) == ("amount_mismatch", "whole_bill")
    asked, told = row["log_records"]
    assert asked in records(incident.path, "call", method="getBill", bill_id="1002")
    assert told == records(incident.path, "call", method="paymentStart", payment_id=share.id)[0]
    assert "the whole bill" in row["cause"]


def test_a_lower_price_that_the_pos_itself_named(incident_of):
    class Generous(Till):
        def paymentProcessed(self, payment_id):  # noqa: N802 - Qerko's name
            receipt = super().paymentProcessed(payment_id)
            if payment_id == "4007":
                return receipt
            return msgspec.structs.replace(receipt, final_price=Decimal(300))

    incident = incident_of(Generous)
    payment = incident.guests.pays("1002", "0", 60)
    row = the_break(incident.reconcile([payment], [line_of(payment, amount=Decimal(300))]))
    assert (row["kind"], row["cause_kind"]) == ("amount_mismatch", "final_price")
    [result] = records(incident.path, "result", method="paymentProcessed", payment_id=payment.id)
    assert row["log_records"] == [result]
    assert "CZK\xa0300.00" in row["cause"]


def test_the_pos_was_told_right_and_booked_otherwise(incident):
    payment = incident.guests.pays("1002", "30", 60)
    row = the_break(incident.reconcile([payment], [line_of(payment, amount=Decimal(250))]))
    assert (row["kind"], row["cause_kind"]) == ("amount_mismatch", "told_right")
    [start] = records(incident.path, "call", method="paymentStart", payment_id=payment.id)
    assert row["log_records"] == [start]
    assert "a tip of CZK\xa030.00 among it (net CZK\xa029.64)" in row["cause"]


def test_a_pattern_that_is_known_stays_in_front_of_what_the_log_shows(incident):
    payment = incident.guests.pays("1002", "30", 60)
    net = line_of(payment, tip=payment.tip_net)
    row = the_break(incident.reconcile([payment], [net]))
    assert (row["reason"], row["cause_kind"]) == ("net_for_gross", "told_right")
    assert row["cause"].startswith("The POS booked the net tip in place of the gross one. Qerko")


def test_another_currency(incident):
    told = incident.guests.chooses("1002", "0", 60)
    incident.box.pay(told)
    now = incident.box.add(msgspec.structs.replace(told, currency="EUR", state=PAID))
    result = incident.reconcile([now], [line_of(told)])
    rows = [row for row in result.breaks.to_dict("records") if row["payment_id"] == now.id]
    assert {row["kind"] for row in rows} == {"currency_mismatch"}
    assert {row["cause_kind"] for row in rows} == {"amounts_changed"}
    assert all("in CZK, now it is in EUR" in row["cause"] for row in rows)


def test_a_rounded_total_needs_no_log(incident):
    payment = incident.guests.pays("1002", "0.40", 60)
    rounded = line_of(payment)
    rounded = replace(rounded, amount=rounded.amount - Decimal("0.40"))
    row = the_break(incident.reconcile([payment], [rounded]))
    assert (row["kind"], row["cause_kind"]) == ("rounding", None)
    assert row["cause"] == "The POS rounds card payments as if they were cash."
    assert row["log_records"] == []
