"""Planted faults, and nothing else, are found: days of trade from seeds, as frames and files."""

from __future__ import annotations

from random import Random

import pytest
from recon.oracle import faults, files, judge, trade

from qerko_recon.frames import Payments
from qerko_recon.pos import read_pos
from qerko_recon.recon import Policy, reconcile


def made(seed, ids, *, layouts=None):
    """Make a day of a venue whose lines name their payments so."""
    chance = Random(seed)
    world = trade.world(chance, ids)
    while layouts and world.layout not in layouts:
        world = trade.world(chance, ids)
    maker = trade.Trade(chance, world)
    day = maker.day(chance.choice([20, 60]) if world.stated else 150)
    faults.plant(chance, maker, day, chance.choice([0, 0.1, 0.4]) if world.stated else 0.1)
    return day


def judged(day, result):
    missed, unplanted = judge.differences(day.planted, judge.found(result))
    assert (missed, unplanted) == ([], []), day.world
    judge.closed(result, day)


@pytest.mark.parametrize("seed", range(150))
def test_days_whose_lines_name_their_payments(seed):
    day = made(seed, "all")
    policy = Policy(**judge.settings(day.world))
    judged(day, reconcile(judge.payments(day), judge.tenders(day), policy))


@pytest.mark.parametrize("shape", files.SHAPES, ids=lambda shape: shape.language)
@pytest.mark.parametrize("seed", range(12))
def test_the_same_through_the_files_of_a_till(seed, shape, tmp_path):
    day = made(seed, "all", layouts={"beside", "inside", "none"})
    payments = Payments.read(files.write_payments(day, tmp_path))
    export = read_pos(files.write_export(day, tmp_path, shape, Random(seed)))
    stated = judge.settings(day.world)
    stated.pop("tip_layout", None)  # the file tells
    judged(day, reconcile(payments, export, Policy(**stated)))
