"""Many IDs: an outcome for every one, whatever the server does."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import signal
import socket
import threading
from collections import Counter
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spec_server import Fault, SpecServer, payment

from qerko_recon.client import AsyncClient, Client
from qerko_recon.errors import ConfigError
from qerko_recon.fetch import FetchInterrupted, Progress

PAGE = Fault(body=b"<html>sign in</html>")


def rows(payments):
    columns = ["payment_id", "kind", "status", "attempts"]
    frame = payments.failures[columns].astype(object)
    return [
        tuple(None if one is pd.NA else one for one in row)
        for row in frame.itertuples(index=False, name=None)
    ]


def test_a_thousand_distinct_ids_out_of_three_thousand_messy_ones(server, connect):
    ids = [str(number) for number in range(1000)]
    server.hold(*ids)
    messy = [*ids, *(f"  {one}\t" for one in ids), *map(int, ids), None, "", "  ", np.nan, pd.NA]
    random.Random(1).shuffle(messy)
    payments = connect().fetch_payments(messy, concurrency=16)
    got = payments.frame["payment_id"].tolist()
    assert len(got) == 1000
    assert len(payments.failures) == 0
    assert sorted(got) == sorted(ids)
    first_seen = list(
        dict.fromkeys(
            str(one).strip() for one in messy if isinstance(one, str | int) and str(one).strip()
        )
    )
    assert got == first_seen
    assert Counter(one.method for one in server.requests()) == {"GET": 1000}
    assert server.most_at_once <= 16


def test_outcomes_of_every_kind_in_one_fetch(server, connect, pauses):
    server.hold("1", "2", "page", "cut", "down", "silent", "other", "huge", "restart")
    server.foreign.add("2")
    server.fail_always("GET", PAGE, "page")
    server.fail_always("GET", Fault("truncate", body=b'{"id"'), "cut")
    server.fail_always("GET", Fault(status=500), "down")
    server.fail_always("GET", Fault(status=503), "restart")
    server.fail_always("GET", Fault("reset"), "silent")
    server.fail_always("GET", Fault(body=json.dumps(payment("9")).encode()), "other")
    server.fail_always(
        "GET", Fault(body=json.dumps(payment("huge", tipBrutto="1e15")).encode()), "huge"
    )
    ids = [
        "1", "2", "gone", "page", "cut", "down", "silent", "other", "huge", "restart",
        "x" * 10_000, "..", "\ud800", "a\nb",
    ]  # fmt: skip
    payments = connect().fetch_payments(ids, concurrency=4, attempts=3, pause=pauses.append)
    assert payments.frame["payment_id"].tolist() == ["1"]
    assert rows(payments) == [
        ("2", "forbidden", 403, 1),
        ("gone", "not_found", 404, 1),
        ("page", "invalid", 200, 1),
        ("cut", "invalid", 200, 3),
        ("down", "server", 500, 3),
        ("silent", "network", None, 3),
        ("other", "invalid", 200, 1),
        ("huge", "invalid", 200, 1),
        ("restart", "server", 503, 3),
        ("x" * 10_000, "invalid", None, 0),
        ("..", "invalid", None, 0),
        ("\\ud800", "invalid", None, 0),
        ("a\nb", "invalid", None, 0),
    ]
    details = dict(zip(payments.failures["payment_id"], payments.failures["detail"], strict=True))
    assert "web page" in details["page"]
    assert "breaks off" in details["cut"]
    assert "tipBrutto" in details["huge"]
    assert "10000 characters" in details["x" * 10_000]
    assert all(len(one) < 300 for one in details.values())
    asked = Counter(one.target.rsplit("/", 1)[1] for one in server.requests())
    assert asked == {
        "1": 1, "2": 1, "gone": 1, "page": 1, "cut": 3, "down": 3, "silent": 3, "other": 1,
        "huge": 1, "restart": 3,
    }  # fmt: skip


def test_a_fault_that_passes_is_tried_again(server, connect, pauses):
    server.hold("1", "2", "3", "4")
    server.fail("GET", Fault(status=500), Fault("reset"), Fault(status=502), payment_id="1")
    server.fail("GET", Fault("close"), payment_id="2")
    server.fail("GET", Fault(status=429), Fault("truncate", body=b"{"), payment_id="3")
    payments = connect().fetch_payments(["1", "2", "3", "4"], pause=pauses.append)
    assert payments.frame["payment_id"].tolist() == ["1", "2", "3", "4"]
    asked = Counter(one.target.rsplit("/", 1)[1] for one in server.requests())
    assert asked == {"1": 4, "2": 2, "3": 3, "4": 1}
    assert len(pauses) >= 6


@pytest.mark.parametrize(
    ("asked", "waited"),
    [("7", 7), ("0", 0), ("120", 120)],
)
@pytest.mark.parametrize("status", [429, 503])
def test_what_the_server_asks_for_is_waited(server, connect, pauses, status, asked, waited):
    server.hold("1")
    server.fail("GET", Fault(status=status, headers={"Retry-After": asked}))
    payments = connect().fetch_payments(["1"], pause=pauses.append)
    assert pauses == [waited]
    assert len(payments) == 1


@pytest.mark.parametrize("asked", ["3600", "99999999999999999999"])
def test_what_is_beyond_all_patience_is_not_waited(server, connect, pauses, asked):
    server.hold("1")
    server.fail("GET", Fault(status=503, headers={"Retry-After": asked}))
    payments = connect().fetch_payments(["1"], pause=pauses.append)
    assert pauses == []
    assert rows(payments) == [("1", "server", 503, 1)]
    patient = connect().fetch_payments(["1"], pause=pauses.append, patience=1e12)
    assert len(patient) == 1


@pytest.mark.parametrize("asked", ["Thu, 01 Jan 1970 00:00:00 +99999999999999999", "soon", ""])
def test_a_wait_that_nobody_can_read_is_our_own(server, connect, pauses, asked):
    server.hold("1")
    server.fail("GET", Fault(status=503, headers={"Retry-After": asked}))
    assert len(connect().fetch_payments(["1"], pause=pauses.append)) == 1
    assert 0 <= pauses[0] <= 0.25


def test_a_wait_until_a_moment(server, connect, pauses):
    server.hold("1", "2")
    moments = ("Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT")
    for moment in moments:
        server.fail("GET", Fault(status=503, headers={"Retry-After": moment}))
    payments = connect().fetch_payments(["1", "2"], concurrency=1, pause=pauses.append)
    assert rows(payments) == [("1", "server", 503, 1)]
    assert pauses == [0]


def test_no_answer_in_time_is_tried_again(server, connect, pauses):
    server.hold("1")
    server.fail("GET", Fault("hang"), Fault("stall", body=b"{"))
    payments = connect(read=0.15).fetch_payments(["1"], pause=pauses.append)
    assert (len(payments), len(pauses)) == (1, 2)


@pytest.mark.parametrize(
    "moment",
    ["yesterday", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-20T18:00:00"],
)
def test_a_time_that_utc_cannot_tell_is_not_known(server, connect, moment):
    server.hold("1", "2", timestamp=moment)
    payments = connect().fetch_payments(["1", "2"])
    assert len(payments) == 2
    assert payments.frame["created_at"].isna().all()


# Credentials


@pytest.mark.parametrize("concurrency", [1, 4, 16, "auto"])
def test_a_bad_key_stops_everything_at_once(server, connect, concurrency):
    client = connect(api_key="abcd-efgh-ijkl-mnop-qrst")
    ids = [str(number) for number in range(200)]
    payments = client.fetch_payments(ids, concurrency=concurrency)
    asked = len(server.requests())
    assert asked <= (4 if concurrency == "auto" else concurrency)
    assert [row[0] for row in rows(payments)] == ids
    assert Counter(row[1:] for row in rows(payments)) == {
        ("unauthorized", 401, 1): asked,
        ("unauthorized", None, 0): 200 - asked,
    }
    assert "not asked for" in payments.failures["detail"].iloc[-1]


def test_a_key_that_is_withdrawn_on_the_way(server, connect):
    ids = [str(number) for number in range(100)]
    server.hold(*ids)
    server.fail_always("GET", Fault(status=401), "40")
    payments = connect().fetch_payments(ids, concurrency=4)
    assert len(payments) + len(payments.failures) == 100
    assert 30 <= len(payments) <= 60
    assert set(payments.failures["kind"]) == {"unauthorized"}
    assert len(server.requests()) == len(payments) + 1


def test_a_wait_between_attempts_ends_when_the_fetch_does(server, connect):
    """Were the pause of two minutes not cut short, this test would not end in time."""
    server.hold("1")
    server.fail_always("GET", Fault(status=503, headers={"Retry-After": "120"}), "slow")
    server.fail_always("GET", Fault(status=401), "refused")
    ids = ["slow", "1", "refused", "2"]
    payments = connect().fetch_payments(ids, concurrency=1)
    assert rows(payments) == [
        ("slow", "server", 503, 1),
        ("refused", "unauthorized", 401, 1),
        ("2", "unauthorized", None, 0),
    ]


# A server in trouble


@pytest.fixture
def nowhere():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return f"http://127.0.0.1:{port}"


def test_a_dead_server_is_given_up(connect, nowhere, pauses):
    ids = [str(number) for number in range(3000)]
    payments = connect(base_url=nowhere).fetch_payments(ids, pause=pauses.append)
    assert [row[0] for row in rows(payments)] == ids
    asked = [row for row in rows(payments) if row[3]]
    assert {row[1] for row in rows(payments)} == {"network"}
    assert len(asked) < 20
    assert sum(pauses) < 40
    assert "not asked for" in payments.failures["detail"].iloc[-1]


@pytest.mark.parametrize("status", [500, 502, 429])
def test_a_server_that_fails_everything_is_given_up(server, connect, pauses, status):
    server.fail_always("GET", Fault(status=status))
    ids = [str(number) for number in range(3000)]
    payments = connect().fetch_payments(ids, pause=pauses.append)
    assert [row[0] for row in rows(payments)] == ids
    assert {row[1] for row in rows(payments)} == {"server"}
    assert len(server.requests()) < 40


def test_a_restart_half_way_is_waited_for_and_nothing_is_lost(server, connect, pauses):
    """Fifty thousand IDs must not be burnt on a server that asks for two minutes."""
    ids = [str(number) for number in range(400)]
    server.hold(*ids)
    restarting = Fault(status=503, headers={"Retry-After": "120"})

    def wait(seconds):
        pauses.append(seconds)
        if sum(one == 120 for one in pauses) > 6:
            server.always.clear()  # it is up again

    def turn(progress):
        if progress.done >= 100 and not pauses:
            server.fail_always("GET", restarting)

    payments = connect().fetch_payments(ids, progress=turn, pause=wait, patience=1e6)
    assert len(payments) == 400
    assert len(server.requests()) < 400 + 90


def test_a_server_that_went_away_is_given_up_when_patience_ends(server, connect, pauses):
    ids = [str(number) for number in range(400)]
    server.hold(*ids)

    def turn(progress):
        if progress.done >= 50:
            server.fail_always("GET", Fault("reset"))

    payments = connect().fetch_payments(
        ids, concurrency=2, progress=turn, pause=pauses.append, patience=60
    )
    assert len(payments) + len(payments.failures) == 400
    assert set(payments.failures["kind"]) == {"network"}
    assert len(server.requests()) < len(payments) + 40


def test_payments_that_fail_among_healthy_ones_do_not_take_them_along(server, connect, pauses):
    ids = [f"{kind}-{n}" for n in range(40) for kind in ("broken", "healthy")]
    server.hold(*(one for one in ids if one.startswith("healthy")))
    for one in ids[::2]:
        server.fail_always("GET", Fault("reset"), one)
    payments = connect().fetch_payments(ids, concurrency=4, attempts=2, pause=pauses.append)
    assert payments.frame["payment_id"].tolist() == ids[1::2]
    assert rows(payments) == [(one, "network", None, 2) for one in ids[::2]]


def test_a_run_of_failing_payments_costs_themselves_alone(server, connect, pauses):
    failing = [f"failing-{n}" for n in range(8)]
    healthy = [f"healthy-{n}" for n in range(30)]
    server.hold(*healthy)
    for one in failing:
        server.fail_always("GET", Fault(status=500), one)
    ids = [*healthy[:15], *failing, *healthy[15:]]
    payments = connect().fetch_payments(ids, concurrency=4, pause=pauses.append)
    assert payments.frame["payment_id"].tolist() == healthy
    assert [row[:3] for row in rows(payments)] == [(one, "server", 500) for one in failing]
    assert len(server.requests()) <= 30 + 8 * 4


def test_one_payment_without_an_answer_does_not_speak_for_the_server(server, connect, pauses):
    ids = [str(number) for number in range(20)]
    server.hold(*ids)
    for one in ("0", "1"):
        server.fail_always("GET", Fault("close"), one)
    payments = connect().fetch_payments(ids, concurrency=1, pause=pauses.append)
    assert rows(payments) == [(one, "network", None, 4) for one in ("0", "1")]


# Lists of IDs


@pytest.mark.parametrize("ids", ["1234", b"1234", memoryview(b"1234"), 1234, None, 1.5])
def test_a_lone_id_is_no_list(server, connect, ids):
    with pytest.raises(ConfigError, match="give a list of IDs"):
        connect().fetch_payments(ids)


def test_a_table_is_no_list(server, connect):
    """Its columns' names would be asked for."""
    with pytest.raises(ConfigError, match=r"one column of it, as in table\['payment_id'\]"):
        connect().fetch_payments(pd.DataFrame({"payment_id": ["1"]}))
    assert server.requests() == []


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ([10**5000], "ID number 1 has more digits than any ID has"),
        (["1", 2.5], r"ID number 2, 2\.5, is a float"),
        (pd.Series([1234, None]), r"ID number 1, 1234\.0, is a float.*as text"),
        ([True], "ID number 1 is bool"),
        ([b"1"], "ID number 1 is bytes"),
        ([["1"]], "ID number 1 is list"),
    ],
)
def test_what_is_no_id_is_named(server, connect, ids, words):
    with pytest.raises(ConfigError, match=words):
        connect().fetch_payments(ids)
    assert server.requests() == []


