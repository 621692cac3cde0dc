"""A store of payments: what it has is not asked for again, and nothing it has is ever lost."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spec_server import Fault, SpecServer, payment

from qerko_recon.client import Client
from qerko_recon.errors import ConfigError, StoreError
from qerko_recon.frames import Failure, Fetched, Payments
from qerko_recon.settings import Venue
from qerko_recon.store import PaymentStore

HERE = Venue(api_key="a-key-of-ours", pos_id="p", name="old-town")
THERE = Venue(api_key="a-key-of-theirs", pos_id="p", name="harbour")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "payments.db"


def had(payment_id, moment=NOON, **changes):
    raw = json.dumps(payment(payment_id, **changes)).encode()
    return Fetched(payment_id, raw, moment, "v2")


def missed(payment_id, kind="not_found", attempts=1):
    return Failure(payment_id, kind, 404, "why", attempts)


def asked(server):
    return Counter(one.target.rsplit("/", 1)[1] for one in server.requests())


# What a fetch asks for


def test_a_second_run_asks_only_for_what_is_missing(server, connect, path, pauses):
    server.hold("1", "2", "3")
    server.foreign.add("3")
    server.fail_always("GET", Fault(status=500), "2")
    first = connect().fetch_payments(
        ["1", "2", "3", "gone"], store=path, attempts=2, pause=pauses.append
    )
    assert first.payment_ids == ["1", "2", "3", "gone"]
    server.always.clear()
    told = []
    second = connect().fetch_payments(
        ["gone", "new", "3", "2", "1"], store=path, progress=told.append
    )
    assert asked(server) == {"1": 1, "2": 3, "3": 1, "gone": 1, "new": 1}
    assert second.payment_ids == ["2", "1", "gone", "new", "3"]
    assert second.failures["kind"].tolist() == ["not_found", "not_found", "forbidden"]
    assert (told[-1].done, told[-1].total, told[-1].held) == (5, 5, 3)
    assert first.payment_ids == ["1", "2", "3", "gone"], "a result does not change afterwards"


def test_a_store_gives_the_same_frames_as_memory(server, connect, path):
    server.hold("1", "2", tipBrutto="10.5", tipNetto="9.75")
    ids = ["2", "none", "1"]
    stored = connect().fetch_payments(ids, store=path)
    direct = connect().fetch_payments(ids)
    for name in ("frame", "parts", "items", "failures"):
        ours, theirs = getattr(stored, name), getattr(direct, name)
        columns = [one for one in ours.columns if one != "fetched_at"]
        pd.testing.assert_frame_equal(ours[columns], theirs[columns])
    assert stored.payment_ids == direct.payment_ids
    assert stored.payment("1") == direct.payment("1")
    assert [one.id for one in stored] == ["2", "1"]
    with pytest.raises(KeyError, match="could not be had: not_found"):
        stored.payment("none")
    with pytest.raises(KeyError, match="not among"):
        stored.payment("never")


def test_it_opens_as_frames_by_itself(server, connect, path, tmp_path):
    server.hold("1", "2")
    connect().fetch_payments(["1", "2", "3"], store=path)
    with PaymentStore(path) as store:
        assert sorted(store.frame["payment_id"]) == ["1", "2"]
        assert len(store.parts) == len(store.items) == 2
        assert store.failures["payment_id"].tolist() == ["3"]
        copy = tmp_path / "payments.jsonl"
        store.payments().write(copy)
    assert sorted(Payments.read(copy).payment_ids) == ["1", "2", "3"]


def test_the_file_alone_is_whole_once_a_fetch_is_over(server, connect, path, tmp_path):
    """People copy one file, not the three that SQLite may keep."""
    server.hold("1", "2")
    payments = connect().fetch_payments(["1", "2"], store=path)
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    assert payments.payment_ids == ["1", "2"]
    assert sorted(PaymentStore(copy).payments().payment_ids) == ["1", "2"]


def test_the_store_may_be_given_open(server, connect, path):
    server.hold("1")
    with PaymentStore(path) as store:
        assert len(connect().fetch_payments(["1"], store=store)) == 1
        assert len(connect().fetch_payments(["1"], store=store)) == 1
    assert asked(server) == {"1": 1}


def test_a_hundred_thousand_repeats_are_one_request(server, connect, path):
    server.hold("1")
    payments = connect().fetch_payments(("1" for _ in range(100_000)), store=path)
    assert (len(payments), asked(server)) == (1, {"1": 1})


# What is stale


@pytest.mark.parametrize(
    ("refresh", "again"),
    [
        (None, set()),
        ("not_final", {"open", "fresh", "gone", "odd"}),
        ("all", {"open", "fresh", "gone", "odd", "cancelled", "old"}),
        (timedelta(0), {"open", "fresh", "gone", "odd", "cancelled", "old"}),
        (timedelta(hours=1), set()),
    ],
)
def test_what_is_asked_for_again(server, connect, path, refresh, again):
    fresh = datetime.now(UTC).isoformat()
    server.hold("open", timestamp=None)
    server.hold("fresh", timestamp=fresh)
    server.hold("cancelled", state="CANCELLED")
    server.hold("odd", state="REFUNDED", timestamp="2026-01-01T12:00:00Z")
    server.hold("old", timestamp="2026-01-01T12:00:00Z")
    ids = ["open", "fresh", "cancelled", "odd", "old", "gone"]
    connect().fetch_payments(ids, store=path)
    connect().fetch_payments(ids, store=path, refresh=refresh)
    assert {one for one, times in asked(server).items() if times == 2} == again


def test_a_payment_seen_three_hours_ago_is_final_by_now(path):
    """Qerko's own example has no time of creation; it was created before it was first seen."""
    store = PaymentStore(path)
    late = NOON + timedelta(hours=3, seconds=1)
    for moment, wanted in ((NOON, ["1"]), (NOON + timedelta(hours=2), ["1"]), (late, [])):
        store.select(HERE).put(had("1", moment))
        assert store.select(HERE, "not_final").add(["1"])[0] == wanted


