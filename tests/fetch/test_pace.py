"""The pace: how many at once, when to pause, when to give up; moments are numbers here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qerko_recon.fetch.attempt import Missed
from qerko_recon.fetch.pace import Pace

NO_ANSWER = Missed("network", None, "no answer", may_be_repeated=True)
FAILING = Missed("server", 500, "failed", may_be_repeated=True)
BUSY = Missed("server", 429, "slow down", may_be_repeated=True, asked_wait=30.0)


def pace(most=64, *, is_fixed=False, patience=150.0):
    return Pace(most, is_fixed=is_fixed, patience=patience)


def go_well(one, times, seconds=0.03):
    for _ in range(times):
        one.went_well(seconds)


def go_wrong(one, missed, times, now=0.0, **how):
    return [
        one.went_wrong(missed, is_first=how.get("is_first", True), sent_at=now, now=now)
        for _ in range(times)
    ]


def test_it_starts_low_and_rises_while_the_server_keeps_up():
    one = pace()
    assert one.limit == 4
    go_well(one, 4)
    assert one.limit == 8
    go_well(one, 8 + 16 + 32)
    assert one.limit == 64
    go_well(one, 1000)
    assert one.limit == 64


def test_it_rises_no_further_when_answers_take_longer_for_it():
    one = pace()
    go_well(one, 4 + 8)
    assert one.limit == 16
    go_well(one, 200, seconds=0.05)
    assert one.limit <= 17
    go_well(one, 80, seconds=0.09)
    assert one.limit < 10


@pytest.mark.parametrize("missed", [NO_ANSWER, FAILING, BUSY])
def test_it_halves_once_for_what_fails_together(missed):
    one = pace()
    go_well(one, 4 + 8)
    go_wrong(one, missed, 1)
    assert one.limit == 8
    go_wrong(one, missed, 3 if missed is not BUSY else 0)
    assert one.limit == 8


def test_a_fixed_number_stays():
    one = pace(32, is_fixed=True)
    assert one.limit == 32
    go_wrong(one, FAILING, 3)
    go_well(one, 100, seconds=9.0)
    assert one.limit == 32


def test_several_failures_in_a_row_open_the_circuit_and_one_good_answer_closes_it():
    one = pace(is_fixed=True)
    go_well(one, 1)
    waits = go_wrong(one, FAILING, 5, now=100.0)
    assert waits[:4] == [0.0] * 4
    assert 0.25 <= waits[4] <= 0.5
    assert one.room(0, 100.0) == 0
    assert one.reason == "failed"
    assert one.room(0, 101.0) == 1, "one is sent to see"
    assert one.room(1, 101.0) == 0
    go_well(one, 1)
    assert one.room(0, 101.0) == 64
    assert one.reason is None


def test_a_good_answer_between_keeps_the_circuit_closed():
    one = pace()
    for _ in range(50):
        assert go_wrong(one, FAILING, 4) == [0.0] * 4
        go_well(one, 1)


def test_what_was_under_way_when_the_pause_began_is_no_news():
    one = pace()
    go_wrong(one, FAILING, 5, now=100.0)
    resumes = one.resume_at
    assert go_wrong(one, FAILING, 10, now=100.0) == [0.0] * 10
    assert one.resume_at == resumes


def test_an_id_that_had_failed_says_little_of_the_server():
    one = pace()
    assert go_wrong(one, FAILING, 50, is_first=False) == [0.0] * 50


def test_a_server_that_asks_for_time_gets_it():
    one = pace()
    go_well(one, 1)
    assert go_wrong(one, BUSY, 2, now=100.0) == [0.0, 30.0]
    assert one.room(0, 129.9) == 0
    assert one.room(0, 130.0) == 1


@pytest.mark.parametrize(
    ("missed", "was_well", "most"),
    [(NO_ANSWER, False, 10), (FAILING, False, 10), (FAILING, True, 30), (NO_ANSWER, True, 150)],
)
def test_patience_ends(missed, was_well, most):
    one = pace()
    if was_well:
        go_well(one, 1)
    now, sent = 0.0, 0
    while one.verdict is None:
        sent += 1
        wait = go_wrong(one, missed, 1, now=now)[0]
        now += wait
        assert sent < 60
    assert most / 3 < now <= most
    assert one.verdict == missed.kind
    assert one.room(0, 1e9) == 0


def test_a_refused_key_ends_it_at_once():
    one = pace()
    one.was_refused()
    assert (one.verdict, one.room(0, 0.0)) == ("unauthorized", 0)
    assert one.delay(1, FAILING, 0.0) is None


def test_retries_are_bounded_by_what_goes_well():
    one = pace()
    go_well(one, 50)
    waits = [one.delay(1, FAILING, 0.0) for _ in range(200)]
    assert sum(wait is not None for wait in waits) == 150


@given(st.integers(1, 30))
def test_waiting_grows_at_random_and_has_an_end(attempt):
    wait = pace().delay(attempt, FAILING, 0.0)
    assert 0 <= wait <= min(8, 0.25 * 2 ** (attempt - 1))


def test_what_is_asked_for_beyond_patience_is_not_waited():
    one = pace(patience=20)
    go_wrong(one, BUSY, 1, now=100.0)
    assert one.delay(1, BUSY, 100.0) is None
    assert pace(patience=40).delay(1, BUSY, 0.0) == 30.0


@given(
    st.lists(
        st.tuples(st.sampled_from(["well", "wrong", "busy", "gone"]), st.floats(0.001, 5)),
        max_size=300,
    ),
    st.integers(1, 64),
    st.booleans(),
)
def test_whatever_happens_there_is_a_way_on(events, most, is_fixed):
    """Between 1 and the most at once; and what is paused resumes, unless it is given up."""
    one = pace(most, is_fixed=is_fixed)
    now = 0.0
    missed = {"wrong": FAILING, "busy": BUSY, "gone": NO_ANSWER}
    for event, seconds in events:
        now += seconds
        if event == "well":
            one.went_well(seconds)
        else:
            one.went_wrong(missed[event], is_first=True, sent_at=now, now=now)
        assert 1 <= one.limit <= most
        assert one.verdict or one.room(0, max(now, one.resume_at)) >= 1
        assert one.resume_at - now <= 60
