from __future__ import annotations

import asyncio
import hashlib
import re
import socket
import threading
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection

import httpx
import msgspec
import pytest

from qerko_recon.errors import ConfigError
from qerko_recon.model import CANCELLED, PAID, decode_error, decode_payment
from qerko_recon.simulator import (
    CANCEL_WINDOW,
    POS_ID,
    Clock,
    Restaurant,
    Rules,
    Simulator,
    make_api_key,
    payment_json,
)
from qerko_recon.simulator.samples import SPEC_PAYMENT

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RECEIPT = b'{"receiptDeliveryType": "QERKO_GENERATED", "items": [{"name": "Beer", "price": "65"}]}'
JSON = {"Content-Type": "application/json"}
ANY_GUID = "00000000-0000-4000-8000-000000000000"


def spec_payment(payment_id: str = "1234", **changes):
    return msgspec.structs.replace(decode_payment(SPEC_PAYMENT), id=payment_id, **changes)


@pytest.fixture(scope="module")
def box():
    """Hold one payment of the spec here and one of the neighbour, at noon."""
    with Simulator(clock=Clock(NOON)) as simulator:
        simulator.add(spec_payment())
        simulator.add(spec_payment("777"), restaurant=simulator.restaurants[1].name)
        yield simulator


@pytest.mark.parametrize("version", ["v1", "v2", "v3"])
def test_get_answers_the_documented_json(box, connect, version):
    answer = connect(box).get(f"/api/{version}/pos/payment/1234")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.json() == msgspec.json.decode(SPEC_PAYMENT)
    assert list(answer.json()) == list(msgspec.json.decode(SPEC_PAYMENT))


def test_a_payment_of_the_day_has_decimal_strings_and_its_time(day):
    with Simulator(day) as simulator, httpx.Client(trust_env=False) as client:
        headers = {"Authorization": f"Bearer {simulator.api_key}", "Pos-Id": POS_ID}
        for payment in (
            next(one for one in day.payments if one.discount),
            next(one for one in day.payments if len(one.parts) == 2),
            next(one for one in day.payments if one.customer_id),
        ):
            url = f"{simulator.base_url}/api/v2/pos/payment/{payment.id}"
            sent = client.get(url, headers=headers).json()
            assert re.fullmatch(r"2026-11-\d\dT\d\d:\d\d:\d\dZ", sent["timestamp"])
            assert sent["tipBrutto"] == str(payment.tip_gross)
            assert [part["total"] for part in sent["parts"]] == [
                str(p.total) for p in payment.parts
            ]
            assert {"additionalData", "discount", "idCustomer"} <= set(sent)
            assert sent["idCustomer"] == payment.customer_id
            if payment.discount:
                assert sent["discount"] == {
                    "source": "SIMULATED",
                    "name": payment.discount.name,
                    "value": str(payment.discount.value),
                    "provider": None,
                    "additionalData": None,
                }


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "payment/{}"),
        ("DELETE", "payment/{}"),
        ("POST", "payment/{}/capture"),
    ],
)
def test_unknown_and_foreign_payments_are_empty_answers(box, connect, method, path):
    client = connect(box)
    for payment_id, status in (("none", 404), ("777", 403)):
        url = f"/api/v2/pos/{path.format(payment_id)}"
        answer = client.request(
            method, url, content=RECEIPT if "capture" in url else None, headers=JSON
        )
        assert (answer.status_code, answer.content) == (status, b"")


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "Basic abc"},
        {"Authorization": "Bearer " + make_api_key("somebody else")},
        {"Pos-Id": ""},
        {"Pos-Id": ANY_GUID},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "payment/1234"),
        ("DELETE", "payment/1234"),
        ("POST", "payment/1234/capture"),
        ("POST", "poll"),
    ],
)
def test_a_wrong_key_or_pos_id_is_401_with_an_error(box, connect, headers, method, path):
    answer = connect(box).request(method, f"/api/v2/pos/{path}", headers=headers)
    assert answer.status_code == 401
    assert decode_error(answer.content).message
    assert box.payment("1234").state == PAID
    assert make_api_key("somebody else") not in repr(box.journal)


