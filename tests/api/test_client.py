"""Each endpoint and each status, against a server written from the specification."""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
import threading
from decimal import Decimal

import pytest
from spec_server import Fault, payment

from qerko_recon import __version__
from qerko_recon.api import ApiClient
from qerko_recon.errors import (
    ApiError,
    AuthenticationFailed,
    BadRequest,
    CancelWindowClosed,
    ConfigError,
    ConnectionInUse,
    ForeignPayment,
    InvalidPaymentId,
    OutcomeUnknown,
    PaymentNotFound,
    ServerRestarting,
    TransportError,
    UnexpectedResponse,
)
from qerko_recon.model import ErrorBody, MethodCallResponse, Receipt, ReceiptItem

RECEIPT = Receipt(items=(ReceiptItem(name="Pivo", price=Decimal("59.00")),))
PAGE = b"<!doctype html><title>Sign in</title>"
ACTIONS = {
    "GET": lambda client: client.get_payment("1234"),
    "DELETE": lambda client: client.cancel_payment("1234"),
    "CAPTURE": lambda client: client.capture_payment("1234", RECEIPT),
    "POLL": lambda client: client.poll(),
}


def verb(action):
    return action if action in {"GET", "DELETE"} else "POST"


def test_the_payment_of_the_specification(server, connect):
    server.payments["1234"] = payment()
    got = connect().get_payment("1234")
    assert (got.id, got.bill_id, got.state, got.parts[0].total) == (
        "1234",
        "1",
        "PAID",
        Decimal(156),
    )
    assert json.loads(got.raw) == payment()


def test_what_nobody_documented_is_kept(server, connect):
    server.hold("7", state="HALF_REFUNDED", captureMode="manual", timestamp="2026-11-20T18:00:00Z")
    got = connect().get_payment("7")
    assert got.state == "HALF_REFUNDED"
    assert got.unknown == {"captureMode": "manual"}


@pytest.mark.parametrize(
    ("action", "method", "target", "body"),
    [
        ("GET", "GET", "/api/v2/pos/payment/1234", b""),
        ("DELETE", "DELETE", "/api/v2/pos/payment/1234", b""),
        ("CAPTURE", "POST", "/api/v2/pos/payment/1234/capture", RECEIPT.to_json()),
        ("POLL", "POST", "/api/v2/pos/poll", b""),
    ],
)
def test_what_the_server_sees(server, connect, action, method, target, body):
    server.hold("1234")
    ACTIONS[action](connect())
    [seen] = server.requests()
    assert (seen.method, seen.target, seen.body) == (method, target, body)
    expected = {
        "host": server.base_url.removeprefix("http://"),
        "accept": "application/json",
        "accept-encoding": "identity",
        "accept-language": "en",
        "authorization": f"Bearer {server.api_key}",
        "connection": "keep-alive",
        "pos-id": server.pos_id,
        "user-agent": f"qerko_recon/{__version__}",
    }
    if body:
        expected |= {"content-type": "application/json", "content-length": str(len(body))}
    elif method == "POST":
        expected |= {"content-length": "0"}
    assert seen.headers == expected


def test_another_version_and_user_agent(server, connect):
    with pytest.raises(PaymentNotFound):
        connect(api_version="v3", user_agent="MyPos/1.0.0").get_payment("1")
    [seen] = server.requests()
    assert seen.target == "/api/v3/pos/payment/1"
    assert seen.headers["user-agent"] == "MyPos/1.0.0"


@pytest.mark.parametrize(
    ("payment_id", "step"),
    [
        ("a/b", "a%2Fb"),
        ("a?b#c", "a%3Fb%23c"),
        ("50% off", "50%25%20off"),
        ("%2F", "%252F"),
        ("řízek", "%C5%99%C3%ADzek"),
        ("a+b&c=d;e", "a%2Bb%26c%3Dd%3Be"),
        ("...", "..."),
        ("../poll", "..%2Fpoll"),
        ("😀", "%F0%9F%98%80"),
        ("x" * 512, "x" * 512),
    ],
)
def test_an_id_is_encoded_whole(server, connect, payment_id, step):
    server.hold(payment_id)
    client = connect()
    assert client.get_payment(payment_id).id == payment_id
    assert client.capture_payment(payment_id, RECEIPT) == "Accepted"
    base = f"/api/v2/pos/payment/{step}"
    read, captured = (one.target for one in server.requests())
    assert captured == f"{base}/capture"
    assert read in {base, base.replace("%26", "&").replace("%3D", "=").replace("%3B", ";")}


