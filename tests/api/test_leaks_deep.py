"""Beyond what an error shows: nothing it leads to holds the key, but the key's own keeper."""

from __future__ import annotations

import copy
import gc
import logging
import pickle
import threading
import traceback
import types
from datetime import time
from decimal import Decimal

import pytest
from spec_server import API_KEY, POS_ID, Fault

from qerko_recon.client import Client
from qerko_recon.errors import ConfigError, OutcomeUnknown, QerkoReconError
from qerko_recon.keys import ApiKey
from qerko_recon.model import Receipt, ReceiptItem
from qerko_recon.settings import Venue

KEEPERS = (ApiKey, type, types.ModuleType, types.FunctionType, types.CodeType, types.FrameType)


def is_test(frame):
    return "/tests/" in frame.f_code.co_filename.replace("\\", "/")


def holders(error, key=API_KEY):
    """Walk every object that an error leads to; name the ways to those that hold the key."""
    found, seen, waiting = [], set(), [(error, "error")]
    while waiting:
        one, way = waiting.pop()
        if id(one) in seen or isinstance(one, KEEPERS):
            continue
        seen.add(id(one))
        if isinstance(one, str | bytes | bytearray):
            text = one if isinstance(one, str) else bytes(one).decode("latin-1")
            if key in text:
                found.append(way)
        elif isinstance(one, types.TracebackType):
            frame = one.tb_frame
            mine = {} if is_test(frame) else frame.f_locals
            inside = f"{way} > {frame.f_code.co_name}"
            waiting += [(value, f"{inside}.{name}") for name, value in mine.items()]
            waiting.append((one.tb_next, way))
        else:
            inside = f"{way} > {type(one).__name__}"
            waiting += [(inner, inside) for inner in gc.get_referents(one)]
            if isinstance(one, BaseException):
                behind = (one.__traceback__, one.__cause__, one.__context__)
                waiting += [(inner, way) for inner in behind]
    assert len(seen) > 5, "the walk went somewhere"
    return found


def test_the_walk_finds_what_it_looks_for():
    error = ValueError()
    error.inside = {"headers": [(b"authorization", f"Bearer {API_KEY}".encode())]}
    error.more = [str(number) for number in range(20)]
    assert holders(error) == ["error > ValueError > dict > dict > list > tuple"]