def test_errors_speak_the_language_asked_for(box, connect):
    url = "/api/v2/pos/payment/1234"
    english = connect(box, Authorization="Bearer wrong").get(url).json()
    czech = connect(box, Authorization="Bearer wrong", Accept_Language="cs-CZ").get(url).json()
    assert english == {"code": None, "message": "The API key is not valid."}
    assert czech == {"code": None, "message": "API klíč není platný."}


def test_any_guid_is_a_pos_id_where_the_rules_say_so(connect):
    with Simulator(rules=Rules(accepts_any_pos_id=True)) as simulator:
        simulator.add(spec_payment())
        url = "/api/v2/pos/payment/1234"
        assert connect(simulator, Pos_Id=ANY_GUID).get(url).status_code == 200
        assert connect(simulator, Pos_Id="my-pos").get(url).status_code == 401


def test_cancel_cancels_once_and_answers_again_by_the_rules(connect):
    for status in (200, 400, 409, 410):
        rules = Rules(second_cancel=status)
        with Simulator(clock=Clock(NOON), rules=rules) as simulator:
            simulator.add(spec_payment())
            client = connect(simulator)
            first = client.delete("/api/v2/pos/payment/1234")
            second = client.delete("/api/v2/pos/payment/1234")
            assert first.status_code == 200
            assert decode_payment(first.content).state == CANCELLED
            assert decode_payment(first.content).parts == spec_payment().parts
            assert simulator.payment("1234").state == CANCELLED
            assert second.status_code == status
            assert bool(second.content) == (status in {200, 400})


def test_a_payment_can_be_cancelled_for_three_hours_and_no_longer(connect):
    clock = Clock(NOON)
    with Simulator(clock=clock) as simulator:
        simulator.add(spec_payment("old", timestamp="2026-11-20T09:00:00Z"))
        simulator.add(spec_payment("new"))
        client = connect(simulator)
        clock.advance(timedelta(seconds=1))
        late = client.delete("/api/v2/pos/payment/old")
        assert (late.status_code, late.content) == (410, b"")
        assert simulator.payment("old").state == PAID
        clock.set(NOON + CANCEL_WINDOW)
        assert client.delete("/api/v2/pos/payment/new").status_code == 200


def test_capture_wants_a_receipt_and_manual_capture(connect):
    with Simulator() as simulator:
        held = simulator.add(spec_payment("m"), capture="manual")
        simulator.add(spec_payment("a"))
        client = connect(simulator)
        assert client.get("/api/v2/pos/payment/m").json()["state"] == held.state != PAID
        for body in (b"", b"{}", b"[]", b'{"items": 5}', b"no json", b'{"items":[{"name":"x"}]}'):
            answer = client.post("/api/v2/pos/payment/m/capture", content=body, headers=JSON)
            assert answer.status_code == 400
            assert decode_error(answer.content).message.startswith("The body is not a Receipt")
        untyped = client.post("/api/v2/pos/payment/m/capture", content=RECEIPT)
        assert untyped.status_code == 400
        assert simulator.receipt("m") is None

        taken = client.post("/api/v2/pos/payment/m/capture", content=RECEIPT, headers=JSON)
        assert (taken.status_code, taken.json()) == (200, {"status": "Accepted"})
        assert client.get("/api/v2/pos/payment/m").json()["state"] == PAID
        assert simulator.receipt("m").items[0].name == "Beer"
        again = client.post("/api/v2/pos/payment/m/capture", content=RECEIPT, headers=JSON)
        assert again.status_code == 200
        automatic = client.post("/api/v2/pos/payment/a/capture", content=RECEIPT, headers=JSON)
        assert (automatic.status_code, simulator.receipt("a")) == (400, None)


def test_what_capturing_answers_where_it_makes_no_sense_is_a_rule(connect):
    rules = Rules(second_capture=409, capture_of_auto=200, capture_of_cancelled=410)
    with Simulator(rules=rules) as simulator:
        simulator.add(spec_payment("m"), capture="manual")
        simulator.add(spec_payment("c", state=CANCELLED), capture="manual")
        simulator.add(spec_payment("a"))
        client = connect(simulator)
        statuses = {
            payment_id: client.post(
                f"/api/v2/pos/payment/{payment_id}/capture", content=RECEIPT, headers=JSON
            ).status_code
            for payment_id in ("m", "c", "a")
        }
        assert statuses == {"m": 200, "c": 410, "a": 200}
        second = client.post("/api/v2/pos/payment/m/capture", content=RECEIPT, headers=JSON)
        assert second.status_code == 409
        assert simulator.payment("c").state == CANCELLED
        assert simulator.receipt("a") is None


