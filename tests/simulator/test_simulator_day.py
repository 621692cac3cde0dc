from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from qerko_recon.errors import ConfigError
from qerko_recon.model import CANCELLED, PAID, decode_payment
from qerko_recon.money import fits
from qerko_recon.simulator import TradingDay, payment_json, received
from qerko_recon.simulator.discrepancies import PLANTED

SEEDS = range(12)
ZONE = ZoneInfo("Europe/Prague")
FROM_BRIEF = {
    ("missing_in_pos", "not_posted"),
    ("missing_in_qerko", "not_found"),
    ("missing_in_qerko", "no_payment_for_bill"),
    ("state_mismatch", "cancelled_but_posted"),
    ("state_mismatch", "paid_but_open"),
    ("state_mismatch", "paid_but_cancelled"),
    ("state_mismatch", "unknown_state"),
    ("amount_mismatch", "amount_differs"),
    ("tip_mismatch", "net_for_gross"),
    ("tip_mismatch", "tip_lost"),
    ("tip_mismatch", "tip_inside_amount"),
    ("tip_mismatch", "tip_differs"),
    ("part_mismatch", "provider_differs"),
    ("duplicate_in_pos", "posted_twice"),
    ("currency_mismatch", "currency_differs"),
    ("rounding", "rounded_to_whole"),
    ("timing", "other_business_day"),
    ("unfetched", "unfetched_forbidden"),
    ("unfetched", "unfetched_server"),
    ("unfetched", "unfetched_network"),
    ("unfetched", "unfetched_invalid"),
    ("unreadable", "row_unreadable"),
    ("inconsistent_payment", "items_and_parts_differ"),
    ("inconsistent_payment", "tips_out_of_range"),
}


def text_of(day: TradingDay) -> bytes:
    facts = [payment_json(payment) for payment in day.payments]
    facts += [repr(one).encode() for one in (*day.tenders, *day.others, *day.discrepancies)]
    facts += [f"{one.payment_id} {one.kind}".encode() for one in day.refused]
    return b"\n".join(facts)


def gap(payment) -> Decimal:
    """Give parts − (items − discount + tip): 0 where a payment adds up."""
    items = sum((item.price * item.quantity for item in payment.items), Decimal(0))
    discount = payment.discount.value if payment.discount else Decimal(0)
    parts = sum((part.total for part in payment.parts), Decimal(0))
    return parts - (items - discount + payment.tip_gross)


def business_date(at: datetime) -> date:
    return (at.astimezone(ZONE) - timedelta(hours=4)).date()


def lines_by_payment(day: TradingDay) -> dict:
    lines = defaultdict(list)
    for line in day.tenders:
        lines[line.payment_id].append(line)
    return lines


def test_a_seed_makes_the_same_day_everywhere(small_day):
    digest = hashlib.sha256(text_of(small_day)).hexdigest()
    assert digest[:16] == "845604ce0f61a61b"
    assert text_of(TradingDay.generate(seed=1, payments=60)) == text_of(small_day)
    assert text_of(TradingDay.generate(seed=2, payments=60)) != text_of(small_day)


@pytest.mark.parametrize("currency", ["CZK", "EUR"])
@pytest.mark.parametrize("seed", SEEDS)
def test_variances_walk_from_settled_to_posted_exactly(seed, currency):
    day = TradingDay.generate(seed=seed, payments=80, currency=currency)
    walked = dict(day.settled_total)
    for one in day.discrepancies:
        walked[one.currency] += one.variance
    assert walked == dict(day.posted_total)
    assert len(walked) == 2


@pytest.mark.parametrize("seed", SEEDS)
def test_every_kind_of_fault_is_planted_on_payments_and_bills_of_its_own(seed):
    day = TradingDay.generate(seed=seed, payments=60)
    assert {(one.kind, one.reason) for one in day.discrepancies} == FROM_BRIEF == set(PLANTED)
    faults = [one for one in day.discrepancies if one.kind != "currency_mismatch"]
    bills = Counter(one.bill_id for one in faults)
    payments = Counter(one.payment_id for one in faults if one.payment_id)
    assert max(bills.values()) == max(payments.values()) == 1
    crossed = [one for one in day.discrepancies if one.kind == "currency_mismatch"]
    assert len(crossed) == 2
    assert len({one.payment_id for one in crossed}) == 1
    assert {one.currency for one in crossed} == {"CZK", "EUR"}
    assert not {one.bill_id for one in crossed} & set(bills)


def test_a_day_of_some_size_has_every_fault_twice(day):
    counts = Counter((one.kind, one.reason) for one in day.discrepancies)
    assert set(counts) == FROM_BRIEF
    assert min(counts.values()) == 2


