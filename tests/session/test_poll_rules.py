"""Every rule of the long poll, against a server written from the specification alone."""

from __future__ import annotations

import json
import threading
import time

import pytest
from poll_server import API_KEY, NOOP, POS_ID, Do, PollServer, call

from qerko_recon import Client
from qerko_recon.errors import AuthenticationFailed
from qerko_recon.session.session import PollSession

REFUSED = {"message": "the POS failed to answer getBill"}


def outcomes(poll):
    calls = poll.log.calls
    return list(zip(calls["method"], calls["outcome"], calls["delivery"], strict=True))


def test_the_first_poll_is_bare_and_names_the_venue_by_its_headers(poll, till):
    [first] = poll.play(till, 1).seen
    assert first.path == "/api/v2/pos/poll"
    assert first.body == b""
    assert first.headers["authorization"] == f"Bearer {API_KEY}"
    assert first.headers["pos-id"] == POS_ID


def test_a_call_is_answered_with_its_uuid_by_the_next_poll(poll, till):
    server = poll.play(till, 2, call("getTableList", uuid="xyz-1"))
    assert server.seen[1].body == b'{"uuid":"xyz-1","result":[]}'
    assert server.seen[1].headers["content-type"] == "application/json"


def test_what_has_no_uuid_is_not_answered(poll, till):
    server = poll.play(till, 3, NOOP, call("getTableList", uuid=None))
    assert [one.body for one in server.seen] == [b"", b"", b""]
    assert till.calls == [None]  # a noop asks nothing of a till
    assert outcomes(poll) == [
        ("noop", "not_wanted", "none"),
        ("getTableList", "not_wanted", "none"),
    ]


def test_a_noop_or_error_with_a_uuid_is_answered_with_null(poll):
    script = (call("noop", uuid="n"), call("error", {"message": "x"}, uuid="e"))
    server = poll.play(object.__new__(_Deaf), 3, *script)
    assert server.answers == [{"uuid": "n", "result": None}, {"uuid": "e", "result": None}]


class _Deaf:
    def getTableList(self):  # noqa: N802 - Qerko's name
        return []


def test_an_unknown_method_is_answered_by_an_error_that_names_it(poll):
    server = poll.play(_Deaf(), 2, call("startIndividualBill", {"deep": [1]}, uuid="u"))
    message = "the POS does not know the method startIndividualBill"
    assert server.answers == [{"uuid": "u", "error": {"message": message}}]
    [error] = poll.entries("error")
    assert error.payload["why"] == "unknown_method"


@pytest.mark.parametrize(
    "failure", [KeyError("secret of the till"), SystemExit(3), RecursionError()]
)
def test_a_handler_that_fails_is_an_error_without_its_inner_life(poll, failure):
    def fail(_):
        raise failure

    server = poll.play(fail, 2, call("getBill", "7", None, uuid="u"))
    assert server.answers == [{"uuid": "u", "error": REFUSED}]
    [error] = poll.entries("error")
    assert error.payload["why"] == "handler_failed"
    assert type(failure).__name__ in error.payload["detail"]
    assert "test_poll_rules.py" in error.payload["detail"]


@pytest.mark.parametrize("result", [object(), {"a": [object()]}, "\ud800"])
def test_a_result_that_json_cannot_hold_is_an_error(poll, result):
    server = poll.play(lambda _: result, 2, call("getBill", "7", None, uuid="u"))
    assert server.answers == [{"uuid": "u", "error": REFUSED}]


def test_a_slow_handler_is_waited_for_and_its_answer_sent_late(poll, till):
    go = threading.Event()
    server = poll.serve(call("getBill", "7", None, uuid="u"))
    states = []
    session = poll.start(
        lambda _: go.wait(20) and "done", on_change=lambda one: states.append(one.state)
    )
    server.wait(1)
    while "handling" not in states:
        time.sleep(0.001)
    assert len(server.seen) == 1  # no poll is open meanwhile
    go.set()
    server.wait(2)
    session.stop()
    assert server.answers == [{"uuid": "u", "result": "done"}]


