from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qerko_recon.actions import AuditTrail
from qerko_recon.api import ApiClient, Timeouts


class Clock:
    """A clock that a test moves."""

    def __init__(self):
        self.now = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)

    def __call__(self):
        return self.now

    def move(self, **span):
        self.now += timedelta(**span)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def trail(tmp_path):
    return AuditTrail(tmp_path / "actions.jsonl")


@pytest.fixture
def connect(server):
    made = []

    def client(*, read=20.0, **changes):
        settings = {
            "api_key": server.api_key,
            "pos_id": server.pos_id,
            "base_url": server.base_url,
            "timeouts": Timeouts(read=read),
        }
        made.append(ApiClient(**(settings | changes)))
        return made[-1]

    yield client
    for one in made:
        one.close()


@pytest.fixture
def client(connect):
    return connect()
