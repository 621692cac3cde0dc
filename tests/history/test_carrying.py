"""Breaks that close by themselves, stay open, or come again, as days follow each other."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal

import pandas as pd
import pytest

from qerko_recon.errors import HistoryError
from qerko_recon.recon.rulings import Ruling


def balance(history, currency="CZK"):
    frame = history.balance()
    own = frame[frame["currency"] == currency]
    return Decimal(own["open"].sum()) if len(own) else Decimal(0)


def states(history, told):
    columns = ("kind", "payment_id", "variance", "status", "why")
    return sorted(told(history.breaks(), *columns), key=str)


def test_a_payment_posted_a_day_late_closes_when_its_line_comes(history, days, told):
    late = days.paid("2", "50", 20, 22)
    first = history.record(days.anchored(20, [late]))
    assert told(first.news.appeared, "kind", "variance") == [("missing_in_pos", Decimal(-50))]
    # The next day's export names the payment, so that it is fetched again.
    second = history.record(days.anchored(21, [late], [days.posted("2", "50", 21, 10)]))
    assert not len(history.open_breaks())
    closed = told(second.news.closed, "payment_id", "why", "closed_in", "counterpart")
    assert closed == [("2", "counterpart_came", second.run_id, "M-2")]
    assert second.news.before == {"CZK": Decimal(-50)}
    assert second.news.after == {}


def test_a_line_of_the_next_day_settles_a_payment_that_is_not_fetched_again(history, days, told):
    history.record(days.anchored(20, [days.paid("2", "50", 20, 22)]))
    second = history.record(days.anchored(21, lines=[days.posted("2", "50", 21, 10)]))
    closed = told(second.news.closed, "break_id", "variance", "why", "closed_in", "counterpart")
    (one, other) = sorted(closed, key=lambda row: row[1])
    assert one[1] + other[1] == 0
    assert (one[4], other[4]) == (other[0], one[0])
    assert {row[2:4] for row in closed} == {("settled_by", second.run_id)}
    assert not len(history.open_breaks())


def test_a_line_without_payment_id_settles_by_its_bill_within_a_week(history, days, told):
    history.record(days.anchored(2, [days.paid("2", "50", 2)]))
    line = {"payment_id": None, "bill_id": "bill-2", "tender_id": "x"}
    history.record(days.anchored(20, lines=[days.posted("2", "50", 20, **line)]))
    assert len(history.open_breaks()) == 2  # eighteen days: a till may count its bills anew
    line |= {"tender_id": "y"}
    history.record(days.anchored(9, lines=[days.posted("2", "50", 9, **line)]))
    assert told(history.open_breaks(), "tender_ids") == [["x"]]


def test_a_bill_of_several_guests_is_settled_as_a_whole(history, days, told):
    guests = [days.paid(name, amount, 20, bill_id="b") for name, amount in (("2", 50), ("3", 60))]
    other = days.paid("4", "7", 20, bill_id="c")
    history.record(days.anchored(20, [*guests, other]))
    line = {"payment_id": None, "bill_id": "b"}
    second = history.record(days.anchored(21, lines=[days.posted("x", "110", 21, **line)]))
    assert told(history.open_breaks(), "payment_id") == ["4"]
    closed = told(second.news.closed, "break_id", "variance", "counterpart")
    assert sum(variance for _, variance, _ in closed) == 0
    (whole,) = (row for row in closed if row[1] > 0)
    assert set(whole[2].split(", ")) == {row[0] for row in closed if row[1] < 0}


def test_a_payment_posted_in_parts_on_two_days_is_settled_by_both(history, days, told):
    history.record(days.anchored(19, [days.paid("2", "50", 19)]))
    history.record(days.anchored(20, lines=[days.posted("2", "20", 20)]))
    assert balance(history) == -30
    history.record(days.anchored(21, lines=[days.posted("2", "30", 21)]))
    assert not len(history.open_breaks())
    assert {row[-1] for row in states(history, told)} == {"settled_by"}


def test_a_wrong_bill_of_several_guests_is_one_break(history, days, told):
    guests = [days.paid(name, amount, 20, bill_id="b") for name, amount in (("2", 50), ("3", 60))]
    line = days.posted("x", "100", 20, payment_id=None, bill_id="b")
    for _ in range(2):
        history.record(days.anchored(20, guests, [line]))
        assert told(history.open_breaks(), "payment_id", "bill_id", "variance") == [
            (pd.NA, "b", Decimal(-10))
        ]
    history.record(days.anchored(20, guests, [{**line, "amount": Decimal(110)}]))
    assert not len(history.open_breaks())


def test_a_row_that_cannot_be_read_is_carried_until_it_can(history, days, told):
    problem = {
        "source_file": "day.csv",
        "source_row": 9,
        "column": None,
        "value": "??",
        "problem": "no amount",
    }
    history.record(days.anchored(20, problems=[problem]))
    history.record(days.anchored(21, file="other.csv"))
    assert told(history.open_breaks(), "kind", "variance") == [("unreadable", Decimal(0))]
    history.record(days.anchored(20, [days.paid("3", "5", 20)], [days.posted("3", "5", 20)]))
    assert told(history.breaks(), "kind", "why") == [("unreadable", "not_found_again")]


def test_what_is_not_exactly_opposite_stays_open(history, days):
    history.record(days.anchored(20, [days.paid("2", "50", 20)]))
    history.record(days.anchored(21, lines=[days.posted("2", "49.99", 21)]))
    assert len(history.open_breaks()) == 2
    assert balance(history) == Decimal("-0.01")


def test_a_refused_match_is_not_brought_together_again(history, days):
    history.rule(Ruling("reject_match", ["2"], ["t-2-21"], "another guest"), venue="Old Town")
    history.record(days.anchored(20, [days.paid("2", "50", 20)]))
    history.record(days.anchored(21, lines=[days.posted("2", "50", 21)]))
    assert len(history.open_breaks()) == 2


def test_a_payment_that_comes_late_and_wrong_leaves_what_is_wrong(history, days, told):
    late = days.paid("2", "50", 20)
    history.record(days.anchored(20, [late]))
    second = history.record(days.anchored(21, [late], [days.posted("2", "45", 21)]))
    assert told(history.open_breaks(), "kind", "variance") == [("amount_mismatch", Decimal(-5))]
    assert told(second.news.closed, "kind", "why") == [("missing_in_pos", "superseded")]
    assert second.news.after == {"CZK": Decimal(-5)}


def test_a_day_run_again_closes_what_is_no_longer_found(history, days, told):
    wrong = [days.posted("2", "55", 20)]
    history.record(days.anchored(20, [days.paid("2", "50", 20)], wrong))
    again = history.record(
        days.anchored(20, [days.paid("2", "50", 20)], [days.posted("2", "50", 20)])
    )
    assert told(again.news.closed, "why", "closed_in") == [("not_found_again", again.run_id)]
    assert not len(history.open_breaks())


def test_a_line_taken_out_of_the_export_is_no_longer_found(history, days, told):
    twice = [days.posted("2", "50", 20), days.posted("2", "50", 20, tender_id="twice")]
    foreign = days.posted("404", "7", 20)
    history.record(days.anchored(20, [days.paid("2", "50", 20)], [*twice, foreign]))
    assert set(told(history.open_breaks(), "kind")) == {"duplicate_in_pos", "missing_in_qerko"}
    history.record(days.anchored(20, [days.paid("2", "50", 20)], twice[:1]))
    assert not len(history.open_breaks())
    assert {why for *_, why in states(history, told)} == {"not_found_again"}


def test_a_payment_that_a_run_did_not_look_at_stays_open(history, days):
    history.record(days.anchored(20, [days.paid("2", "50", 20)]))
    history.record(days.anchored(20))  # a careless list of IDs
    assert len(history.open_breaks()) == 1


def test_another_till_of_the_same_day_closes_nothing(history, days):
    history.record(days.anchored(20, lines=[days.posted("404", "7", 20)], file="bar.csv"))
    history.record(
        days.run([days.paid("5", "9", 20)], [days.posted("5", "9", 20)], file="garden.csv")
    )
    assert len(history.open_breaks()) == 1


def test_a_payment_cancelled_since_is_due_no_more(history, days, told):
    history.record(days.anchored(20, [days.paid("2", "50", 20)]))
    history.record(days.anchored(21, [days.paid("2", "50", 20, state="CANCELLED")]))
    assert states(history, told) == [
        ("missing_in_pos", "2", Decimal(-50), "closed", "nothing_due")
    ]


def test_what_could_not_be_fetched_closes_once_it_could(history, days, told):
    failed = {"payment_id": "2", "kind": "server", "status": 503, "detail": "", "attempts": 3}
    history.record(days.anchored(20, [], [days.posted("2", "50", 20)], [failed]))
    alone = failed | {"payment_id": "3"}
    history.record(days.anchored(21, [], [], [alone]))
    assert told(history.open_breaks(), "kind") == ["unfetched", "unfetched"]
    history.record(days.anchored(20, [days.paid("2", "50", 20)], [days.posted("2", "50", 20)]))
    history.record(days.anchored(21, [days.paid("3", "50", 21)], [days.posted("3", "50", 21)]))
    assert not len(history.open_breaks())


def test_a_timing_break_is_closed_by_the_day_it_belongs_to(history, days, told):
    tomorrow = days.paid("2", "50", 21)
    history.record(days.anchored(20, [tomorrow]))
    assert told(history.open_breaks(), "kind") == ["timing"]
    history.record(days.anchored(21, [tomorrow], [days.posted("2", "50", 21)]))
    assert not len(history.open_breaks())


def test_a_payment_missing_on_both_days_counts_once(history, days, told):
    lost = days.paid("2", "50", 21)
    for order in ((20, 21), (21, 20)):
        for day in order:
            history.record(days.anchored(day, [lost]))
        assert told(history.open_breaks(), "kind", "variance") == [
            ("missing_in_pos", Decimal(-50))
        ]


def test_a_payment_that_an_earlier_day_matched_is_no_break_of_the_next(history, days, told):
    seen = days.paid("2", "50", 20)
    history.record(days.anchored(20, [seen], [days.posted("2", "50", 20)]))
    second = history.record(days.anchored(21, [seen]))
    assert told(history.breaks(), "kind", "status") == [("timing", "closed")]
    assert second.news.after == {}
    assert not len(second.news.appeared)


def week(days):
    """Two days and the window over both, with a payment posted late and faults of each kind."""
    late = days.paid("2", "50", 20, 22)
    line = days.posted("2", "50", 21, 10)
    wrong = days.paid("3", "30", 21), days.posted("3", "31", 21)
    foreign = days.posted("404", "7", 20)
    twice = [days.posted("4", "9", 20), days.posted("4", "9", 20, tender_id="twice")]
    four = days.paid("4", "9", 20)
    own = {"tender_id": "1", "payment_id": None, "bill_id": None}
    each_day_anew = [days.posted("", "3", day, **own) for day in (20, 21)]
    first = days.anchored(20, [late, four], [foreign, *twice, each_day_anew[0]], file="20.csv")
    second = days.anchored(21, [wrong[0]], [line, wrong[1], each_day_anew[1]], file="21.csv")
    told_apart = [
        {**one, "tender_id": f"1~{number:016x}", "source_file": f"{20 + number}.csv"}
        for number, one in enumerate(each_day_anew)
    ]
    both = days.run(
        [late, four, wrong[0], days.paid("anchor-20", "10", 20), days.paid("anchor-21", "10", 21)],
        [
            *({**one, "source_file": "20.csv"} for one in [foreign, *twice]),
            *({**one, "source_file": "21.csv"} for one in [line, wrong[1]]),
            *told_apart,
            {**days.posted("anchor-20", "10", 20), "source_file": "20.csv"},
            {**days.posted("anchor-21", "10", 21), "source_file": "21.csv"},
        ],
    )
    return first, second, both


def test_a_window_over_days_that_were_run_counts_nothing_twice(history, days, told):
    first, second, both = week(days)
    history.record(first)
    history.record(second)
    before = told(history.open_breaks(), "kind", "payment_id", "variance")
    assert len(before) == 5
    window = history.record(both)
    assert told(history.open_breaks(), "kind", "payment_id", "variance") == before
    assert window.news.before == window.news.after == {"CZK": Decimal(23)}
    assert not len(window.news.appeared)
    assert not len(window.news.closed)


def test_the_order_of_recording_does_not_matter(tmp_path, days, told):
    from qerko_recon.history import History

    runs = week(days)
    outcomes = set()
    for number, order in enumerate(itertools.permutations(range(3))):
        with History(tmp_path / f"{number}.db") as history:
            for place in (*order, *order):  # and again
                history.record(runs[place])
            columns = ("kind", "payment_id", "variance", "business_date")
            outcomes.add(tuple(sorted(told(history.open_breaks(), *columns), key=str)))
            assert history.verify() == []
    assert len(outcomes) == 1


def test_a_restored_export_brings_its_breaks_back(history, days):
    wrong = days.anchored(20, [days.paid("2", "50", 20)], [days.posted("2", "55", 20)])
    right = days.anchored(20, [days.paid("2", "50", 20)], [days.posted("2", "50", 20)])
    sums = []
    for result in (wrong, right, wrong, right):
        history.record(result)
        sums.append(balance(history))
    assert sums == [5, 0, 5, 0]


def test_a_line_lost_later_opens_the_payment_again(history, days):
    late, line = days.paid("2", "50", 20, 22), days.posted("2", "50", 21, 10)
    history.record(days.anchored(20, [late], file="20.csv"))
    history.record(days.anchored(21, [late], [line], file="21.csv"))
    assert balance(history) == 0
    history.record(days.anchored(21, [late], file="21.csv"))  # the export changed
    assert balance(history) == -50


def test_ages_are_counted_to_the_day_asked_about(history, days, told):
    history.record(days.anchored(20, [days.paid("2", "50", 20)]))
    history.record(days.anchored(23))
    assert told(history.open_breaks(), "age") == [3]
    assert told(history.open_breaks(as_of=date(2026, 12, 1)), "age") == [11]


def test_venues_are_kept_apart(history, days, told):
    for venue in ("Old Town", "Harbour", None):
        history.record(days.anchored(20, [days.paid("2", "50", 20)], venue=venue))
    assert len(history.open_breaks()) == 3
    assert told(history.open_breaks("Harbour"), "venue") == ["Harbour"]
    assert history.venues == [None, "Harbour", "Old Town"]
    with pytest.raises(HistoryError, match="several venues; say which"):
        history.rulings()


def test_several_currencies_are_summed_apart(history, days, told):
    euros = days.paid("2", "5", 20, currency="EUR")
    history.record(days.anchored(20, [euros, days.paid("3", "50", 20)]))
    frame = history.balance()
    assert told(frame, "currency", "found", "closed", "open", "open_breaks") == [
        ("CZK", -50, 0, -50, 1),
        ("EUR", -5, 0, -5, 1),
    ]


def test_an_empty_history_has_nothing_open(history):
    assert history.open_breaks().columns.tolist() == history.breaks().columns.tolist()
    assert not len(history.open_breaks())
    assert not len(history.balance())
    assert not len(history.runs)
    assert history.venues == []