def test_what_changed_is_kept_beside_what_it_was(path):
    store = PaymentStore(path)
    evening = NOON + timedelta(hours=6)
    for one in (had("1"), had("1", NOON + timedelta(hours=1)), had("2")):
        store.select(HERE).put(one)
    store.select(HERE).put(had("1", evening, state="CANCELLED"))
    history = store.history("1")
    assert history["state"].tolist() == ["PAID", "CANCELLED"]
    assert history["fetched_at"].iloc[-1] == evening
    assert store.frame["state"].tolist() == ["CANCELLED", "PAID"]
    assert len(store.history("2")) == 1
    assert len(store.history("3")) == 0


def test_a_refresh_that_fails_is_a_failure_and_loses_nothing(server, connect, path):
    server.hold("1")
    connect().fetch_payments(["1"], store=path)
    server.fail_always("GET", Fault(status=500))
    refreshed = connect().fetch_payments(["1"], store=path, refresh="all", attempts=1)
    assert refreshed.failures["kind"].tolist() == ["server"]
    assert len(refreshed) == 0
    assert PaymentStore(path).frame["payment_id"].tolist() == ["1"]


def test_what_was_not_asked_for_stays_missing(server, connect, path):
    server.hold("1", "2", "3")
    server.fail("GET", Fault(status=401))
    connect().fetch_payments(["1", "2", "3"], store=path, concurrency=1)
    again = connect().fetch_payments(["1", "2", "3"], store=path)
    assert len(again) == 3
    assert asked(server) == {"1": 2, "2": 1, "3": 1}


@pytest.mark.parametrize("refresh", ["open", 3600, "1h"])
def test_a_refresh_that_cannot_be(connect, path, refresh):
    with pytest.raises(ConfigError, match="refresh is 'not_final', 'all' or a"):
        connect().fetch_payments(["1"], store=path, refresh=refresh)


def test_a_refresh_without_a_store_is_a_mistake(connect):
    with pytest.raises(ConfigError, match="give store= too"):
        connect().fetch_payments(["1"], refresh="all")


# Whose payments


def test_venues_are_kept_apart(path):
    store = PaymentStore(path)
    store.select(HERE).put(had("1"))
    store.select(THERE).put(missed("1", "forbidden"))
    assert store.select(THERE).add(["1"]) == ([], 0, 1)
    assert store.select(HERE).add(["1"]) == ([], 1, 0)
    names = ["harbour at https://sandbox.qerko.com", "old-town at https://sandbox.qerko.com"]
    assert store.venues == names
    with pytest.raises(ConfigError, match="several venues; say which: 'harbour at"):
        store.payments()
    assert store.payments(names[1]).payment_ids == ["1"]
    with pytest.raises(ConfigError, match="nothing of 'x'"):
        store.payments("x")


def test_a_venue_without_a_name_goes_by_its_key_s_fingerprint(path):
    nameless = Venue(api_key="a-key-of-ours", pos_id="p")
    with PaymentStore(path) as store:
        store.select(nameless).put(had("1"))
        [name] = store.venues
    assert name == f"key {nameless.api_key.fingerprint} at https://sandbox.qerko.com"
    assert b"a-key-of-ours" not in path.read_bytes()


# Files


