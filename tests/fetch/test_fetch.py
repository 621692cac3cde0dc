"""Many IDs: an outcome for every one, whatever the server does."""

from __future__ import annotations

import asyncio
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

from qerko_recon.client import Client
from qerko_recon.errors import ConfigError
from qerko_recon.fetch import Progress, fetch_payments

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
    server.hold("1", "2", "refused", "page", "cut", "down", "silent", "other", "huge", "restart")
    server.foreign.add("2")
    unauthorized = Fault(status=401, body=b'{"message": "not you"}')
    server.fail_always("GET", unauthorized, "refused")
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
        "1", "2", "gone", "refused", "page", "cut", "down", "silent", "other", "huge", "restart",
        "x" * 10_000, "..", "\ud800", "a\nb",
    ]  # fmt: skip
    payments = connect().fetch_payments(ids, concurrency=4, attempts=3, pause=pauses.append)
    assert payments.frame["payment_id"].tolist() == ["1"]
    assert rows(payments) == [
        ("2", "forbidden", 403, 1),
        ("gone", "not_found", 404, 1),
        ("refused", "unauthorized", 401, 1),
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
    assert "not you" in details["refused"]
    assert "web page" in details["page"]
    assert "breaks off" in details["cut"]
    assert "tipBrutto" in details["huge"]
    assert "10000 characters" in details["x" * 10_000]
    assert all(len(one) < 300 for one in details.values())
    assert len(pauses) == 2 * 4  # cut, down, silent, restart


def test_a_fault_that_passes_is_tried_again(server, connect, pauses):
    server.hold("1", "2", "3", "4")
    server.fail("GET", Fault(status=500), Fault("reset"), Fault(status=502), payment_id="1")
    server.fail("GET", Fault("close"), payment_id="2")
    server.fail("GET", Fault(status=429), Fault("truncate", body=b"{"), payment_id="3")
    payments = connect().fetch_payments(["1", "2", "3", "4"], pause=pauses.append)
    assert payments.frame["payment_id"].tolist() == ["1", "2", "3", "4"]
    asked = Counter(one.target.rsplit("/", 1)[1] for one in server.requests())
    assert asked == {"1": 4, "2": 2, "3": 3, "4": 1}
    assert len(pauses) == 6


def test_waiting_grows_and_has_an_end(server, connect, pauses):
    server.fail_always("GET", Fault(status=500))
    random.seed(7)
    connect().fetch_payments(["1"], attempts=12, pause=pauses.append)
    assert len(pauses) == 11
    for attempt, wait in enumerate(pauses):
        assert 0 <= wait <= min(8, 0.25 * 2**attempt)
    assert len(set(pauses)) > 5, "at random, so that clients do not come back together"


@pytest.mark.parametrize(
    ("asked", "waited"),
    [("7", 7), ("0", 0), ("3600", 120), ("99999999999999999999", 120)],
)
@pytest.mark.parametrize("status", [429, 503])
def test_what_the_server_asks_for_is_waited(server, connect, pauses, status, asked, waited):
    server.hold("1")
    server.fail("GET", Fault(status=status, headers={"Retry-After": asked}))
    payments = connect().fetch_payments(["1"], pause=pauses.append)
    assert pauses == [waited]
    assert len(payments) == 1


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
    connect().fetch_payments(["1", "2"], concurrency=1, pause=pauses.append)
    assert pauses == [120, 0]


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


@pytest.mark.parametrize("concurrency", [1, 4, 16])
def test_a_bad_key_costs_one_round_and_one(server, connect, concurrency):
    client = connect(api_key="abcd-efgh-ijkl-mnop-qrst")
    ids = [str(number) for number in range(200)]
    payments = client.fetch_payments(ids, concurrency=concurrency)
    assert len(server.requests()) == concurrency + 1
    assert [row[0] for row in rows(payments)] == ids
    assert Counter(row[1:] for row in rows(payments)) == {
        ("unauthorized", 401, 1): concurrency + 1,
        ("unauthorized", None, 0): 200 - concurrency - 1,
    }


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_payment_that_alone_is_refused_costs_itself_alone(server, connect, concurrency):
    ids = [str(number) for number in range(30)]
    server.hold(*ids)
    for one in ("0", "7", "29"):
        server.fail_always("GET", Fault(status=401), one)
    payments = connect().fetch_payments(ids, concurrency=concurrency)
    assert rows(payments) == [(one, "unauthorized", 401, 1) for one in ("0", "7", "29")]
    assert len(payments) == 27


def test_a_key_that_is_withdrawn_on_the_way(server, connect):
    ids = [str(number) for number in range(100)]
    server.hold(*ids)

    def withdraw(progress):
        if progress.done == 40:
            server.api_key = "another"

    payments = connect().fetch_payments(ids, concurrency=4, progress=withdraw)
    assert len(payments) + len(payments.failures) == 100
    assert len(payments) >= 40
    assert set(payments.failures["kind"]) == {"unauthorized"}
    assert len(server.requests()) - len(payments) <= 2 * 4 + 1


# A server that is not there


def test_a_dead_server_is_given_up(pauses):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    ids = [str(number) for number in range(300)]
    with Client(base_url=address, api_key="a-key", pos_id="1") as client:
        payments = client.fetch_payments(ids, concurrency=4, attempts=2, pause=pauses.append)
    assert [row[0] for row in rows(payments)] == ids
    asked = [row for row in rows(payments) if row[3]]
    assert {row[1] for row in rows(payments)} == {"network"}
    assert 4 <= len(asked) <= 8
    assert "not asked for" in payments.failures["detail"].iloc[-1]


def test_a_run_of_payments_that_break_off_does_not_take_others_along(server, connect, pauses):
    broken = [f"broken-{n}" for n in range(30)]
    healthy = [f"healthy-{n}" for n in range(10)]
    server.hold(*healthy)
    for one in broken:
        server.fail_always("GET", Fault("reset"), one)
    ids = [*healthy[:5], *broken, *healthy[5:]]
    payments = fetch_payments(connect(), ids, concurrency=4, attempts=2, pause=pauses.append)
    assert sorted(payments.frame["payment_id"]) == sorted(healthy)
    assert set(payments.failures["attempts"]) == {2}


def test_broken_and_healthy_payments_by_turns_are_all_asked_for(server, connect, pauses):
    ids = [f"{kind}-{n}" for n in range(20) for kind in ("broken", "healthy")]
    server.hold(*(one for one in ids if one.startswith("healthy")))
    for one in ids[::2]:
        server.fail_always("GET", Fault("reset"), one)
    payments = connect().fetch_payments(ids, concurrency=1, attempts=1, pause=pauses.append)
    assert payments.frame["payment_id"].tolist() == ids[1::2]
    assert rows(payments) == [(one, "network", None, 1) for one in ids[::2]]


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
        (one for one in (1, "2 ")),
        {"1": 0, "2": 0},
    ],
    ids=str,
)
def test_ids_come_in_many_ways(server, connect, ids):
    server.hold("1", "2")
    assert connect().fetch_payments(ids).frame["payment_id"].tolist() == ["1", "2"]


