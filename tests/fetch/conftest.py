from __future__ import annotations

import pytest
from bridge import Bridged

from qerko_recon.api import Timeouts
from qerko_recon.client import AsyncClient, Client


def _connector(server, kind):
    made = []

    def client(*, read=20.0, **changes):
        settings = {
            "api_key": server.api_key,
            "pos_id": server.pos_id,
            "base_url": server.base_url,
            "timeouts": Timeouts(read=read),
        } | changes
        if kind == "sync":
            made.append(Client(**settings))
        else:
            made.append(Bridged(lambda: AsyncClient(**settings)))
        return made[-1]

    yield client
    for one in made:
        one.end() if isinstance(one, Bridged) else one.close()


@pytest.fixture(params=["sync", "async"])
def connect(request, server):
    """Give clients of both kinds; both have the same face here."""
    yield from _connector(server, request.param)


@pytest.fixture
def connect_sync(server):
    """Give clients that wait, for what concerns threads and signals."""
    yield from _connector(server, "sync")


@pytest.fixture
def pauses():
    """Collects the seconds that a fetch would have waited."""
    return []
