from __future__ import annotations

import pytest

from qerko_recon.closing import Exports, OwnProfiles
from qerko_recon.settings import Venue
from qerko_recon.simulator import Simulator, TradingDay


@pytest.fixture(scope="session")
def day():
    return TradingDay.generate(seed=3, payments=60)


@pytest.fixture
def box(day):
    with Simulator(day) as running:
        yield running


@pytest.fixture
def venue(box):
    whom = {"base_url": box.base_url, "api_key": box.api_key, "pos_id": box.pos_id}
    return Venue.load(environ={}, **whom)


@pytest.fixture
def own(tmp_path):
    return OwnProfiles(tmp_path / "profiles")


@pytest.fixture
def exports(own):
    return Exports(profiles=own)


@pytest.fixture
def export_file(day, tmp_path):
    return day.write_pos_export(tmp_path / "day.csv", "czech_semicolon")
