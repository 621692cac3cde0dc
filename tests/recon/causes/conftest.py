from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from incidents import Incident, Watched

import qerko_recon as qr
from qerko_recon.simulator import Rules, Simulator


@pytest.fixture(autouse=True)
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QERKO_LOCKS", str(tmp_path / "locks"))


@pytest.fixture
def incident(tmp_path: Path) -> Iterator[Incident]:
    with Incident(tmp_path) as running:
        running.begins()
        yield running


@pytest.fixture
def incident_of(tmp_path: Path) -> Iterator[Callable[..., Incident]]:
    """Begin an incident with a till of the test's own."""
    running: list[Incident] = []

    def begin(make_till: Callable[..., Any]) -> Incident:
        new = Incident(tmp_path, make_till)
        running.append(new.__enter__())
        new.begins()
        return new

    yield begin
    for one in running:
        one.__exit__(None, None, None)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    log = tmp_path / "proxy.jsonl"
    with Simulator(rules=Rules(hold=0.2)) as box:
        proxy = qr.RecordingProxy(box.base_url, log).start()
        client = qr.Client(base_url=proxy.address, api_key=box.api_key, pos_id=box.pos_id)
        till = qr.DemoPos()
        session = qr.PollSession(client, till).start()
        box.wait_for_poll()

        def close() -> None:
            session.stop()
            proxy.stop()

        with client:
            yield Watched(box, client, till, tmp_path, log, close)
        close()
