from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import threading
from contextlib import suppress

import pytest
import trustme
from poll_server import API_KEY, NOOP, POS_ID, Do, PollServer, call
from spec_server import SpecServer

from qerko_recon import Client
from qerko_recon.errors import CancelWindowClosed, ConfigError, PaymentNotFound, TransportError
from qerko_recon.session.log import SessionLog
from qerko_recon.session.proxy import RecordingProxy
from qerko_recon.session.session import PollSession
from qerko_recon.simulator import Simulator, TradingDay

OTHER_KEY = "eeeu-g786-zp54-3v1c-db02-e4e1"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "proxy.jsonl"


class Wire:
    """A server that gives back fixed bytes and keeps all that it was sent."""

    def __init__(self, *answers: bytes) -> None:
        self.got = b""
        self._answers = list(answers)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.has_ended = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        with connection, suppress(OSError):
            while data := connection.recv(65536):
                self.got += data
                while self._answers and self.got.endswith(b"<end>"):
                    connection.sendall(self._answers.pop(0))
        self.has_ended.set()
        self._socket.close()


def talk(proxy, *parts, until):
    host, _, port = proxy.address.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as pos:
        for part in parts:
            pos.sendall(part)
        got = b""
        while not got.endswith(until):
            block = pos.recv(65536)
            if not block:
                break
            got += block
        return got


def test_every_byte_passes_but_the_name_of_the_host(path):
    capture = [
        b"POST /api/v2/pos/payment/1/capture HTTP/1.1\r\nhOs",
        b"T:  till.local:8443\r\nX-Odd:\ta, b \r\nAuthorization: Bearer " + API_KEY.encode(),
        b'\r\nTransfer-Encoding: chunked\r\n\r\n6;ext=1\r\n{"a":1\r\n1\r',
        b"\n}\r\n0\r\nTrailer: x\r\n\r\nPOST /x HTTP/1.1\r\nHo",
        b"st: till.local:8443\r\nContent-Length: 5\r\n\r\n<end>",
    ]
    answer = b"HTTP/1.1 200 Fine Indeed\r\nsErVer: q\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer += b"5\r\n<end>\r\n0\r\n\r\n"
    wire = Wire(answer, answer)
    with RecordingProxy(wire.url, path) as proxy:
        assert talk(proxy, *capture, until=answer * 2) == answer * 2
    name = wire.url.removeprefix("http://").encode()
    assert wire.got == b"".join(capture).replace(b"till.local:8443", name)
    sent = [one.payload for one in SessionLog(path).entries() if one.kind == "rest_sent"]
    assert [one["path"] for one in sent] == ["/api/v2/pos/payment/1/capture", "/x"]
    assert sent[0]["body"] == {"a": 1}
    assert sent[0]["payment_id"] == "1"


def test_what_is_no_http_passes_too(path):
    wire = Wire(b"whatever<end>")
    with RecordingProxy(wire.url, path) as proxy:
        got = talk(proxy, b"\x16\x03\x01 not http at all\r\n\r\n<end>", until=b"<end>")
    assert got == b"whatever<end>"
    assert wire.got == b"\x16\x03\x01 not http at all\r\n\r\n<end>"


def test_a_poll_session_is_recorded_as_the_session_itself_records_it(path, tmp_path):
    script = (
        call("getTableList", uuid="a"),
        NOOP,
        call("getBill", "7", None, uuid="b"),
        Do(status=400, body=b'{"message": "no"}'),
        call("getBill", "7", None, uuid="b"),
        call("paymentClosed", "p-1", "PAID", uuid="c"),
    )
    own = tmp_path / "own.jsonl"
    with PollServer(*script) as server, RecordingProxy(server.base_url, path) as proxy:
        client = Client(base_url=proxy.address, api_key=API_KEY, pos_id=POS_ID)

        def till(one):
            if one.method == "getBill":
                raise KeyError(one.method)
            return []

        with PollSession(client, till, log=own, chance=lambda: 0.01) as session:
            server.wait(7)
            while session.snapshot.calls < 5:
                pass
    columns = ["uuid", "method", "payment_id", "bill_id", "outcome", "times", "sends", "delivery"]
    mine, theirs = SessionLog(path).calls[columns], SessionLog(own).calls[columns]
    assert mine.to_dict("records") == theirs.to_dict("records")
    assert SessionLog(path).verify().is_whole


def test_payments_cancels_and_their_refusals_pass_and_are_recorded(path):
    day = TradingDay.generate(seed=7, payments=60)
    with Simulator(day) as box, RecordingProxy(box.base_url, path) as proxy:
        client = Client(base_url=proxy.address, api_key=box.api_key, pos_id=box.pos_id)
        with client:
            old, new = day.payments[0].id, day.payments[-1].id
            assert client.get_payment(new).id == new
            assert client.cancel_payment(new).state == "CANCELLED"
            with pytest.raises(CancelWindowClosed):
                client.cancel_payment(old)
            with pytest.raises(PaymentNotFound):
                client.get_payment("none")
    log = SessionLog(path)
    answered = [one.payload for one in log.entries() if one.kind == "rest_answered"]
    assert [(one["verb"], one["payment_id"], one["status"]) for one in answered] == [
        ("GET", new, 200),
        ("DELETE", new, 200),
        ("DELETE", old, 410),
        ("GET", "none", 404),
    ]
    assert log.payment_ids == [new, old, "none"]


