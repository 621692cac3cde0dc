"""Whenever the program is killed, a cancel or a capture is sent at most once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from qerko_recon.actions import AuditTrail

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are sent as on POSIX")

METHOD = {"cancel": "DELETE", "capture": "POST"}
RUN = """
import os, signal, sys
from decimal import Decimal
from qerko_recon.actions import AuditTrail, CancelAction, CaptureAction
from qerko_recon.api import ApiClient
from qerko_recon.chained import ChainedWriter
from qerko_recon.model import Receipt, ReceiptItem

kind, url, key, pos_id, path, phase = sys.argv[1:]

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def die_if(wanted, moment):
    return die if (phase, moment) == (wanted, wanted) else None

append = ChainedWriter.append
records = []

def append_and_die(self, record):
    records.append(record)
    if phase == "before the record" or (phase == "before the outcome" and len(records) == 2):
        die()
    return append(self, record)

ChainedWriter.append = append_and_die
hooks = {"before_request": None, "after_response": None}
if phase == "before it leaves":
    hooks["before_request"] = lambda one: die() if one.method != "GET" else None
if phase == "when the answer is there":
    hooks["after_response"] = lambda one: die() if one.request.method != "GET" else None
receipt = Receipt(items=(ReceiptItem(name="x", price=Decimal(156)),))
with ApiClient(base_url=url, api_key=key, pos_id=pos_id, **hooks) as client:
    trail = AuditTrail(path)
    action = (CancelAction(client, "1", trail=trail) if kind == "cancel"
              else CaptureAction(client, "1", receipt, trail=trail))
    if action.look_up().obstacles:
        print("obstacle")
        sys.exit()
    action.arm("why")
    print(action.confirm().state)
"""
SENT = {
    "before the record": 0,
    "before it leaves": 0,
    "while it is under way": 1,
    "when the answer is there": 1,
    "before the outcome": 1,
}


@pytest.fixture
def run(server, trail):
    def run(kind, phase="", **streams):
        return subprocess.Popen(
            [sys.executable, "-c", RUN, kind, server.base_url, server.api_key, server.pos_id,
             str(trail.path), phase],
            stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    return run


@pytest.mark.parametrize("kind", ["cancel", "capture"])
@pytest.mark.parametrize("phase", SENT)
def test_killed_at_any_moment_and_started_again(server, run, trail, kind, phase):
    server.hold("1")
    begin, method = server.begin, METHOD[kind]
    child = run(kind, phase)

    def begin_and_kill(seen):
        begin(seen)
        if phase == "while it is under way" and seen.method == method:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()

    server.begin = begin_and_kill
    with child:
        assert child.wait(60) == -signal.SIGKILL
    server.begin = begin
    assert len(server.requests(method)) == SENT[phase]
    ended = []
    for _ in range(2):
        with run(kind) as again:
            ended.append(again.communicate(timeout=60)[0].strip())
    assert len(server.requests(method)) <= 1
    if phase == "before the record":
        assert ended[0] == "done"
    elif phase == "before it leaves":
        assert ended == ["outcome_unknown"] * 2, "nobody knows, so a person decides"
    else:
        assert set(ended) <= {"outcome_unknown", "obstacle"}
    assert [flaw for flaw in AuditTrail(trail.path).verify() if flaw.kind != "torn"] == []


@pytest.mark.parametrize("kind", ["cancel", "capture"])
def test_two_programs_at_once_send_once(server, run, kind):
    server.hold("1")
    children = [run(kind) for _ in range(3)]
    ended = [child.communicate(timeout=60)[0].strip() for child in children]
    assert len(server.requests(METHOD[kind])) == 1
    assert ended.count("done") >= 1
    assert set(ended) <= {"done", "outcome_unknown", "obstacle"}