@pytest.mark.parametrize(
    "ids",
    [
        pd.Series(["1", None, "2", "1"]),
        pd.Series(["1", None, "2"], dtype="string[pyarrow]"),
        pd.Series([1, 2, None], dtype="Int64"),
        pd.Series([1, 2]),
        np.array([1, 2, 2]),
        iter,
        {"1": 0, "2": 0},
    ],
    ids=str,
)
def test_ids_come_in_many_ways(server, connect, ids):
    server.hold("1", "2")
    ids = ids((1, "2 ")) if ids is iter else ids
    assert connect().fetch_payments(ids).frame["payment_id"].tolist() == ["1", "2"]


def test_a_uuid_is_an_id(server, connect):
    one = UUID(int=7)
    server.hold(str(one))
    assert len(connect().fetch_payments([one])) == 1


def test_nothing_asked_for_is_nothing_fetched(server, connect):
    payments = connect().fetch_payments([None, ""], progress=True)
    assert (len(payments), len(payments.failures)) == (0, 0)
    assert server.requests() == []


def test_a_path_is_read(server, connect, tmp_path):
    server.hold("1", "2")
    file = tmp_path / "ids.txt"
    file.write_text("payment_id\n1\n\n2\n1\n")
    assert connect().fetch_payments(file).frame["payment_id"].tolist() == ["1", "2"]


