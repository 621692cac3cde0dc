"""Planted faults are found where some or all lines name only their bill."""

from __future__ import annotations

from random import Random

import pytest
from recon.oracle.faults import made
from recon.oracle.files import SHAPES, write_export, write_payments
from recon.oracle.judge import judge, payments, settings, tenders

from qerko_recon.frames import Payments
from qerko_recon.pos import read_pos
from qerko_recon.recon import Policy, reconcile


@pytest.mark.parametrize("ids", ["none", "some"])
@pytest.mark.parametrize("seed", range(75))
def test_days_whose_lines_name_their_bills(seed, ids):
    day = made(seed, ids)
    policy = Policy(**settings(day.world))
    judge(reconcile(payments(day), tenders(day), policy), day)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.language)
@pytest.mark.parametrize("seed", range(8))
def test_the_same_through_the_files_of_a_till(seed, shape, tmp_path):
    day = made(seed, "none", ("beside", "inside", "none"))
    fetched = Payments.read(write_payments(day, tmp_path))
    export = read_pos(write_export(day, tmp_path, shape, Random(seed)))
    stated = settings(day.world)
    stated.pop("tip_layout", None)  # the file tells
    judge(reconcile(fetched, export, Policy(**stated)), day)
