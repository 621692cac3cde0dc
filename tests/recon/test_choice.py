"""Which candidate is taken, from views written out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from qerko_recon.recon import choice
from qerko_recon.recon.choice import Judged, Option, Tally, View, choose, is_clearly_better


def judged(*candidates):
    """Let each candidate explain the payments marked 1; figures differ where marks do."""
    marks = [np.array([int(mark) for mark in one]) for one in candidates]

    def view(place, rows):
        return View(marks[place][rows] == 1, (marks[place][rows],))

    heads = [candidates.index(one) for one in candidates]
    return Judged(view, len(marks[0]), len(marks[0]), heads)


def chosen(*candidates, changes=None, odds=2):
    options = [
        Option(count, odds) for count in (changes or [min(n, 1) for n in range(len(candidates))])
    ]
    return choose(options, judged(*candidates)).chosen


@pytest.mark.parametrize(
    ("default", "other", "taken"),
    [
        ("1111", "1111", 0),
        ("0000", "0000", 0),
        ("0000", "1111", 1),
        ("0011", "1111", 0),  # two are few
        ("0001", "1111", 1),
        ("0001110", "1110001", 0),  # as many against it as for it
        ("000000010", "111111101", 1),
        ("00000", "11122", 1),  # 2: explained by neither, and read differently
        ("0000000", "1112222", 0),  # not even half of them
        ("111111111", "000111111", 0),
    ],
)
def test_another_reading_wants_to_be_clearly_better(default, other, taken):
    assert chosen(default, other) == taken


def test_of_two_that_are_better_the_one_that_explains_more_is_taken():
    assert chosen("000000", "111100", "111110") == 2
    assert chosen("000000", "111110", "111110") == 1


def test_fewer_changes_are_taken_where_more_explain_hardly_more():
    assert chosen("000000", "111100", "111111", changes=[0, 1, 2]) == 1
    assert chosen("000000", "111000", "111111", changes=[0, 1, 2]) == 2
    assert chosen("000000", "111111", "111100", changes=[0, 2, 1]) == 2


def test_odds_can_be_higher():
    assert chosen("0000011111111", "1111100000000"[::-1]) == 0
    assert not is_clearly_better(Tally(8, 1, 9), odds=9)
    assert is_clearly_better(Tally(9, 1, 10), odds=9)


def test_counts_are_against_the_one_taken():
    found = choose([Option(0), Option(1)], judged("0001", "1112"))
    assert (found.chosen, found.explains, found.of) == (1, (1, 3), 4)
    assert found.tallies == (Tally(1, 3, 4), Tally(0, 0, 0))
    assert (found.differing, found.fits) == (4, 3)
    assert [found.explains_of_differing(place) for place in (0, 1)] == [1, 3]
    assert found.tallies[0].tells == 4


def test_payments_that_all_read_alike_do_not_count_as_differing():
    found = choose([Option(0), Option(1)], judged("1110", "1111"))
    assert (found.differing, found.fits) == (1, 0)
    assert [found.explains_of_differing(place) for place in (0, 1)] == [0, 1]


def test_blocks_add_up_to_the_whole(monkeypatch):
    candidates = "0110100101", "1111100111", "1010101010"
    whole = choose([Option(0), Option(1), Option(1)], judged(*candidates))
    monkeypatch.setattr(choice, "_BLOCK", 3)
    assert choose([Option(0), Option(1), Option(1)], judged(*candidates)) == whole