def test_an_iterator_is_read_as_the_fetch_goes_on(server, connect):
    """A list of a million IDs, or one that never ends, is not gathered first."""
    server.fail_always("GET", Fault(status=401), "300")
    server.hold(*(str(number) for number in range(300)))
    taken = []

    def ids():
        for number in range(20_000):
            taken.append(number)
            yield str(number)
            if number == 10_000:
                assert len(server.requests()) > 100

    payments = connect().fetch_payments(ids(), concurrency=4)
    assert len(payments) + len(payments.failures) == 20_000
    assert len(taken) == 20_000


def test_an_iterator_that_fails_stops_the_fetch(server, connect):
    server.hold("1", "2")

    def ids():
        yield "1"
        yield "2"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        connect().fetch_payments(ids())


def test_an_asynchronous_iterator(server):
    server.hold("1", "2")

    async def ids():
        for one in ("1", None, "2", "1"):
            await asyncio.sleep(0)
            yield one

    async def fetch():
        async with AsyncClient(
            base_url=server.base_url, api_key=server.api_key, pos_id=server.pos_id
        ) as client:
            return await client.fetch_payments(ids())

    assert asyncio.run(fetch()).payment_ids == ["1", "2"]


@pytest.mark.parametrize("is_async", [True, False])
def test_ids_that_need_no_request_leave_the_loop_to_others(server, is_async):
    """The list never ends, so that only another task can end the fetch."""
    server.hold("1")

    async def ids():
        while True:
            yield "1"

    async def fetch():
        async with AsyncClient(
            base_url=server.base_url, api_key=server.api_key, pos_id=server.pos_id
        ) as client:
            endless = ids() if is_async else itertools.repeat("1")
            task = asyncio.ensure_future(client.fetch_payments(endless))
            for _ in range(200):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(fetch())


