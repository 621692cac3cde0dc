"""What each row counts for adds up to the control totals, whatever the data."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qerko_recon.report.rows import break_rows, breaks_by_kind, plain_rows
from qerko_recon.report.tips import tips_by_provider

AMOUNTS = st.integers(-500, 5000).map(lambda cents: Decimal(cents) / 10)
TIPS = st.sampled_from([Decimal(0), Decimal(10), Decimal("9.50")])


def by_currency(amounts, frame):
    sums = {}
    for amount, currency in zip(amounts, frame["currency"], strict=True):
        sums[currency] = sums.get(currency, 0) + amount
    return sums


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_rows_add_up_to_both_control_totals(made, data):
    currencies = st.sampled_from(["CZK", "CZK", "EUR"])
    ids = st.sampled_from(["1", "2", "3", "4"])
    payments = [
        made.paid(
            one,
            data.draw(AMOUNTS),
            data.draw(TIPS),
            currency=data.draw(currencies),
            state=data.draw(st.sampled_from(["PAID", "PAID", "CANCELLED", "NEW"])),
        )
        for one in data.draw(st.lists(ids, unique=True))
    ]
    lines = [
        made.posted(
            one,
            data.draw(AMOUNTS),
            data.draw(TIPS),
            currency=data.draw(currencies),
            state=data.draw(st.sampled_from(["paid", "paid", "open", "cancelled"])),
        )
        for one in data.draw(st.lists(ids, max_size=6))
    ]
    basis = data.draw(st.sampled_from(["gross", "net", "none", "auto"]))
    layout = data.draw(st.sampled_from(["beside", "inside", "auto"]))
    result = made(payments, lines, tip_basis=basis, tip_layout=layout)
    settled = by_currency(result.payments["settled"], result.payments)
    posted = by_currency(result.tenders["posted"], result.tenders)
    for total in result.summary.totals:
        assert settled.get(total.currency, 0) == total.settled
        assert posted.get(total.currency, 0) == total.posted


def test_a_reversal_beside_its_paid_line_counts(made):
    lines = [made.posted("1", "100"), made.posted("1", "-100", state="cancelled")]
    result = made([made.paid("1", "100")], lines)
    assert result.summary.totals[0].posted == 0
    assert sum(result.tenders["posted"]) == 0


def test_kinds_hold_all_breaks_and_their_sums(faulty):
    kinds = breaks_by_kind(faulty)
    assert sum(len(kind.rows) for kind in kinds) == len(faulty.breaks)
    for kind in kinds:
        own = faulty.breaks[faulty.breaks["kind"] == kind.kind]
        assert sum(kind.variances.values()) == sum(own["variance"])
    harmless = [all(row["severity"] == "info" for row in kind.rows) for kind in kinds]
    assert harmless == sorted(harmless)


def test_a_currency_without_limits_of_its_own_is_weighed_too(made):
    lines = [made.posted("1", "90", currency="GBP")]
    result = made([made.paid("1", "100", currency="GBP")], lines)
    assert [kind.kind for kind in breaks_by_kind(result)] == ["amount_mismatch"]


def test_rows_are_plain_values(faulty, nothing):
    row = break_rows(faulty)[0]
    assert isinstance(row["variance"], Decimal)
    assert isinstance(row["tender_ids"], list)
    assert isinstance(row["sentence"], str)
    assert plain_rows(nothing.breaks) == []


def test_tips_by_provider_keep_every_crown(made):
    result = made(
        [
            made.paid("1", "120", "20", "18.50"),
            made.paid("2", "110", "10", "9.50", provider="Edenred"),
            made.paid("3", "130", "30", "29", state="CANCELLED"),
        ],
        [
            made.posted("1", "100", "18.50"),
            made.posted("2", "100", "10"),
            made.posted("9", "40", "5"),
            made.posted("2", "40", "50", state="open"),
        ],
        tip_basis="gross",
    )
    edenred, qerko, alone = tips_by_provider(result)
    assert (edenred.provider, edenred.payments, edenred.variance) == ("Edenred", 1, 0)
    assert (qerko.gross, qerko.fee, qerko.net) == (20, Decimal("1.50"), Decimal("18.50"))
    assert (qerko.settled, qerko.posted, qerko.variance) == (20, Decimal("18.50"), Decimal("-1.5"))
    assert (alone.provider, alone.payments, alone.posted) == (None, 0, 5)
    assert alone.name("cs") == "bez platby v Qerku"
    assert qerko.name("cs") == "Qerko"
    assert replace(qerko, provider="").name() == "provider not named"
    assert (qerko.rate, qerko.has_odd_fees) == (Decimal("0.075"), False)
    assert (alone.rate, alone.has_odd_fees) == (None, False)


def test_tips_of_lines_matched_by_bill_find_their_provider(made):
    line = made.posted(None, "100", "20", bill_id="bill-1")
    (row,) = tips_by_provider(made([made.paid("1", "120", "20")], [line]))
    assert (row.provider, row.posted, row.variance) == ("Qerko", 20, 0)


@pytest.mark.parametrize("tip", [None])
def test_an_export_without_tips_has_no_posted_tip(made, tip):
    (row,) = tips_by_provider(made([made.paid("1", "120", "20")], [made.posted("1", "120", tip)]))
    assert (row.posted, row.variance) == (None, None)