KINDS = ["reset", "close", "hang", "stall", "truncate", "raw", "early", "reply"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("action", ["get", "cancel", "capture", "poll"])
def test_no_object_behind_an_error_holds_the_key(server, connect, kind, action):
    server.hold("1")
    client = connect(read=0.1)
    client.get_payment("1")  # a connection is kept open, with whatever it remembers
    for method in ("GET", "DELETE", "POST"):
        server.fail_always(method, Fault(kind, status=500, body=b'{"echo'))
    receipt = Receipt(items=(ReceiptItem(name="Pivo", price=Decimal(1)),))
    act = {
        "get": lambda: client.get_payment("1"),
        "cancel": lambda: client.cancel_payment("1"),
        "capture": lambda: client.capture_payment("1", receipt),
        "poll": lambda: client.poll(read_timeout=0.1),
    }[action]
    with pytest.raises(QerkoReconError) as caught:
        act()
    assert server.requests()[-1].headers["authorization"] == f"Bearer {API_KEY}"
    assert holders(caught.value) == []


def test_a_malformed_header_that_echoes_the_key_is_not_quoted(server, connect, caplog):
    """An HTTP library may quote the line it cannot read."""
    caplog.set_level(logging.DEBUG, "qerko_recon")
    echo = f"HTTP/1.1 200 OK\r\nX-{API_KEY} \xff: a\r\n\r\n".encode("latin-1")
    for method in ("GET", "DELETE"):
        server.fail_always(method, Fault("raw", body=echo))
    with pytest.raises(QerkoReconError, match=r"\*\*\*\*|the answer is not HTTP") as caught:
        connect().get_payment("1")
    assert API_KEY not in str(caught.value)
    assert holders(caught.value) == []
    with pytest.raises(OutcomeUnknown, match=r"\*\*\*\*") as caught:
        connect().cancel_payment("1")
    assert holders(caught.value) == []
    assert "illegal header" in caplog.text
    assert API_KEY not in caplog.text
    assert API_KEY not in caplog.text


@pytest.mark.parametrize(
    "changes",
    [
        {"pos_id": "a b"},
        {"pos_id": None},
        {"base_url": "nowhere"},
        {"base_url": 5},
        {"api_version": "2"},
        {"api_version": 2},
        {"time_zone": "Prague"},
        {"time_zone": None},
        {"business_day_cutoff": "late"},
        {"business_day_cutoff": 4},
        {"business_day_cutoff": time.fromisoformat("04:00+02:00")},
        {"api_key": f"{API_KEY}\n{API_KEY}"},
    ],
)
def test_a_venue_made_with_a_key_in_clear_text_forgets_it(changes):
    with pytest.raises(ConfigError) as caught:
        Venue(**({"api_key": API_KEY, "pos_id": POS_ID} | changes))
    assert holders(caught.value) == []
    for frame, _ in traceback.walk_tb(caught.value.__traceback__):
        for value in {} if is_test(frame) else frame.f_locals.values():
            assert API_KEY not in repr(value), "one half made has a face, too"


@pytest.mark.parametrize("setting", ["apikey", "key", "api_keys"])
def test_a_misspelt_argument_may_be_the_key(setting):
    venue = Venue(api_key=ApiKey(API_KEY), pos_id=POS_ID)
    for act in (
        lambda: Venue.load(environ={}, **{setting: API_KEY}),
        lambda: venue.replaced(**{setting: API_KEY}),
    ):
        with pytest.raises(ConfigError, match=f"unknown setting '{setting}'") as caught:
            act()
        assert holders(caught.value) == []


@pytest.mark.parametrize(
    "misplaced",
    [
        {"base_url": API_KEY},
        {"base_url": f"https://qerko.example/{API_KEY}"},
        {"api_version": API_KEY},
        {"time_zone": API_KEY},
        {"business_day_cutoff": API_KEY},
    ],
)
def test_a_key_in_the_place_of_another_setting_is_not_quoted(misplaced):
    with pytest.raises(ConfigError, match=r"\*\*\*\*") as caught:
        Venue(api_key=ApiKey("k" * 9), pos_id=POS_ID, **misplaced)
    assert API_KEY not in "".join(traceback.format_exception(caught.value))


def test_a_key_in_the_place_of_a_venue_s_name_is_not_quoted(tmp_path):
    file = tmp_path / "qerko.toml"
    file.write_text("[venues.x]\npos_id = 'p'\n")
    for config in (file, None):
        with pytest.raises(ConfigError) as caught:
            Venue.load(API_KEY, config=config, environ={})
        assert API_KEY not in str(caught.value)
    file.write_text(f"'{API_KEY}' = 'p'\n")
    with pytest.raises(ConfigError, match=r"unknown setting '\*\*\*\*'") as caught:
        Venue.load(config=file, environ={})
    assert API_KEY not in str(caught.value)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_client_is_not_copied(connect, copied):
    with pytest.raises(TypeError, match="cannot be pickled") as caught:
        copied(connect())
    assert holders(caught.value) == []
    with pytest.raises(TypeError, match="cannot be pickled"):
        copied({"in": [connect()]}) if copied is not copy.copy else copied(connect())


@pytest.mark.parametrize("show", [str, repr, ascii, "{}".format, "{!r:>200}".format])
def test_no_face_shows_the_key(connect, show):
    client = connect()
    venue = client.venue
    for one in (client, venue, venue.api_key, [client], {"in": venue}, vars(client), (venue,)):
        assert API_KEY not in show(one)
        assert POS_ID not in show(one)


def test_a_fetch_logs_no_key_and_its_threads_keep_none(server, caplog):
    caplog.set_level(logging.DEBUG)
    server.hold("ok", "down", "cut")
    server.fail_always("GET", Fault(status=500, body=API_KEY.encode()), "down")
    server.fail_always("GET", Fault("truncate", body=API_KEY.encode()), "cut")
    server.fail_always("GET", Fault("reset"), "gone")
    with Client(api_key=API_KEY, pos_id=POS_ID, base_url=server.base_url) as client:
        payments = client.fetch_payments(
            ["ok", "down", "cut", "gone", "none"], attempts=2, pause=lambda _: None
        )
        assert (len(payments), len(payments.failures)) == (1, 4)
        assert API_KEY not in payments.failures.to_csv()
        assert API_KEY not in payments.frame.to_csv()

        def fail(progress):
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError) as caught:
            client.fetch_payments(["ok", "down"], progress=fail, pause=lambda _: None)
    for thread in threading.enumerate():
        if thread.name == "qerko-fetch":
            thread.join(20)
    assert holders(caught.value) == []
    loggers = {record.name.split(".")[0] for record in caplog.records}
    assert {"asyncio", "qerko_recon"} <= loggers
    assert API_KEY not in caplog.text
    assert not any(API_KEY in repr(vars(record)) for record in caplog.records)
