"""The reading that fits is found among faults, and what the data cannot tell is said."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import qerko_recon as qr
from qerko_recon.recon import Policy, infer_policy, infer_readings, reconcile
from qerko_recon.schema import FAILURES, ITEMS, PARTS, PROBLEMS, TENDERS

NAMES = ("price", "tip_in_parts", "discount_in_parts", "tip_basis", "tip_layout")


def books(rows, *, has_tip_column=True, layout="auto", without=()):
    """Build both sides of rows: what Qerko says, and how a till of some reading books it."""
    payments = pd.DataFrame([row["payment"] for row in rows])
    items = pd.DataFrame([item for row in rows for item in row["items"]])
    lines = [line for row in rows for line in row["lines"]]
    tenders = pd.DataFrame(lines, columns=[*lines[0]] if lines else ["payment_id", "amount"])
    if not has_tip_column:
        tenders = tenders.drop(columns="tip")
    if without:
        tenders = tenders.drop(columns=list(without))
    return (
        SimpleNamespace(
            frame=payments,
            parts=PARTS.empty_table().to_pandas(),
            items=items if len(items) else ITEMS.empty_table().to_pandas(),
            failures=FAILURES.empty_table().to_pandas(),
        ),
        SimpleNamespace(
            tenders=tenders,
            others=TENDERS.empty_table().to_pandas(),
            problems=PROBLEMS.empty_table().to_pandas(),
            profile=SimpleNamespace(tip_layout=layout),
        ),
    )


def sale(truth, number, price, quantity, tip, discount, *, fault=None, bill=None):
    """Give one payment under a reading, and the line that the till books for it."""
    price, tip, discount = Decimal(price), Decimal(tip), Decimal(discount)
    net = (tip * Decimal("0.985")).quantize(Decimal("0.01"))
    own = price * quantity if truth["price"] == "unit" else price
    due = own if truth["discount_in_parts"] else own - discount
    parts = due + tip if truth["tip_in_parts"] else due
    if fault == "parts_off":
        parts += 7
    if fault == "tip_elsewhere":
        parts += -tip if truth["tip_in_parts"] else tip
    basis = truth["tip_basis"]
    if fault == "other_basis":
        basis = {"gross": "net", "net": "gross", "none": "none"}[basis]
    booked = {"gross": tip, "net": net, "none": Decimal(0)}[basis]
    amount = due + booked if truth["tip_layout"] == "inside" else due
    if fault == "amount_off":
        amount -= 11
    if fault == "tip_lost":
        amount -= booked if truth["tip_layout"] == "inside" else 0
        booked = Decimal(0)
    name = str(number)
    line = {
        "payment_id": name,
        "bill_id": bill or f"bill-{name}",
        "amount": amount,
        "tip": booked,
        "currency": "CZK",
        "state": "paid",
    }
    return {
        "payment": {
            "payment_id": name,
            "bill_id": bill or f"bill-{name}",
            "state": "PAID",
            "currency": "CZK",
            "discount_total": -discount if truth["discount_is_negative"] else discount,
            "items_total": price * quantity,
            "parts_total": parts,
            "tip_gross": tip,
            "tip_net": net,
        },
        "items": [
            {
                "payment_id": name,
                "item_no": 1,
                "price": price,
                "quantity": Decimal(quantity),
                "line_total": price * quantity,
            }
        ],
        "lines": {"missing": [], "twice": [line, line]}.get(fault, [line]),
    }


READINGS = st.fixed_dictionaries(
    {
        "price": st.sampled_from(["unit", "line"]),
        "tip_in_parts": st.booleans(),
        "discount_in_parts": st.booleans(),
        "tip_basis": st.sampled_from(["gross", "net", "none"]),
        "tip_layout": st.sampled_from(["beside", "inside"]),
        "discount_is_negative": st.booleans(),
    }
)
FAULTS = (
    "parts_off",
    "tip_elsewhere",
    "other_basis",
    "amount_off",
    "tip_lost",
    "missing",
    "twice",
)


@st.composite
def faulty_days(draw, has_tip_column=True):
    """A till's true reading, and a day of which up to three payments in ten are faulty."""
    truth = draw(READINGS)
    if not has_tip_column and truth["tip_layout"] == "beside":
        truth["tip_basis"] = "none"  # the amounts are without the tip, and nothing else says it
    size = draw(st.integers(10, 40))
    faulty = draw(st.integers(0, 3 * size // 10))
    # That a till books no tips is taken for true only where next to nothing looks like a tip.
    kinds = [kind for kind in FAULTS if truth["tip_basis"] != "none" or kind != "tip_elsewhere"]
    fault = draw(st.sampled_from([None, *kinds]))  # all of one kind is worst
    rows = [
        sale(
            truth,
            number,
            price=draw(st.integers(200, 900)),
            quantity=draw(st.integers(2, 4)),
            tip=draw(st.integers(10, 99)),
            discount=draw(st.integers(1, 9)),
            fault=(fault or draw(st.sampled_from(kinds))) if number < faulty else None,
        )
        for number in range(size)
    ]
    order = draw(st.randoms(use_true_random=False))
    order.shuffle(rows)
    return truth, rows


quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(st.data(), st.booleans())
def test_the_true_reading_is_found_among_faults(data, has_tip_column):
    truth, rows = data.draw(faulty_days(has_tip_column))
    found = infer_readings(*books(rows, has_tip_column=has_tip_column))
    expected = {name: truth[name] for name in NAMES}
    if not has_tip_column or truth["tip_basis"] == "none":
        expected["tip_layout"] = found.policy.tip_layout  # without a tip it is nowhere
    assert {name: getattr(found.policy, name) for name in NAMES} == expected
    chosen = found.candidates[found.candidates["chosen"]]
    assert list(chosen["about"]) == ["arithmetic", "tips"]
    assert (chosen["share"] >= 0.6).all()
    assert not any("No reading" in one for one in found.warnings)


@quick
@given(faulty_days(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(day, chance):
    _, rows = day
    one = infer_readings(*books(rows))
    chance.shuffle(rows)
    payments, pos = books(rows)
    payments.items = payments.items.sample(frac=1, random_state=chance.randrange(2**32))
    other = infer_readings(payments, pos)
    assert one.policy == other.policy
    assert one.warnings == other.warnings
    pd.testing.assert_frame_equal(one.candidates, other.candidates)


@quick
@given(faulty_days(), READINGS)
def test_what_is_stated_is_left_alone(day, stated):
    _, rows = day
    policy = Policy(**{name: stated[name] for name in NAMES})
    found = infer_readings(*books(rows), policy)
    assert found.policy == policy
    assert {one.chosen for one in found.readings} == {"stated"}
    assert list(found.candidates["chosen"]) == [True, True]
    assert found.undecided == ()


TRUTH = {
    "price": "unit",
    "tip_in_parts": True,
    "discount_in_parts": False,
    "tip_basis": "gross",
    "tip_layout": "beside",
    "discount_is_negative": False,
}


def day_of(truth, faults, **more):
    """A day with a payment a fault; ``None`` is none, ``"tipless"`` has no tip."""
    return books(
        [
            sale(
                TRUTH | truth,
                number,
                price=200 + number,
                quantity=1,
                tip=0 if fault == "tipless" else 20 + number,
                discount=0,
                fault=None if fault == "tipless" else fault,
            )
            for number, fault in enumerate(faults)
        ],
        **more,
    )


@pytest.mark.parametrize("tipped", [0, 1, 2])
@pytest.mark.parametrize("basis", ["gross", "net", "none"])
def test_with_few_tips_the_default_stays_and_it_is_said(tipped, basis):
    found = infer_readings(*day_of({"tip_basis": basis}, ["tipless"] * 30 + [None] * tipped))
    assert found.policy.tip_basis == "gross"
    assert "tip_basis" in found.undecided
    line = next(line for line in repr(found).splitlines() if line.startswith("tip_basis"))
    assert line.startswith("tip_basis         gross   default, these data cannot tell: explains ")
    # What depends on it is a warning; a day that the default explains is none.
    assert bool(found.warnings) == (basis != "gross" and tipped > 0)
    if found.warnings:
        (warning,) = found.warnings
        assert f"tip_basis {basis} explains {30 + tipped} of {30 + tipped} payments" in warning
        assert "The default, tip_basis gross, was taken; state tip_basis in the policy." in warning


def test_three_tips_that_agree_are_enough():
    found = infer_readings(*day_of({"tip_basis": "net"}, ["tipless"] * 30 + [None] * 3))
    assert found.policy.tip_basis == "net"
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("faults", "basis"),
    [
        (["tip_lost"] * 3 + [None] * 9, "gross"),  # lost on a few
        (["tip_lost"] * 9 + [None] * 3, "gross"),  # lost on most, but it can book tips
        (["tip_lost"] * 9 + [None], "none"),
        (["tip_lost"] * 12, "none"),
    ],
)
def test_tips_lost_on_some_are_not_a_till_that_books_none(faults, basis):
    found = infer_readings(*day_of({}, faults))
    assert found.policy.tip_basis == basis
    said = [one for one in found.warnings if one.startswith("The POS books no tips")]
    assert bool(said) == (basis == "none")
    if said:
        lost = faults.count("tip_lost")
        assert f"{lost} of {len(faults)} payments with a tip stand in it without" in said[0]
        assert found.remarks[0].say("de").startswith("Die Kasse bucht keine Trinkgelder: ")


def test_a_till_that_books_no_tips_has_no_breaks_but_a_remark():
    payments, pos = day_of({"tip_basis": "none"}, [None] * 6, has_tip_column=False)
    result = reconcile(payments, pos)
    assert len(result.breaks) == 0
    assert any(note.startswith("The POS books no tips") for note in result.summary.notes)
    assert result.policy.tip_basis == "none"


def test_a_day_on_which_all_is_broken_keeps_the_default_and_warns():
    found = infer_readings(*day_of({}, ["amount_off"] * 8 + ["parts_off"] * 8))
    assert found.policy == infer_policy(*day_of({}, [None] * 16))
    (warning,) = [one for one in found.warnings if "tips in the POS" in one]
    assert warning == (
        "No reading of the tips in the POS fits these data: the best one (tip_basis gross, "
        "tip_layout beside) explains 0 of 16 payments, and 0 of the 16 that tell readings apart. "
        "Look at these, and state the reading in the policy."
    )


def test_tips_that_no_reading_explains_are_not_hidden_by_payments_without():
    payments, pos = day_of({}, ["tipless"] * 30 + [None] * 4)
    pos.tenders["tip"] = [tip and tip + 3 for tip in pos.tenders["tip"]]
    (warning,) = infer_readings(payments, pos).warnings
    assert "explains 30 of 34 payments, and 0 of the 4 that tell readings apart" in warning


def test_readings_that_explain_as_much_are_named():
    payments, pos = day_of({"tip_basis": "gross"}, [None, "other_basis"] * 5)
    found = infer_readings(payments, pos)
    assert found.policy.tip_basis == "gross"
    (warning,) = found.warnings
    assert warning == (
        "These data cannot tell tip_basis gross from tip_basis net: each explains 5 of 10 "
        "payments. The default, tip_basis gross, was taken; state tip_basis in the policy."
    )
    assert "cannot tell" in "".join(reconcile(payments, pos).summary.notes)


def test_bills_are_judged_where_no_line_names_its_payment():
    truth = TRUTH | {"tip_basis": "net"}
    rows = [
        sale(truth, number, 200 + number, 1, 20 + number, 0, bill=f"b{number // 2}")
        for number in range(12)
    ]
    for row in rows[1::2]:  # one line a bill, of all its payments
        rows[int(row["payment"]["payment_id"]) - 1]["lines"][0]["amount"] += row["lines"][0][
            "amount"
        ]
        rows[int(row["payment"]["payment_id"]) - 1]["lines"][0]["tip"] += row["lines"][0]["tip"]
        row["lines"] = []
    found = infer_readings(*books(rows, without=["payment_id"]))
    assert found.policy.tip_basis == "net"
    chosen = found.candidates.query("about == 'tips' and chosen").iloc[0]
    assert (chosen["explains"], chosen["of"]) == (6, 6)


def test_payments_by_id_and_by_bill_are_judged_together():
    payments, pos = day_of({"tip_basis": "net"}, [None] * 4)
    pos.tenders.loc[:1, "payment_id"] = None
    found = infer_readings(payments, pos)
    assert found.policy.tip_basis == "net"
    assert found.candidates.query("about == 'tips'")["of"].unique().tolist() == [4]
    pos.tenders["bill_id"] = None  # unnamed lines without a bill stand beside nothing
    assert infer_readings(payments, pos).candidates["of"].tolist()[-1] == 2


def test_several_lines_of_a_payment_are_summed():
    payments, pos = day_of({"tip_basis": "net"}, [None] * 4)
    tip = pos.tenders.assign(amount=Decimal(0))
    amount = pos.tenders.assign(tip=None)
    pos.tenders = pd.concat([amount, tip], ignore_index=True)
    found = infer_readings(payments, pos)
    assert found.policy.tip_basis == "net"
    assert found.candidates["explains"].tolist()[-1] < 4


@pytest.mark.parametrize(
    "spoil",
    [
        lambda payments, pos: payments.frame.__setitem__("state", "CANCELLED"),
        lambda payments, pos: pos.tenders.__setitem__("state", "cancelled"),
        lambda payments, pos: pos.tenders.__setitem__("amount", None),
        lambda payments, pos: pos.tenders.__setitem__("payment_id", "nobody"),
    ],
)
def test_what_does_not_count_is_not_judged(spoil):
    payments, pos = day_of({"tip_basis": "net"}, [None] * 8)
    spoil(payments, pos)
    found = infer_readings(payments, pos)
    assert found.policy.tip_basis == "gross"
    assert found.candidates.query("about == 'tips'")["of"].unique().tolist() == [0]
    assert found.candidates["share"].isna().any()


def test_lines_beside_one_that_cannot_be_read_are_not_judged():
    payments, pos = day_of({}, [None] * 4)
    extra = pos.tenders.head(2).assign(amount=None, tip=None)
    pos.tenders = pd.concat([pos.tenders, extra], ignore_index=True)
    assert infer_readings(payments, pos).candidates["of"].tolist()[-1] == 2
    pos.tenders["payment_id"] = None
    assert infer_readings(payments, pos).candidates["of"].tolist()[-1] == 2


def test_the_same_bill_in_two_currencies_is_two_bills():
    payments, pos = day_of({"tip_basis": "net"}, [None] * 8)
    for frame in (payments.frame, pos.tenders):
        frame["currency"] = ["CZK", "EUR"] * 4
        frame["bill_id"] = [f"b{number // 2}" for number in range(8)]
    pos.tenders["payment_id"] = None
    found = infer_readings(payments, pos)
    assert found.policy.tip_basis == "net"
    assert found.candidates["of"].tolist()[-1] == 8


def test_nothing_is_inferred_from_nothing():
    found = infer_readings(*(frame.head(0) for frame in plain()))
    assert found.policy == Policy(
        price="unit",
        tip_in_parts=True,
        discount_in_parts=False,
        tip_basis="gross",
        tip_layout="beside",
    )
    assert found.warnings == ()
    assert set(found.candidates["of"]) == {0}


def plain():
    payments, pos = day_of({}, [None] * 4)
    return payments.frame, pos.tenders


def test_plain_frames_are_judged_as_well():
    payments, tenders = plain()
    assert infer_policy(payments, tenders).tip_basis == "gross"
    # Without items nothing tells how payments add up, and nothing is claimed.
    found = infer_readings(payments.drop(columns="items_total"), tenders)
    assert {"price", "tip_in_parts", "discount_in_parts"} <= set(found.undecided)
    assert found.candidates.query("about == 'arithmetic'")["of"].unique().tolist() == [0]


def test_the_result_has_the_candidates():
    result = qr.reconcile(*day_of({}, [None] * 4))
    assert set(result.candidates.query("chosen")["about"]) == {"arithmetic", "tips"}
    assert result.candidates["tells"].tolist()[0] == 0


def test_it_shows_itself_in_text_and_in_a_notebook():
    found = qr.infer_readings(*day_of({}, [None, "other_basis"] * 5))
    assert isinstance(found, qr.Readings)
    text, page = repr(found), found._repr_html_()
    for part in ("How a payment adds up", "What the POS books", *found.warnings):
        assert part in text
        assert part in page
    assert " *      5 of 10     tip_basis gross, tip_layout beside" in text
    assert page.count("→") == 2
    assert "tip_layout inside" in page
