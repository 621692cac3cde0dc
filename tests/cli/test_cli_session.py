"""The commands of sessions, in processes of their own where signals and exit codes matter."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from poll_server import API_KEY, NOOP, POS_ID, Do, PollServer, call

from qerko_recon import SessionLog

SAMPLES = Path(__file__).parents[2] / "data_samples" / "sessions"
INCIDENT = SAMPLES / "incident.jsonl"
GUEST = "aaf10f7b-730b-4283-9087-965060c6350a"


@pytest.fixture
def start(tmp_path):
    running = []

    def start(server, *arguments, **more):
        said = {"API_KEY": API_KEY, "POS_ID": POS_ID, "BASE_URL": server.base_url}
        env = {**os.environ, **{f"QERKO_{name}": one for name, one in said.items()}}
        env["QERKO_LOCKS"] = str(tmp_path / "locks")
        command = [sys.executable, "-m", "qerko_recon", *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        process = subprocess.Popen(command, env=env, cwd=tmp_path, text=True, **pipes)
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_poll_answers_records_and_stops_when_told(start, tmp_path, how):
    with PollServer(NOOP, call("getBill", "1001", GUEST, uuid="b")) as server:
        process = start(server, "poll", "--handler", "demo", "--log", "a.jsonl", "--hide-guests")
        server.wait(3)
        process.send_signal(how)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert server.answers[0]["result"]["id"] == "1001"
    assert "getBill bill 1001 ok" in err
    assert "3 polls, 2 calls, 0 answered by an error" in err
    written = (tmp_path / "a.jsonl").read_text()
    for secret in (API_KEY, POS_ID, GUEST):
        assert secret not in out + err + written


def test_poll_stops_after_its_time_and_says_so_for_machines(start):
    with PollServer(call("nonsense", uuid="b")) as server:
        process = start(
            server, "poll", "--handler", "refuse", "--log", "a.jsonl", "--for", "2", "--json"
        )
        out, err = process.communicate(timeout=30)
    said = json.loads(out)
    assert process.returncode == 0, err
    assert said["outcomes"] == [{"method": "nonsense", "outcome": "error", "calls": 1}]


def test_poll_with_refused_credentials_ends_with_3(start):
    with PollServer(Do(status=401, body=b'{"message": "no such key"}')) as server:
        process = start(server, "poll", "--handler", "refuse", "--log", "a.jsonl")
        _, err = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "no such key" in err
    assert API_KEY not in err


def test_poll_waits_for_a_restart_as_long_as_it_is_told(start):
    with PollServer(Do(status=503)) as server:
        process = start(
            server, "poll", "--handler", "refuse", "--log", "a.jsonl", "--restart-wait", "0.05"
        )
        server.wait(2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert "Qerko restarts; trying again in 0.05 s" in err


def test_a_venue_has_one_session_among_all_programs(start):
    with PollServer() as server:
        first = start(server, "poll", "--handler", "refuse", "--log", "a.jsonl")
        server.wait(1)
        second = start(server, "poll", "--handler", "refuse", "--log", "b.jsonl")
        _, err = second.communicate(timeout=20)
        assert second.returncode == 2
        assert f"process {first.pid}" in err
        assert len(server.seen) == 1


def _full():
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))


@pytest.mark.parametrize("stops", [False, True])
def test_a_full_disk_is_said_and_qerko_is_answered_or_the_session_ends(start, tmp_path, stops):
    script = [call("getBill", "7" * 300, None, uuid=f"u-{number}") for number in range(30)]
    more = ["--stop-when-not-recording"] if stops else []
    with PollServer(*script) as server:
        arguments = ["poll", "--handler", "refuse", "--log", "a.jsonl", *more]
        process = start(server, *arguments, preexec_fn=_full)
        if not stops:
            server.wait(31)
            process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert "NOT RECORDING" in err
    assert process.returncode == 0
    assert (len(server.answers) == 30) is not stops
    assert SessionLog(tmp_path / "a.jsonl").verify().is_whole


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--handler", "nonsense"), "script:FILE"),
        (("--handler", "script:nowhere.toml"), "nowhere.toml cannot be read"),
        (("--handler", "nowhere:Till"), "No module named"),
        (("--handler", "till.py:Nobody"), "has no Nobody"),
        (("--handler", "till.py:Deaf"), "answers no call"),
        (("--handler", "till.py:Broken"), "ZeroDivisionError"),
    ],
)
def test_a_handler_that_cannot_be_had_is_said_before_anything_is_polled(
    settings, run, arguments, words
):
    till = "class Deaf: pass\nclass Broken:\n    def __init__(self): 1 / 0\n"
    Path("till.py").write_text(till)
    code, _, err = run("poll", *arguments, "--log", "a.jsonl")
    assert code == 2
    assert words in err
    assert not Path("a.jsonl").exists()


def test_a_live_restaurant_is_not_polled_without_saying_so(run, monkeypatch):
    said = {"API_KEY": API_KEY, "POS_ID": POS_ID, "BASE_URL": "https://live.example"}
    for name, value in said.items():
        monkeypatch.setenv(f"QERKO_{name}", value)
    code, _, err = run("poll", "--handler", "refuse", "--log", "a.jsonl")
    assert code == 2
    assert "--take-over-connection" in err
    assert "cancelled" in err
    assert not Path("a.jsonl").exists()


def test_show_is_a_timeline_that_can_be_narrowed(run):
    code, out, _ = run(
        "log", "show", INCIDENT, "--payment", "4021", "--time-zone", "Europe/Prague"
    )
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "2026-11-20, times in Europe/Prague"
    assert all("4021" in line for line in lines[1:])
    assert ["<" in line[:25] for line in lines[1:]] == [True, False, True, False]
    code, out, _ = run("log", "show", INCIDENT, "--outcome", "error", "--json")
    kinds = [json.loads(line)["kind"] for line in out.splitlines()]
    assert kinds == ["call", "error", "poll_sent", "poll_answered"]
    code, _, err = run("log", "show", INCIDENT, "--since", "yesterday-ish")
    assert code == 2
    assert "yesterday-ish" in err


def test_stats_for_people_and_machines(run):
    code, out, _ = run("log", "stats", INCIDENT)
    assert code == 0
    assert "restart 2 min 00 s" in out
    _, out, _ = run("log", "stats", INCIDENT, "--json")
    said = json.loads(out)
    assert said["conflicts"] == 6
    assert said["deliveries"] == {"delivered": 25, "dropped": 1, "unknown": 1}
    assert [(one["reason"], one["attempts"]) for one in said["gaps"]] == [
        ("restart", 1),
        ("conflict", 6),
        ("broken", 1),
    ]


def test_verify_finds_the_line_that_was_edited_or_taken_out(run, tmp_path):
    assert run("log", "verify", INCIDENT)[0] == 0
    lines = INCIDENT.read_bytes().splitlines(keepends=True)
    copy = tmp_path / "copy.jsonl"
    for change, words in (
        ([*lines[:40], lines[40].replace(b"poll", b"pole"), *lines[41:]], "line 41"),
        ([*lines[:40], *lines[41:]], "line 41"),
        ([*lines[:40], lines[41], lines[40], *lines[42:]], "line 41"),
    ):
        copy.write_bytes(b"".join(change))
        code, out, _ = run("log", "verify", copy)
        assert code == 1
        assert words in out, out
    copy.write_bytes(b"".join(lines)[:-40])
    code, out, _ = run("log", "verify", copy)
    assert code == 0
    assert "torn" in out


def test_a_har_goes_out_and_comes_back(run, tmp_path):
    code, _, err = run("log", "har", INCIDENT, "--out", "a.har")
    assert code == 0
    har = json.loads(Path("a.har").read_text())["log"]
    assert har["version"] == "1.2"
    assert err == f"Written: a.har, {len(har['entries'])} exchanges\n"
    for entry in har["entries"]:
        assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= set(entry)
        assert {"status", "statusText", "httpVersion", "cookies", "headers", "content",
                "redirectURL", "headersSize", "bodySize"} <= set(entry["response"])  # fmt: skip
    assert {entry["response"]["status"] for entry in har["entries"]} == {0, 200, 409, 503}
    assert run("log", "from-har", "a.har", "--log", "b.jsonl")[0] == 0
    code, out, _ = run("log", "diff", INCIDENT, "b.jsonl")
    assert (code, out) == (0, "27 calls, the same in both sessions\n")
    assert run("log", "from-har", "a.har", "--log", "b.jsonl")[0] == 2  # it is there already


def test_replay_and_diff_end_with_1_where_something_is_otherwise(run):
    code, out, _ = run("log", "diff", SAMPLES / "quiet_evening.jsonl", INCIDENT)
    assert code == 1
    assert "part here" in out
    code, out, _ = run("log", "replay", INCIDENT, "--handler", "demo", "--ignore", "created")
    assert code == 1
    assert "receiptDeliveryType" in out
    assert run("log", "replay", INCIDENT)[0] == 2


def test_recorded_answers_are_played_against_a_server(start):
    with PollServer(call("getBill", "1001", None, uuid="other")) as server:
        process = start(
            server, "log", "replay", INCIDENT, "--against", server.base_url, "--log", "c.jsonl"
        )
        server.wait(2)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 0
    assert server.answers[0]["uuid"] == "other"
    assert server.answers[0]["result"]["items"][0]["name"] == "Svíčková na smetaně"


@pytest.mark.parametrize("command", ["show", "stats", "verify"])
def test_what_is_no_log_is_said(run, command, tmp_path):
    (tmp_path / "other.jsonl").write_text("hello\n")
    for name in ("nowhere.jsonl", "other.jsonl"):
        code, _, err = run("log", command, name)
        assert code == 2
        assert name in err