def test_a_handler_is_given_up_after_the_time_that_was_set(poll):
    go = threading.Event()
    script = (call("getBill", "7", None, uuid="u"), call("getTableList", uuid="v"))
    answers = {"getBill": lambda: go.wait(20), "getTableList": list}
    server = poll.play(
        lambda one: answers[one.method](), 3, *script, rules={"handler_timeout": 0.01}
    )
    go.set()
    assert server.answers[0] == {
        "uuid": "u",
        "error": {"message": "the POS did not answer getBill in time"},
    }
    assert server.answers[1]["uuid"] == "v"  # whose handler is not stuck behind the first
    assert poll.entries("error")[0].payload["why"] == "too_late"


def test_an_answer_that_did_not_leave_is_sent_until_it_arrives(poll):
    began, go = threading.Event(), threading.Event()
    server = poll.serve(call("getTableList", uuid="u"))
    session = poll.start(lambda _: began.set() or (go.wait(20) and []))
    assert began.wait(20)
    port = int(server.base_url.rpartition(":")[2])
    server.__exit__()
    go.set()
    while session.snapshot.polls < 5:
        time.sleep(0.001)
    with PollServer(port=port) as again:
        again.wait(1)
        session.stop()
        assert again.seen[0].body == b'{"uuid":"u","result":[]}'
    tries = [one.payload for one in poll.entries("poll_answered")][1:4]
    assert [one["was_sent"] for one in tries] == [False] * 3


def test_an_answer_of_unknown_fate_is_sent_once_more_with_the_same_bytes(poll, till):
    script = (call("getTableList", uuid="u"), Do("read"), Do("read"))
    server = poll.play(till, 4, *script)
    first, *again = [one.body for one in server.seen[1:]]
    assert again == [first, b""]
    assert till.calls == ["u"]
    sends = [one.payload.get("send") for one in poll.entries("poll_sent")]
    assert sends == [None, 1, 2, None]
    assert outcomes(poll) == [("getTableList", "ok", "unknown")]


def test_how_often_it_is_sent_again_is_a_setting(poll, till):
    script = (call("getTableList", uuid="u"), *[Do("read")] * 3)
    server = poll.play(till, 5, *script, rules={"resends": 2})
    assert [bool(one.body) for one in server.seen] == [False, True, True, True, False]


def test_a_connection_lost_within_qerkos_answer_means_that_ours_arrived(poll, till):
    half = Do("half", body=call("getTableList", uuid="v").body)
    server = poll.play(till, 3, call("getTableList", uuid="u"), half)
    assert server.seen[2].body == b""
    assert till.calls == ["u"]


def test_a_call_that_comes_again_gets_the_same_bytes_and_is_not_worked_on_twice(poll):
    number = iter(range(9))
    script = [call("getBill", "7", None, uuid="u")] * 3
    server = poll.play(lambda _: next(number), 4, *script)
    assert [one.body for one in server.seen[1:]] == [b'{"uuid":"u","result":0}'] * 3
    [row] = poll.log.calls.to_dict("records")
    assert (row["times"], row["outcome"], row["sends"]) == (3, "ok", 3)


def test_a_refused_answer_is_not_sent_again(poll, till):
    refused = Do(status=400, body=b'{"message": "what is this"}')
    server = poll.play(till, 3, call("getTableList", uuid="u"), refused)
    assert [bool(one.body) for one in server.seen] == [False, True, False]
    assert outcomes(poll) == [("getTableList", "ok", "refused")]
    assert poll.entries("poll_answered")[1].payload["body"] == {"message": "what is this"}


def test_refused_credentials_end_the_session(poll, till):
    server = poll.serve(Do(status=401, body=b'{"message": "unknown key"}'))
    session = poll.start(till)
    assert session.wait(20)
    assert len(server.seen) == 1
    assert isinstance(session.error, AuthenticationFailed)
    assert "unknown key" in str(session.error)
    assert session.snapshot.state == "stopped"
    assert poll.entries("state")[-1].payload["state"] == "stopped"