def test_a_file_that_is_no_store(tmp_path):
    text = tmp_path / "ids.txt"
    text.write_text("not a database at all, but rather longer than a header of one is\n" * 20)
    with pytest.raises(StoreError, match=r"ids\.txt cannot be opened: it is no store"):
        PaymentStore(text)
    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.executescript("CREATE TABLE t (x); INSERT INTO t VALUES (1);")
    connection.close()
    before = other.read_bytes()
    with pytest.raises(StoreError, match="another program's database"):
        PaymentStore(other)
    assert other.read_bytes() == before


def test_a_file_of_a_later_version(path):
    PaymentStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(StoreError, match="newer qerko_recon; update"):
        PaymentStore(path)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(StoreError, match="folder does not exist"):
        PaymentStore(tmp_path / "none" / "payments.db")


def test_two_make_one_store_at_once(path):
    gate = threading.Barrier(4)
    made = []

    def make():
        gate.wait()
        made.append(PaymentStore(path))

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    made[0].select(HERE).put(had("1"))
    assert made[3].payments().payment_ids == ["1"]


def test_a_reader_sees_what_a_fetch_has_so_far(path):
    selection = PaymentStore(path).select(HERE)
    selection.add(["1", "2"])
    selection.put(had("1"))
    assert PaymentStore(path).payments().payment_ids == ["1"]
    selection.put(had("2"))
    assert PaymentStore(path).payments().payment_ids == ["1", "2"]


# Crashes

CHILD = """
import sys
from qerko_recon.client import Client
url, key, pos_id, store, count = sys.argv[1:]
with Client(base_url=url, api_key=key, pos_id=pos_id) as client:
    client.fetch_payments(
        (str(number) for number in range(int(count))), store=store, concurrency=4
    )
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as on POSIX")
@pytest.mark.parametrize("killed_at", [1, 2, 37, 150])
def test_a_killed_run_goes_on_where_it_was(server, connect_sync, path, killed_at):
    ids = [str(number) for number in range(200)]
    server.hold(*ids)
    count = len(ids)
    begin = server.begin
    child = None

    def begin_and_kill(seen):
        begin(seen)
        if len(server.requests()) == killed_at:
            os.kill(child.pid, signal.SIGKILL)

    server.begin = begin_and_kill
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, server.base_url, server.api_key, server.pos_id,
         str(path), str(count)],
    )  # fmt: skip
    assert child.wait(60) == -signal.SIGKILL
    server.begin = begin
    with PaymentStore(path) as store:
        kept = store.payments().payment_ids
    assert killed_at - 2 * 4 <= len(kept) <= killed_at
    payments = connect_sync().fetch_payments(ids, store=path)
    assert payments.payment_ids == ids
    times = asked(server)
    twice = {one for one in times if times[one] > 1}
    assert not twice & set(kept), "what it had is not asked for again"
    assert len(twice) <= 2 * 4, "what was under way, or had come and was not read yet"
    assert set(times.values()) <= {1, 2}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.lists(st.text(max_size=5), max_size=12), min_size=1, max_size=4),
    st.sets(st.text(max_size=5), max_size=6),
)
def test_whatever_is_asked_for_in_whatever_runs(tmp_path_factory, runs, known):
    """Every run has every distinct ID's outcome, and nothing is asked for twice."""
    path = tmp_path_factory.mktemp("store") / "payments.db"
    with SpecServer() as server:
        server.hold(*(one.strip() for one in known))
        for ids in runs:
            with Client(
                base_url=server.base_url, api_key=server.api_key, pos_id=server.pos_id
            ) as client:
                payments = client.fetch_payments(ids, store=path)
            distinct = list(dict.fromkeys(one.strip() for one in ids if one.strip()))
            assert len(payments) + len(payments.failures) == len(distinct)
            got = payments.frame["payment_id"].tolist()
            assert got == [one for one in distinct if one in server.payments and _can_be(one)]
        assert max(Counter(one.target for one in server.requests()).values(), default=1) == 1


def _can_be(payment_id):
    is_control = (ord(one) < 32 or 0x7F <= ord(one) <= 0x9F for one in payment_id)
    return payment_id not in {".", ".."} and not any(is_control)


def test_a_store_that_fails_on_the_way_stops_the_fetch(server, connect, path):
    """A fetch that nobody feeds any more would wait for ever."""
    server.hold(*(str(number) for number in range(2000)))

    def ids():
        for number in range(2000):
            if number == 900:
                connection = sqlite3.connect(path)
                connection.executescript("DROP TABLE failures; DROP TABLE payments;")
                connection.close()
            yield str(number)

    with pytest.raises(StoreError, match="no such table"):
        connect().fetch_payments(ids(), store=path)


def test_the_working_folder_may_change(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = PaymentStore("payments.db")
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    store.select(HERE).put(had("1"))
    assert store.payments().payment_ids == ["1"]
    assert list((tmp_path / "else").iterdir()) == []
