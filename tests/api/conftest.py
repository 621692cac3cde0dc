from __future__ import annotations

import pytest
from bridge import Bridged

from qerko_recon.api import ApiClient, AsyncApiClient, Timeouts


@pytest.fixture(params=["sync", "async"])
def make(request):
    """Make a client of either kind; both have the same face here."""
    made = []

    def client(**settings):
        if request.param == "sync":
            made.append(ApiClient(**settings))
        else:
            made.append(Bridged(lambda: AsyncApiClient(**settings)))
        return made[-1]

    yield client
    for one in made:
        one.end() if isinstance(one, Bridged) else one.close()


@pytest.fixture
def connect(server, make):
    """Give clients of the server; short of patience where told so."""

    def client(*, read=20.0, **changes):
        settings = {
            "api_key": server.api_key,
            "pos_id": server.pos_id,
            "base_url": server.base_url,
            "timeouts": Timeouts(read=read),
        }
        return make(**(settings | changes))

    return client
