"""What comes over the wire is not always HTTP, nor from Qerko: errors stay typed all the same."""

from __future__ import annotations

import json
import warnings
from decimal import Decimal

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spec_server import API_KEY, Fault, SpecServer, payment

from qerko_recon.api import ApiClient, Timeouts
from qerko_recon.errors import (
    ApiError,
    AuthenticationFailed,
    BadRequest,
    OutcomeUnknown,
    PaymentNotFound,
    QerkoReconError,
    ServerRestarting,
    TransportError,
    UnexpectedResponse,
)
from qerko_recon.model import Payment, Receipt, ReceiptItem

OK = b"HTTP/1.1 200 OK\r\n"
LONG = b"x" * 300_000
NO_HTTP = {
    "nothing": b"",
    "noise": b"\x00\xff\x13 noise\r\n\r\n",
    "HTTP/0.9": b"hello",
    "HTTP/2": b"HTTP/2 404\r\n\r\n",
    "endless header": OK + b"X: " + LONG + b"\r\n\r\n",
    "endless status line": b"HTTP/1.1 200 " + LONG + b"\r\n\r\n",
    "header that is none": OK + b"X-\xff: a\r\nContent-Length: 0\r\n\r\n",
    "negative length": OK + b"Content-Length: -5\r\n\r\n",
    "two lengths": OK + b"Content-Length: 5\r\nContent-Length: 7\r\n\r\nhello",
    "status 0": b"HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
}
RECEIPT = Receipt(items=(ReceiptItem(name="Pivo " * 200_000, price=Decimal(59)),))


@pytest.mark.parametrize("answer", NO_HTTP.values(), ids=NO_HTTP)
def test_what_is_no_http_is_no_answer(server, connect, answer):
    for method in ("GET", "DELETE", "POST"):
        server.fail_always(method, Fault("raw", body=answer))
    client = connect()
    with pytest.raises(TransportError, match="gave no answer for payment 1") as caught:
        client.get_payment("1")
    assert type(caught.value) is TransportError
    assert len(str(caught.value)) < 400
    with pytest.raises(OutcomeUnknown, match="look the payment up"):
        client.cancel_payment("1")
    with pytest.raises(TransportError, match="Poll again"):
        client.poll()
    assert [one.method for one in server.requests()] == ["GET", "DELETE", "POST"]


