from __future__ import annotations

import asyncio
import threading

import httpx
import msgspec
import pytest

from qerko_recon.errors import ConfigError, UnexpectedResponse
from qerko_recon.model import CANCELLED, PAID, decode_payment
from qerko_recon.simulator import Fault, Rules, Simulator, payment_json
from qerko_recon.simulator.faults import FaultPlan
from qerko_recon.simulator.samples import SPEC_PAYMENT

URL = "/api/v2/pos/payment/1234"
PAYMENT = decode_payment(SPEC_PAYMENT)


@pytest.fixture
def box():
    with Simulator(payments=[PAYMENT], rules=Rules(hold=0.02)) as simulator:
        yield simulator


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 429, 500, 502, 503])
def test_any_status_with_the_body_it_has(box, connect, status):
    box.inject(Fault(kind="status", status=status, retry_after="7"))
    client = connect(box)
    answer = client.get(URL)
    assert answer.status_code == status
    assert answer.headers["retry-after"] == "7"
    assert bool(answer.content) == (status not in {403, 404, 409, 410})
    assert client.get(URL).status_code == 200
    assert [one.fault for one in box.journal] == [f"status {status}", None]
    assert [one.status for one in box.journal] == [status, 200]


def test_no_retry_after_unless_asked_for(box, connect):
    box.inject(Fault(kind="status", status=503))
    assert "retry-after" not in connect(box).get(URL).headers


def test_latency_comes_before_the_true_answer(box, connect):
    box.inject(Fault(kind="latency", seconds=0.01))
    assert connect(box).get(URL).content == payment_json(PAYMENT)
    assert box.journal[0].status == 200
    assert box.faults == ()


def test_latencies_add_up_and_go_with_one_other_fault():
    plan = FaultPlan(
        [
            Fault(kind="latency", seconds=2, times=2),
            Fault(kind="status", status=503, times=2),
            Fault(kind="latency", seconds=3),
            Fault(kind="drop", times=None),
        ]
    )
    struck = [plan.next("get", "1") for _ in range(3)]
    assert [wait for wait, _ in struck] == [5, 2, 0]
    assert [fault.title for _, fault in struck] == ["status 503", "status 503", "drop"]


@pytest.mark.parametrize("moment", ["unread", "read", "done"])
@pytest.mark.parametrize("kind", ["drop", "status", "html", "malformed"])
def test_when_a_fault_strikes_says_whether_the_request_took_effect(box, connect, kind, moment):
    box.inject(Fault(kind=kind, moment=moment, route="cancel"))
    client = connect(box)
    if kind == "drop":
        with pytest.raises(httpx.TransportError):
            client.delete(URL)
        assert (box.journal[-1].outcome, box.journal[-1].status) == ("dropped", None)
    else:
        assert client.delete(URL).status_code == (500 if kind == "status" else 200)
    assert box.payment("1234").state == (CANCELLED if moment == "done" else PAID)
    assert client.get(URL).status_code == 200


@pytest.mark.parametrize("moment", ["unread", "read", "done"])
def test_a_poll_may_be_dropped_before_and_after_its_answer_is_taken(box, connect, moment):
    client = connect(box)
    call = box.call("getBill", ["1"])
    client.post("/api/v2/pos/poll")
    box.inject(Fault(kind="drop", route="poll", moment=moment))
    body = msgspec.json.encode({"uuid": call.uuid, "result": None})
    with pytest.raises(httpx.TransportError):
        client.post("/api/v2/pos/poll", content=body, headers={"Content-Type": "application/json"})
    assert (call.record.answer is not None) == (moment == "done")


def test_a_truncated_answer_breaks_off(box, connect):
    box.inject(Fault(kind="truncated"))
    client = connect(box)
    with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|complete message body"):
        client.get(URL)
    assert client.get(URL).status_code == 200


def test_a_truncated_empty_answer_is_none(box, connect):
    box.inject(Fault(kind="truncated"))
    with pytest.raises(httpx.TransportError):
        connect(box).get("/api/v2/pos/payment/none")