@pytest.mark.parametrize("value", [0, -1, 65, 2.5, float("nan"), "8", None, [8]])
@pytest.mark.parametrize("setting", ["concurrency", "attempts"])
def test_settings_that_cannot_be(server, connect, setting, value):
    with pytest.raises(ConfigError, match=f"{setting} cannot be .*whole number from 1 to"):
        connect().fetch_payments(["1"], **{setting: value})
    assert server.requests() == []


@pytest.mark.parametrize("patience", [-1, float("nan"), float("inf")])
def test_patience_that_cannot_be(connect, patience):
    with pytest.raises(ConfigError, match="patience is seconds"):
        connect().fetch_payments(["1"], patience=patience)


def test_whole_numbers_of_numpy_will_do(server, connect):
    server.hold("1")
    assert len(connect().fetch_payments(["1"], concurrency=np.int64(2), attempts=np.int8(1))) == 1


def test_a_closed_client_says_so_once(connect):
    client = connect()
    client.close()
    with pytest.raises(ConfigError, match="closed"):
        client.fetch_payments(["1", "2"])


FAULTS = st.sampled_from(
    [
        None,
        Fault(status=403),
        Fault(status=404),
        Fault(status=500),
        Fault("reset"),
        Fault("truncate", body=b"{"),
        PAGE,
    ]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.text(max_size=6) | st.integers(0, 99) | st.none(), max_size=20),
    st.lists(FAULTS, min_size=1, max_size=6),
    st.integers(1, 6),
)
def test_every_distinct_id_has_one_outcome(ids, faults, concurrency):
    with SpecServer() as server:
        for number, one in enumerate(ids):
            fault = faults[number % len(faults)]
            name = str(one).strip()
            server.hold(name)
            if fault is not None:
                server.fail_always("GET", fault, name)
        with Client(
            base_url=server.base_url, api_key=server.api_key, pos_id=server.pos_id
        ) as client:
            payments = client.fetch_payments(
                ids, concurrency=concurrency, attempts=2, pause=lambda _: None
            )
    wanted = dict.fromkeys(str(one).strip() for one in ids if one is not None)
    distinct = [one for one in wanted if one]
    assert len(payments.frame) + len(payments.failures) == len(distinct)
    had, not_had = payments.frame["payment_id"].tolist(), [row[0] for row in rows(payments)]
    assert sorted([*had, *not_had]) == sorted(distinct)
    assert had == [one for one in distinct if one in set(had)]
    assert not_had == [one for one in distinct if one in set(not_had)]