@pytest.mark.parametrize(
    "payment_id",
    ["", " ", " 1", ".", "..", "x" * 513, "a\0b", "a\nb", "a\x85b", "\ud800", 12, None],
)
@pytest.mark.parametrize("action", ["get_payment", "cancel_payment"])
def test_an_id_that_cannot_be_sent_is_not(server, connect, payment_id, action):
    with pytest.raises(InvalidPaymentId, match="nothing was sent") as caught:
        getattr(connect(), action)(payment_id)
    assert isinstance(caught.value, ValueError)
    assert len(str(caught.value)) < 200
    assert server.requests() == []


REFUSALS = [
    ("GET", 401, AuthenticationFailed),
    ("GET", 403, ForeignPayment),
    ("GET", 404, PaymentNotFound),
    ("GET", 503, ServerRestarting),
    ("DELETE", 401, AuthenticationFailed),
    ("DELETE", 403, ForeignPayment),
    ("DELETE", 404, PaymentNotFound),
    ("DELETE", 410, CancelWindowClosed),
    ("CAPTURE", 401, AuthenticationFailed),
    ("CAPTURE", 403, ForeignPayment),
    ("CAPTURE", 404, PaymentNotFound),
    ("POLL", 400, BadRequest),
    ("POLL", 401, AuthenticationFailed),
    ("POLL", 409, ConnectionInUse),
    ("POLL", 503, ServerRestarting),
    # What the specification does not know of the call.
    *(("GET", status, UnexpectedResponse) for status in (204, 302, 410, 418, 429, 500, 502, 599)),
    *(("DELETE", status, UnexpectedResponse) for status in (302, 418, 429)),
    *(("CAPTURE", status, UnexpectedResponse) for status in (302, 410, 418, 429)),
    *(("POLL", status, UnexpectedResponse) for status in (302, 403, 404, 410, 500)),
    # It may have been done, whatever a gateway says.
    *(("DELETE", status, OutcomeUnknown) for status in (202, 204, 500, 502, 503, 504)),
    *(("CAPTURE", status, OutcomeUnknown) for status in (202, 204, 500, 502, 503, 504)),
]


@pytest.mark.parametrize(("action", "status", "kind"), REFUSALS)
def test_each_status_with_an_empty_body(server, connect, action, status, kind):
    server.hold("1234")
    server.fail_always(verb(action), Fault(status=status, headers={"Location": "http://evil/"}))
    with pytest.raises(kind) as caught:
        ACTIONS[action](connect())
    error = caught.value
    assert type(error) is kind
    assert len(server.requests()) == 1, "no redirect is followed, nothing is repeated"
    if isinstance(error, ApiError):
        assert (error.status, error.body) == (status, b"")
    assert error.method == verb(action)
    assert error.path.startswith("/api/v2/pos/")
    if action != "POLL":
        assert error.payment_id == "1234"
    if kind is not AuthenticationFailed and action != "POLL" and kind is not ServerRestarting:
        assert "1234" in str(error)


@pytest.mark.parametrize("status", [400, 401])
def test_qerko_s_own_words_are_quoted(server, connect, status):
    body = b'{"message": "Pos-Id is\\n not  known", "code": "POS_UNKNOWN"}'
    server.fail("GET", Fault(status=status, body=body))
    with pytest.raises(ApiError, match=r"POS_UNKNOWN Pos-Id is not known") as caught:
        connect().get_payment("1")
    assert caught.value.body == body


