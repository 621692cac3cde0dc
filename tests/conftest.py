from __future__ import annotations

import signal

import pytest
from spec_server import SpecServer


@pytest.fixture(scope="session", autouse=True)
def hear_ctrl_c():
    """A shell that starts tests in the background has them, and their children, ignore Ctrl-C."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pytest_collection_modifyitems(items):
    """Leave property tests unmeasured: tracing doubles their time, and adds hardly a line."""
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture
def server():
    """A Qerko written from the specification alone."""
    with SpecServer() as running:
        yield running
