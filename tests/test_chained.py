"""Hash-chained lines: what was edited, taken out or moved shows; a torn one costs itself alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qerko_recon.chained import ChainedWriter, Flaw, Line, read_chained, verify_chained


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.jsonl"


def write(path, *records):
    with ChainedWriter(path) as writer:
        for record in records:
            writer.append(record)


def flaws(path):
    return [(one.number, one.kind) for one in verify_chained(path)]


def edit(path, change):
    lines = path.read_bytes().split(b"\n")[:-1]
    path.write_bytes(b"".join(line + b"\n" for line in change(lines)))


def test_what_is_written_is_read(path):
    write(path, {"a": 1}, {"b": "říz\nek", "c": None})
    write(path, {"d": [1.5, {}]})
    lines = list(read_chained(path))
    assert [one.record for one in lines] == [
        {"a": 1},
        {"b": "říz\nek", "c": None},
        {"d": [1.5, {}]},
    ]
    assert [(one.number, one.seq) for one in lines] == [(1, 1), (2, 2), (3, 3)]
    assert flaws(path) == []
    for line in path.read_text(encoding="utf-8").splitlines():
        assert list(json.loads(line))[0 :: len(json.loads(line)) - 1] == ["seq", "chain"]


@pytest.mark.parametrize("is_durable", [True, False])
def test_a_record_is_there_when_append_returns(path, is_durable):
    with ChainedWriter(path, is_durable=is_durable) as writer:
        assert writer.append({"a": 1}) == 1
        assert [one.record for one in read_chained(path)] == [{"a": 1}]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda lines: [lines[0], lines[1].replace(b"1", b"7", 2), *lines[2:]], (2, "edited")),
        (lambda lines: [lines[0], *lines[2:]], (2, "missing")),
        (lambda lines: lines[1:], (1, "missing")),
        (lambda lines: [lines[1], lines[0], *lines[2:]], (1, "reordered")),
        (lambda lines: [lines[0], lines[2], lines[3], lines[1]], (2, "reordered")),
        (lambda lines: [*lines, lines[1]], (5, "repeated")),
        (lambda lines: [*lines, lines[1][:9]], (5, "torn")),
        (lambda lines: [lines[0], lines[1][:-9], *lines[2:]], (2, "edited")),
        (lambda lines: [lines[0], b"{", b"x", lines[3]], (2, "edited")),
        (lambda lines: [lines[0], b"x", lines[3]], (2, "edited")),
        (lambda lines: [lines[0], b"x", *lines[1:]], (2, "torn")),
    ],
)
def test_what_was_changed_shows(path, change, found):
    write(path, {"n": 10}, {"n": 11}, {"n": 12}, {"n": 13})
    edit(path, change)
    assert flaws(path)[0] == found


def test_a_line_taken_whole_from_another_log_shows(path, tmp_path):
    other = tmp_path / "other.jsonl"
    write(path, {"n": 1}, {"n": 2})
    write(other, {"n": 1}, {"n": 3})
    edit(path, lambda lines: [lines[0], other.read_bytes().split(b"\n")[1]])
    assert flaws(path) == [], "the same first line vouches for either second one"
    write(other, {"n": 4})
    edit(path, lambda lines: [*lines[:1], *other.read_bytes().split(b"\n")[2:3]])
    assert flaws(path) == [(2, "missing")]


NAMES = st.text(max_size=4).filter(lambda name: name not in {"seq", "chain"})


@pytest.mark.parametrize("name", ["seq", "chain"])
def test_its_own_names_are_not_for_records(path, name):
    with ChainedWriter(path) as writer, pytest.raises(ValueError, match="own names"):
        writer.append({name: 1})
    assert path.read_bytes() == b""


@given(st.lists(st.dictionaries(NAMES, st.text(max_size=9)), max_size=5), st.data())
def test_a_torn_end_costs_itself_alone(tmp_path_factory, records, data):
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    write(path, *records, {"last": "one"})
    whole = path.read_bytes()
    start = whole[:-1].rfind(b"\n") + 1
    cut = data.draw(st.integers(start, len(whole)))
    path.write_bytes(whole[:cut])
    write(path, {"next": "one"})
    read = list(read_chained(path))
    kept = [one.record for one in read if isinstance(one, Line)]
    is_whole = cut >= len(whole) - 1
    assert kept == [*records, *([{"last": "one"}] if is_whole else []), {"next": "one"}]
    torn = [one for one in read if isinstance(one, Flaw)]
    assert len(torn) == (0 if is_whole or cut == start else 1)
    assert verify_chained(path) == torn


def test_a_long_torn_end_does_not_hide_what_is_before(path):
    write(path, {"n": 1})
    with path.open("ab") as file:
        file.write(b'{"seq":2,"x":"' + b"y" * 500_000)
    write(path, {"n": 2})
    assert [one.record for one in read_chained(path) if isinstance(one, Line)] == [
        {"n": 1}, {"n": 2},
    ]  # fmt: skip
    assert flaws(path) == [(2, "torn")]


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as on POSIX")
def test_a_killed_writer_loses_nothing_it_said_was_written(path):
    script = (
        "import sys\n"
        "from qerko_recon.chained import ChainedWriter\n"
        "with ChainedWriter(sys.argv[1]) as writer:\n"
        "    while True:\n"
        "        print(writer.append({'x': 'y' * 3000}), flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
    ) as child:
        said = [int(child.stdout.readline()) for _ in range(200)]
        child.send_signal(signal.SIGKILL)
        said += [int(line) for line in child.stdout if line.endswith("\n")]
    write(path, {"after": True})
    seqs = [one.seq for one in read_chained(path) if isinstance(one, Line)]
    assert seqs[: len(said)] == said
    assert {kind for _, kind in flaws(path)} <= {"torn"}
