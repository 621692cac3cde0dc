from __future__ import annotations

import gzip
import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from poll_server import API_KEY, POS_ID

from qerko_recon.errors import ConfigError, SessionLogError
from qerko_recon.schema import CALLS, GAPS, LOG, SPANS
from qerko_recon.session.log import SessionLog
from qerko_recon.session.writer import LogSettings, LogWriter
from qerko_recon.settings import Venue

SAMPLES = Path(__file__).parents[2] / "data_samples" / "sessions"
GUEST = "aaf10f7b-730b-4283-9087-965060c6350a"


@pytest.fixture
def venue():
    return Venue(api_key=API_KEY, pos_id=POS_ID)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.jsonl"


def fill(writer, first, last):
    for number in range(first, last):
        writer.write("note", {"what": "n", "number": number})


def numbers(log):
    return [one.payload["number"] for one in log.entries() if "number" in one.payload]


@pytest.mark.parametrize("packing", ["none", "gz", "zst"])
def test_a_full_file_is_set_aside_and_all_are_read_as_one(path, venue, packing):
    chosen = LogSettings(rotate_at=4096, packing=packing, durability="never")
    for first in (0, 100):
        with LogWriter(path, venue=venue, settings=chosen) as writer:
            fill(writer, first, first + 100)
    log = SessionLog(path)
    assert len(log.files) > 4
    assert {one.suffix for one in log.files[:-1]} == {
        {"none": ".jsonl", "gz": ".gz", "zst": ".zst"}[packing]
    }
    assert numbers(log) == list(range(200))
    assert log.verify().is_whole
    assert SessionLog(path.parent).verify().records == log.verify().records
    alone = SessionLog(log.files[2])
    assert alone.verify().is_whole
    assert "goes on from record" in str(alone.verify())
    log.files[1].unlink()
    assert not SessionLog(path).verify().is_whole


def test_a_file_that_is_moved_away_keeps_what_it_has_and_a_new_one_goes_on(path, venue):
    with LogWriter(path, venue=venue) as writer:
        fill(writer, 0, 5)
        moved = path.rename(path.with_name("taken.jsonl"))
        fill(writer, 5, 9)
    assert numbers(SessionLog(moved)) == list(range(5))
    assert numbers(SessionLog(path)) == list(range(5, 9))
    assert SessionLog(path).verify().is_whole
    notes = [one.payload.get("what") for one in SessionLog(path).entries()]
    assert "moved" in notes


def test_a_torn_line_costs_that_line_alone_and_the_next_run_repairs_the_end(path, venue):
    with LogWriter(path, venue=venue) as writer:
        fill(writer, 0, 5)
    path.write_bytes(path.read_bytes()[:-30])
    assert numbers(SessionLog(path)) == list(range(4))
    found = SessionLog(path).verify()
    assert found.is_whole
    assert [(one.kind, one.number) for one in found.torn] == [("torn", 6)]
    with LogWriter(path, venue=venue) as writer:
        fill(writer, 5, 7)
    assert numbers(SessionLog(path)) == [0, 1, 2, 3, 5, 6]
    assert SessionLog(path).verify().is_whole


def test_a_log_has_one_writer_and_is_never_taken_for_something_else(path, venue):
    with LogWriter(path, venue=venue), pytest.raises(SessionLogError, match="another program"):
        LogWriter(path, venue=venue)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(SessionLogError, match="no session log"):
        LogWriter(path, venue=venue)
    assert path.read_text() == "a,b\n1,2\n"
    with pytest.raises(ConfigError):
        LogSettings(rotate_at=5)
    with pytest.raises(ConfigError):
        LogSettings(durability="perhaps")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(around=JSON, before=st.text(max_size=9), after=st.text(max_size=9))
def test_a_credential_is_written_nowhere_however_deep_it_stands(
    tmp_path, venue, around, before, after
):
    path = tmp_path / "secret.jsonl"
    path.unlink(missing_ok=True)
    hidden = [f"{before}{API_KEY}{after}", {f"{API_KEY}{after}": [f"Bearer {API_KEY}", POS_ID]}]
    with LogWriter(path, venue=venue, settings=LogSettings(durability="never")) as writer:
        writer.write("call", {"args": [around, hidden], "method": before, "uuid": after})
    written = path.read_text(encoding="utf-8")
    assert API_KEY not in written
    assert POS_ID not in written
    assert len(list(SessionLog(path).entries())) == 2