@pytest.mark.parametrize("seed", SEEDS)
def test_payments_add_up_in_at_most_two_decimals_unless_they_are_meant_not_to(seed):
    day = TradingDay.generate(seed=seed, payments=80)
    upset = {one.payment_id for one in day.discrepancies if one.kind == "inconsistent_payment"}
    for payment in day.payments:
        amounts = [part.total for part in payment.parts]
        amounts += [payment.tip_gross, payment.tip_net, *(item.price for item in payment.items)]
        assert all(
            fits(amount) and amount == amount.quantize(Decimal("0.01")) for amount in amounts
        )
        assert all(part.total > 0 for part in payment.parts)
        if payment.id not in upset:
            assert gap(payment) == 0
            assert 0 <= payment.tip_net <= payment.tip_gross
        else:
            assert gap(payment) != 0 or payment.tip_net > payment.tip_gross


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_without_discrepancies_agrees_payment_by_payment(seed):
    day = TradingDay.generate(seed=seed, payments=90, discrepancies=False)
    assert len(day.payments) == 90
    assert day.discrepancies == day.refused == ()
    assert day.settled_total == day.posted_total
    lines = lines_by_payment(day)
    assert set(lines) <= set(day.payment_ids)
    for payment in day.payments:
        posted = [line for line in lines[payment.id] if line.state == "paid"]
        if payment.state == CANCELLED:
            assert not posted
            continue
        assert payment.state == PAID
        assert sum(line.tip for line in posted) == payment.tip_gross
        assert {line.bill_id for line in posted} == {payment.bill_id}
        shares: dict[str, Decimal] = defaultdict(Decimal)
        for line in posted:
            shares[line.provider] += line.total
        assert shares == {part.provider.name: part.total for part in payment.parts}
        assert len({line.total for line in posted}) == len(posted)


def test_faults_are_planted_in_the_same_honest_day(day):
    honest = TradingDay.generate(seed=1, discrepancies=False)
    faulty = {one.payment_id for one in day.discrepancies}
    untouched = {payment.id: payment for payment in day.payments if payment.id not in faulty}
    known = {payment.id: payment for payment in honest.payments}
    assert len(untouched) > 350
    assert all(known[payment_id] == payment for payment_id, payment in untouched.items())
    assert day.others == honest.others


# What holds of a planted fault: the discrepancy, its payment, the POS's lines, the settled total.
HOLDS = {
    "not_posted": lambda one, _, lines, settled: not lines and one.variance == -settled,
    "not_found": lambda one, _, lines, __: lines[0].total == one.variance,
    "no_payment_for_bill": lambda one, _, lines, __: (
        [one.variance] == [line.total for line in lines if line.bill_id == one.bill_id]
    ),
    "cancelled_but_posted": lambda _, payment, lines, __: (
        (payment.state, lines[0].state) == (CANCELLED, "paid")
    ),
    "paid_but_open": lambda _, payment, lines, __: (
        (payment.state, lines[0].state) == (PAID, "open")
    ),
    "paid_but_cancelled": lambda _, payment, lines, __: (
        (payment.state, lines[0].state) == (PAID, "cancelled")
    ),
    "unknown_state": lambda one, payment, lines, _: (
        payment.state not in {PAID, CANCELLED} and lines[0].total == one.variance
    ),
    "amount_differs": lambda one, payment, lines, settled: (
        abs(one.variance) >= 1
        and lines[0].total - settled == one.variance
        and lines[0].tip == payment.tip_gross
    ),
    "net_for_gross": lambda _, payment, lines, __: (
        lines[0].tip == payment.tip_net != payment.tip_gross
    ),
    "tip_lost": lambda _, payment, lines, __: lines[0].tip == 0 < payment.tip_gross,
    "tip_inside_amount": lambda one, payment, lines, settled: (
        lines[0].amount == settled and lines[0].tip == one.variance == 0 < payment.tip_gross
    ),
    "tip_differs": lambda _, payment, lines, __: (
        lines[0].tip not in {Decimal(0), payment.tip_net, payment.tip_gross}
    ),
    "provider_differs": lambda _, payment, lines, settled: (
        total_of_lines(lines) == settled
        and {line.provider: line.total for line in lines}
        != {part.provider.name: part.total for part in payment.parts}
    ),
    "posted_twice": lambda one, _, lines, settled: (
        [line.total for line in lines] == [settled, settled] == [one.variance] * 2
    ),
    "currency_differs": lambda _, payment, lines, __: (
        (payment.currency, lines[0].currency) == ("CZK", "EUR")
    ),
    "rounded_to_whole": lambda one, _, lines, settled: (
        settled % 1 != 0 == lines[0].total % 1 and 0 < abs(one.variance) < 1
    ),
    "other_business_day": lambda one, payment, lines, settled: (
        not lines
        and business_date(payment.created_at) != date(2026, 11, 20)
        and one.variance == -settled
    ),
    "row_unreadable": lambda _, __, lines, ___: not lines[0].is_readable,
    "items_and_parts_differ": lambda _, payment, lines, settled: (
        gap(payment) != 0 and lines[0].total == settled
    ),
    "tips_out_of_range": lambda _, payment, lines, __: (
        payment.tip_net > payment.tip_gross == lines[0].tip
    ),
}


def total_of_lines(lines) -> Decimal:
    return sum((line.total for line in lines), Decimal(0))


