"""What a client tells those who record, and the whole answers it gives."""

from __future__ import annotations

import asyncio
import warnings
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest
from spec_server import API_KEY, POS_ID, Fault

from qerko_recon.api import ApiClient, AsyncApiClient, Exchange, Request
from qerko_recon.errors import (
    ConfigError,
    OutcomeUnknown,
    PaymentNotFound,
    TransportError,
    UnexpectedResponse,
)
from qerko_recon.model import MethodCallResponse, Receipt, ReceiptItem

RECEIPT = Receipt(items=(ReceiptItem(name="x", price=Decimal(1)),))


def test_every_request_and_its_answer_are_told(server, connect):
    server.hold("1")
    sent, came = [], []
    client = connect(before_request=sent.append, after_response=came.append)
    client.get_payment("1")
    with pytest.raises(PaymentNotFound):
        client.get_payment("2")
    client.capture_payment("1", RECEIPT)
    client.poll(MethodCallResponse(uuid="u", result=None))
    paths = [(one.method, one.path.removeprefix("/api/v2/pos/"), one.payment_id) for one in sent]
    assert paths == [
        ("GET", "payment/1", "1"),
        ("GET", "payment/2", "2"),
        ("POST", "payment/1/capture", "1"),
        ("POST", "poll", None),
    ]
    assert [one.request for one in came] == sent
    assert [one.answer.status for one in came] == [200, 404, 200, 200]
    assert all(one.error is None and one.seconds >= 0 for one in came)
    assert all(isinstance(one, Exchange) for one in came)
    assert came[0].began <= came[-1].began <= datetime.now(UTC)
    assert sent[2].body == RECEIPT.to_json()
    assert API_KEY not in repr((sent, came))
    assert POS_ID not in repr((sent, came))


def test_no_answer_is_told_too(server, connect):
    server.hold("1")
    server.fail_always("GET", Fault("reset"))
    server.fail_always("DELETE", Fault("reset"))
    came = []
    client = connect(after_response=came.append)
    for act, kind in (
        (client.get_payment, TransportError),
        (client.cancel_payment, OutcomeUnknown),
    ):
        with pytest.raises(kind) as caught:
            act("1")
        assert came[-1].error is caught.value
        assert came[-1].answer is None


def test_a_hook_that_refuses_keeps_the_request_back(server, connect):
    def refuse(request):
        raise OSError("disk full")

    client = connect(before_request=refuse)
    for act in (client.get_payment, client.cancel_payment):
        with pytest.raises(OSError, match="disk full"):
            act("1")
    assert server.requests() == []


def test_a_hook_that_fails_afterwards_changes_nothing(server, connect):
    """The money was returned, whether or not anybody wrote it down."""
    server.hold("1")

    def fail(exchange):
        raise OSError("disk full")

    client = connect(after_response=fail)
    with pytest.warns(UserWarning, match="hook after DELETE .* failed: OSError: disk full"):
        assert client.cancel_payment("1").state == "CANCELLED"


def test_the_whole_answer_beside_the_value(server, connect):
    server.hold("1")
    client = connect()
    reply = client.with_answer.get_payment("1")
    assert reply.value == client.get_payment("1")
    assert reply.answer.status == 200
    assert reply.answer.headers["content-type"] == "application/json; charset=utf-8"
    assert reply.answer.body == reply.value.raw
    assert client.with_answer.cancel_payment("1").value.state == "CANCELLED"
    assert client.with_answer.capture_payment("1", RECEIPT).answer.status == 200
    assert client.with_answer.poll().value.method == "noop"


def test_an_error_has_the_answer_s_headers_and_body(server, connect):
    page = Fault(status=502, body=b"<html>", headers={"X-Cache": "miss", "Via": "a"})
    server.fail_always("GET", page)
    with pytest.raises(UnexpectedResponse) as caught:
        connect().get_payment("1")
    assert (caught.value.status, caught.value.body) == (502, b"<html>")
    assert caught.value.headers["x-cache"] == "miss"


def test_any_request_may_be_sent_as_it_is(server, connect):
    answer = connect().send(Request("GET", "/api/v2/pos/payment/none", payment_id="none"))
    assert answer.status == 404


# The way to the server


@pytest.mark.parametrize("proxy", ["", "nonsense", "ftp://x", "http://", "socks5://x:1"])
def test_a_proxy_that_cannot_be(make, proxy):
    with pytest.raises(ConfigError, match="proxy is no address"):
        make(api_key=API_KEY, pos_id=POS_ID, base_url="https://qerko.example", proxy=proxy)


def test_a_proxy_is_gone_through_and_its_password_is_not_shown(server, make):
    """The proxy is asked in place of the host, which is nowhere."""
    client = make(
        api_key=API_KEY,
        pos_id=POS_ID,
        base_url="https://nowhere.invalid",
        proxy=server.base_url.replace("http://", "http://user:pass-word@"),
    )
    with pytest.raises(TransportError) as caught:
        client.get_payment("1")
    assert not caught.value.was_sent
    assert "pass-word" not in f"{caught.value} {client!r} {vars(caught.value)}"
    assert server.requests() == []


@pytest.mark.parametrize("most", [0, 65, True, 1.5, "8", None])
def test_connections_that_cannot_be(make, most):
    with pytest.raises(ConfigError, match="max_connections is 1 to 64"):
        make(api_key=API_KEY, pos_id=POS_ID, base_url="http://127.0.0.1:1", max_connections=most)


def test_certificates_that_are_not_there(make, tmp_path):
    with pytest.raises(ConfigError, match=r"ca_file \(.*none\.pem\)"):
        make(
            api_key=API_KEY,
            pos_id=POS_ID,
            base_url="https://qerko.example",
            ca_file=tmp_path / "none.pem",
        )


# What concerns one kind alone


def test_an_asynchronous_client_belongs_to_one_loop(server):
    server.hold("1")

    async def ask():
        return (await client.get_payment("1")).id

    async def leave():
        await client.close()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its first loop is gone without it being closed
        client = AsyncApiClient(api_key=API_KEY, pos_id=POS_ID, base_url=server.base_url)
        with asyncio.Runner() as runner:
            assert runner.run(ask()) == "1"
            with asyncio.Runner() as another, pytest.raises(ConfigError, match="one for each"):
                another.run(ask())
            runner.run(leave())


def test_a_transport_of_the_other_kind_is_named():
    class Other(httpx.AsyncBaseTransport):
        pass

    with pytest.raises(ConfigError, match="which AsyncClient takes"):
        ApiClient(api_key=API_KEY, pos_id=POS_ID, base_url="http://127.0.0.1:1", transport=Other())


def test_calls_at_once_in_one_loop(server):
    server.hold(*"123456")

    async def ask():
        async with AsyncApiClient(
            api_key=API_KEY, pos_id=POS_ID, base_url=server.base_url
        ) as client:
            got = await asyncio.gather(*(client.get_payment(one) for one in "123456"))
            return [one.id for one in got]

    assert asyncio.run(ask()) == list("123456")
