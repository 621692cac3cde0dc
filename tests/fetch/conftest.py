from __future__ import annotations

import pytest

from qerko_recon.api import Timeouts
from qerko_recon.client import Client


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
        made.append(Client(**(settings | changes)))
        return made[-1]

    yield client
    for one in made:
        one.close()


@pytest.fixture
def pauses():
    """Collects the seconds that a fetch would have waited."""
    return []