def test_guests_are_pseudonyms_everywhere_and_the_same_ones(path, venue):
    mail = "jan.novak+qr@example.co.uk"
    with LogWriter(path, venue=venue, settings=LogSettings(hides_guests=True)) as writer:
        writer.write("call", {"method": "getBill", "args": ["7", GUEST], "uuid": "a"})
        writer.write(
            "call", {"method": "paymentStart", "args": [{"idCustomer": GUEST, "to": [mail]}]}
        )
        writer.write("result", {"uuid": "a", "result": {"text": f"for {GUEST.upper()} at {mail}"}})
    written = path.read_text()
    assert GUEST not in written.lower()
    assert "novak" not in written
    bill, start, result = [one.payload for one in SessionLog(path).entries()][1:]
    assert bill["args"][1] == start["args"][0]["idCustomer"]
    assert start["args"][0]["to"][0] in result["result"]["text"]
    assert bill["args"][1] in result["result"]["text"]
    plain = path.with_name("plain.jsonl")
    with LogWriter(plain, venue=venue) as writer:
        writer.write("call", {"method": "getBill", "args": ["7", GUEST], "uuid": "a"})
    assert GUEST in plain.read_text()


def test_what_json_cannot_hold_is_recorded_as_text(path, venue):
    deep = []
    for _ in range(2000):
        deep = [deep]
    with LogWriter(path, venue=venue) as writer:
        for value in (10**30, object(), "\ud800", {1: {2, 3}}, deep, b"x"):
            assert writer.write("note", {"what": value}) is not None
    assert SessionLog(path).verify().is_whole
    assert len(SessionLog(path)) == 7


@pytest.mark.parametrize("name", ["quiet_evening", "incident"])
def test_frames_have_the_columns_and_types_that_are_promised(name):
    log = SessionLog(SAMPLES / f"{name}.jsonl")
    for frame, schema in (
        (log.frame, LOG),
        (log.calls, CALLS),
        (log.gaps, GAPS),
        (log.spans, SPANS),
    ):
        assert list(frame.columns) == schema.names
    assert log.frame["seq"].is_monotonic_increasing
    assert log.verify().is_whole
    assert "method calls" in log._repr_html_()
    assert len(log) == len(log.frame)


def test_an_incident_is_read_as_it_was():
    log = SessionLog(SAMPLES / "incident.jsonl")
    gaps = log.gaps
    assert list(gaps["reason"]) == ["conflict", "broken", "restart"]
    assert list(gaps["attempts"]) == [6, 1, 1]
    assert gaps["seconds"].round().tolist() == [63, 1, 120]
    frame = log.frame.set_index("seq")
    assert set(frame.loc[gaps["evidence"][0]]["status"].dropna()) == {409}
    failed = log.where(outcome="error").calls
    assert list(failed["payment_id"]) == ["4028"]
    assert "out of paper" not in failed["error_message"].iloc[0]
    closed = log.where(method="paymentClosed").calls
    assert "4021" not in set(closed["payment_id"])
    assert log.payment_ids == ["4007", "4014", "4021", "4028", "4035", "4042"]
    late = log.where(since="2026-11-20 19:10", time_zone="Europe/Prague")
    assert late.payment_ids == ["4042"]
    assert len(log.where(until="2026-11-20 17:00:01").frame) == 3
    spans = log.spans
    lost = spans.loc[spans["lane"] == "gap"]
    assert (lost["ended_at"] - lost["began_at"]).dt.total_seconds().round().tolist() == [
        63,
        1,
        120,
    ]


def test_both_ways_of_reading_read_the_same(tmp_path):
    lines = (SAMPLES / "incident.jsonl").read_bytes().splitlines(keepends=True)
    whole, torn = tmp_path / "whole.jsonl", tmp_path / "torn.jsonl"
    whole.write_bytes(b"".join(lines))
    torn.write_bytes(b"".join([*lines[:50], b'{"seq":', b"\n", *lines[50:]]))  # line by line
    columns = [name for name in LOG.names if name not in {"source_file", "source_line"}]
    one, two = SessionLog(whole).frame[columns], SessionLog(torn).frame[columns]
    assert one.equals(two)
    packed = tmp_path / "packed" / "whole.jsonl.gz"
    packed.parent.mkdir()
    packed.write_bytes(gzip.compress(whole.read_bytes()))
    assert SessionLog(packed).frame[columns].equals(one)


