"""Looking through a log: filters against a plain reading of it, calls in full, torn lines."""

from __future__ import annotations

import gzip
import json
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qerko_recon.errors import SessionLogError
from qerko_recon.session.log import SessionLog
from qerko_recon.session.viewing import LogView, Look

INCIDENT = Path("data_samples/sessions/incident.jsonl")
EVENING = Path("data_samples/bad_evening/session.jsonl")


@pytest.fixture(scope="module")
def view():
    return LogView(EVENING)


METHODS = ["getBill", "paymentStart", "paymentClosed", "nothing"]
OUTCOMES = ["ok", "error", "unanswered", "not_wanted"]


@given(
    methods=st.lists(st.sampled_from(METHODS), unique=True, max_size=2),
    outcomes=st.lists(st.sampled_from(OUTCOMES), unique=True, max_size=2),
    first=st.none() | st.integers(0, 3600),
    last=st.none() | st.integers(0, 7200),
    text=st.sampled_from(["", "40", "PAYMENT", "locked", "(", "nothing such"]),
    only_problems=st.booleans(),
)
def test_a_filter_leaves_what_a_plain_reading_leaves(
    view, methods, outcomes, first, last, text, only_problems
):
    began, _ = view.span
    since = None if first is None else began + timedelta(seconds=first)
    until = None if last is None else began + timedelta(seconds=last)
    look = Look(
        since=since, until=until, methods=tuple(methods), outcomes=tuple(outcomes),
        text=text, only_problems=only_problems,
    )  # fmt: skip
    wanted = []
    for row in view.calls.to_pylist():
        said = [row[one] for one in ("method", "payment_id", "bill_id", "uuid", "error_code",
                                     "error_message", "why") if row[one] is not None]  # fmt: skip
        is_bad = (
            row["outcome"] in {"error", "unanswered"}
            or row["delivery"] not in {"delivered", "none"}
            or row["times"] > 1
        )
        wanted.append(
            (since is None or row["received_at"] >= since)
            and (until is None or row["received_at"] < until)
            and (not methods or row["method"] in methods)
            and (not outcomes or row["outcome"] in outcomes)
            and (not text or any(text.lower() in one.lower() for one in said))
            and (not only_problems or is_bad)
        )
    assert view.mask(look).tolist() == wanted


def test_every_call_is_given_in_full(view):
    for key, row in zip(view.keys, view.calls.to_pylist(), strict=True):
        exchange = view.exchange(key)
        assert exchange.row["seq"] == row["seq"]
        assert exchange.request["method"] == row["method"]
        has_answer = row["outcome"] in {"ok", "error"}
        assert (exchange.answer is not None) == has_answer
        if has_answer:
            assert next(iter(exchange.answer)) == ("result" if row["outcome"] == "ok" else "error")
    with pytest.raises(KeyError):
        view.exchange("9999999")
    with pytest.raises(KeyError):
        view.exchange("x")


def test_a_text_is_found_in_what_was_said(view):
    found = view.find("the bill is open on another till")
    assert found
    look = Look(text="the bill is open on another till", uuids=found)
    kept = view.mask(look)
    assert kept.any()
    for key, is_kept in zip(view.keys, kept, strict=True):
        if is_kept:
            exchange = view.exchange(key)
            said = json.dumps([exchange.request, exchange.answer], ensure_ascii=False)
            assert "another till" in said or "another till" in str(exchange.row)
    stop = threading.Event()
    stop.set()
    assert view.find("a", stop) == frozenset()


def test_steps_go_through_what_is_kept_and_end(view):
    kept = view.mask(Look(methods=("paymentClosed",)))
    keys, key = [], ""
    while key := view.step(kept, key, 1):
        keys.append(key)
    assert keys == [one for one, is_kept in zip(view.keys, kept, strict=True) if is_kept]
    back, key = [], ""
    while key := view.step(kept, key, -1):
        back.append(key)
    assert back == keys[::-1]
    every = view.mask(Look())
    key, seen = "", []
    while key := view.step(every, key, 1, only_problems=True):
        seen.append(int(key))
    assert seen == [n for n, is_bad in enumerate(view.problems) if is_bad]


def test_a_selection_becomes_a_har_with_its_exchanges(view, tmp_path):
    kept = view.mask(Look(payment_id="4014"))
    many = view.to_har(kept, tmp_path / "part.har")
    entries = json.loads((tmp_path / "part.har").read_text())["log"]["entries"]
    assert len(entries) == many > 0
    assert "4014" in json.dumps(entries)
    whole = view.to_har(view.mask(Look()), tmp_path / "whole.har")
    assert whole >= many


def test_packed_and_torn_logs_open_too(tmp_path):
    content = INCIDENT.read_bytes()
    packed = tmp_path / "evening.jsonl.gz"
    packed.write_bytes(gzip.compress(content))
    whole = LogView(INCIDENT)
    assert (
        LogView(packed)
        .calls.drop_columns(["source_file"])
        .equals(whole.calls.drop_columns(["source_file"]))
    )
    torn = tmp_path / "torn.jsonl"
    torn.write_bytes(content[:-40])
    assert len(LogView(torn)) <= len(whole)
    assert LogView(torn).log.flaws


def test_opening_can_be_stopped(tmp_path):
    stop = threading.Event()
    stop.set()
    with pytest.raises(SessionLogError, match="stopped"):
        LogView(INCIDENT, stop=stop)
    with pytest.raises(SessionLogError):
        LogView(tmp_path / "none.jsonl")


def test_a_log_without_calls_is_empty(tmp_path):
    lines = INCIDENT.read_bytes().splitlines(keepends=True)
    path = tmp_path / "empty.jsonl"
    path.write_bytes(lines[0])
    view = LogView(path)
    assert (len(view), view.methods, view.mask(Look(text="x")).tolist()) == (0, {}, [])
    assert view.step(view.mask(Look()), "", 1) == ""
    assert isinstance(view.narrowed(view.mask(Look())), SessionLog)
