"""Tips beside the amount, inside it, derived, and on lines of their own."""

from __future__ import annotations

from decimal import Decimal

import pytest

from qerko_recon.pos import Profile


def column(frame, name):
    return frame[name].array._pa_array.to_pylist()


def figures(pos):
    """Give amount, tip and total of each line as short text."""
    rows = zip(*(column(pos.tenders, name) for name in ("amount", "tip", "total")), strict=True)
    return [
        tuple(None if value is None else f"{value.normalize():f}" for value in row) for row in rows
    ]


def test_amount_and_tip_make_the_total(desk):
    pos = desk.read("Účet;ID platby;Částka;Dýško\nB1;1;100;5\nB2;2;50;\n")
    assert figures(pos) == [("100", "5", "105"), ("50", "0", "50")]
    assert pos.profile.tip_layout == "auto"
    assert pos.sniffed.confidence == "low"
    assert any("tip_layout" in note for note in pos.notes)


def test_stated_layout_is_taken(desk):
    text = "Účet;ID platby;Částka;Dýško\nB1;1;105;5\n"
    inside = desk.read(text, Profile(tip_layout="inside"))
    assert figures(inside) == [("100", "5", "105")]
    assert inside.profile.tip_layout == "inside"
    beside = desk.read(text, Profile(tip_layout="beside"))
    assert figures(beside) == [("105", "5", "110")]
    nothing = desk.read(text, Profile(tip_layout="none"))
    assert figures(nothing) == [("105", None, "105")]


def test_no_tip_column_says_nothing_of_tips(desk):
    pos = desk.read("Účet;ID platby;Částka\nB1;1;100\n")
    assert figures(pos) == [("100", None, "100")]
    assert pos.profile.tip_layout == "none"


def test_three_columns_tell_the_layout(desk):
    beside = desk.read("Účet;ID platby;Částka;Dýško;Celkem\nB1;1;100;5;105\nB2;2;50;0;50\n")
    assert (beside.profile.tip_layout, figures(beside)[0]) == ("beside", ("100", "5", "105"))
    inside = desk.read("Účet;ID platby;Částka;Dýško;Celkem\nB1;1;105;5;105\nB2;2;50;0;50\n")
    assert (inside.profile.tip_layout, figures(inside)[0]) == ("inside", ("100", "5", "105"))


def test_amount_and_total_give_the_tip(desk):
    pos = desk.read("Účet;ID platby;Částka;Celkem\nB1;1;100;105\nB2;2;50;50\n")
    assert figures(pos) == [("100", "5", "105"), ("50", "0", "50")]
    assert pos.profile.tip_layout == "beside"


def test_totals_that_are_no_totals_of_the_line_are_left(desk):
    pos = desk.read("Účet;ID platby;Částka;Celkem\nB1;1;100;350\nB1;2;250;350\n")
    assert figures(pos) == [("100", None, "100"), ("250", None, "250")]
    assert any("totals" in note for note in pos.notes)
    tipped = desk.read("Účet;ID platby;Částka;Dýško;Celkem\nB1;1;100;5;355\nB1;2;250;0;355\n")
    assert figures(tipped) == [("100", "5", "105"), ("250", "0", "250")]
    assert tipped.profile.tip_layout == "auto"


@pytest.mark.parametrize(
    "header", ["Celkem vč. spropitného", "Total incl. tip", "Částka s dýškem"]
)
def test_header_that_says_the_tip_is_inside(desk, header):
    pos = desk.read(f"Účet;ID platby;{header};Dýško\nB1;1;105;5\n")
    assert figures(pos) == [("100", "5", "105")]
    assert pos.profile.tip_layout == "inside"


@pytest.mark.parametrize("header", ["Částka bez spropitného", "Betrag ohne Trinkgeld"])
def test_header_that_says_the_tip_is_beside(desk, header):
    pos = desk.read(f"Účet;ID platby;{header};Dýško\nB1;1;100;5\n")
    assert figures(pos) == [("100", "5", "105")]
    assert pos.profile.tip_layout == "beside"


def test_row_whose_three_figures_disagree_is_named(desk):
    text = (
        "Účet;ID platby;Částka;Dýško;Celkem\nB1;1;100;5;105\nB2;2;50;5;65\nB3;3;20;1;21\n"
        "B4;4;20;0;20\n"
    )
    pos = desk.read(text)
    assert figures(pos)[1] == ("50", "5", "55")
    problem = pos.problems.to_dict("records")[0]
    assert (problem["source_row"], problem["column"], problem["value"]) == (3, "Celkem", "65")
    assert "amount 50.00 and tip 5.00 make 55.00, yet the total is 65.00" in problem["problem"]


