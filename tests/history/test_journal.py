"""The journal and what it vouches for: whatever is edited, taken out or moved is found."""

from __future__ import annotations

import json
import sqlite3

import pytest

from qerko_recon.chained import verify_chained
from qerko_recon.errors import HistoryError
from qerko_recon.history import History
from qerko_recon.recon.rulings import Ruling


@pytest.fixture
def path(tmp_path, days):
    path = tmp_path / "history.db"
    with History(path) as history:
        history.record(days.anchored(20, [days.paid("2", "50", 20)]), by="Anna")
        history.note(history.open_breaks()["break_id"][0], "asked the waiter", by="Anna")
        history.rule(Ruling("exclude_tender", tender_ids=["x"], reason="staff"), by="Anna")
        history.record(days.anchored(21), by="Anna")
        history.sign_off(None, "2026-11-21", by="Jana")
        history.reopen(None, "2026-11-21", by="Jana", reason="a slip")
        assert history.verify() == []
    return path


def tamper(path, *statements):
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(*statement) if isinstance(statement, tuple) else connection.execute(
                statement
            )
    connection.close()


def found(path):
    with History(path) as history:
        return [(flaw.where, flaw.kind) for flaw in history.verify()]


def test_everything_done_is_an_entry(path):
    with History(path) as history:
        frame = history.journal
    assert frame["what"].tolist() == [
        "run_recorded",
        "note",
        "ruling",
        "run_recorded",
        "signed_off",
        "reopened",
    ]
    assert frame["by"].tolist() == ["Anna"] * 4 + ["Jana"] * 2
    assert frame["account"].str.contains("@").all()
    payloads = [json.loads(one) for one in frame["payload"]]
    assert payloads[1]["text"] == "asked the waiter"
    assert payloads[0]["open_after"] == {"CZK": "-50.00"}
    assert frame["chain"].is_unique


def test_the_seal_is_the_last_link(path):
    with History(path) as history:
        assert history.seal == history.journal["chain"].tolist()[-1]


def test_its_lines_are_those_of_every_chain(path, tmp_path):
    connection = sqlite3.connect(path)
    lines = [line for (line,) in connection.execute("SELECT line FROM journal ORDER BY seq")]
    connection.close()
    file = tmp_path / "journal.jsonl"
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    assert verify_chained(file) == []


def test_an_edited_entry_is_found(path):
    edit = "UPDATE journal SET line = replace(CAST(line AS TEXT), 'asked', 'asxed') WHERE seq = 2"
    tamper(path, edit)
    assert found(path) == [("journal, entry 2", "edited")]


def test_a_missing_entry_is_found(path):
    tamper(path, "DELETE FROM journal WHERE seq = 3")
    assert ("journal, entry 4", "missing") in found(path)


def test_entries_that_changed_places_are_found(path):
    tamper(
        path,
        "UPDATE journal SET seq = -2 WHERE seq = 2",
        "UPDATE journal SET seq = 2 WHERE seq = 3",
        "UPDATE journal SET seq = 3 WHERE seq = -2",
    )
    assert "reordered" in {kind for _, kind in found(path)}


def test_an_entry_that_is_no_entry_is_found(path):
    tamper(path, "UPDATE journal SET line = 'nothing' WHERE seq = 2")
    assert found(path)


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE runs SET venue = 'Harbour' WHERE no = 1", "run R-"),
        ("UPDATE runs SET policy = replace(policy, '0.00', '9.00') WHERE no = 1", "run R-"),
        ("DELETE FROM frames WHERE run_no = 1 AND name = 'breaks'", "run R-"),
        ("UPDATE found SET variance = '-5.00'", "what was noted with entry 1"),
        ("UPDATE said SET kind = 'matched'", "what was noted with entry"),
        ("INSERT INTO rereads VALUES (1, 2, 4)", "what was noted with entry 4"),
        ("DELETE FROM runs WHERE no = 2", "run R-"),
    ],
)
def test_what_the_journal_vouches_for_cannot_be_edited(path, statement, where):
    tamper(path, statement)
    flaws = found(path)
    assert flaws
    assert any(place.startswith(where) for place, _ in flaws)


def test_a_run_that_nobody_recorded_is_found(path):
    tamper(
        path,
        "INSERT INTO runs SELECT 9, 'R-forged', venue, first_day, last_day, time_zone, cutoff, "
        "inputs, summary, policy, rest FROM runs WHERE no = 1",
    )
    assert found(path) == [("run R-forged, which the journal does not know", "edited")]
    with History(path) as history:
        assert len(history.runs) == 2
        with pytest.raises(HistoryError, match="journal does not know run R-forged"):
            history.run("R-forged")


def test_an_edited_frame_is_found(path):
    connection = sqlite3.connect(path)
    sha256 = connection.execute(
        "SELECT sha256 FROM frames WHERE run_no = 1 AND name = 'breaks'"
    ).fetchone()[0]
    other = connection.execute(
        "SELECT content FROM frames JOIN blobs USING (sha256) WHERE run_no = 2 AND name = 'breaks'"
    ).fetchone()[0]
    connection.close()
    tamper(path, ("UPDATE blobs SET content = ? WHERE sha256 = ?", (other, sha256)))
    ((where, kind),) = found(path)
    assert where.endswith("frame breaks")
    assert kind == "edited"


def test_an_entry_that_cannot_be_understood_is_told(path):
    tamper(
        path,
        "UPDATE journal SET line = replace(CAST(line AS TEXT), '\"text\"', '\"tixt\"') "
        "WHERE seq = 2",
    )
    with History(path) as history:
        with pytest.raises(HistoryError, match="entry 2 of the journal cannot be read"):
            history.open_breaks()
        assert history.verify()


def test_an_entry_of_a_later_version_is_passed_over(path, days):
    with History(path) as history:
        with history._file.writing():
            history._journal.append("weighed", "Old Town", {"grams": 5}, by="Anna")
        assert history.record(days.anchored(22)).run_no == 3
        assert history.verify() == []


def test_a_journal_whose_last_entry_was_ruined_goes_on_and_shows_it(path, days):
    tamper(path, "UPDATE journal SET line = x'00' WHERE seq = 6")
    with History(path) as history:
        history.record(days.anchored(22))
        assert next(flaw.where for flaw in history.verify()).startswith("journal, entry")
        assert history.journal["seq"].tolist() == [1, 2, 3, 4, 5, 7]