def test_an_uncaptured_payment_can_be_cancelled(connect):
    with Simulator(clock=Clock(NOON)) as simulator:
        simulator.add(spec_payment(), capture="manual")
        assert connect(simulator).delete("/api/v2/pos/payment/1234").status_code == 200
        assert simulator.payment("1234").state == CANCELLED


@pytest.mark.parametrize("payment_id", ["a/b", "č 1", "100%", "..", "a?b#c", "x/capture"])
def test_ids_arrive_percent_encoded(connect, payment_id):
    path = "".join(f"%{byte:02X}" for byte in payment_id.encode())
    with Simulator() as simulator:
        simulator.add(spec_payment(payment_id))
        connection = HTTPConnection("127.0.0.1", simulator.port)
        connection.request(
            "GET",
            f"/api/v2/pos/payment/{path}",
            headers={"Authorization": f"Bearer {simulator.api_key}", "Pos-Id": POS_ID},
        )
        answer = connection.getresponse()
        assert (answer.status, msgspec.json.decode(answer.read())["id"]) == (200, payment_id)
        connection.close()
        assert simulator.journal[-1].payment_id == payment_id
        assert simulator.journal[-1].path == f"/api/v2/pos/payment/{path}"


def test_other_paths_and_methods_are_not_there(box, connect):
    client = connect(box)
    for method, path, status in (
        ("GET", "/", 404),
        ("GET", "/api/v2/pos", 404),
        ("GET", "/api/v4/pos/payment/1234", 404),
        ("GET", "/api/v2/pos/payment/1234/refund", 404),
        ("GET", "/api/v2/pos/payment/1234/", 404),
        ("PUT", "/api/v2/pos/payment/1234", 405),
        ("GET", "/api/v2/pos/poll", 405),
    ):
        assert client.request(method, path).status_code == status, (method, path)


def test_the_journal_has_every_request_and_no_key(connect):
    with Simulator() as simulator:
        client = connect(simulator)
        client.get("/api/v2/pos/payment/1?x=1")
        client.delete("/api/v1/pos/payment/2")
        client.get("/nowhere")
        facts = [
            (one.number, one.method, one.path, one.route, one.payment_id, one.status, one.outcome)
            for one in simulator.journal
        ]
        assert facts == [
            (1, "GET", "/api/v2/pos/payment/1", "get", "1", 404, "answered"),
            (2, "DELETE", "/api/v1/pos/payment/2", "cancel", "2", 404, "answered"),
            (3, "GET", "/nowhere", None, None, 404, "answered"),
        ]
        assert simulator.journal[0].restaurant == simulator.restaurants[0].name
        seen = repr(simulator.journal) + repr(simulator) + repr(simulator.restaurants)
        assert not any(key in seen for one in simulator.restaurants for key in one.api_keys)


def test_two_keys_are_one_restaurant(connect):
    keys = (make_api_key("till 1"), make_api_key("till 2"))
    with Simulator(restaurants=[Restaurant("One", keys)]) as simulator:
        simulator.add(spec_payment())
        for key in keys:
            client = connect(simulator, Authorization=f"Bearer {key}")
            assert client.get("/api/v2/pos/payment/1234").status_code == 200


def test_api_keys_pass_the_published_checksum():
    published = ("eeeu-g786-zp54-3v1c-db02-e4e1", "wzgd-lbq6-gp6y-xwef-7qrz-4757")
    made = [make_api_key(f"name {number}") for number in range(50)]
    for key in (*published, *made):
        checksum = hashlib.sha1(key[:25].encode(), usedforsecurity=False).hexdigest()[:4]
        assert re.fullmatch(r"([a-z0-9]{4}-){5}[0-9a-f]{4}", key)
        assert key[25:] == checksum
    assert len(set(made)) == 50


