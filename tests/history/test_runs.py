"""Runs kept, looked up, shown again to the byte, and laid side by side."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import msgspec
import pandas as pd
import pytest

import qerko_recon as qr
from qerko_recon.errors import HistoryError
from qerko_recon.history import History
from qerko_recon.history.packing import pack, unpack
from qerko_recon.history.telling import news_sections
from qerko_recon.recon import Policy
from qerko_recon.recon.rulings import Ruling

SAMPLES = Path(__file__).parents[2] / "data_samples"
FRAMES = ("matches", "breaks", "bridge", "bridge_by_day", "payments", "parts", "tenders", "others")


@pytest.fixture(scope="module")
def sample():
    payments = qr.Payments.read(SAMPLES / "payments_day.jsonl")
    pos = qr.read_pos(SAMPLES / "pos" / "czech_semicolon" / "day.csv")
    rules = (Ruling("exclude_tender", tender_ids=["nobody"], reason="old", by="Anna"),)
    policy = Policy(venue="Old Town", tolerance="0.50", rules=rules, business_day_cutoff=time(3))
    return qr.reconcile(payments, pos, policy=policy)


def test_a_run_is_shown_again_as_it_was(history, sample, tmp_path):
    run = history.record(sample, by="Anna", name="evening")
    with History(history.path) as later:
        again = later.show(run.run_id)
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(again, name), getattr(sample, name))
    assert again.summary == sample.summary
    assert again.policy == sample.policy
    assert again.unexplained == sample.unexplained
    assert again.verdict("cs") == sample.verdict("cs")
    for name, write in (("xlsx", "to_excel"), ("html", "to_html")):
        files = [tmp_path / f"{which}.{name}" for which in ("first", "again")]
        for result, file in zip((sample, again), files, strict=True):
            getattr(result, write)(file)
        assert files[0].read_bytes() == files[1].read_bytes()


def test_causes_from_a_session_log_are_kept_and_the_log_is_an_input(history, tmp_path):
    folder = SAMPLES / "bad_evening"
    payments = qr.Payments.read(folder / "payments.jsonl")
    pos = qr.read_pos(folder / "export.csv")
    logs = [folder / "session.jsonl", tmp_path / "longer" / "session.jsonl"]
    logs[1].parent.mkdir()
    logs[1].write_bytes(logs[0].read_bytes().rpartition(b"\n{")[0] + b"\n")
    results = [qr.reconcile(payments, pos, log=str(log)) for log in logs]
    runs = [history.record(result) for result in results]
    assert [one.kind for one in runs[0].inputs] == ["payments", "pos", "log"]
    again = history.show(runs[0].run_id)
    pd.testing.assert_frame_equal(again.breaks, results[0].breaks)
    assert again.log is None
    assert history.open_breaks()["cause_kind"].notna().all()
    changed = history.compare(1, 2).inputs
    assert {(one.kind, one.before is None) for one in changed} == {("log", True), ("log", False)}


def test_a_log_that_went_on_is_told(history, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a long path would be told shortened
    folder = SAMPLES / "bad_evening"
    payments = qr.Payments.read(folder / "payments.jsonl")
    pos = qr.read_pos(folder / "export.csv")
    log = Path("session.jsonl")
    whole = (folder / "session.jsonl").read_bytes()
    for content in (whole.rpartition(b"\n{")[0] + b"\n", whole):
        log.write_bytes(content)
        run = history.record(qr.reconcile(payments, pos, log=str(log)))
    (_, lines), *_ = news_sections(run)
    assert lines[1].startswith(f"{log} is not as run R-")
    assert "the same" not in lines[1]


def test_a_run_says_what_it_was_fed_with(history, sample):
    run = history.record(sample, by="Anna", name="evening")
    assert (run.run_no, run.venue, run.first_day, run.last_day) == (
        1,
        "Old Town",
        date(2026, 11, 20),
        date(2026, 11, 20),
    )
    assert (run.by, run.name, run.times) == ("Anna", "evening", 1)
    files = {one.name: one.sha256 for one in run.inputs}
    assert files == {source.name: source.sha256 for source in sample.summary.sources}
    assert run.policy["tolerance"] == "0.50"
    assert run.policy["rules"][0]["reason"] == "old"
    assert run.totals == sample.summary.totals
    frame = history.totals
    assert frame["variance"].tolist() == [total.variance for total in run.totals]


def test_the_same_run_is_kept_once(history, days, told):
    result = days.anchored(20, [days.paid("2", "50", 20)])
    first = history.record(result, by="Anna")
    size = history.path.stat().st_size
    again = history.record(result, by="Jana", name="noon")
    assert (again.run_id, again.run_no, again.times) == (first.run_id, 1, 2)
    assert again.news.is_again
    assert not first.news.is_again
    assert told(history.runs, "run_id", "by", "name", "times") == [
        (first.run_id, "Anna", "noon", 2)
    ]
    assert told(history.journal, "what", "by") == [
        ("run_recorded", "Anna"),
        ("run_again", "Jana"),
    ]
    assert history.path.stat().st_size - size < 20_000


def test_when_payments_were_fetched_makes_no_other_run(history, days):
    early, late = (
        days.anchored(20, [days.paid("2", "50", 20, fetched_at=days.moment(21, hour))])
        for hour in (6, 9)
    )
    assert history.record(early).run_id == history.record(late).run_id


@pytest.mark.parametrize(
    "other",
    [
        {"venue": "Harbour"},
        {"tolerance": "0.01"},
        {"file": "other.csv"},
        {"rules": (Ruling("exclude_tender", tender_ids=["x"]),)},
    ],
)
def test_another_venue_policy_or_input_is_another_run(history, days, other):
    ids = {history.record(days.anchored(20, **more)).run_id for more in ({}, other)}
    assert len(ids) == 2


def test_the_order_of_rows_makes_no_other_run(history, days):
    two = [days.paid("2", "50", 20), days.paid("3", "5", 20)]
    results = [qr.reconcile(*frames_of(days, rows)) for rows in (two, two[::-1])]
    assert history.record(results[0]).run_id == history.record(results[1]).run_id


def frames_of(days, payments):
    tenders = pd.DataFrame([days.posted("2", "50", 20), days.posted("3", "5", 20)])
    return pd.DataFrame(payments), tenders


def test_a_run_is_found_by_number_id_or_beginning(history, days):
    run = history.record(days.anchored(20))
    other = history.record(days.anchored(21))
    assert history.run(1).run_id == history.run(run.run_id[:6].lower()).run_id == run.run_id
    assert history.run(other.run_id).run_no == 2
    with pytest.raises(HistoryError, match="has no run R-nothing"):
        history.run("R-nothing")
    with pytest.raises(HistoryError, match="several runs begin with R-"):
        history.show("R-")
    with pytest.raises(HistoryError, match="has no run 3"):
        history.compare(1, 3)


def test_frames_longer_than_a_stream_are_whole(history, days, monkeypatch):
    monkeypatch.setattr("qerko_recon.history.packing._ROWS", 3)
    payments = [days.paid(str(n), "5", 20) for n in range(10)]
    result = days.anchored(20, payments)
    run = history.record(result)
    pd.testing.assert_frame_equal(history.show(run.run_id).payments, result.payments)
    assert len(history.open_breaks()) == 10
    assert history.verify() == []


def test_a_run_without_rows_or_days_is_kept(history):
    empty = qr.reconcile(
        pd.DataFrame(columns=["payment_id", "state", "currency", "parts_total"]),
        pd.DataFrame(columns=["amount"]),
    )
    run = history.record(empty)
    assert (run.first_day, run.venue) == (None, None)
    assert "without business days" in repr(run)
    assert not len(history.show(1).breaks)


def test_runs_without_days_are_told_apart_by_their_exports(history, days, told):
    def without_times(lines, file):
        payments = [days.paid("1", "10", 20, created_at=None)]
        rows = [{**line, "paid_at": None} for line in lines]
        return days.run(payments, rows, file=file)

    history.record(without_times([days.posted("404", "7", 20), days.posted("1", "10", 20)], "a"))
    history.record(without_times([days.posted("1", "10", 20)], "b"))
    assert told(history.open_breaks(), "kind") == ["missing_in_qerko"]
    history.record(without_times([days.posted("1", "10", 20)], "a"))
    assert not len(history.open_breaks())


def test_a_changed_export_is_noticed(history, days, told):
    payments = [days.paid(name, "50", 20) for name in ("2", "3", "4")]
    lines = [days.posted(name, "50", 20) for name in ("2", "3", "4")]
    foreign = days.posted("404", "7", 20)
    before = history.record(days.anchored(20, payments, [*lines, foreign]))
    assert before.news.compared is None
    changed = [lines[0], {**lines[1], "amount": Decimal("49.5")}, {**lines[2], "state": "open"}]
    added = days.posted("405", "8", 20, tender_id="new")
    after = history.record(days.anchored(20, payments, [*changed, added]))
    found = after.news.compared
    assert (found.before, found.after) == (before.run_id, after.run_id)
    (one,) = found.inputs
    assert (one.kind, one.name, one.before.rows) == ("pos", "day.csv", 5)
    assert one.before.sha256 != one.after.sha256
    assert sorted(told(found.lines, "change", "payment_id", "total_before", "total")) == [
        ("added", "405", pd.NA, 8),
        ("changed", "3", 50, Decimal("49.5")),
        ("changed", "4", 50, 50),
        ("gone", "404", 7, pd.NA),
    ]
    whats = dict(told(found.lines, "payment_id", "what"))
    assert list(whats["3"]) == ["amount", "total"]
    assert list(whats["4"]) == ["state"]
    changes = told(found.breaks, "change", "kind", "change_of_variance")
    assert sorted(changes) == [
        ("appeared", "amount_mismatch", Decimal("-0.5")),
        ("appeared", "missing_in_qerko", 8),
        ("appeared", "state_mismatch", -50),
        ("closed", "missing_in_qerko", -7),
    ]
    (total,) = found.totals
    assert found.breaks["change_of_variance"].sum() == total.change_of_variance
    assert not found.is_same


def test_a_line_whose_id_comes_from_what_it_says_changed_all_the_same(history, days, told):
    payments = [days.paid("2", "50", 20), days.paid("3", "60", 20)]
    bill = {"payment_id": None, "bill_id": "bill-3"}
    before = [
        days.posted("2", "50", 20, tender_id="line-a"),
        days.posted("3", "60", 20, tender_id="line-b", **bill),
    ]
    after = [
        days.posted("2", "51", 20, tender_id="line-c"),
        days.posted("3", "61", 20, tender_id="line-d", **bill),
    ]
    runs = [history.record(days.anchored(20, payments, lines)) for lines in (before, after)]
    found = history.compare(*(run.run_id for run in runs))
    assert told(
        found.lines, "change", "tender_id_before", "tender_id", "total_before", "total"
    ) == [
        ("changed", "line-a", "line-c", 50, 51),
        ("changed", "line-b", "line-d", 60, 61),
    ]


def test_changed_payments_settings_and_variances_are_told(history, days, told):
    lines = [days.posted("2", "55", 20)]
    first = history.record(days.anchored(20, [days.paid("2", "50", 20)], lines))
    second = history.record(days.anchored(20, [days.paid("2", "52", 20)], lines, tolerance="1"))
    found = second.news.compared
    assert [one.kind for one in found.inputs] == ["payments"]
    assert [(one.name, one.before, one.after) for one in found.settings] == [
        ("tolerance", "0.00", "1")
    ]
    assert told(found.payments, "change", "settled_before", "settled") == [("changed", 50, 52)]
    assert told(found.breaks, "change", "variance_before", "variance") == [("changed", 5, 3)]
    assert told(second.news.changed, "variance_before", "variance") == [(5, 3)]
    assert history.compare(first.run_id, first.run_id).is_same


def test_a_restored_export_is_compared_with_the_last_one(history, days):
    results = [
        days.anchored(20, [days.paid("2", "50", 20)], [days.posted("2", amount, 20)])
        for amount in ("50", "55")
    ]
    first, second = (history.record(result) for result in results)
    third = history.record(results[0])
    assert (third.news.compared.before, third.news.compared.after) == (
        second.run_id,
        first.run_id,
    )
    fourth = history.record(results[0])
    assert fourth.news.compared is None


def test_what_a_later_version_keeps_is_no_hindrance(days):
    packed = pack(days.anchored(20))
    policy = msgspec.json.decode(packed.policy) | {"of_the_future": [1]}
    policy.pop("venue")
    frames = {name: some for name, some in packed.frames.items() if name != "candidates"}
    result = unpack(packed.summary, msgspec.json.encode(policy), packed.rest, frames)
    assert result.policy.venue is None
    assert not len(result.candidates)
    assert dataclasses.asdict(result.summary.totals[0])["payments"] == 1
    policy["tolerance"] = [1]
    with pytest.raises(HistoryError, match="policy of this run cannot be read"):
        unpack(packed.summary, msgspec.json.encode(policy), packed.rest, frames)


def test_a_break_column_that_came_later_is_null(history, days):
    from qerko_recon.history.packing import _streams, read_frame

    table = pa_table(days.anchored(20, [days.paid("2", "50", 20)]).breaks).drop_columns(["action"])
    held = read_frame(list(_streams(table)), "breaks")
    assert held["action"].null_count == 1
    assert history.path.exists()


def pa_table(frame):
    from qerko_recon.history.hashes import as_table

    return as_table(frame)


def test_a_result_knows_when_it_was_recorded(history, days):
    run = history.record(days.anchored(20), by="Anna")
    assert abs(datetime.now(UTC) - run.at).total_seconds() < 60
    assert run.at == run.last_at
