"""The file of a history: whole after a crash, shared by processes, refused where it is none."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qerko_recon.errors import HistoryError
from qerko_recon.history import History

RECORDS = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("days", sys.argv[1])
days = importlib.util.module_from_spec(spec)
spec.loader.exec_module(days)
from qerko_recon.history import History
first, last = int(sys.argv[3]), int(sys.argv[4])
results = [
    days.anchored(day, [days.paid(f"{day}-{n}", "5", day) for n in range(300)])
    for day in range(first, last)
]
print("ready", flush=True)
sys.stdin.readline()
with History(sys.argv[2]) as history:
    for result in results:
        print(history.record(result, by=f"process {first}").run_id, flush=True)
"""


def recorder(path, first, last):
    days = Path(__file__).with_name("conftest.py")
    command = [sys.executable, "-c", RECORDS, str(days), str(path), str(first), str(last)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def start(process):
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL")
@pytest.mark.parametrize("wait", [0.0, 0.05, 0.2])
def test_a_kill_while_recording_leaves_a_whole_file(tmp_path, wait):
    path = tmp_path / "history.db"
    process = recorder(path, 1, 13)
    start(process)
    told = [process.stdout.readline().strip()]
    time.sleep(wait)
    process.send_signal(signal.SIGKILL)
    told += [line.strip() for line in process.communicate()[0].splitlines()]
    with History(path) as history:
        assert history.verify() == []
        kept = history.runs["run_id"].tolist()
        # What was told is there; at most one more was whole before it could be told.
        assert kept[: len(told)] == told
        assert len(kept) - len(told) in {0, 1}
        assert len(history.open_breaks()) == 300 * len(kept)
        for run in kept:
            assert len(history.show(run).breaks) == 300


def test_two_processes_record_at_once(tmp_path):
    path = tmp_path / "history.db"
    processes = [recorder(path, 1, 5), recorder(path, 5, 9)]
    for process in processes:
        start(process)
    told = set()
    for process in processes:
        out, _ = process.communicate()
        assert process.returncode == 0
        told |= set(out.split())
    with History(path) as history:
        assert history.verify() == []
        assert set(history.runs["run_id"]) == told
        assert len(told) == 8
        assert history.journal["seq"].tolist() == list(range(1, 9))
        assert len(history.open_breaks()) == 8 * 300


def test_one_sees_what_another_wrote(tmp_path, days):
    path = tmp_path / "history.db"
    with History(path) as one, History(path) as other:
        one.record(days.anchored(20, [days.paid("2", "50", 20)]))
        other.record(days.anchored(21))
        assert len(one.runs) == len(other.runs) == 2
        other.note(other.open_breaks()["break_id"][0], "seen")
        assert one.open_breaks()["note"].tolist() == ["seen"]


def test_a_failure_while_recording_leaves_nothing(history, days, monkeypatch):
    history.record(days.anchored(20))
    monkeypatch.setattr(
        "qerko_recon.history.journal.Journal.append",
        lambda *_, **__: (_ for _ in ()).throw(RuntimeError("pulled plug")),
    )
    with pytest.raises(RuntimeError):
        history.record(days.anchored(21))
    monkeypatch.undo()
    assert len(history.runs) == 1
    assert history.verify() == []
    assert history.record(days.anchored(21)).run_no == 2


def test_other_files_are_refused(tmp_path, days):
    text = tmp_path / "notes.txt"
    text.write_text("not a database at all, but a long enough text to be read as one")
    with pytest.raises(HistoryError, match=r"notes\.txt cannot be opened: it is no history"):
        History(text)
    with pytest.raises(HistoryError, match="folder does not exist or cannot be written to"):
        History(tmp_path / "nowhere" / "history.db")
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE payments (x)")
    connection.close()
    with pytest.raises(HistoryError, match="another program's database"):
        History(foreign)
    with pytest.raises(HistoryError, match="there is no history at") as caught:
        History(tmp_path / "typo.db", create=False)
    assert caught.value.file == str(tmp_path / "typo.db")
    assert not (tmp_path / "typo.db").exists()


def test_a_store_of_payments_is_no_history(tmp_path):
    from qerko_recon.store import PaymentStore

    PaymentStore(tmp_path / "payments.db").close()
    with pytest.raises(HistoryError, match="another program's database"):
        History(tmp_path / "payments.db")


def test_a_file_of_a_later_version_is_refused(tmp_path):
    path = tmp_path / "history.db"
    History(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(HistoryError, match="newer qerko_recon; update this one"):
        History(path)


def test_a_damaged_file_is_told(tmp_path, days):
    path = tmp_path / "history.db"
    with History(path) as history:
        for day in range(1, 15):
            history.record(days.anchored(day, [days.paid(str(day), "5", day)]))
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 40] = b"\xff" * (4096 * 37)
    path.write_bytes(content)
    with pytest.raises(HistoryError, match=r"it is damaged; take a copy"):
        History(path).breaks()


def test_where_it_is_by_default(tmp_path, monkeypatch):
    monkeypatch.setenv("QERKO_HISTORY", str(tmp_path / "named.db"))
    with History() as history:
        assert history.path == tmp_path / "named.db"
    monkeypatch.delenv("QERKO_HISTORY")
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: tmp_path / "mine" / "own")
    with History() as history:
        assert history.path == tmp_path / "mine" / "own" / "history.db"
        assert history.path.exists()


def test_amounts_stand_as_exact_text(tmp_path, days):
    path = tmp_path / "history.db"
    with History(path) as history:
        history.record(days.anchored(20, [days.paid("2", "0.000001", 20)]))
    with sqlite3.connect(path) as connection:
        (row,) = connection.execute("SELECT variance, typeof(variance) FROM found").fetchall()
        kinds = connection.execute("SELECT DISTINCT type FROM pragma_table_info('found')")
        assert {kind for (kind,) in kinds} == {"INTEGER", "TEXT"}
    connection.close()
    assert row == ("-0.000001", "text")