def test_it_also_answers_without_a_socket(day):
    simulator = Simulator(day)
    payment = day.payments[0]

    async def ask() -> httpx.Response:
        headers = {"Authorization": f"Bearer {simulator.api_key}", "Pos-Id": simulator.pos_id}
        transport = httpx.ASGITransport(app=simulator.app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://sim", headers=headers
        ) as client:
            return await client.get(f"/api/v2/pos/payment/{payment.id}")

    for _ in range(2):  # each on an event loop of its own
        assert asyncio.run(ask()).content == payment_json(payment)
    assert repr(simulator).startswith("Simulator(stopped, ")
    with pytest.raises(ConfigError, match="not running"):
        _ = simulator.base_url


def test_the_day_answers_as_it_is_planted(day, connect):
    answers = {"forbidden": 403, "not_found": 404, "server": 500, "invalid": 200}
    with Simulator(day) as simulator:
        client = connect(simulator)
        for payment in day.payments[::40]:
            assert client.get(f"/api/v2/pos/payment/{payment.id}").content == payment_json(payment)
        for one in day.refused:
            for _ in range(3):
                url = f"/api/v2/pos/payment/{one.payment_id}"
                if one.kind == "network":
                    with pytest.raises(httpx.TransportError):
                        client.get(url)
                else:
                    assert client.get(url).status_code == answers[one.kind]


def test_a_day_can_still_be_cancelled_where_it_ended(day, connect):
    with Simulator(day) as simulator:
        client = connect(simulator)
        paid = [one for one in day.payments if one.state == PAID]
        last = max(
            (one for one in paid if one.created_at <= simulator.clock.now()),
            key=lambda one: one.created_at,
        )
        assert client.delete(f"/api/v2/pos/payment/{last.id}").status_code == 200
        assert client.delete(f"/api/v2/pos/payment/{paid[5].id}").status_code == 410


def test_stopping_leaves_no_thread_and_frees_the_port(connect):
    before = set(threading.enumerate())
    simulator = Simulator().start()
    port = simulator.port
    client = connect(simulator)  # its connection stays open meanwhile
    client.get("/api/v2/pos/payment/1")
    with pytest.raises(ConfigError, match="runs already"):
        simulator.start()
    simulator.stop()
    simulator.stop()
    assert set(threading.enumerate()) == before
    with Simulator(port=port) as again:
        assert again.port == port
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_simulator_can_run_again(connect):
    simulator = Simulator()
    for _ in range(2):
        with simulator:
            assert connect(simulator).get("/api/v2/pos/payment/1").status_code == 404
    assert len(simulator.journal) == 2


def test_impossible_settings_are_refused_in_a_sentence():
    with Simulator() as simulator, pytest.raises(ConfigError, match=f"port {simulator.port}"):
        Simulator(port=simulator.port).start()
    with pytest.raises(ConfigError, match="port 99999"):
        Simulator(port=99999).start()
    with pytest.raises(ConfigError, match="names and API keys of their own"):
        Simulator(restaurants=[Restaurant("A"), Restaurant("A")])
    with pytest.raises(ConfigError, match="names and API keys of their own"):
        Simulator(restaurants=[])
    with pytest.raises(ConfigError, match="no restaurant named 'B'"):
        Simulator().add(spec_payment(), restaurant="B")
    with pytest.raises(ConfigError, match="second_cancel is 500; it may be 200, 400, 409, 410"):
        Rules(second_cancel=500)
    with pytest.raises(ConfigError, match="unasked_answer is 409"):
        Rules(unasked_answer=409)
    with pytest.raises(ConfigError, match="hold is 0"):
        Rules(hold=0)
    with pytest.raises(ConfigError, match="no time zone"):
        Clock(datetime(2026, 11, 20))  # noqa: DTZ001 - that is the point


def test_a_clock_follows_the_system_until_it_is_set():
    clock = Clock()
    before = datetime.now(UTC)
    assert before <= clock.now() <= datetime.now(UTC)
    clock.advance(timedelta(days=1))
    assert clock.now() >= before + timedelta(days=1)
    clock.set(NOON)
    assert clock.now() == clock.now() == NOON


def test_its_environment_is_what_a_client_reads(box):
    assert box.environment == {
        "QERKO_API_KEY": box.api_key,
        "QERKO_POS_ID": box.pos_id,
        "QERKO_BASE_URL": box.base_url,
    }
    assert box.base_url == f"http://127.0.0.1:{box.port}"
