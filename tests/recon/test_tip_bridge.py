"""Tips from gross to net by provider: every crown is in one row, and odd fees are seen."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qerko_recon.recon import Policy, reconcile
from qerko_recon.recon.tip_bridge import fee_rates
from qerko_recon.recon.tip_owners import TipOwners
from qerko_recon.schema import FAILURES, ITEMS, PROBLEMS, TENDERS, TIP_BRIDGE

ZERO = Decimal(0)


def paid(name, tip=0, net=None, providers=("Qerko",), **more):
    return {
        "payment_id": name,
        "bill_id": f"bill-{name}",
        "state": "PAID",
        "currency": "CZK",
        "parts_total": Decimal(100) + Decimal(str(tip)),
        "tip_gross": Decimal(str(tip)),
        "tip_net": None if net is None else Decimal(str(net)),
        "providers": providers,
        **more,
    }


def posted(name, tip, **more):
    return {
        "payment_id": name,
        "bill_id": f"bill-{name}",
        "amount": Decimal(100),
        "tip": None if tip is None else Decimal(str(tip)),
        "currency": "CZK",
        "state": "paid",
        **more,
    }


def made(payments, lines, **policy):
    parts = [
        {
            "payment_id": one["payment_id"],
            "part_no": number,
            "provider_id": provider and provider.lower(),
            "provider_name": provider,
            "provider_type": "CARD",
            "total": one["parts_total"] if number == 1 else ZERO,
        }
        for one in payments
        for number, provider in enumerate(one["providers"], start=1)
    ]
    columns = ["payment_id", "part_no", "provider_id", "provider_name", "provider_type", "total"]
    tenders = pd.DataFrame(lines, columns=None if lines else ["payment_id", "amount", "tip"])
    return reconcile(
        SimpleNamespace(
            frame=pd.DataFrame(payments).drop(columns="providers"),
            parts=pd.DataFrame(parts, columns=columns),
            items=ITEMS.empty_table().to_pandas(),
            failures=FAILURES.empty_table().to_pandas(),
        ),
        SimpleNamespace(
            tenders=tenders.assign(tender_id=[f"t{number}" for number in range(len(lines))]),
            others=TENDERS.empty_table().to_pandas(),
            problems=PROBLEMS.empty_table().to_pandas(),
        ),
        Policy(**({"tip_basis": "gross"} | policy)),
    )


def rows(result):
    table = result.tip_bridge.to_dict("records")
    return {(None if pd.isna(one["provider"]) else one["provider"]): one for one in table}


MONEY = st.integers(0, 9_999).map(lambda cents: Decimal(cents).scaleb(-2))
PROVIDERS = st.sampled_from(
    [(), ("Qerko",), ("Qerko",), ("Edenred",), ("Qerko", "Edenred"), ("Qerko", "Qerko"), (None,)]
)


@st.composite
def days(draw):
    names = draw(st.lists(st.sampled_from("abcdef"), unique=True, min_size=1))
    bill = st.sampled_from(["x", "y", None])
    payments = [
        paid(
            name,
            draw(MONEY),
            draw(st.one_of(st.none(), MONEY)),
            draw(PROVIDERS),
            state=draw(st.sampled_from(["PAID", "PAID", "CANCELLED", "NEW"])),
            currency=draw(st.sampled_from(["CZK", "EUR"])),
            bill_id=draw(bill),
        )
        for name in names
    ]
    lines = [
        posted(
            draw(st.one_of(st.none(), st.sampled_from("abcdefz"))),
            draw(st.one_of(st.none(), MONEY)),
            currency=draw(st.sampled_from(["CZK", "EUR"])),
            bill_id=draw(bill),
            state=draw(st.sampled_from(["paid", "paid", "cancelled"])),
        )
        for _ in range(draw(st.integers(0, 6)))
    ]
    return payments, lines


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(days(), st.sampled_from(["gross", "net", "none"]))
def test_rows_add_up_to_all_payments_and_lines(day, basis):
    result = made(*day, tip_basis=basis)
    table = result.tip_bridge
    assert list(table.columns) == TIP_BRIDGE.names
    settled = result.payments[result.payments["state"] == "PAID"]
    for currency in ("CZK", "EUR"):
        own, mine = settled[settled["currency"] == currency], table[table["currency"] == currency]
        lines = result.tenders[result.tenders["currency"] == currency]
        net = own["tip_net"].fillna(own["tip_gross"])
        assert mine["payments"].sum() == len(own)
        assert mine["tipped"].sum() == (own["tip_gross"] != 0).sum()
        assert sum(mine["tip_gross"], ZERO) == sum(own["tip_gross"], ZERO)
        assert sum(mine["tip_net"], ZERO) == sum(net, ZERO)
        assert sum(mine["settled_tip"], ZERO) == sum(own["settled_tip"], ZERO)
        assert sum(mine["posted_tip"].dropna(), ZERO) == sum(lines["posted_tip"].dropna(), ZERO)
    assert (table["tip_gross"] - table["tip_fee"] == table["tip_net"]).all()
    says = table["posted_tip"].notna()
    assert says.all() or not says.any()
    own = table[says]
    assert (own["settled_tip"] + own["variance"] == own["posted_tip"]).all()
    assert not table.duplicated(["currency", "provider"]).any()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(days(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(day, chance):
    payments, lines = day
    one = made(payments, lines)
    other = reconcile(
        SimpleNamespace(
            frame=one.payments.sample(frac=1, random_state=chance.randrange(2**32)),
            parts=one.parts.sample(frac=1, random_state=chance.randrange(2**32)),
            items=ITEMS.empty_table().to_pandas(),
            failures=FAILURES.empty_table().to_pandas(),
        ),
        SimpleNamespace(
            tenders=one.tenders.sample(frac=1, random_state=chance.randrange(2**32)),
            others=one.others,
            problems=one.problems,
        ),
        one.policy,
    )
    pd.testing.assert_frame_equal(one.tip_bridge, other.tip_bridge)


def test_the_walk_by_provider():
    result = made(
        [
            paid("1", 20, "19.70"),
            paid("2", 10, "9.50", ("Edenred",)),
            paid("3", 30, "29.55", ("Qerko", "Edenred")),
            paid("4", 0),
            paid("5", 40, "39", state="CANCELLED"),
        ],
        [posted("1", 20), posted("2", "9.50"), posted("3", 30), posted("9", 5)],
    )
    found = rows(result)
    assert list(found) == ["Edenred", "Edenred + Qerko", "Qerko", None]
    assert found["Qerko"] == {
        "currency": "CZK",
        "provider": "Qerko",
        "payments": 2,
        "tipped": 1,
        "tip_gross": Decimal(20),
        "tip_fee": Decimal("0.30"),
        "tip_net": Decimal("19.70"),
        "fee_rate": Decimal("0.015"),
        "fee_rate_min": Decimal("0.015"),
        "fee_rate_median": Decimal("0.015"),
        "fee_rate_max": Decimal("0.015"),
        "one_fee_rate": True,
        "odd_fees": 0,
        "settled_tip": Decimal(20),
        "posted_tip": Decimal(20),
        "variance": ZERO,
    }
    assert found["Edenred"]["variance"] == Decimal("-0.50")
    assert (found[None]["payments"], found[None]["posted_tip"]) == (0, 5)
    assert pd.isna(found[None]["fee_rate"])
    assert result.tip_bridge is result.tip_bridge


def test_an_export_without_tips_books_none():
    found = rows(made([paid("1", 20, "19")], [posted("1", None, amount=Decimal(120))]))
    assert pd.isna(found["Qerko"]["posted_tip"])
    assert pd.isna(found["Qerko"]["variance"])


def test_a_line_of_several_providers_holds_the_tip_due_to_each():
    payments = [
        paid("1", 20, bill_id="b"),
        paid("2", 10, providers=("Edenred",), bill_id="b"),
    ]
    line = posted(None, 27, bill_id="b", amount=Decimal(203))
    found = rows(made(payments, [line]))
    assert {name: one["posted_tip"] for name, one in found.items()} == {
        "Edenred": 10,
        "Edenred + Qerko": -3,
        "Qerko": 20,
    }
    right = rows(made(payments, [line | {"tip": Decimal(30), "amount": Decimal(200)}]))
    assert set(right) == {"Edenred", "Qerko"}
    assert not any(one["variance"] for one in right.values())
    silent = rows(made(payments, [line | {"tip": None, "amount": Decimal(230)}]))
    assert set(silent) == {"Edenred", "Qerko"}


def test_lines_of_a_bill_find_the_provider_and_suggestions_do_not_count():
    result = made([paid("1", 20)], [posted(None, 20, bill_id="bill-1")])
    assert rows(result)["Qerko"]["posted_tip"] == 20
    result.matches["status"] = "suggested"
    owners = TipOwners(result)
    assert owners.joined == ()
    assert owners.name(int(owners.tenders[0])) is None


def test_a_provider_without_a_name_goes_by_its_id_and_no_provider_by_nothing():
    result = made([paid("1", 20, providers=(None,)), paid("2", 10)], [])
    result.parts.loc[1, "provider_name"] = ""
    assert list(rows(result)) == ["", "qerko"]


def units(*amounts):
    return np.array([int(Decimal(str(one)) * 1_000_000) for one in amounts], dtype=np.int64)


@pytest.mark.parametrize(
    ("gross", "fee", "is_one", "odd"),
    [
        ((), (), None, 0),
        ((0, 0), (0, 0), None, 0),
        ((20, 30, 7), ("0.30", "0.45", "0.11"), True, 0),  # 1.5 per cent, rounded to cents
        ((100, 100), ("1.50", "1.53"), False, 0),
        ((100, 250), ("1.50", "5.00"), False, 0),
        ((100, 90, 310), (2, 1, 5), True, 0),  # whole crowns
        ((100, 100), (0, 0), True, 0),
        ((100, 100, 100), ("1.50", -1, 101), True, 2),
        ((0, 100), (1, "1.50"), True, 1),  # a fee without a tip
        ((-5, 100), (0, "1.50"), True, 1),
    ],
)
def test_fees_that_one_rate_makes_and_odd_ones(gross, fee, is_one, odd):
    found = fee_rates(units(*gross), units(*gross) - units(*fee))
    assert (found.is_one, found.odd) == (is_one, odd)
    assert (found.rate is None) == (not sum(gross))


@given(st.lists(st.tuples(st.integers(1, 10**9), st.integers(0, 10**7)), min_size=1))
def test_rates_are_those_of_exact_fractions(pairs):
    gross = np.array([own for own, _ in pairs])
    fee = np.array([min(own, kept) for own, kept in pairs])
    found = fee_rates(gross, gross - fee)
    shares = sorted(Fraction(int(f), int(g)) for f, g in zip(fee, gross, strict=True))

    def rounded(share):
        return abs(Fraction(share[0]) - share[1]) <= Fraction(1, 2_000_000)

    last = len(shares) - 1
    middle = (shares[last // 2] + shares[(last + 1) // 2]) / 2
    assert rounded((found.least, shares[0]))
    assert rounded((found.most, shares[-1]))
    assert rounded((found.median, middle))
    assert rounded((found.rate, Fraction(int(fee.sum()), int(gross.sum()))))
    if len(set(shares)) == 1:
        assert found.is_one


@given(
    st.integers(0, 200_000),
    st.lists(st.integers(1, 10**9), min_size=1),
    st.sampled_from([1, 100, 10_000]),
)
def test_one_rate_is_recognised_whatever_it_is_rounded_to(rate, gross, step):
    fees = [round(Fraction(own * rate, 10**6) / step) * step for own in gross]
    kept = [(own, fee) for own, fee in zip(gross, fees, strict=True) if fee <= own]
    own = np.array([pair[0] for pair in kept], dtype=np.int64)
    fee = np.array([pair[1] for pair in kept], dtype=np.int64)
    assert fee_rates(own, own - fee).is_one in {True, None}