@pytest.mark.parametrize("kind", ["malformed", "html", "wrong_shape"])
def test_an_answer_that_is_no_payment(box, connect, kind):
    box.inject(Fault(kind=kind))
    answer = connect(box).get(URL)
    assert answer.status_code == 200
    with pytest.raises(UnexpectedResponse):
        decode_payment(answer.content)
    if kind == "html":
        assert answer.headers["content-type"].startswith("text/html")
    elif kind == "wrong_shape":
        assert answer.json()


def test_a_slow_answer_is_whole_in_the_end(box, connect):
    box.inject(Fault(kind="slow", seconds=0.08))
    assert connect(box).get(URL).content == payment_json(PAYMENT)
    assert box.faults == ()


@pytest.mark.parametrize("moment", ["read", "done"])
def test_a_hanging_server_waits_until_the_client_gives_up(box, connect, moment):
    box.inject(Fault(kind="hang", moment=moment, route="cancel"))
    with pytest.raises(httpx.ReadTimeout):
        connect(box).delete(URL, timeout=httpx.Timeout(10, read=0.1))
    assert box._world.journal.wait_until(lambda: box.journal[-1].outcome == "dropped", 10)
    assert box.payment("1234").state == (CANCELLED if moment == "done" else PAID)


@pytest.mark.parametrize("kind", ["hang", "latency", "slow"])
def test_stopping_does_not_wait_for_what_hangs(connect, kind):
    with Simulator(payments=[PAYMENT]) as simulator:
        simulator.inject(Fault(kind=kind, seconds=3600))
        client = connect(simulator)
        outcomes = []

        def ask() -> None:
            try:
                outcomes.append(client.get(URL, timeout=30).status_code)
            except httpx.TransportError as error:
                outcomes.append(type(error))

        asking = threading.Thread(target=ask)
        asking.start()
        assert simulator._world.journal.wait_until(lambda: bool(simulator.journal), 10)
    asking.join(10)
    assert len(outcomes) == 1


def test_faults_choose_by_route_payment_place_and_number(box, connect):
    client = connect(box)
    box.add(msgspec.structs.replace(PAYMENT, id="other"))
    box.inject(Fault(kind="status", route="get", payment_id="1234", first=2, times=2))
    statuses = []
    for _ in range(4):
        assert client.get("/api/v2/pos/payment/other").status_code == 200
        statuses.append(client.get(URL).status_code)
    assert statuses == [200, 500, 500, 200]
    assert client.delete("/api/v2/pos/payment/other").status_code == 200


def test_endless_faults_end_when_they_are_cleared(box, connect):
    client = connect(box)
    box.inject(Fault(kind="status", times=None))
    assert [client.get(URL).status_code for _ in range(5)] == [500] * 5
    box.clear_faults()
    assert client.get(URL).status_code == 200


def test_one_in_so_many_payments_is_struck_in_any_order():
    def struck(seed: int, order: list[str]) -> set[str]:
        plan = FaultPlan([Fault(kind="status", one_in=5, seed=seed, times=None)])
        return {payment_id for payment_id in order if plan.next("get", payment_id)[1]}

    ids = [str(number) for number in range(1000)]
    assert struck(1, ids) == struck(1, ids[::-1])
    assert struck(1, ids) != struck(2, ids)
    assert 150 < len(struck(1, ids)) < 250


def test_without_a_socket_a_dropped_connection_is_an_error():
    simulator = Simulator(payments=[PAYMENT], faults=[Fault(kind="drop")])

    async def ask() -> None:
        transport = httpx.ASGITransport(app=simulator.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sim") as client:
            await client.get(URL)

    with pytest.raises(ConnectionResetError):
        asyncio.run(ask())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"kind": "flood"}, "kind is one of latency, .*, not 'flood'"),
        ({"kind": "drop", "route": "put"}, "route is one of get, cancel, capture, poll"),
        ({"kind": "drop", "moment": "later"}, "moment is one of unread, read, done"),
        ({"kind": "status", "status": 200}, "400 to 599, not 200"),
        ({"kind": "drop", "times": 0}, "1 or more"),
        ({"kind": "drop", "first": 0}, "1 or more"),
        ({"kind": "slow", "seconds": -1}, "0 or more"),
    ],
)
def test_an_impossible_fault_is_refused(settings, sentence):
    with pytest.raises(ConfigError, match=sentence):
        Fault(**settings)
