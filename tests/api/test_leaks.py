"""The API key is reachable from no error, log, representation or pickle."""

from __future__ import annotations

import contextlib
import logging
import pickle
import traceback

import pytest
from spec_server import API_KEY, POS_ID, Fault

from qerko_recon.api import ApiClient
from qerko_recon.errors import ConfigError, QerkoReconError
from qerko_recon.keys import ApiKey
from qerko_recon.settings import Venue

ECHO = f'{{"message": "the key {API_KEY} is unknown"}}'.encode()


def errors_behind(error):
    """Every error that a caller can reach from one."""
    found = []
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__]
    return found


def shown_by(error):
    """All that an error shows or leads to: texts, attributes, locals of the package's frames."""
    for one in errors_behind(error):
        yield from (str(one), repr(one), "".join(traceback.format_exception(one)))
        yield from map(repr, vars(one).values())
        for frame, _ in traceback.walk_tb(one.__traceback__):
            if "/tests/" in frame.f_code.co_filename.replace("\\", "/"):
                continue  # who calls knows the key
            for value in frame.f_locals.values():
                yield repr(value)
                with contextlib.suppress(Exception):
                    yield pickle.dumps(value).decode("latin-1")


def assert_no_key(error, key=API_KEY):
    assert not any(key in text for text in shown_by(error))


def act(client, action):
    if action == "poll":
        return client.poll()
    return getattr(client, f"{action}_payment")("1234")


FAULTS = [
    Fault(status=400, body=ECHO),
    Fault(status=401, body=ECHO),
    Fault(status=403),
    Fault(status=404),
    Fault(status=409),
    Fault(status=410),
    Fault(status=418, body=ECHO),
    Fault(status=302, headers={"Location": "https://evil.example/"}),
    Fault(status=500, body=ECHO),
    Fault(status=503),
    Fault(body=ECHO),
    Fault(body=b"<html>" + ECHO),
    Fault("truncate", body=ECHO),
    Fault("reset"),
    Fault("close"),
    Fault("hang"),
]


@pytest.mark.parametrize("action", ["get", "cancel", "poll"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind}-{fault.status}")
def test_no_error_leads_to_the_key(server, connect, action, fault, caplog):
    caplog.set_level(logging.DEBUG)
    for method in ("GET", "DELETE", "POST"):
        server.fail_always(method, fault)
    client = connect(read=0.15)
    with pytest.raises(QerkoReconError) as caught:
        client.poll(read_timeout=0.15) if action == "poll" else act(client, action)
    assert server.requests()[0].headers["authorization"].endswith(API_KEY)
    assert_no_key(caught.value)
    assert {type(one).__module__.split(".")[0] for one in errors_behind(caught.value)} == {
        "qerko_recon"
    }
    assert "qerko_recon" in {record.name for record in caplog.records}
    if isinstance(client, ApiClient) or action != "get":  # aiohttp logs no requests
        assert "httpcore" in {record.name.split(".")[0] for record in caplog.records}
    assert API_KEY not in caplog.text


def test_no_connection_leads_to_the_key(connect):
    for action in ("get", "cancel", "poll"):
        with pytest.raises(QerkoReconError) as caught:
            act(connect(base_url="http://127.0.0.1:1"), action)
        assert_no_key(caught.value)


def test_a_transport_that_fails_in_its_own_way(connect):
    import httpx

    class Broken(httpx.BaseTransport):
        def handle_request(self, request):
            raise RuntimeError(f"headers were {request.headers.raw}")

    with pytest.raises(QerkoReconError, match="RuntimeError") as caught:
        connect(transport=Broken()).get_payment("1")
    assert_no_key(caught.value)


TABLE = f'[venues.x]\napi_key = "{API_KEY}"\npos_id = "p"\n'


@pytest.mark.parametrize(
    "content",
    [
        f'api_key = "{API_KEY}"\nx ==',
        f"api_key = {API_KEY}",
        f'apikey = "{API_KEY}"',
        f'api_key = ["{API_KEY}"]',
        f'api_key = "{API_KEY} and more"\npos_id = "p"',
        f'api_key = "{API_KEY}"',
        f'api_key = "{API_KEY}"\npos_id = "a b"',
        f'api_key = "{API_KEY}"\npos_id = "p"\nbase_url = "http://qerko.example"',
        f'api_key = "{API_KEY}"\npos_id = "p"\ntime_zone = "Prague"',
        f'api_key = "{API_KEY}"\npos_id = "p"\nbusiness_day_cutoff = "late"',
        f'api_key = "{API_KEY}"\npos_id = "p"\napi_version = "2"',
        TABLE + TABLE.replace("x", "y").replace("p", "pp"),
        f'venues = ["{API_KEY}"]',
        f'venues.x = "{API_KEY}"',
    ],
)
def test_no_fault_of_a_settings_file_leads_to_the_key(tmp_path, content):
    file = tmp_path / "qerko.toml"
    file.write_text(content)
    with pytest.raises(ConfigError) as caught:
        Venue.load(config=file, environ={})
    assert_no_key(caught.value)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"QERKO_POS_ID": "a b"},
        {"QERKO_POS_ID": "p", "QERKO_BASE_URL": "ftp://x"},
        {"QERKO_POS_ID": "p", "QERKO_VENUE": "nowhere"},
        {"QERKO_POS_ID": "p", "QERKO_CONFIG": "nowhere.toml"},
        {"QERKO_POS_ID": "p", "QERKO_API_KEY": API_KEY + " x"},
    ],
)
def test_no_fault_of_the_environment_leads_to_the_key(environ, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    environ = {"QERKO_API_KEY": API_KEY} | environ
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    for load in (lambda: Venue.load(environ=environ), Venue.load, ApiClient):
        with pytest.raises(ConfigError) as caught:
            load()
        assert_no_key(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"api_key": API_KEY + "\nx"},
        {"pos_id": "a b"},
        {"base_url": "https://[::1"},
        {"base_url": f"https://{API_KEY}@qerko.example"},
        {"base_url": "http://qerko.example"},
        {"user_agent": "ř"},
    ],
)
def test_no_fault_of_an_argument_leads_to_the_key(changes):
    given = {"api_key": API_KEY, "pos_id": POS_ID, "base_url": "https://qerko.example"}
    with pytest.raises(ConfigError) as caught:
        ApiClient(**(given | changes))
    texts = [text for text in shown_by(caught.value) if "@" not in text]
    assert not any(API_KEY in text for text in texts)
    assert API_KEY not in str(caught.value)


def test_a_malformed_key_is_not_shown():
    for key in (f"{API_KEY} x", f"{API_KEY}ř", f"Bearer {API_KEY}", f"{API_KEY}\r\nX: y"):
        with pytest.raises(ConfigError) as caught:
            ApiKey(key)
        assert_no_key(caught.value)


def test_what_is_fetched_holds_no_key(server, connect):
    server.hold("1", additionalData={"echo": f"Bearer {API_KEY}"})
    payment = connect().get_payment("1")
    assert payment.additional_data == {"echo": "Bearer ****"}
    assert API_KEY.encode() not in payment.raw
