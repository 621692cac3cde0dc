from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import msgspec
import pytest

from qerko_recon.model import CANCELLED, PAID, decode_error, decode_payment
from qerko_recon.simulator import Restaurant, Rules, Simulator, make_api_key
from qerko_recon.simulator.samples import SPEC_PAYMENT

POLL = "/api/v2/pos/poll"
JSON = {"Content-Type": "application/json"}
NOOP = {"uuid": None, "method": "noop", "args": []}
PAYMENT = decode_payment(SPEC_PAYMENT)
RECEIPT = {"items": [{"name": "Item 5,-", "price": "5"}]}


def answer(client: httpx.Client, body: object) -> httpx.Response:
    return client.post(POLL, content=json.dumps(body).encode(), headers=JSON)


@pytest.fixture
def background():
    with ThreadPoolExecutor(4) as pool:
        yield pool


def test_a_quiet_poll_ends_with_the_documented_noop(connect):
    with Simulator(rules=Rules(hold=0.02)) as simulator:
        reply = connect(simulator).post(POLL)
        assert (reply.status_code, reply.json()) == (200, NOOP)
        assert reply.content == b'{"uuid":null,"method":"noop","args":[]}'


def test_a_queued_call_is_delivered_and_its_answer_found_by_uuid(connect):
    with Simulator(rules=Rules(hold=0.02)) as simulator:
        client = connect(simulator)
        first = simulator.call("getTableContents", ["foo-table", None])
        second = simulator.call("getBill", ["7"], uuid="xyz-1234-5678")
        got = client.post(POLL).json()
        assert got == {
            "uuid": first.uuid,
            "method": "getTableContents",
            "args": ["foo-table", None],
        }
        assert answer(client, {"uuid": first.uuid, "result": [1]}).json()["method"] == "getBill"
        error = {"code": "BILL_CLOSED", "message": "closed"}
        assert answer(client, {"uuid": second.uuid, "error": error}).json() == NOOP
        assert first.wait_for_answer().result == [1]
        assert second.wait_for_answer().error.code == "BILL_CLOSED"
        assert [call.deliveries for call in simulator.calls] == [1, 1]
        assert simulator.calls[0].answered_at is not None


def test_a_call_wakes_a_poll_that_is_held(connect, background):
    with Simulator(rules=Rules(hold=60)) as simulator:
        client = connect(simulator)
        held = background.submit(client.post, POLL)
        assert simulator.wait_for_poll()
        call = simulator.call("paymentClosed", ["1234", "PAID"], uuid=None)
        assert held.result(10).json() == {
            "uuid": None,
            "method": "paymentClosed",
            "args": ["1234", "PAID"],
        }
        assert call.wait_for_delivery(1)
        assert call.wait_for_answer(0.01) is None


def test_a_second_connection_of_the_restaurant_is_refused(connect, background):
    keys = (make_api_key("till 1"), make_api_key("till 2"))
    restaurants = [Restaurant("One", keys), Restaurant("Two")]
    with Simulator(restaurants=restaurants, rules=Rules(hold=60)) as simulator:
        held = background.submit(connect(simulator).post, POLL)
        assert simulator.wait_for_poll()
        for key in keys:
            refused = connect(simulator, Authorization=f"Bearer {key}").post(POLL)
            assert (refused.status_code, refused.content) == (409, b"")
        key = restaurants[1].api_keys[0]
        other = background.submit(connect(simulator, Authorization=f"Bearer {key}").post, POLL)
        assert simulator.wait_for_poll(restaurant="Two")
        assert not held.done()
        simulator.call("one", restaurant="One")
        simulator.call("two", restaurant="Two")
        assert (held.result(10).json()["method"], other.result(10).json()["method"]) == (
            "one",
            "two",
        )


def test_many_polls_at_once_are_one_connection_and_conflicts(connect, background):
    with Simulator(rules=Rules(hold=60)) as simulator:
        clients = [connect(simulator) for _ in range(4)]
        polls = [background.submit(client.post, POLL) for client in clients]
        assert simulator._world.journal.wait_until(
            lambda: sum(one.status == 409 for one in simulator.journal) == 3, 10
        )
        simulator.call("noop", uuid=None)
        assert sorted(poll.result(10).status_code for poll in polls) == [200, 409, 409, 409]


IMPATIENT = httpx.Timeout(10, read=0.1)


def test_a_client_that_is_gone_frees_its_connection_and_loses_no_call(connect):
    with Simulator(rules=Rules(hold=60)) as simulator:
        client = connect(simulator)
        with pytest.raises(httpx.ReadTimeout):
            client.post(POLL, timeout=IMPATIENT)
        assert simulator._world.journal.wait_until(
            lambda: bool(simulator.journal) and simulator.journal[0].outcome == "dropped", 10
        )
        call = simulator.call("getBill", ["1"])
        assert client.post(POLL).json()["uuid"] == call.uuid
        assert call.record.deliveries == 1


def test_a_client_that_is_gone_holds_its_connection_where_the_rules_say_so(connect):
    with Simulator(rules=Rules(hold=60, notices_gone_client=False)) as simulator:
        client = connect(simulator)
        with pytest.raises(httpx.ReadTimeout):
            client.post(POLL, timeout=IMPATIENT)
        assert simulator.wait_for_poll()
        assert client.post(POLL).status_code == 409


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b"null", b"{", b'{"uuid": 5}', b'{"uuid": null}', b"\xff", b'"x"']
)
def test_what_is_no_method_call_response_is_400_with_an_error(connect, body):
    with Simulator(rules=Rules(hold=0.02)) as simulator:
        client = connect(simulator)
        reply = client.post(POLL, content=body, headers=JSON)
        assert reply.status_code == 400
        assert decode_error(reply.content).message.startswith("The body is not a MethodCall")
        untyped = client.post(POLL, content=b'{"uuid": "1"}')
        assert untyped.status_code == 400
        assert "Content-Type" in decode_error(untyped.content).message
        assert client.post(POLL).json() == NOOP  # the connection was not left open