def test_a_uuid_is_an_id(server, connect):
    one = UUID(int=7)
    server.hold(str(one))
    assert len(connect().fetch_payments([one])) == 1


def test_nothing_asked_for_is_nothing_fetched(server, connect):
    payments = connect().fetch_payments([None, ""], progress=True)
    assert (len(payments), len(payments.failures)) == (0, 0)
    assert server.requests() == []


@pytest.mark.parametrize("value", [0, -1, 65, 2.5, float("nan"), "8", None, [8]])
@pytest.mark.parametrize("setting", ["concurrency", "attempts"])
def test_settings_that_cannot_be(server, connect, setting, value):
    with pytest.raises(ConfigError, match=f"{setting} cannot be .*whole number from 1 to"):
        connect().fetch_payments(["1"], **{setting: value})
    assert server.requests() == []


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
        Fault(status=401),
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
            payments = fetch_payments(
                client, ids, concurrency=concurrency, attempts=2, pause=lambda _: None
            )
    wanted = dict.fromkeys(str(one).strip() for one in ids if one is not None)
    distinct = [one for one in wanted if one]
    assert len(payments.frame) + len(payments.failures) == len(distinct)
    had, not_had = payments.frame["payment_id"].tolist(), [row[0] for row in rows(payments)]
    assert sorted([*had, *not_had]) == sorted(distinct)
    assert had == [one for one in distinct if one in set(had)]
    assert not_had == [one for one in distinct if one in set(not_had)]