def test_each_planted_fault_is_what_it_says(day):
    payments = {payment.id: payment for payment in day.payments}
    lines = lines_by_payment(day)
    for one in day.discrepancies:
        assert one.note.endswith(".")
        assert (one.payment_id or one.bill_id) in one.note
        if one.kind == "unfetched":
            continue
        payment = payments.get(one.payment_id)
        settled = total_of(payment) if payment else None
        assert HOLDS[one.reason](one, payment, lines[one.payment_id], settled), one


def test_refused_ids_are_those_of_unfetched_and_missing_payments(day):
    refused = {one.payment_id: one for one in day.refused}
    lines = lines_by_payment(day)
    assert not set(refused) & {payment.id for payment in day.payments}
    for one in day.discrepancies:
        if one.kind == "unfetched":
            assert one.reason == f"unfetched_{refused[one.payment_id].kind}"
            assert one.variance == total_of_lines(lines[one.payment_id])
            assert total_of(refused.pop(one.payment_id).payment) == one.variance
        elif one.reason == "not_found":
            assert refused.pop(one.payment_id).payment is None
    assert refused == {}


def test_money_that_nobody_paid_fits_no_payment_that_nobody_posted(day):
    made_up = {one.variance for one in day.discrepancies if one.kind == "missing_in_qerko"}
    missing = {
        -one.variance for one in day.discrepancies if one.kind in {"missing_in_pos", "timing"}
    }
    assert made_up
    assert not made_up & missing


def test_the_day_is_that_of_a_czech_restaurant(day):
    hours = Counter(payment.created_at.astimezone(ZONE).hour for payment in day.payments)
    assert hours[12] + hours[11] > 60
    assert hours[18] + hours[19] + hours[20] > 100
    assert hours[15] < 20
    assert sum(hours[hour] for hour in (0, 1, 2)) >= 5
    quantities = {item.quantity for payment in day.payments for item in payment.items}
    assert {Decimal(1), Decimal(2), Decimal("0.5"), Decimal("0.3")} <= quantities
    bills = Counter(payment.bill_id for payment in day.payments)
    assert sum(count > 1 for count in bills.values()) > 40
    assert sum(payment.discount is not None for payment in day.payments) > 10
    assert sum(len(payment.parts) == 2 for payment in day.payments) > 5
    assert 5 < sum(payment.state == CANCELLED for payment in day.payments) < 50
    assert 5 < sum(parts % 1 != 0 for parts in map(total_of, day.payments)) < 60
    assert {line.tender_type for line in day.others} == {"cash", "card", "voucher"}
    assert {line.state for line in day.tenders} == {"paid", "cancelled", "open"}
    assert {bill.partition("-")[0][0] for bill in bills} == {"2", "B"}


def total_of(payment) -> Decimal:
    return sum((part.total for part in payment.parts), Decimal(0))


def test_a_cancelled_payment_may_be_followed_by_one_that_is_paid(day):
    states = defaultdict(set)
    for payment in day.payments:
        states[payment.bill_id].add(payment.state)
    assert {PAID, CANCELLED} in states.values()
    assert {CANCELLED} in states.values()


@pytest.mark.parametrize(
    "business_day", [date(2026, 3, 28), date(2026, 10, 24), date(2026, 11, 20)]
)
def test_every_line_stays_within_the_business_day_also_when_clocks_change(business_day):
    day = TradingDay.generate(seed=3, business_date=business_day, payments=100)
    assert {business_date(line.paid_at) for line in day.pos_lines} == {business_day}
    timing = {one.payment_id for one in day.discrepancies if one.kind == "timing"}
    for payment in day.payments:
        assert (business_date(payment.created_at) == business_day) == (payment.id not in timing)
        assert payment.created_at < day.closed_at or payment.id in timing
    end = day.closed_at.astimezone(ZONE)
    assert (end.hour, end.minute) == (4, 0)


def test_identifiers_are_unique_and_all_are_known(day):
    assert len(set(day.payment_ids)) == len(day.payment_ids)
    assert len(day.payments) + len(day.refused) == len(day.payment_ids)
    assert {line.payment_id for line in day.tenders} - {None} <= set(day.payment_ids)
    assert all(len(payment_id) == 8 and payment_id.isdigit() for payment_id in day.payment_ids)
    stamps = [payment.timestamp for payment in day.payments]
    assert stamps == sorted(stamps)


def test_payments_survive_the_wire(day):
    for payment in day.payments:
        again = decode_payment(payment_json(payment))
        assert again.unknown == {}
        assert payment_json(again) == payment_json(payment)
        assert received(payment).raw == payment_json(payment)
        assert again.created_at.tzinfo == UTC


def test_what_cannot_be_is_refused_in_a_sentence():
    with pytest.raises(ConfigError, match="EUR, not in 'USD'"):
        TradingDay.generate(currency="USD")
    with pytest.raises(ConfigError, match="discrepancies=False"):
        TradingDay.generate(payments=12)
    with pytest.raises(ConfigError, match="one payment or more"):
        TradingDay.generate(payments=0)
    assert len(TradingDay.generate(payments=1, discrepancies=False).payments) == 1