@pytest.mark.parametrize(
    ("change", "kind", "line"),
    [
        (
            lambda lines: [*lines[:9], lines[9].replace(b"4007", b"4008"), *lines[10:]],
            "edited",
            10,
        ),
        (lambda lines: [*lines[:9], *lines[12:]], "missing", 10),
        (lambda lines: [*lines[:9], lines[10], lines[9], *lines[11:]], "reordered", 10),
        (lambda lines: [*lines[:9], lines[8], *lines[9:]], "repeated", 10),
        (lambda lines: lines[1:], "missing", 1),
    ],
)
def test_a_change_by_hand_is_found_in_its_line(path, change, kind, line):
    lines = (SAMPLES / "incident.jsonl").read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(change(lines)))
    found = SessionLog(path).verify()
    assert not found.is_whole
    assert (found.bad[0].kind, found.bad[0].number) == (kind, line)
    assert f"line {line}" in str(found)


WRITES = """
    import sys
    from qerko_recon.session.writer import LogSettings, LogWriter
    settings = LogSettings(durability="never", rotate_at=20_000)
    with LogWriter(sys.argv[1], settings=settings) as writer:
        for number in range(10**9):
            name = f"{writer.run}-{number}"
            writer.write("note", {"what": "n", "number": name + "x" * 50})
            sys.stdout.write(f"{name} {writer.trouble}\\n")
            sys.stdout.flush()
"""


def _write(path, **more):
    code = textwrap.dedent(WRITES)
    return subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE, **more)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is of POSIX")
def test_a_killed_writer_loses_nothing_that_it_had_acknowledged(path):
    acknowledged = []
    for round_ in range(6):
        process = _write(path)
        lines = [process.stdout.readline() for _ in range(3 + 37 * round_)]
        os.kill(process.pid, signal.SIGKILL)
        lines += process.communicate()[0].splitlines(keepends=True)
        acknowledged += [line.split()[0] for line in lines if line.endswith(b"\n")]
        assert SessionLog(path).verify().is_whole
    kept = {one.rstrip("x").encode() for one in numbers(SessionLog(path))}
    assert set(acknowledged) <= kept


@pytest.mark.skipif(sys.platform == "win32", reason="the limit is of POSIX")
def test_a_full_disk_is_said_at_once_and_the_log_stays_whole(path):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))

    process = _write(path, preexec_fn=limit)
    said = [process.stdout.readline() for _ in range(200)]
    process.kill()
    process.communicate()
    assert said[0].endswith(b"None\n")
    assert b"NOT RECORDING" in said[-1]
    assert SessionLog(path).verify().is_whole


def test_what_was_not_recorded_is_said_in_the_log_when_it_goes_on(path, venue):
    troubles = []
    with LogWriter(path, venue=venue, on_trouble=troubles.append) as writer:
        fill(writer, 0, 2)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, before[1]))
        try:
            fill(writer, 2, 5)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert writer.lost == 3
        writer._retry_at = 0.0
        fill(writer, 5, 7)
    assert len(troubles) == 2
    assert "NOT RECORDING" in troubles[0]
    assert troubles[1] is None
    assert numbers(SessionLog(path)) == [0, 1, 5, 6]
    [note] = [one.payload for one in SessionLog(path).entries() if one.payload.get("lost")]
    assert (note["what"], note["lost"]) == ("not_recording", 3)
    assert SessionLog(path).verify().is_whole


@pytest.mark.parametrize("content", ["", "\n", "[]", '{"kind": 5}', "\x00\x01"])
def test_what_is_no_log_is_refused_by_name(tmp_path, content):
    path = tmp_path / "other.jsonl"
    path.write_text(content)
    with pytest.raises(SessionLogError, match=r"other\.jsonl"):
        SessionLog(path)
    with pytest.raises(SessionLogError, match="holds no session log"):
        SessionLog(_empty(tmp_path))


def _empty(folder):
    made = folder / "empty"
    made.mkdir(exist_ok=True)
    return made


def test_a_log_of_a_later_version_asks_for_a_newer_program(tmp_path):
    lines = (SAMPLES / "incident.jsonl").read_text().splitlines(keepends=True)
    path = tmp_path / "later.jsonl"
    path.write_text(lines[0].replace('"version":1', '"version":9') + "".join(lines[1:]))
    with pytest.raises(SessionLogError, match="version 9"):
        SessionLog(path)


def test_unknown_kinds_and_fields_are_kept_and_shown(path, venue):
    with LogWriter(path, venue=venue) as writer:
        writer.write("telepathy", {"uuid": "u", "strength": 5})
    [_, entry] = SessionLog(path).entries()
    assert (entry.kind, entry.payload) == ("telepathy", {"uuid": "u", "strength": 5})
    assert json.loads(SessionLog(path).frame["raw"].iloc[1])["payload"]["strength"] == 5
