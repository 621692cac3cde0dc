from __future__ import annotations

from qerko_recon.session.compare import compare_logs
from qerko_recon.session.log import SessionLog
from qerko_recon.session_samples import write_session_samples

SAME_EACH_TIME = ["timestamp", "created"]


def test_the_samples_can_be_made_anew_and_say_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("QERKO_LOCKS", str(tmp_path / "locks"))
    made = write_session_samples(tmp_path / "made")
    assert sorted(one.name for one in made) == [
        "README.md",
        "incident.jsonl",
        "quiet_evening.jsonl",
    ]
    for name in ("quiet_evening.jsonl", "incident.jsonl"):
        new, kept = (
            SessionLog(tmp_path / "made" / name),
            SessionLog(f"data_samples/sessions/{name}"),
        )
        found = compare_logs(kept, new, ignored=SAME_EACH_TIME)
        assert found.is_same, str(found)
        assert list(new.gaps["reason"]) == list(kept.gaps["reason"])
        assert list(new.frame["kind"]) == list(kept.frame["kind"])
