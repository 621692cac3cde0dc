"""Each kind of break from the smallest data that show it, with its amount to the last digit."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd
import pytest

from qerko_recon.errors import ReconciliationError
from qerko_recon.recon import Policy, intake, reconcile


def found(result):
    """List breaks as (kind, reason, payment, variance)."""
    assert result.unexplained == 0
    for total in result.summary.totals:
        own = result.breaks[result.breaks["currency"] == total.currency]
        assert total.settled + sum(own["variance"], Decimal(0)) == total.posted
    rows = result.breaks[["kind", "reason", "payment_id", "variance", "currency"]]
    return sorted(
        (
            row.kind,
            row.reason,
            None if row.payment_id is pd.NA else row.payment_id,
            f"{row.variance.normalize():f}",
        )
        for row in rows.itertuples()
    )


def test_what_agrees_is_a_match_and_no_break(frames):
    result = reconcile(
        *frames(
            [frames.payment("1", "120", tip_gross=20, tip_net=18)], [frames.line("1", 100, 20)]
        )
    )
    assert found(result) == []
    match = result.matches.iloc[0]
    assert (match["kind"], match["rule"], match["status"]) == (
        "one_to_one",
        "payment_id",
        "confirmed",
    )
    assert match["settled"] == match["posted"] == Decimal(120)


@pytest.mark.parametrize(
    ("payment", "line", "expected"),
    [
        ({"state": "CANCELLED"}, {}, ("state_mismatch", "cancelled_but_posted", "120")),
        ({}, {"state": "open"}, ("state_mismatch", "paid_but_open", "-120")),
        ({}, {"state": "cancelled"}, ("state_mismatch", "paid_but_cancelled", "-120")),
        ({"state": "REFUNDED"}, {}, ("state_mismatch", "unknown_state", "120")),
        ({}, {"amount": "90"}, ("amount_mismatch", "amount_differs", "-10")),
        ({}, {"tip": "18"}, ("tip_mismatch", "net_for_gross", "-2")),
        ({}, {"tip": "0"}, ("tip_mismatch", "tip_lost", "-20")),
        ({}, {"tip": "25"}, ("tip_mismatch", "tip_differs", "5")),
        ({}, {"amount": "120", "tip": "0"}, ("tip_mismatch", "tip_inside_amount", "0")),
        ({}, {"amount": None, "tip": None}, ("unreadable", "row_unreadable", "-120")),
        ({"parts_total": "119.60"}, {"amount": "100"}, ("rounding", "rounded_to_whole", "0.4")),
    ],
)
def test_one_fault_makes_one_break(frames, payment, line, expected):
    paid = frames.payment("1", "120", tip_gross=20, tip_net=18) | payment
    paid["parts_total"] = Decimal(paid["parts_total"])
    posted = frames.line("1", 100, 20)
    posted |= {key: Decimal(v) if key in {"amount", "tip"} and v else v for key, v in line.items()}
    result = reconcile(*frames([paid], [posted]))
    kind, reason, variance = expected
    assert found(result) == [(kind, reason, "1", variance)]


def test_amount_and_tip_both_wrong_are_two_breaks_that_add_up(frames):
    result = reconcile(
        *frames([frames.payment("1", "120", tip_gross=20, tip_net=18)], [frames.line("1", 95, 18)])
    )
    assert found(result) == [
        ("amount_mismatch", "amount_differs", "1", "-5"),
        ("tip_mismatch", "net_for_gross", "1", "-2"),
    ]
    walk = result.breaks.sort_values("field")
    assert (walk["posted"] - walk["settled"] == walk["variance"]).all()


def test_missing_on_either_side(frames):
    payments = [frames.payment("1", 50), frames.payment("2", 60, state="CANCELLED")]
    lines = [frames.line("3", 70), frames.line(None, 80, bill_id="other")]
    assert found(reconcile(*frames(payments, lines))) == [
        ("missing_in_pos", "not_posted", "1", "-50"),
        ("missing_in_qerko", "no_payment_for_bill", None, "80"),
        ("missing_in_qerko", "not_among_payments", "3", "70"),
    ]


def test_a_repeated_line_is_a_duplicate_of_its_total_and_nothing_else(frames):
    lines = [frames.line("1", 100, 20), frames.line("1", 100, 20), frames.line("2", 30)]
    payments = [frames.payment("1", 120, tip_gross=20, tip_net=18), frames.payment("2", 30)]
    result = reconcile(*frames(payments, lines))
    assert found(result) == [("duplicate_in_pos", "posted_twice", "1", "120")]
    assert len(result.breaks["tender_ids"][0]) == 1


def test_two_equal_lines_that_make_up_the_payment_are_no_duplicate(frames):
    result = reconcile(
        *frames([frames.payment("1", 100)], [frames.line("1", 50), frames.line("1", 50)])
    )
    assert found(result) == []
    assert list(result.matches["kind"]) == ["one_to_many"]


def test_another_currency_is_a_break_in_each(frames):
    result = reconcile(*frames([frames.payment("1", 250)], [frames.line("1", 10, currency="EUR")]))
    assert found(result) == [
        ("currency_mismatch", "currency_differs", "1", "-250"),
        ("currency_mismatch", "currency_differs", "1", "10"),
    ]
    assert "EUR" in " ".join(result.summary.notes)


def test_a_bill_shared_by_guests_is_matched_without_payment_ids(frames):
    payments = [frames.payment(str(n), n * 10, bill_id="b") for n in range(1, 4)]
    lines = [
        frames.line(None, 60, bill_id="b"),
        frames.line(None, 40, bill_id="c"),
        frames.line(None, 25, bill_id="d"),
        frames.line(None, 15, bill_id="d"),
    ]
    payments += [frames.payment("4", 40, bill_id="c"), frames.payment("5", 40, bill_id="d")]
    result = reconcile(*frames(payments, lines))
    assert found(result) == []
    assert sorted(zip(result.matches["kind"], result.matches["rule"], strict=True)) == [
        ("many_to_one", "bill_sum"),
        ("one_to_many", "bill_sum"),
        ("one_to_one", "bill_exact"),
    ]


def test_a_tip_fault_is_recognised_through_the_bill_too(frames):
    result = reconcile(
        *frames(
            [frames.payment("1", 120, tip_gross=20, tip_net=18, bill_id="b")],
            [frames.line(None, 100, 18, bill_id="b")],
        )
    )
    assert found(result) == [("tip_mismatch", "net_for_gross", "1", "-2")]
    assert list(result.matches["rule"]) == ["bill_only"]


def test_a_cancelled_attempt_beside_the_paid_one_needs_no_line(frames):
    payments = [
        frames.payment("1", 300, bill_id="b", state="CANCELLED"),
        frames.payment("2", 300, bill_id="b"),
    ]
    assert found(reconcile(*frames(payments, [frames.line(None, 300, bill_id="b")]))) == []


def test_an_unnamed_line_of_the_bill_completes_a_payment_that_lacks_exactly_it(frames):
    payments = [frames.payment("1", 300, bill_id="b"), frames.payment("2", 300, bill_id="b")]
    lines = [
        frames.line("1", 200, bill_id="b"),
        frames.line(None, 100, bill_id="b"),
        frames.line("2", 250, bill_id="b"),
    ]
    result = reconcile(*frames(payments, lines))
    assert found(result) == [("amount_mismatch", "amount_differs", "2", "-50")]
    assert list(result.matches["rule"]) == ["payment_and_bill", "payment_id"]


def test_a_reversal_line_takes_the_money_back_once(frames):
    cancelled = [frames.payment("1", 300, state="CANCELLED")]
    storno = frames.line("1", -300, state="cancelled")
    assert found(reconcile(*frames(cancelled, [frames.line("1", 300), storno]))) == []
    both_marked = [frames.line("1", 300, state="cancelled"), storno]
    assert found(reconcile(*frames(cancelled, both_marked))) == []


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("PAID", []),
        ("Zaplaceno", []),
        ("VOID", [("state_mismatch", "paid_but_cancelled", "1", "-100")]),
        ("canceled", [("state_mismatch", "paid_but_cancelled", "1", "-100")]),
        ("Otevřený", [("state_mismatch", "paid_but_open", "1", "-100")]),
        ("refunded", [("state_mismatch", "paid_but_cancelled", "1", "-100")]),
        ("parked", []),
    ],
)
def test_a_frame_s_own_words_for_states_are_understood(frames, word, expected):
    result = reconcile(*frames([frames.payment("1", 100)], [frames.line("1", 100, state=word)]))
    assert found(result) == expected
    assert any("parked" in note for note in result.summary.notes) is (word == "parked")


def test_a_payment_of_the_next_business_day_is_a_matter_of_timing(frames):
    def at(day, hour):
        return datetime(2026, 11, day, hour, 30, tzinfo=UTC)

    payments = [
        frames.payment("1", 10, created_at=at(20, 18)),
        frames.payment("2", 20, created_at=at(21, 1)),  # 02:30 in Prague: still the 20th
        frames.payment("3", 30, created_at=at(21, 5)),  # 06:30 in Prague: the 21st
    ]
    result = reconcile(*frames(payments, [frames.line("1", 10, paid_at=at(20, 18))]))
    assert found(result) == [
        ("missing_in_pos", "not_posted", "2", "-20"),
        ("timing", "other_business_day", "3", "-30"),
    ]


def test_a_variance_within_the_tolerance_is_rounding(frames):
    sides = frames([frames.payment("1", "100.00")], [frames.line("1", "100.03")])
    assert found(reconcile(*sides, Policy(tolerance="0.03"))) == [
        ("rounding", "within_tolerance", "1", "0.03")
    ]
    assert found(reconcile(*sides, Policy(tolerance="0.02")))[0][0] == "amount_mismatch"


def test_amounts_of_six_decimals_are_compared_to_the_last(frames):
    result = reconcile(*frames([frames.payment("1", "0.123456")], [frames.line("1", "0.123457")]))
    assert found(result)[0][3] == "0.000001"


def test_the_policy_is_found_from_the_data_and_a_stated_one_wins(frames):
    payments = [frames.payment(str(n), 100 + n, tip_gross=n, tip_net=n - 1) for n in range(1, 12)]
    lines = [frames.line(str(n), 100, n - 1) for n in range(1, 12)]
    result = reconcile(*frames(payments, lines))
    assert found(result) == []
    reading = {one.setting: one for one in result.summary.readings}["tip_basis"]
    assert (reading.value, reading.chosen, reading.explains, reading.of) == (
        "net",
        "inferred",
        11,
        11,
    )
    stated = reconcile(*frames(payments, lines), Policy(tip_basis="gross"))
    assert {row[1] for row in found(stated)} == {"net_for_gross"} | {"tip_lost"}


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Payment ID,Amount,Tip", "{id},{amount},{tip}"),  # the payments tell
        ("Payment ID,Amount,Tip,Total", "{id},{amount},{tip},{amount}"),  # the file tells
    ],
)
def test_amounts_that_contain_the_tip_are_found_out(frames, tmp_path, header, row):
    from qerko_recon.pos import read_pos

    payments = [frames.payment(str(n), 100 + n, tip_gross=n, tip_net=n) for n in range(1, 4)]
    rows = [row.format(id=n, amount=f"{100 + n}.00", tip=f"{n}.00") for n in range(1, 4)]
    (tmp_path / "export.csv").write_text("\n".join([header, *rows]))
    pos = read_pos(tmp_path / "export.csv")
    result = reconcile(frames(payments, [])[0], pos)
    assert found(result) == []
    assert result.policy.tip_layout == "inside"
    assert list(result.tenders["amount"]) == [Decimal(100)] * 3
    stated = reconcile(frames(payments, [])[0], pos, Policy(tip_layout="beside"))
    assert found(stated)[0] == ("amount_mismatch", "amount_differs", "1", "1")


def test_the_payment_of_the_documentation_differs_by_151_and_does_not_crash():
    from qerko_recon.frames import Payments

    payments = Payments.read("data_samples/payment_of_the_spec.json")
    lines = pd.DataFrame({"payment_id": ["1234"], "amount": [Decimal(156)]})
    result = reconcile(payments, lines)
    assert found(result) == [("inconsistent_payment", "items_and_parts_differ", "1234", "0")]
    assert "151" in result.breaks["facts"][0]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p, t: (p.drop(columns="state"), t), "lacks the column state"),
        (lambda p, t: (p, t.drop(columns="amount")), "lacks the column amount"),
        (lambda p, t: (p.astype({"parts_total": float}), t), "float column"),
        (lambda p, t: (pd.concat([p, p]), t), "2 times"),
        (lambda p, t: (p, t.assign(tender_id="x")), "more than once"),
        (lambda p, t: ("x", t), "payments cannot be a str"),
        (lambda p, t: (p, None), "pos cannot be a NoneType"),
    ],
)
def test_inputs_that_cannot_be_used_are_named(frames, spoil, message):
    sides = frames([frames.payment("1", 1)], [frames.line("1", 1), frames.line("1", 2)])
    with pytest.raises(ReconciliationError, match=message):
        reconcile(*spoil(*sides))


def test_ids_of_lines_that_only_look_alike_are_told_apart(frames, monkeypatch):
    monkeypatch.setattr(intake, "any_twice", lambda _: True)
    sides = frames([frames.payment("1", 3)], [frames.line("1", 1), frames.line("1", 2)])
    assert found(reconcile(*sides)) == []


def test_nothing_on_both_sides_is_a_clean_day(frames):
    result = reconcile(*frames([], []))
    assert found(result) == []
    assert result.summary.totals == ()