def test_venues_are_told_apart_and_no_key_is_written(path):
    with PollServer() as server, RecordingProxy(server.base_url, path) as proxy:
        prints = []
        for key in (API_KEY, OTHER_KEY):
            client = Client(base_url=proxy.address, api_key=key, pos_id=POS_ID)
            prints.append(client.venue.api_key.fingerprint)
            server.add(call("getTableList", API_KEY, uuid="a"))
            polls = len(server.seen) + 2
            with PollSession(client, lambda _: [], log=None):
                server.wait(polls)
        assert proxy.snapshot.venues == tuple(prints)
    log = SessionLog(path)
    assert list(log.calls["venue"]) == prints
    assert len(log.where(venue=prints[0]).calls) == 1
    written = path.read_text()
    assert API_KEY not in written
    assert OTHER_KEY not in written
    assert POS_ID not in written


def test_a_pos_that_hangs_up_is_seen_to_do_so_by_qerko(path):
    wire = Wire()
    with RecordingProxy(wire.url, path) as proxy:
        host, _, port = proxy.address.removeprefix("http://").rpartition(":")
        with socket.create_connection((host, int(port))) as pos:
            pos.sendall(b"POST /api/v2/pos/poll HTTP/1.1\r\nHost: x\r\n\r\n")
            while b"\r\n\r\n" not in wire.got:
                pass
        assert wire.has_ended.wait(20)
    [ended] = [one.payload for one in SessionLog(path).entries() if one.kind == "poll_answered"]
    assert ended["trouble"] == "the POS closed the connection"
    assert ended["was_sent"]


def test_a_qerko_out_of_reach_is_a_lost_connection_for_the_pos_too(path):
    with PollServer() as server:
        url = server.base_url
    with RecordingProxy(url, path) as proxy:
        client = Client(base_url=proxy.address, api_key=API_KEY, pos_id=POS_ID)
        with client, pytest.raises(TransportError):
            client.cancel_payment("p-1")
    [ended] = [one.payload for one in SessionLog(path).entries() if one.kind == "rest_answered"]
    assert (ended["verb"], ended["payment_id"], ended["was_sent"]) == ("DELETE", "p-1", False)


@pytest.mark.skipif(sys.platform == "win32", reason="the limit is of POSIX")
def test_traffic_flows_on_where_nothing_can_be_recorded(path, tmp_path):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))  # a disk that is full

    script = [call("getBill", "7" * 500, None, uuid=f"u-{number}") for number in range(20)]
    command = [sys.executable, "-m", "qerko_recon", "proxy", "--listen", "127.0.0.1:0"]
    with PollServer(*script) as server:
        command += ["--upstream", server.base_url, "--log", str(path), "--durability", "never"]
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, preexec_fn=limit,  # noqa: PLW1509 - it only sets a limit
 cwd=tmp_path,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        first = process.stderr.readline()
        address = first.removeprefix("Point the POS at ").partition(";")[0]
        client = Client(base_url=address, api_key=API_KEY, pos_id=POS_ID)
        with PollSession(client, lambda _: [], log=None):
            server.wait(21)
        process.terminate()
        said = process.communicate(timeout=20)[1]
    assert process.returncode == 0
    assert [one["uuid"] for one in server.answers] == [f"u-{number}" for number in range(20)]
    assert "NOT RECORDING" in said
    assert "Traffic flows on" in said
    assert "could NOT be written" in said
    assert SessionLog(path).verify().is_whole


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"listen": "0.0.0.0:0"}, "certificate"),
        ({"listen": "8443"}, "ADDRESS:PORT"),
        ({"upstream": "http://qerko.example"}, "in the clear"),
        ({"upstream": "https://sandbox.qerko.com/api"}, "without a path"),
        ({"certificate": "nowhere.pem"}, r"nowhere\.pem"),
    ],
)
def test_what_would_show_a_key_is_refused(path, settings, words):
    with pytest.raises(ConfigError, match=words):
        RecordingProxy(**{"upstream": "https://sandbox.qerko.com", "log": path, **settings})


def test_nothing_is_left_behind(path):
    before = set(threading.enumerate())
    with PollServer() as server, RecordingProxy(server.base_url, path) as proxy:
        client = Client(base_url=proxy.address, api_key=API_KEY, pos_id=POS_ID)
        with PollSession(client, lambda _: [], log=None):
            server.wait(1)
    left = [one for one in set(threading.enumerate()) - before if "qerko" in one.name]
    assert left == []
    assert proxy.wait(0)
    with pytest.raises(ConfigError, match="does not run"):
        _ = proxy.address


def test_both_sides_may_be_encrypted(path, tmp_path):
    authority = trustme.CA()
    trusted, own = tmp_path / "ca.pem", tmp_path / "own.pem"
    authority.cert_pem.write_to_path(trusted)
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        own
    )
    with SpecServer(certificate=own) as server:
        settings = {"certificate": own, "ca_file": str(trusted)}
        with RecordingProxy(server.base_url, path, **settings) as proxy:
            assert proxy.address.startswith("https://")
            client = Client(
                base_url=proxy.address, api_key=API_KEY, pos_id=POS_ID, ca_file=str(trusted)
            )
            with client, pytest.raises(PaymentNotFound):
                client.get_payment("1234")
        assert [one.target for one in server.seen] == ["/api/v2/pos/payment/1234"]
    [answered] = [one.payload for one in SessionLog(path).entries() if one.kind == "rest_answered"]
    assert (answered["status"], answered["payment_id"]) == (404, "1234")


def test_an_upstream_that_nobody_vouches_for_is_not_talked_to(path, tmp_path):
    authority = trustme.CA()
    own = tmp_path / "own.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(own)
    with SpecServer(certificate=own) as server:
        with RecordingProxy(server.base_url, path) as proxy:
            client = Client(base_url=proxy.address, api_key=API_KEY, pos_id=POS_ID)
            with client, pytest.raises(TransportError):
                client.cancel_payment("1234")
        assert server.seen == []
    [ended] = [one.payload for one in SessionLog(path).entries() if one.kind == "rest_answered"]
    assert not ended["was_sent"]