def test_answers_that_nobody_waits_for(connect):
    for status in (200, 400):
        with Simulator(rules=Rules(hold=0.02, unasked_answer=status)) as simulator:
            client = connect(simulator)
            assert answer(client, {"uuid": "stray"}).status_code == status
            call = simulator.call("getBill", ["1"])
            client.post(POLL)
            assert answer(client, {"uuid": call.uuid, "result": 1}).status_code == 200
            assert answer(client, {"uuid": call.uuid, "result": 2}).status_code == status
            assert [one.result for one in call.record.answers] == [1, 2]
            assert call.record.answer.result == 1


def test_the_same_uuid_may_be_asked_twice(connect):
    with Simulator(rules=Rules(hold=0.02)) as simulator:
        client = connect(simulator)
        first = simulator.call("getBill", ["1"], uuid="same")
        second = simulator.call("getBill", ["1"], uuid="same")
        client.post(POLL)
        assert answer(client, {"uuid": "same", "result": "a"}).json()["uuid"] == "same"
        answer(client, {"uuid": "same", "result": "b"})
        assert first.record.answer.result == "a"
        assert second.record.answer.result == "b"


def test_a_restart_lets_polls_go_and_refuses_them(connect, background):
    with Simulator(rules=Rules(hold=60)) as simulator:
        client = connect(simulator)
        held = background.submit(client.post, POLL)
        assert simulator.wait_for_poll()
        call = simulator.call("getBill", ["1"])
        assert held.result(10).json()["uuid"] == call.uuid
        simulator.restart()
        assert answer(client, {"uuid": call.uuid, "result": 1}).status_code == 503
        assert call.record.answer is None
        assert client.get("/api/v2/pos/payment/1").status_code == 404  # the rest goes on
        simulator.restart(on=False)
        held = background.submit(client.post, POLL)
        assert simulator.wait_for_poll()
        simulator.restart()
        assert held.result(10).status_code == 503


def test_stopping_lets_held_polls_go(connect, background):
    with Simulator(rules=Rules(hold=3600)) as simulator:
        held = background.submit(connect(simulator).post, POLL)
        assert simulator.wait_for_poll()
    assert isinstance(held.exception(10), httpx.TransportError)


class Till:
    """Answers calls as a POS does, until told to stop."""

    def __init__(self, client: httpx.Client, answers: dict[str, object]) -> None:
        self.client = client
        self.answers = answers
        self.asked: list[tuple[str, list]] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        body = b""
        while not self.stopped.is_set():
            try:
                call = self.client.post(POLL, content=body, headers=JSON).json()
            except httpx.TransportError:
                return
            body = b""
            if call["method"] != "noop":
                self.asked.append((call["method"], call["args"]))
                body = msgspec.json.encode({"uuid": call["uuid"], **self.answers[call["method"]]})


def life(connect, answers, *, timeout=10.0, loses_close=False):
    with Simulator(rules=Rules(hold=0.05)) as simulator:
        till = Till(connect(simulator), answers)
        running = threading.Thread(target=till.run)
        running.start()
        ended = simulator.pay(PAYMENT, timeout=timeout, loses_close=loses_close)
        till.stopped.set()
        running.join(10)
        state = simulator.payment("1234").state
        assert ended.state == state
    return state, till.asked


FINE = {
    "paymentStart": {"result": None},
    "paymentProcessed": {"result": RECEIPT},
    "paymentClosed": {"result": None},
}


def test_a_payment_goes_through_the_calls_of_its_life(connect):
    state, asked = life(connect, FINE)
    assert state == PAID
    assert [method for method, _ in asked] == ["paymentStart", "paymentProcessed", "paymentClosed"]
    started = asked[0][1][0]
    assert started["id"] == "1234"
    assert started["state"] == Rules().in_progress_state
    assert asked[1][1] == ["1234", Rules().in_progress_state]
    assert asked[2][1] == ["1234", PAID]


@pytest.mark.parametrize(
    ("method", "reply", "calls"),
    [
        ("paymentStart", {"error": {"message": "no"}}, ["paymentStart", "paymentClosed"]),
        (
            "paymentProcessed",
            {"error": {"message": "no"}},
            ["paymentStart", "paymentProcessed", "paymentClosed"],
        ),
        (
            "paymentProcessed",
            {"result": {"no": "receipt"}},
            ["paymentStart", "paymentProcessed", "paymentClosed"],
        ),
    ],
)
def test_an_error_cancels_the_payment(connect, method, reply, calls):
    state, asked = life(connect, {**FINE, method: reply})
    assert state == CANCELLED
    assert [name for name, _ in asked] == calls
    assert asked[-1][1] == ["1234", CANCELLED]


def test_silence_cancels_the_payment():
    simulator = Simulator()
    assert simulator.pay(PAYMENT, timeout=0.01, loses_close=True).state == CANCELLED
    assert [call.method for call in simulator.calls] == ["paymentStart"]


def test_a_close_may_be_lost(connect):
    state, asked = life(connect, FINE, loses_close=True)
    assert state == PAID
    assert [method for method, _ in asked] == ["paymentStart", "paymentProcessed"]