def test_a_connection_in_use_is_left_alone_ever_longer_and_the_answer_kept(poll, till):
    script = (call("getTableList", uuid="u"), *[Do(status=409)] * 9)
    states = []
    server = poll.play(till, 11, *script, on_change=states.append)
    assert poll.clock.slept == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert [one.body for one in server.seen[1:]] == [b'{"uuid":"u","result":[]}'] * 10
    waits = [one.why for one in states if one.state == "backing_off"]
    assert all("another connection" in one for one in waits)
    assert ["stop the others" in one for one in waits] == [False] * 3 + [True] * 6
    assert poll.session.snapshot.conflicts == 9


def test_two_sessions_do_not_wait_alike(poll, till):
    chances = iter([0.0, 0.5, 1.0])
    poll.play(till, 4, *[Do(status=409)] * 3, chance=lambda: next(chances))
    assert poll.clock.slept == [0.5, 1.5, 4]


def test_a_server_that_restarts_is_left_alone_for_two_minutes_and_the_answer_dropped(poll, till):
    restart = Do(status=503, body=b'{"uuid": "v", "method": "getTableList", "args": []}')
    server = poll.play(till, 3, call("getTableList", uuid="u"), restart)
    assert poll.clock.slept == [120]
    assert server.seen[2].body == b""
    assert till.calls == ["u"]  # what a 503 says is not a call
    assert outcomes(poll) == [("getTableList", "ok", "dropped")]


