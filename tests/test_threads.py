"""Work shared between threads: in order, whole, and never waiting for itself."""

from __future__ import annotations

import threading

import pytest

from qerko_recon import threads
from qerko_recon.threads import at_once


@pytest.fixture(params=[1, 2, 5])
def processors(request, monkeypatch):
    monkeypatch.setattr(threads, "_processors", lambda: request.param)
    threads._workers.cache_clear()
    yield request.param
    threads._workers().shutdown()
    threads._workers.cache_clear()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 50])
def test_each_is_done_once_and_answered_in_order(processors, count):
    done = []

    def look(number):
        done.append(number)
        return number * number

    assert at_once(look, range(count)) == [number * number for number in range(count)]
    assert sorted(done) == list(range(count))


def test_several_are_worked_on_at_the_same_time(processors):
    together = min(processors, 3)
    meeting = threading.Barrier(together)

    def look(_):
        return meeting.wait(timeout=60) >= 0

    assert at_once(look, range(together)) == [True] * together


def test_what_is_done_may_share_its_own_work(processors):
    def deep(level):
        return sum(at_once(deep, [level - 1] * 3)) if level else 1

    assert deep(4) == 81


def test_many_callers_share_the_same_threads(processors):
    found = []
    callers = [
        threading.Thread(target=lambda: found.append(sum(at_once(abs, range(-200, 0)))))
        for _ in range(8)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(timeout=60)
    assert found == [20_100] * 8
    assert sum("at-once" in one.name for one in threading.enumerate()) <= processors


@pytest.mark.parametrize("bad", [0, 7, 19])
def test_what_fails_is_raised_and_ends_the_rest(processors, bad):
    done = []

    def look(number):
        if number == bad:
            raise ValueError(number)
        done.append(number)

    with pytest.raises(ValueError, match=str(bad)):
        at_once(look, range(20))
    before = len(done)
    assert at_once(len, ["a", "bc"]) == [1, 2]
    assert len(done) == before, "nothing goes on behind the caller's back"