# Progress, stopping, threads


def test_progress_is_told_after_each_id(server, connect):
    server.hold("1", "3")
    told, threads = [], set()

    def tell(progress):
        told.append(progress)
        threads.add(threading.current_thread())

    connect().fetch_payments(["1", "2", "3"], progress=tell)
    assert [one.done for one in told] == [1, 2, 3]
    assert told[-1] == Progress(done=3, total=3, fetched=2, failed=1)
    assert threads == {threading.current_thread()}
    with pytest.raises(AttributeError):
        told[0].done = 9


def test_a_bar_on_standard_error(server, connect, capsys):
    server.hold("1", "2")
    connect().fetch_payments(["1", "2"], progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "2/2" in err


def test_a_listener_that_fails_stops_the_fetch(server, connect):
    ids = [str(number) for number in range(200)]
    server.hold(*ids)

    def fail(progress):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        connect().fetch_payments(ids, concurrency=2, progress=fail)
    assert len(server.requests()) <= 4


def join_workers():
    for thread in threading.enumerate():
        if thread.name == "qerko-fetch":
            thread.join(20)
            assert not thread.is_alive()


def test_a_listener_that_interrupts_leaves_no_work_behind(server, connect):
    ids = [str(number) for number in range(200)]
    server.hold(*ids)
    server.fail_always("GET", Fault(status=503, headers={"Retry-After": "120"}), "1")

    def interrupt(progress):
        if progress.done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        connect().fetch_payments(ids, concurrency=4, progress=interrupt)
    join_workers()  # who waits two minutes is woken up
    assert 5 <= len(server.requests()) <= 5 + 4


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_what_ends_a_worker_ends_the_fetch(server, connect, kind):
    """A worker that went without a word would be waited for without an end."""
    server.hold("2")
    server.fail_always("GET", Fault(status=500), "1")

    def end(seconds):
        raise kind

    with pytest.raises(kind):
        connect().fetch_payments(["1"] + ["2"] * 3, concurrency=2, pause=end)
    join_workers()


def test_a_fault_of_our_own_is_one_id_s_fault(server, connect):
    server.hold("2")
    server.fail_always("GET", Fault(status=500), "1")

    def fail(seconds):
        raise ZeroDivisionError("by nought")

    payments = connect().fetch_payments(["1", "2"], pause=fail)
    assert rows(payments) == [("1", "invalid", None, 1)]
    assert "ZeroDivisionError: by nought" in payments.failures["detail"].iloc[0]
    assert payments.frame["payment_id"].tolist() == ["2"]


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as on POSIX")
def test_ctrl_c_does_not_wait_for_answers(server, connect):
    ids = [str(number) for number in range(50)]
    server.hold(*ids)
    server.gate.clear()  # no answer comes before the test lets it

    def interrupt():
        while len(server.requests()) < 4:
            pass
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        connect(read=600).fetch_payments(ids, concurrency=4)
    assert len(server.requests()) == 4
    assert not server.gate.is_set()


def test_a_wait_between_attempts_ends_when_the_fetch_does(server, connect):
    """Were the pauses of two minutes not cut short, this test would not end in time."""
    server.fail_always("GET", Fault(status=503, headers={"Retry-After": "120"}), "slow")
    ids = ["slow", *(str(number) for number in range(20))]
    for one in ids[1:]:
        server.fail_always("GET", Fault(status=401), one)
    payments = connect().fetch_payments(ids, concurrency=4)
    assert len(payments.failures) == 21
    assert rows(payments)[0] == ("slow", "server", 503, 1)


def test_it_works_where_an_event_loop_runs(server, connect):
    server.hold("1")

    async def cell():
        return connect().fetch_payments(["1"])

    assert len(asyncio.run(cell())) == 1


def test_no_thread_is_left(server, connect):
    server.hold(*"123456")
    connect().fetch_payments(["1", "2", "3", "4", "5", "6"])
    join_workers()