def test_figure_that_cannot_be_read_follows_from_the_other_two(desk):
    text = (
        "Účet;ID platby;Částka;Dýško;Celkem\nB1;1;1OO;5;105\nB2;2;50;S;55\nB3;3;20;1;2I\n"
        "B4;4;2O;0;2O\nB5;5;7;1;8\nB6;6;8;1;9\nB7;7;8;1;9\n"
    )
    pos = desk.read(text)
    assert figures(pos)[:4] == [
        ("100", "5", "105"),
        ("50", "5", "55"),
        ("20", "1", "21"),
        (None, "0", None),
    ]
    assert column(pos.problems, "source_row") == [2, 3, 4, 5, 5]


def test_tip_that_cannot_be_read_leaves_the_line_unknown(desk):
    pos = desk.read("Účet;ID platby;Částka;Dýško\nB1;1;100;x5\nB2;2;100;5\nB3;3;100;5\n")
    assert figures(pos)[0] == (None, None, None)
    assert column(pos.problems, "column") == ["Dýško"]


def test_line_of_nothing_but_a_tip(desk):
    pos = desk.read("Účet;ID platby;Částka;Dýško\nB1;1;100;\nB1;1;;5\n")
    assert figures(pos) == [("100", "0", "100"), ("0", "5", "5")]
    assert not len(pos.problems)


@pytest.mark.parametrize("word", ["Spropitné", "Tip", "Trinkgeld", "Prepitné"])
def test_tip_on_a_line_of_its_own_joins_its_payment(desk, word):
    text = f"Účet;ID platby;Typ platby;Částka\nB1;1;Qerko;100\nB1;1;{word};5\nB2;2;Qerko;50\n"
    pos = desk.read(text)
    assert figures(pos) == [("100", "5", "105"), ("50", "0", "50")]
    assert pos.profile.tip_layout == "line"
    assert pos.rows == {
        "tenders": 2,
        "others": 0,
        "tips": 1,
        "items": 0,
        "broken": 0,
        "totals": 0,
        "left_out": 0,
        "repeats": 0,
    }
    assert pos.sources[0].rows == 3


def test_tip_line_joins_by_bill_where_there_are_no_ids(desk):
    text = (
        "Účet;Typ;Typ platby;Částka\nB1;Platba;Qerko;100\nB1;Spropitné;Qerko;5\n"
        "B2;Platba;Hotově;50\nB2;Spropitné;Hotově;3\n"
    )
    pos = desk.read(text)
    assert figures(pos) == [("100", "5", "105")]
    assert column(pos.others, "total") == [Decimal(50), Decimal(3)]


def test_tip_line_by_its_own_word_goes_where_its_bill_is(desk):
    text = "Účet;Typ platby;Částka\nB1;Qerko;100\nB1;Spropitné;5\nB2;Hotově;50\nB2;Spropitné;3\n"
    pos = desk.read(text)
    assert figures(pos) == [("100", "5", "105")]
    assert column(pos.others, "bill_id") == ["B2", "B2"]


def test_tip_line_without_a_payment_stays(desk):
    text = "Účet;ID platby;Typ platby;Částka\nB1;1;Qerko;100\nB2;2;Spropitné;5\n"
    pos = desk.read(text)
    assert figures(pos) == [("100", "0", "100"), ("0", "5", "5")]


def test_tip_line_that_cannot_be_read_leaves_its_line_unknown(desk):
    text = "Účet;ID platby;Typ platby;Částka\nB1;1;Qerko;100\nB1;1;Tip;5x\nB2;2;Qerko;10\n"
    pos = desk.read(text)
    assert figures(pos)[0][0] is None
    assert figures(pos)[0][2] is None
    assert column(pos.problems, "source_row") == [3]


def test_cancelled_tip_does_not_join_a_paid_line(desk):
    text = "Účet;ID platby;Typ platby;Částka;Stav\nB1;1;Qerko;100;Zaplaceno\nB1;1;Tip;5;Storno\n"
    pos = desk.read(text)
    assert figures(pos) == [("100", "0", "100"), ("0", "5", "5")]
    assert column(pos.tenders, "state") == ["paid", "cancelled"]