def test_a_stop_does_not_wait_for_a_restart(poll, till):
    server = poll.serve(Do(status=503))
    session = poll.start(till, clock=None)
    server.wait(1)
    while session.snapshot.state != "backing_off":
        time.sleep(0.001)
    assert session.snapshot.until > session.snapshot.since
    session.stop()
    assert session.wait(0)
    assert len(server.seen) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"uuid": null}', b'{"met', b"\xff"])
def test_what_is_no_call_is_recorded_and_the_next_poll_comes_later(poll, till, body):
    server = poll.play(till, 2, Do(body=body))
    assert server.seen[1].body == b""
    assert poll.clock.slept == [1]
    assert "flaw" in poll.entries("poll_answered")[0].payload


@pytest.mark.parametrize(
    "body", [{"uuid": "u"}, {"uuid": "u", "method": 5}, {"uuid": "u", "method": "x", "args": 5}]
)
def test_what_has_a_uuid_and_is_no_call_is_answered_by_an_error(poll, till, body):
    server = poll.play(till, 2, Do(body=json.dumps(body).encode()))
    assert server.answers == [
        {"uuid": "u", "error": {"message": "the POS could not read this call"}}
    ]
    assert till.calls == []


def test_a_call_may_have_fields_that_nobody_knows(poll, till):
    script = call("getTableList", uuid="u", type="method-call-request", priority=3)
    server = poll.play(till, 2, script)
    assert server.answers == [{"uuid": "u", "result": []}]
    more = poll.entries("call")[0].payload["more"]
    assert more == {"type": "method-call-request", "priority": 3}


def test_what_qerko_dislikes_is_filed_under_the_call_it_was_about(poll, till):
    complaint = call("error", {"message": "no such table", "code": "X"}, "u-1", uuid=None)
    poll.play(till, 3, call("getTableList", uuid="u-1"), complaint)
    calls = poll.log.where(method="getTableList").calls
    assert list(calls["complaint"]) == ["no such table"]


def test_a_poll_may_be_held_for_longer_than_clients_usually_wait(poll, till):
    held = Do(body=call("getTableList", uuid="u").body, hold=5.5)  # httpx gives up after 5 s
    server = poll.play(till, 2, held)
    assert server.answers == [{"uuid": "u", "result": []}]
    assert poll.clock.slept == []


def test_a_poll_held_for_longer_than_the_time_out_is_sent_again_at_once(poll, till):
    server = poll.play(till, 4, *[Do("hang")] * 3, rules={"read_timeout": 0.05})
    assert poll.clock.slept == []  # nothing is wrong
    assert [one.body for one in server.seen] == [b""] * 4
    ended = [one.payload for one in poll.entries("poll_answered")][:3]
    assert [one["timed_out"] for one in ended] == [True] * 3
    assert ended[0]["seconds"] < ended[1]["seconds"] < ended[2]["seconds"]  # it learns


@pytest.mark.parametrize("status", [403, 404, 429, 500, 502, 302])
def test_a_status_that_the_specification_does_not_name_is_waited_out(poll, till, status):
    headers = {"Location": "/elsewhere"} if status == 302 else {}
    server = poll.play(
        till, 3, Do(status=status, headers=headers), Do(status=status, headers=headers)
    )
    assert poll.clock.slept == [1, 2]
    assert [one.path for one in server.seen] == ["/api/v2/pos/poll"] * 3


def test_the_waits_begin_anew_when_qerko_answers(poll, till):
    script = (Do(status=500), Do(status=500), NOOP, Do(status=500))
    poll.play(till, 5, *script)
    assert poll.clock.slept == [1, 2, 1]


def test_every_call_is_written_down_before_it_is_worked_on_and_its_answer_before_it_leaves(poll):
    seen = []

    def look(_):
        seen.append([one.kind for one in poll.log.entries()][-1])
        return []

    server = poll.serve(call("getTableList", uuid="u"))
    session = poll.start(look)
    server.wait(2)
    assert seen == ["call"]
    kinds = [one.kind for one in poll.log.entries()]
    assert kinds[-2:] == ["result", "poll_sent"]  # the poll that carries it is still open
    session.stop()


def test_an_answer_that_an_earlier_run_did_not_deliver_is_sent_first_and_not_worked_on_again(
    poll, till
):
    server = poll.play(till, 2, call("getTableList", uuid="u"), Do(status=409))
    first = server.seen[1].body
    again = poll.serve(call("getTableList", uuid="u"))
    session = poll.start(till)
    again.wait(2)
    session.stop()
    assert [one.body for one in again.seen] == [first, first]
    assert till.calls == ["u"]


def test_an_answer_too_old_is_not_sent_by_a_later_run(poll, till):
    poll.play(till, 2, call("getTableList", uuid="u"), Do(status=409))
    again = poll.play(till, 1, rules={"resume_within": 0})
    assert again.seen[0].body == b""


def test_a_call_without_an_answer_in_an_earlier_run_is_named_and_left(poll, till):
    lines = []

    def cut(_):
        lines.append(poll.path.read_bytes())  # as a crash would leave it: no answer yet
        return []

    poll.play(cut, 2, call("paymentClosed", "p-1", "PAID", uuid="u"))
    poll.path.write_bytes(lines[0])
    again = poll.play(till, 1)
    assert again.seen[0].body == b""
    assert till.calls == []
    [note] = [one for one in poll.entries("note") if one.payload["what"] == "left_unanswered"]
    assert (note.payload["uuid"], note.payload["payment_id"]) == ("u", "p-1")
    assert list(poll.log.calls["outcome"]) == ["unanswered"]


def test_a_session_without_a_log_answers_all_the_same(poll, till):
    server = poll.play(till, 2, call("getTableList", uuid="u"), log=None)
    assert server.answers == [{"uuid": "u", "result": []}]
    assert not poll.path.exists()


def test_an_observer_that_fails_stops_nothing(poll, till):
    def fail(_):
        raise RuntimeError("of a panel")

    server = poll.play(till, 2, call("getTableList", uuid="u"), on_change=fail)
    assert server.answers == [{"uuid": "u", "result": []}]


def test_the_key_is_in_no_line_of_the_log(poll, till):
    client_said = f"Bearer {API_KEY}"
    script = call("getBill", API_KEY, {client_said: [client_said]}, uuid="u")
    poll.play(lambda one: {"echo": one.args, POS_ID: API_KEY}, 2, script)
    written = poll.path.read_text(encoding="utf-8")
    assert "getBill" in written
    assert API_KEY not in written
    assert POS_ID not in written


def test_a_session_is_started_once(poll, till):
    server = poll.serve()
    session = poll.start(till)
    server.wait(1)
    session.stop()
    client = Client(base_url=server.base_url, api_key=API_KEY, pos_id=POS_ID)
    assert PollSession(client, till).snapshot.state == "idle"
    with pytest.raises(Exception, match="started once"):
        session.start()