def test_the_wait_of_a_restart(server, connect):
    server.fail(
        "GET",
        Fault(status=503),
        Fault(status=503, headers={"Retry-After": "7"}),
        Fault(status=503, headers={"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}),
        Fault(status=503, headers={"Retry-After": "soon"}),
    )
    client, waits = connect(), []
    for _ in range(4):
        with pytest.raises(ServerRestarting) as caught:
            client.get_payment("1")
        waits.append(caught.value.retry_after)
    assert waits == [120.0, 7.0, 0.0, 120.0]


@pytest.mark.parametrize("status", [403, 404, 409, 410])
def test_a_page_of_a_proxy_says_nothing_of_the_payment(server, connect, status):
    server.fail("GET", Fault(status=status, body=PAGE))
    with pytest.raises(UnexpectedResponse, match="web page") as caught:
        connect().get_payment("1")
    assert (caught.value.status, caught.value.body) == (status, PAGE)


UNREADABLE = [
    (Fault(body=PAGE), "web page", PAGE),
    (Fault(body=b""), "not a", b""),
    (Fault(body=b"[]"), "not a", b"[]"),
    (Fault(body=b'{"id": "1234"}'), "not a", b'{"id": "1234"}'),
    (Fault("truncate", body=b'{"id": "12'), "breaks off after 10 bytes", b'{"id": "12'),
    (Fault(body=b"\x1f\x8b no", headers={"Content-Encoding": "gzip"}), "decompressed", b""),
]


@pytest.mark.parametrize(("fault", "words", "body"), UNREADABLE)
def test_an_unreadable_answer_keeps_what_came(server, connect, fault, words, body):
    server.fail("GET", fault)
    with pytest.raises(UnexpectedResponse, match=words) as caught:
        connect().get_payment("1234")
    assert (caught.value.body, caught.value.payment_id) == (body, "1234")


@pytest.mark.parametrize("action", ["DELETE", "CAPTURE"])
@pytest.mark.parametrize(("fault", "words", "body"), UNREADABLE)
def test_an_unreadable_answer_to_a_request_that_moves_money(
    server, connect, action, fault, words, body
):
    server.hold("1234")
    server.fail_always(verb(action), fault)
    with pytest.raises(OutcomeUnknown, match=rf"1234.*{words}.*[Ll]ook the payment up"):
        ACTIONS[action](connect())
    assert len(server.requests()) == 1


@pytest.mark.parametrize("action", ["GET", "DELETE"])
def test_another_payment_is_no_answer(server, connect, action):
    server.fail(action, Fault(body=json.dumps(payment("999")).encode()))
    kind = UnexpectedResponse if action == "GET" else OutcomeUnknown
    with pytest.raises(kind, match=r"1234.*999"):
        ACTIONS[action](connect())


def test_an_endless_answer_is_cut(server, connect):
    server.fail("GET", Fault(body=b" " * (17 * 2**20)))
    with pytest.raises(UnexpectedResponse, match="larger than 16 MiB"):
        connect().get_payment("1")


@pytest.mark.parametrize("kind", ["hang", "reset", "close", "stall"])
@pytest.mark.parametrize("action", ["GET", "DELETE", "CAPTURE", "POLL"])
def test_no_answer(server, connect, action, kind):
    server.hold("1234")
    server.fail_always(verb(action), Fault(kind, body=b'{"id"'))
    client = connect(read=0.15)
    expected = OutcomeUnknown if action in {"DELETE", "CAPTURE"} else TransportError
    act = (lambda one: one.poll(read_timeout=0.15)) if action == "POLL" else ACTIONS[action]
    with pytest.raises(TransportError) as caught:
        act(client)
    assert type(caught.value) is expected
    assert len(server.requests()) == 1, "sent exactly once"
    if expected is OutcomeUnknown:
        assert "look the payment up" in str(caught.value)


@pytest.mark.parametrize("action", ["GET", "DELETE", "CAPTURE", "POLL"])
def test_a_server_that_is_not_there(connect, action):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(TransportError) as caught:
        ACTIONS[action](connect(base_url=address))
    assert type(caught.value) is TransportError, "never sent, so nothing is in doubt"
    assert address in str(caught.value)


def test_a_request_that_moves_money_never_meets_a_stale_connection(server, connect):
    server.hold("1234")
    client = connect()
    client.get_payment("1234")
    client.get_payment("1234")
    client.cancel_payment("1234")
    client.capture_payment("1234", RECEIPT)
    client.poll()
    first, second, *moving = (one.connection for one in server.requests())
    assert first == second
    assert len({first, *moving}) == 4, "nor does the poll, which delivers an answer"


def test_cancel_and_capture(server, connect):
    server.hold("1", "2")
    client = connect()
    assert client.cancel_payment("1").state == "CANCELLED"
    assert client.capture_payment("2", RECEIPT) == "Accepted"
    assert server.receipts["2"]["items"] == [{"name": "Pivo", "price": "59.00"}]


def test_the_poll_delivers_and_waits(server, connect):
    server.calls.append({"uuid": "u-1", "method": "getTableContents", "args": ["t", None]})
    client = connect()
    call = client.poll()
    assert (call.uuid, call.method, call.args) == ("u-1", "getTableContents", ("t", None))
    assert client.poll(MethodCallResponse(uuid="u-1", result=[])).method == "noop"
    client.poll(MethodCallResponse(uuid="u-2", error=ErrorBody(code="BILL_CLOSED")))
    bodies = [one.body and json.loads(one.body) for one in server.requests()]
    assert bodies == [
        b"",
        {"uuid": "u-1", "result": []},
        {"uuid": "u-2", "error": {"code": "BILL_CLOSED"}},
    ]


def test_cookies_are_not_kept(server, connect):
    server.hold("1")
    server.fail("GET", Fault(status=404, headers={"Set-Cookie": "session=1; Path=/"}))
    client = connect()
    with pytest.raises(PaymentNotFound):
        client.get_payment("1")
    client.get_payment("1")
    assert all("cookie" not in one.headers for one in server.requests())


def test_proxies_of_the_environment_do_not_see_loopback(server, connect, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server.hold("1")
    assert connect().get_payment("1").id == "1"


def test_a_proxy_that_cannot_be_is_a_setting_to_correct(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "nonsense://u:secret@x")
    with pytest.raises(ConfigError, match="HTTPS_PROXY") as caught:
        ApiClient(api_key="k" * 8, pos_id="1", base_url="https://qerko.example")
    assert "secret" not in str(caught.value)


def test_certificates_that_are_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(ConfigError, match="SSL_CERT_FILE"):
        ApiClient(api_key="k" * 8, pos_id="1", base_url="https://qerko.example")


def test_a_closed_client_says_so(connect):
    client = connect()
    with client:
        pass
    client.close()
    with pytest.raises(ConfigError, match="closed; make a new one"):
        client.get_payment("1")


def test_arguments_stand_over_a_venue(server, connect):
    server.hold("1")
    wrong = connect(pos_id="another").venue
    assert connect(api_key=None, base_url=None, venue=wrong).get_payment("1").id == "1"


def test_a_client_shows_where_and_not_the_key(connect, server):
    client = connect()
    assert server.base_url in repr(client)
    assert "v2" in repr(client)
    assert server.api_key not in repr(client)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(client)


def test_threads_share_a_client(server, connect):
    ids = [str(number) for number in range(40)]
    server.hold(*ids)
    client, got = connect(), []

    def work(mine):
        got.extend(client.get_payment(one).id for one in mine)

    threads = [threading.Thread(target=work, args=(ids[start::8],)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got, key=int) == ids


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as on POSIX")
def test_ctrl_c_goes_through_without_the_frames_that_hold_the_key(server, connect):
    server.fail("GET", Fault("hang"))
    client = connect()

    def interrupt_once_sent():
        while not server.requests():
            pass
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    threading.Thread(target=interrupt_once_sent, daemon=True).start()
    with pytest.raises(KeyboardInterrupt) as caught:
        client.get_payment("1")
    files = {str(entry.path) for entry in caught.traceback}
    assert not any("httpx" in file or "httpcore" in file for file in files)


def test_a_receipt_that_is_none_is_refused_before_anything_is_sent(server, connect):
    with pytest.raises(TypeError, match=r"the receipt is a dict; give a qerko_recon\.Receipt"):
        connect().capture_payment("1", {"items": []})
    assert server.requests() == []
