from __future__ import annotations

import pytest
from spec_server import SpecServer


@pytest.fixture
def server():
    """A Qerko written from the specification alone."""
    with SpecServer() as running:
        yield running
