"""The doctor names the step that fails, says what to do, and never fails itself."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from spec_server import Fault

from qerko_recon import doctor
from qerko_recon.client import Client
from qerko_recon.doctor import Finding, examine, exit_code

STEPS = ["settings", "key", "Pos-Id", "DNS", "TLS", "HTTP", "credentials", "clock"]


def told(server, **changes):
    return {
        "QERKO_API_KEY": server.api_key,
        "QERKO_POS_ID": server.pos_id,
        "QERKO_BASE_URL": server.base_url,
    } | changes


def look(environ, **where):
    findings = examine(environ=environ, **where)
    assert [one.step for one in findings] == STEPS
    assert all(one.sentence for one in findings)
    for one in findings:
        if key := environ.get("QERKO_API_KEY"):
            assert key not in one.sentence
    return {one.step: one for one in findings}, exit_code(findings)


def verdicts(found):
    return {one.step: one.verdict for one in found.values()}


def test_all_is_well(server):
    found, code = look(told(server))
    assert verdicts(found) == dict.fromkeys(STEPS, "ok")
    assert code == 0
    assert "environment variable QERKO_API_KEY" in found["settings"].sentence
    assert "time_zone = Europe/Prague (default)" in found["settings"].sentence
    assert "no TLS" in found["TLS"].sentence
    assert [one.method for one in server.requests()] == ["GET"], "it reads, and once"


def test_settings_that_are_missing(server):
    found, code = look({"QERKO_POS_ID": "x"})
    assert verdicts(found) == dict.fromkeys(STEPS, "skipped") | {"settings": "failed"}
    assert "QERKO_API_KEY" in found["settings"].sentence
    assert code == 2


def test_what_may_be_a_typing_error_is_a_warning(server):
    server.api_key = "wzgd-lbq6-gp6y-xwef-7qrz-4758"
    server.pos_id = "mypos"
    found, code = look(told(server))
    assert verdicts(found) == dict.fromkeys(STEPS, "ok") | {"key": "warning", "Pos-Id": "warning"}
    assert "checksum" in found["key"].sentence
    assert code == 0
    server.api_key = "abcd-efgh-ijkl-mnop-qrst"
    found, code = look(told(server))
    assert "six groups" in found["key"].sentence
    assert (found["credentials"].verdict, code) == ("ok", 0)


def test_credentials_that_are_not_accepted(server):
    found, code = look(told(server, QERKO_API_KEY="eeeu-g786-zp54-3v1c-db02-e4e1"))
    assert (found["HTTP"].verdict, found["credentials"].verdict, code) == ("ok", "failed", 3)
    assert "Restaurant Admin" in found["credentials"].sentence


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(status=500), "500"),
        (Fault(status=302, headers={"Location": "/"}), "302"),
        (Fault(status=404, body=b"<html>nginx"), "web page"),
        (Fault(body=b"<html>sign in"), "web page"),
    ],
)
def test_an_answer_that_says_nothing_of_the_credentials(server, fault, words):
    server.fail_always("GET", fault)
    found, code = look(told(server))
    assert (found["credentials"].verdict, code) == ("failed", 3)
    assert words in found["credentials"].sentence


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    found, code = look({"QERKO_API_KEY": "k" * 9, "QERKO_POS_ID": "x", "QERKO_BASE_URL": address})
    assert (found["DNS"].verdict, found["TLS"].verdict, code) == ("ok", "failed", 3)
    assert found["HTTP"].verdict == found["clock"].verdict == "skipped"


def test_a_name_that_nobody_knows(monkeypatch):
    def unknown(*arguments, **more):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    environ = {
        "QERKO_API_KEY": "k" * 9,
        "QERKO_POS_ID": "x",
        "QERKO_BASE_URL": "https://qerko.invalid",
    }
    found, code = look(environ)
    assert (found["DNS"].verdict, found["TLS"].verdict, code) == ("failed", "skipped", 3)
    assert "qerko.invalid" in found["DNS"].sentence


def test_a_server_that_hangs_up(server):
    server.fail_always("GET", Fault("close"))
    found, code = look(told(server))
    assert (found["TLS"].verdict, found["HTTP"].verdict, code) == ("ok", "failed", 3)
    assert found["credentials"].verdict == "skipped"


@pytest.mark.parametrize(
    ("minutes", "verdict", "word"),
    [(1, "ok", ""), (9, "warning", "behind"), (-9, "warning", "ahead")],
)
def test_the_clock(server, minutes, verdict, word):
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    monkey = Fault(status=404, headers={"Date": date})
    server.fail_always("GET", monkey)
    clock = look(told(server))[0]["clock"]
    assert clock.verdict == verdict
    assert word in clock.sentence


@pytest.mark.parametrize("date", ["", "soon", "Mon, 99 Foo 2026"])
def test_a_date_that_is_none(server, date):
    server.fail_always("GET", Fault(status=404, headers={"Date": date}))
    assert look(told(server))[0]["clock"].verdict == "skipped"


@pytest.mark.usefixtures("trusted")
def test_tls_that_is_trusted(secured):
    found, code = look(told(secured))
    assert verdicts(found) == dict.fromkeys(STEPS, "ok")
    assert code == 0
    assert found["TLS"].sentence.startswith("TLSv1.3; the certificate of 127.0.0.1, localhost is")
    secured.hold("1")
    with Client(
        base_url=secured.base_url, api_key=secured.api_key, pos_id=secured.pos_id
    ) as client:
        assert client.get_payment("1").id == "1"


def test_tls_that_is_not_trusted(secured, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    found, code = look(told(secured))
    assert (found["TLS"].verdict, code) == ("failed", 3)
    assert "SSL_CERT_FILE" in found["TLS"].sentence
    with Client(
        base_url=secured.base_url, api_key=secured.api_key, pos_id=secured.pos_id
    ) as client:
        detail = client.fetch_payments(["1"], attempts=1).failures["detail"].iloc[0]
    assert "certificate is not trusted" in detail
    assert secured.requests() == []


def test_certificates_that_are_not_there(secured, monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    found, code = look(told(secured))
    assert (found["TLS"].verdict, code) == ("failed", 3)


def test_the_way_through_a_proxy(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@127.0.0.1:{port}")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    environ = {
        "QERKO_API_KEY": "k" * 9,
        "QERKO_POS_ID": "x",
        "QERKO_BASE_URL": "https://qerko.invalid",
    }
    found, code = look(environ)
    assert found["DNS"] == Finding(
        "DNS", "skipped", f"the way leads through the proxy 127.0.0.1:{port}"
    )
    assert (found["HTTP"].verdict, code) == ("failed", 3)
    assert "secret" not in str(found)


def test_an_environment_in_place_of_a_named_venue(server, tmp_path):
    file = tmp_path / "venues.toml"
    file.write_text(
        f'[venues.old-town]\napi_key = "{server.api_key}"\npos_id = "{server.pos_id}"\n'
        f'base_url = "{server.base_url}"\n'
    )
    found, code = look({}, name="old-town", config=file)
    assert verdicts(found) == dict.fromkeys(STEPS, "ok")
    assert "venue old-town" in found["settings"].sentence
    found, code = look({"QERKO_API_KEY": server.api_key}, name="old-town", config=file)
    assert (found["settings"].verdict, code) == ("warning", 0)
    assert "api_key come from the environment" in found["settings"].sentence


@pytest.mark.parametrize("date", ["Thu, 01 Jan 1970 00:00:00 +99999999999999999", "noon", ""])
def test_a_date_that_nobody_can_read(server, date):
    server.fail_always("GET", Fault(status=404, headers={"Date": date}))
    found, code = look(told(server))
    assert (found["clock"].verdict, code) == ("skipped", 0)


def test_what_was_not_foreseen_is_a_finding(server, monkeypatch):
    def broken(venue):
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr(doctor, "_dns", broken)
    found, code = look(told(server))
    assert (found["DNS"].verdict, found["TLS"].verdict, code) == ("failed", "skipped", 3)
    assert "ZeroDivisionError" in found["DNS"].sentence
