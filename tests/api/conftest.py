from __future__ import annotations

import pytest

from qerko_recon.api import ApiClient, Timeouts


@pytest.fixture
def connect(server):
    """Give clients of the server; short of patience where told so."""
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
