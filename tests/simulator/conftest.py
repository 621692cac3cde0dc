from __future__ import annotations

import httpx
import pytest

from qerko_recon.simulator import Simulator, TradingDay


@pytest.fixture(scope="session")
def day():
    return TradingDay.generate(seed=1)


@pytest.fixture(scope="session")
def small_day():
    return TradingDay.generate(seed=1, payments=60)


@pytest.fixture
def connect():
    """Give a client of a running simulator, with the right headers unless told otherwise."""
    clients = []

    def client(simulator: Simulator, **headers: str) -> httpx.Client:
        sent = {"Authorization": f"Bearer {simulator.api_key}", "Pos-Id": simulator.pos_id}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        clients.append(
            httpx.Client(base_url=simulator.base_url, headers=sent, trust_env=False, timeout=20)
        )
        return clients[-1]

    yield client
    for one in clients:
        one.close()
