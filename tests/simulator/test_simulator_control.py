from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import httpx
import pytest

from qerko_recon.model import decode_payment
from qerko_recon.simulator import Rules, Simulator
from qerko_recon.simulator.samples import SPEC_PAYMENT


@pytest.fixture
def box():
    payments = [decode_payment(SPEC_PAYMENT)]
    with Simulator(payments=payments, rules=Rules(hold=0.02)) as simulator:
        yield simulator


@pytest.fixture
def control(box):
    with httpx.Client(base_url=f"{box.base_url}/simulator", trust_env=False) as client:
        yield client


def test_an_overview_without_keys(box, control):
    answer = control.get(box.base_url + "/simulator")
    assert answer.json()["payments"] == 1
    assert answer.json()["restaurants"][0] == {
        "name": box.restaurants[0].name,
        "connected": False,
    }
    assert box.api_key not in answer.text


def test_the_journal_from_outside(box, control, connect):
    connect(box).get("/api/v2/pos/payment/1234")
    (entry,) = control.get("/journal").json()
    assert (entry["route"], entry["payment_id"], entry["status"]) == ("get", "1234", 200)
    assert entry["outcome"] == "answered"
    assert box.api_key not in str(entry)


def test_calls_from_outside(box, control, connect):
    queued = control.post("/calls", json={"method": "getBill", "args": ["1"]}).json()
    assert queued["deliveries"] == 0
    client = connect(box)
    assert client.post("/api/v2/pos/poll").json()["uuid"] == queued["uuid"]
    client.post("/api/v2/pos/poll", json={"uuid": queued["uuid"], "result": {"id": "1"}})
    (call,) = control.get("/calls").json()
    assert call["answers"] == [{"uuid": queued["uuid"], "result": {"id": "1"}}]
    assert control.post("/calls", json={"method": "x", "uuid": None}).json()["uuid"] is None


def test_faults_from_outside(box, control, connect):
    fault = {"kind": "status", "status": 429, "retry_after": "1", "times": None}
    assert control.post("/faults", json=fault).json()["status"] == 429
    client = connect(box)
    assert client.get("/api/v2/pos/payment/1234").status_code == 429
    assert len(control.get("/faults").json()) == 1
    assert control.delete("/faults").json() == []
    assert client.get("/api/v2/pos/payment/1234").status_code == 200


def test_the_clock_and_a_restart_from_outside(control, box, connect):
    moved = control.post("/clock", json={"at": "2030-01-01T00:00:00Z", "advance": 3600})
    assert moved.json()["now"] == "2030-01-01T01:00:00+00:00"
    assert box.clock.now().year == 2030
    assert control.post("/restart").json()["restarting"] is True
    assert connect(box).post("/api/v2/pos/poll").status_code == 503
    assert control.post("/restart", json={"on": False}).json()["restarting"] is False


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/faults", b'{"kind": "flood"}'),
        ("/faults", b'{"colour": 1}'),
        ("/faults", b"not json"),
        ("/faults", b"[]"),
        ("/calls", b"{}"),
        ("/calls", b'{"method": "x", "args": "1"}'),
        ("/calls", b'{"method": "x", "restaurant": "nobody"}'),
        ("/clock", b'{"at": "noon"}'),
        ("/clock", b'{"at": "2026-01-01T00:00:00"}'),
        ("/clock", b'{"advance": "an hour"}'),
        ("/clock", b'{"advance": 1e300}'),
    ],
)
def test_what_cannot_be_done_is_400_with_a_sentence(control, path, body):
    answer = control.post(path, content=body)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_an_undocumented_method_is_405(control):
    assert control.delete("/journal").status_code == 405


def test_control_is_for_this_machine_alone():
    simulator = Simulator()

    async def ask(host: str) -> int:
        transport = httpx.ASGITransport(app=simulator.app, client=(host, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://sim") as client:
            return (await client.get("/simulator/journal")).status_code

    assert asyncio.run(ask("127.0.0.1")) == asyncio.run(ask("::1")) == 200
    assert asyncio.run(ask("192.0.2.7")) == asyncio.run(ask("elsewhere")) == 403


INTERRUPTED = """
import os, signal, sys, threading, traceback
from qerko_recon.simulator import Simulator

def interrupt():
    names = []
    while ("serve_forever", "wait") not in zip(names, names[1:]):
        frame = sys._current_frames()[threading.main_thread().ident]
        names = [one.name for one in traceback.extract_stack(frame)]
    os.kill(os.getpid(), signal.SIGINT)

simulator = Simulator()
STARTED
threading.Thread(target=interrupt).start()
simulator.serve_forever()
print("ended", simulator)
"""


@pytest.mark.skipif(os.name == "nt", reason="interrupts are sent otherwise there")
@pytest.mark.parametrize("started", ["", "simulator.start()"])
def test_it_serves_until_interrupted_and_ends_in_good_order(started):
    program = INTERRUPTED.replace("STARTED", started)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "ended Simulator(stopped, 0 payments)\n"