# Progress, stopping, threads


def test_progress_is_told_on_the_way_and_at_the_end(server, connect):
    server.hold("1", "3")
    told = []
    connect().fetch_payments(["1", "2", "3"], progress=told.append)
    assert [one.done for one in told] == sorted(one.done for one in told)
    last = told[-1]
    assert (last.done, last.total, last.fetched, last.failed, last.held) == (3, 3, 2, 1, 0)
    assert last.rate > 0
    assert last.remaining == 0
    assert last.pause is None
    with pytest.raises(AttributeError):
        told[0].done = 9


def test_progress_is_told_in_the_caller_s_thread(server, connect_sync):
    """A bar in a notebook draws nothing from another one."""
    server.hold("1")
    threads = set()
    connect_sync().fetch_payments(
        iter(["1"]), progress=lambda _: threads.add(threading.current_thread())
    )
    assert threads == {threading.current_thread()}


def test_what_remains_is_not_known_while_the_list_goes_on():
    state = Progress(done=30, total=None, fetched=30, failed=0, held=10, seconds=2.0)
    assert (state.rate, state.remaining) == (10.0, None)
    known = Progress(done=30, total=50, fetched=30, failed=0, held=10, seconds=2.0)
    assert known.remaining == 2.0


def test_a_bar_on_standard_error(server, connect, capsys):
    server.hold("1", "2")
    connect().fetch_payments(["1", "2"], progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "2/2" in err


def test_a_listener_that_fails_stops_the_fetch(server, connect):
    ids = [str(number) for number in range(5000)]
    server.hold(*ids)

    def fail(progress):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        connect().fetch_payments(ids, concurrency=2, progress=fail)
    assert len(server.requests()) < 2000


def test_a_hook_that_refuses_stops_the_fetch(server, connect):
    """What cannot be recorded is not to happen."""
    server.hold("1", "2")

    def refuse(request):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        connect(before_request=refuse).fetch_payments(["1", "2"])
    assert server.requests() == []


def join_workers():
    for thread in threading.enumerate():
        if thread.name == "qerko-fetch":
            thread.join(20)
            assert not thread.is_alive()


def test_a_listener_that_interrupts_leaves_no_work_behind(server, connect_sync):
    ids = [str(number) for number in range(20_000)]
    server.hold(*ids)
    server.fail_always("GET", Fault(status=503, headers={"Retry-After": "120"}), "1")
    client = connect_sync()

    def interrupt(progress):
        if progress.done >= 5:
            raise KeyboardInterrupt

    with pytest.raises(FetchInterrupted) as stopped:
        client.fetch_payments(ids, concurrency=4, progress=interrupt)
    join_workers()  # who waits two minutes is woken up
    kept = stopped.value.payments
    assert 5 <= len(kept) <= len(server.requests()) < 20_000
    assert client.last_fetch is kept
    assert "1" not in kept.payment_ids


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_what_ends_a_worker_ends_the_fetch(server, connect_sync, kind):
    """A worker that went without a word would be waited for without an end."""
    server.hold("2")
    server.fail_always("GET", Fault(status=500), "1")

    def end(seconds):
        raise kind

    with pytest.raises(kind):
        connect_sync().fetch_payments(["1"] + ["2"] * 3, concurrency=2, pause=end)
    join_workers()


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as on POSIX")
def test_ctrl_c_does_not_wait_for_answers(server, connect_sync):
    ids = [str(number) for number in range(50)]
    server.hold(*ids)
    server.gate.clear()  # no answer comes before the test lets it

    def interrupt():
        while len(server.requests()) < 4:
            pass
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        connect_sync(read=600).fetch_payments(ids, concurrency=4)
    assert len(server.requests()) == 4
    assert not server.gate.is_set()
    join_workers()


def test_a_task_that_is_cancelled_leaves_no_work_behind(server):
    ids = [str(number) for number in range(50)]
    server.hold(*ids)
    server.gate.clear()

    async def fetch():
        async with AsyncClient(
            base_url=server.base_url, api_key=server.api_key, pos_id=server.pos_id
        ) as client:
            task = asyncio.ensure_future(client.fetch_payments(ids, concurrency=4))
            while len(server.requests()) < 4:  # noqa: ASYNC110 - it is in other threads
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return asyncio.all_tasks()

    assert len(asyncio.run(fetch())) == 1
    assert len(server.requests()) == 4


def test_it_works_where_an_event_loop_runs(server, connect_sync):
    server.hold("1")

    async def cell():
        return connect_sync().fetch_payments(["1"])

    assert len(asyncio.run(cell())) == 1


def test_no_thread_is_left(server, connect_sync):
    server.hold(*"123456")
    connect_sync().fetch_payments(["1", "2", "3", "4", "5", "6"])
    join_workers()