@pytest.mark.parametrize(
    ("body", "words", "kept"),
    [
        (b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n9", "breaks off after 5", b"hello"),
        (b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello", "breaks off after 0", b""),
        (b'\r\n{"id"', "Input data was truncated", b'{"id"'),
        (b"Content-Encoding: deflate, gzip\r\nContent-Length: 2\r\n\r\n{}", "decompressed", b""),
        (b"Content-Length: 2\r\nContent-Type: a/b; charset=\x01z\r\n\r\n{}", "field `id`", b"{}"),
    ],
)
def test_a_body_that_is_not_whole(server, connect, body, words, kept):
    server.fail_always("GET", Fault("raw", body=OK + body))
    server.fail_always("DELETE", Fault("raw", body=OK + body))
    with pytest.raises(QerkoReconError, match=f"{words}|is not HTTP") as caught:
        connect().get_payment("1")
    if isinstance(caught.value, UnexpectedResponse):  # else it broke off before it began
        assert (caught.value.status, caught.value.body) == (200, kept)
    with pytest.raises(OutcomeUnknown, match=words):
        connect().cancel_payment("1")


def test_an_interim_answer_is_passed_over(server, connect):
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 N\r\nContent-Length: 0\r\n\r\n"
    server.fail("GET", Fault("raw", body=interim))
    with pytest.raises(PaymentNotFound):
        connect().get_payment("1")


def test_a_status_beyond_all_classes_does_not_say_that_nothing_was_done(server, connect):
    server.fail_always("DELETE", Fault(status=999))
    with pytest.raises(OutcomeUnknown, match="999"):
        connect().cancel_payment("1")
    assert len(server.requests()) == 1


def test_an_answer_that_drips_has_an_end(server, connect):
    """Each byte comes in time, and the whole never would."""
    server.fail_always("GET", Fault("drip"))
    server.fail_always("DELETE", Fault("drip"))
    with pytest.raises(TransportError, match="too slowly"):
        connect(read=0.15).get_payment("1")
    with pytest.raises(OutcomeUnknown, match="too slowly"):
        connect(read=0.15).cancel_payment("1")


@pytest.mark.parametrize("kind", ["early", "reset", "close"])
def test_a_connection_that_breaks_while_a_body_is_sent(server, connect, kind):
    server.hold("1")
    server.fail_always("POST", Fault(kind))
    with pytest.raises(OutcomeUnknown, match="payment 1"):
        connect().capture_payment("1", RECEIPT)
    [seen] = server.requests()
    assert bool(seen.body) is (kind != "early")
    assert server.receipts == {}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_key_does_not_follow_a_redirect(server, connect, status):
    with SpecServer() as elsewhere:
        elsewhere.hold("1")
        to = {"Location": f"{elsewhere.base_url}/api/v2/pos/payment/1"}
        for method in ("GET", "DELETE", "POST"):
            server.fail_always(method, Fault(status=status, headers=to))
        client = connect()
        for act in (
            lambda: client.get_payment("1"),
            lambda: client.cancel_payment("1"),
            lambda: client.capture_payment("1", RECEIPT),
            client.poll,
        ):
            with pytest.raises(UnexpectedResponse, match="redirect") as caught:
                act()
            assert caught.value.status == status
        assert elsewhere.requests() == []
        assert elsewhere.payments["1"]["state"] == "PAID"
    assert len(server.requests()) == 4


def test_the_wait_that_a_poll_is_told(server, connect):
    server.fail("POST", Fault(status=503, body=b"<html>"), Fault(status=503, body=b"\xff"))
    server.faults["POST", None][1].headers["Retry-After"] = "30"
    waits = []
    for _ in range(2):
        with pytest.raises(ServerRestarting, match="try again in") as caught:
            connect().poll()
        waits.append(caught.value.retry_after)
    assert waits == [120.0, 30.0]


@pytest.mark.parametrize(
    "text",
    [
        "Thu, 01 Jan 1970 00:00:00 +99999999999999999",
        "Thu, 01 Jan 1970 99999999999999999999:00:00 GMT",
        "Thu, 01 Jan 99999 00:00:00 GMT",
        "0, 0 0 0 0:0:0 0",
        "-1",
        "1e9",
        "\u00b2",
        "",
    ],
)
def test_a_wait_that_nobody_can_read_is_the_documented_one(server, connect, text):
    server.fail("POST", Fault(status=503, headers={"Retry-After": text}))
    with pytest.raises(ServerRestarting) as caught:
        connect().poll()
    assert caught.value.retry_after == 120


DEEP = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_a_body_without_a_bottom(server, connect, status):
    server.fail("GET", Fault(status=status, body=DEEP))
    with pytest.raises(ApiError) as caught:
        connect().get_payment("1")
    assert (caught.value.status, caught.value.body) == (status, DEEP)


@pytest.mark.parametrize(("status", "kind"), [(400, BadRequest), (401, AuthenticationFailed)])
@pytest.mark.parametrize(
    "body", [b"[]", b'"x"', b"\xff\xfe{", b'{"message": 5}', b'{"code": null}', b"{", b"null"]
)
def test_an_error_body_that_is_none_explains_nothing_and_is_kept(
    server, connect, status, kind, body
):
    server.fail("POST", Fault(status=status, body=body))
    with pytest.raises(kind) as caught:
        connect().poll()
    assert caught.value.body == body
    assert "(" not in str(caught.value)


@pytest.mark.parametrize("action", ["get_payment", "cancel_payment"])
def test_409_speaks_of_the_connection_where_it_is_documented_alone(server, connect, action):
    """Of a payment it may mean anything, and a POS that is in the way it does not mean."""
    server.fail_always("GET", Fault(status=409))
    server.fail_always("DELETE", Fault(status=409))
    with pytest.raises(UnexpectedResponse, match=r"payment 1 with 409.*does not name"):
        getattr(connect(), action)("1")


# No exception of the HTTP library escapes

NEVER_SENT = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"}
LIBRARY = {kind.__name__: kind for kind in (OSError, ValueError, MemoryError)} | {
    name: kind
    for name in httpx.__all__
    if isinstance(kind := getattr(httpx, name), type) and issubclass(kind, Exception)
}


def made(kind, request):
    if kind is httpx.HTTPStatusError:
        return kind("words", request=request, response=httpx.Response(500, request=request))
    try:
        return kind("words")
    except TypeError:
        return kind()  # its words are its own


@pytest.mark.parametrize("name", LIBRARY)
def test_whatever_the_library_raises_is_ours_outside(connect, name):
    class Broken(httpx.BaseTransport):
        def handle_request(self, request):
            raise made(LIBRARY[name], request)

    client = connect(transport=Broken(), base_url="http://127.0.0.1:1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TransportError) as got:
            client.get_payment("1")
        with pytest.raises(TransportError) as cancelled:
            client.cancel_payment("1")
    assert type(got.value) is TransportError
    was_sent = name not in NEVER_SENT | {"InvalidURL"}
    assert type(cancelled.value) is (OutcomeUnknown if was_sent else TransportError)
    assert cancelled.value.was_sent is was_sent


# Whatever JSON comes, there is a payment or one kind of error

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
AMOUNTS = st.from_regex(r"-?[0-9]{0,20}[.,]?[0-9]{0,9}(e[0-9]{1,9})?", fullmatch=True)


def answering(body):
    return ApiClient(
        api_key=API_KEY,
        pos_id="1",
        base_url="http://127.0.0.1:1",
        timeouts=Timeouts(),
        transport=httpx.MockTransport(lambda request: httpx.Response(200, content=body)),
    )


def outcome_of(act):
    try:
        return act()
    except (UnexpectedResponse, OutcomeUnknown) as error:
        return error


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(payment())), JSON | AMOUNTS)
def test_a_field_that_holds_anything(field, value):
    body = json.dumps(payment("1234") | {field: value}).encode()
    with answering(body) as client:
        got = outcome_of(lambda: client.get_payment("1234"))
        cancelled = outcome_of(lambda: client.cancel_payment("1234"))
    if isinstance(got, Payment):
        assert got.raw == body
        assert cancelled == got
    else:
        assert (got.body, got.status) == (body, 200)
        assert type(cancelled) is OutcomeUnknown
        assert field != "additionalData", "it may hold anything"


WHOLE = json.dumps(payment()).encode()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=40) | st.integers(0, len(WHOLE) - 1).map(lambda size: WHOLE[:size]))
def test_bytes_that_are_no_payment(body):
    with answering(body) as client:
        error = outcome_of(lambda: client.get_payment("1234"))
    assert isinstance(error, UnexpectedResponse)
    assert error.body == body
