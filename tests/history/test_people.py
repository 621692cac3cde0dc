"""What people say and decide: notes, statuses, rulings, days signed off by name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pandas as pd
import pytest

import qerko_recon as qr
from qerko_recon.errors import HistoryError
from qerko_recon.history import History
from qerko_recon.recon import Policy
from qerko_recon.recon.rulings import Ruling
from qerko_recon.who import person

DAY = "2026-11-20"


@pytest.fixture
def one_open(history, days):
    """A day with one break of −50; gives its ID."""
    history.record(days.anchored(20, [days.paid("2", "50", 20)]), by="Anna")
    return history.open_breaks()["break_id"][0]


# --- notes ---


def test_a_note_stays_with_its_break(history, days, told, one_open):
    history.note(one_open, " the bank was asked ", by="Jana  Malá")
    history.note(one_open, "it answers on Monday", status="handed_on")
    history.record(days.anchored(20, [days.paid("2", "50", 20)], venue="Old Town", tolerance="1"))
    assert told(history.open_breaks(), "status", "note", "noted_by") == [
        ("handed_on", "it answers on Monday", person())
    ]
    assert told(history.notes, "by", "status", "text", "variance") == [
        ("Jana Malá", pd.NA, "the bank was asked", Decimal(-50)),
        (person(), "handed_on", "it answers on Monday", Decimal(-50)),
    ]


@pytest.mark.parametrize("status", ["explained", "handed_on"])
def test_what_is_explained_stays_open_money(history, one_open, status):
    history.note(one_open, "why", status=status)
    assert history.open_breaks()["status"].tolist() == [status]
    assert history.balance()["open"].tolist() == [-50]


def test_what_is_closed_by_a_person_holds_for_its_amount(history, days, told, one_open):
    history.note(one_open, "paid in cash", status="closed", by="Jana")
    assert not len(history.open_breaks())
    assert told(history.breaks(), "why", "status", "noted_by") == [("by_person", "closed", "Jana")]
    assert history.balance()["closed"].tolist() == [-50]
    history.record(days.anchored(20, [days.paid("2", "60", 20)]))
    assert told(history.open_breaks(), "status", "variance") == [("open", Decimal(-60))]
    history.record(days.anchored(20, [days.paid("2", "50", 20)]))
    assert not len(history.open_breaks())


def test_what_is_accepted_holds_for_its_amount(history, days, told, one_open):
    history.note(one_open, "we bear it", status="accepted")
    assert history.open_breaks()["status"].tolist() == ["accepted"]
    history.record(days.anchored(20, [days.paid("2", "60", 20)]))
    assert history.open_breaks()["status"].tolist() == ["open"]
    history.note(one_open, "again", status="open")
    assert history.open_breaks()["note"].tolist() == ["again"]


def test_a_break_closed_by_itself_is_closed_whatever_was_said(history, days, one_open):
    history.note(one_open, "why", status="explained")
    history.record(days.anchored(20, [days.paid("2", "50", 20)], [days.posted("2", "50", 20)]))
    assert history.breaks()["status"].tolist() == ["closed"]


def test_notes_that_cannot_be(history, days, one_open):
    with pytest.raises(HistoryError, match="status cannot be 'fine'; it can be open, explained"):
        history.note(one_open, "x", status="fine")
    with pytest.raises(HistoryError, match="a note says something"):
        history.note(one_open, " ")
    with pytest.raises(HistoryError, match="no recorded run has a break B-nowhere"):
        history.note("B-nowhere", "x")
    with pytest.raises(HistoryError, match="a name is empty"):
        history.note(one_open, "x", by=" ")
    with pytest.raises(HistoryError, match="Friday is not a day; write it as 2026-11-20"):
        history.note(one_open, "x", day="Friday")


def test_a_break_of_two_venues_is_named_with_its_venue(history, days, told, one_open):
    history.record(days.anchored(20, [days.paid("2", "50", 20)], venue="Harbour"))
    with pytest.raises(HistoryError, match=r"of Harbour, 2026-11-20 of Old Town; say which"):
        history.note(one_open, "x")
    history.note(one_open, "x", venue="Harbour")
    assert told(history.open_breaks("Harbour"), "note") == ["x"]
    assert history.open_breaks("Old Town")["note"].isna().all()


def test_a_break_of_two_days_is_named_with_its_day(history, days, told):
    own = {"tender_id": "1", "payment_id": None, "bill_id": None}
    for day in (20, 21):
        history.record(days.anchored(day, lines=[days.posted("", "3", day, **own)]))
    (name,) = set(told(history.open_breaks(), "break_id"))
    with pytest.raises(HistoryError, match="several breaks have the ID"):
        history.note(name, "x")
    history.note(name, "x", day=date(2026, 11, 21))
    assert told(history.open_breaks(), "business_date", "note") == [
        (date(2026, 11, 20), pd.NA),
        (date(2026, 11, 21), "x"),
    ]


# --- rulings ---


def suggested(days):
    """A payment and a line without its ID and bill, minutes apart: a match that is suggested."""
    line = days.posted("2", "50", 20, payment_id=None, bill_id=None)
    return days.anchored(20, [days.paid("2", "50", 20)], [line])


def match_of(result):
    """The match of it that is only suggested."""
    (match_id,) = result.matches.loc[result.matches["status"] == "suggested", "match_id"]
    return match_id


def test_an_accepted_match_is_followed_by_the_next_run(history, days, told):
    first = suggested(days)
    history.record(first)
    assert len(history.open_breaks()) == 2
    kept = history.accept(match_of(first), reason="same guest", by="Jana")
    assert kept.days == (date(2026, 11, 20),)
    assert kept.ruling.by == "Jana"
    policy = first.policy
    again = qr.reconcile(
        first.inputs.payments,
        first.inputs.pos,
        policy=Policy(venue=policy.venue, tip_basis="gross", rules=history.rulings("Old Town")),
    )
    assert not len(again.breaks)
    history.record(again)
    assert not len(history.open_breaks())
    with pytest.raises(HistoryError, match="is confirmed already"):
        history.accept("M-anchor-20", reason="again")


def test_a_match_nobody_has(history, days):
    history.record(days.anchored(20))
    for decide in (history.accept, history.reject):
        with pytest.raises(HistoryError, match="no recorded run has a match M-nowhere"):
            decide("M-nowhere", reason="x")


def test_a_ruling_is_kept_once_and_can_be_withdrawn(history, days, told):
    match_id = match_of(suggested(days))
    history.record(suggested(days))
    first = history.reject(match_id, reason="no", by="Jana")
    assert history.reject(match_id, reason="no again") == first
    (ruling,) = history.rulings()
    assert (ruling.kind, ruling.payment_ids, ruling.tender_ids) == (
        "reject_match",
        ("2",),
        ("t-2-20",),
    )
    with pytest.raises(HistoryError, match=r"says the opposite \(reject_match: no\); withdraw it"):
        history.accept(match_id, reason="yes")
    history.withdraw(first.ruling_id, reason="wrong", by="Anna")
    assert history.rulings() == ()
    assert told(history.all_rulings, "kind", "by", "withdrawn_by", "withdrawn_reason") == [
        ("reject_match", "Jana", "Anna", "wrong")
    ]
    with pytest.raises(HistoryError, match=r"no ruling RL-\w+ is in force"):
        history.withdraw(first.ruling_id, reason="twice")
    assert history.accept(match_id, reason="yes").is_in_force
    again = history.rule(Ruling("exclude_payment", payment_ids=["2"], reason="test"))
    assert again.days == (date(2026, 11, 20),)
    assert len(history.rulings()) == 2


def test_a_ruling_keeps_who_made_it_and_when(history):
    at = datetime(2026, 11, 1, tzinfo=UTC)
    ruling = Ruling("exclude_tender", tender_ids=["x"], reason="staff", by="Jana", at=at)
    assert history.rule(ruling).ruling == ruling
    assert history.rulings() == (ruling,)


def test_rulings_are_a_venue_s_own(history, days):
    for venue in ("Old Town", "Harbour"):
        history.record(days.anchored(20, venue=venue))
    history.rule(Ruling("exclude_tender", tender_ids=["x"]), venue="Harbour")
    assert history.rulings("Old Town") == ()
    assert len(history.rulings("Harbour")) == 1


def test_what_is_excluded_is_not_carried_on(history, days, told):
    first = days.anchored(20, lines=[days.posted("404", "7", 20)])
    history.record(first)
    history.rule(Ruling("exclude_tender", tender_ids=["t-404-20"], reason="test"))
    again = qr.reconcile(
        first.inputs.payments,
        first.inputs.pos,
        policy=Policy(venue="Old Town", rules=history.rulings()),
    )
    assert told(again.breaks, "kind") == ["excluded"]
    run = history.record(again)
    assert not len(history.open_breaks())
    assert told(run.news.closed, "kind", "why") == [("missing_in_qerko", "ruled_out")]
    assert set(told(history.breaks(), "why")) == {"ruled_out"}
    assert history.sign_off(None, DAY, by="Jana").open_breaks == 0


# --- sign-offs ---


def test_a_day_is_signed_off_by_name(history, days, told):
    run = history.record(days.anchored(20), by="anna@pc-1")
    held = history.sign_off("Old Town", date(2026, 11, 20), by="Jana Malá", comment="fine")
    assert (held.by, held.prepared_by, held.run_id) == ("Jana Malá", "anna@pc-1", run.run_id)
    assert (held.account, held.seal) == (person(), history.seal)
    assert held.is_in_force
    assert not held.is_same_person
    assert told(history.sign_offs, "business_day", "by", "comment", "open_breaks") == [
        (date(2026, 11, 20), "Jana Malá", "fine", 0)
    ]
    with pytest.raises(HistoryError, match="signed off already, by Jana Malá on"):
        history.sign_off("Old Town", DAY, by="Karel")


def test_nobody_reviews_what_they_prepared(history, days):
    history.record(days.anchored(20), by="anna@pc-1")
    for name in ("anna@pc-1", "Anna", " ANNA@elsewhere "):
        with pytest.raises(HistoryError, match="who prepared a day does not review it"):
            history.sign_off(None, DAY, by=name)
    held = history.sign_off(None, DAY, by="Anna", allow_same_person=True)
    assert held.is_same_person
    assert history.sign_offs["is_same_person"].tolist() == [True]


def test_open_breaks_are_to_be_said(history, days, one_open):
    with pytest.raises(HistoryError, match=rf"are open \(.*50.00\): {one_open}; close them"):
        history.sign_off(None, DAY, by="Jana")
    held = history.sign_off(None, DAY, by="Jana", with_open_breaks=True)
    assert (held.open_breaks, held.open_sums) == (1, {"CZK": Decimal(-50)})


def test_many_open_breaks_are_counted(history, days):
    history.record(days.anchored(20, [days.paid(str(n), "1", 20) for n in range(5)]))
    with pytest.raises(HistoryError, match="and 2 more"):
        history.sign_off(None, DAY, by="Jana")


def test_a_day_without_a_run_is_not_signed(history, days):
    history.record(days.anchored(20))
    with pytest.raises(HistoryError, match="no run of 2026-11-25 of Old Town is recorded"):
        history.sign_off("Old Town", "2026-11-25", by="Jana")
    with pytest.raises(HistoryError, match="no run of 2026-11-20 of Harbour"):
        history.sign_off("Harbour", DAY, by="Jana")


def test_a_signed_day_stays_until_it_is_reopened(history, days, one_open):
    history.record(suggested(days))
    ruling = history.reject(match_of(suggested(days)), reason="no")
    history.sign_off(None, DAY, by="Jana", with_open_breaks=True)
    for change in (
        lambda: history.note(one_open, "x"),
        lambda: history.note(one_open, "x", status="closed"),
        lambda: history.withdraw(ruling.ruling_id, reason="x"),
        lambda: history.rule(Ruling("exclude_payment", payment_ids=["2"])),
        lambda: history.rule(Ruling("exclude_tender", tender_ids=["t-anchor-20-20"])),
    ):
        with pytest.raises(HistoryError, match="2026-11-20, which Jana signed off on"):
            change()
    with pytest.raises(HistoryError, match="for a reason"):
        history.reopen(None, DAY, by="Jana", reason=" ")
    history.reopen(None, DAY, by="Jana", reason="a slip")
    history.note(one_open, "x", status="closed")
    history.withdraw(ruling.ruling_id, reason="x")
    assert history.sign_offs["reopened_reason"].tolist() == ["a slip"]
    with pytest.raises(HistoryError, match="is not signed off"):
        history.reopen(None, DAY, by="Jana", reason="twice")
    with pytest.raises(HistoryError, match="is not signed off"):
        history.since_sign_off(None, DAY)
    again = history.sign_off(None, DAY, by="Karel", with_open_breaks=True)
    assert history.since_sign_off(None, DAY).sign_off == again


def test_other_days_and_venues_are_free(history, days, one_open, told):
    history.record(days.anchored(21, [days.paid("3", "5", 21)]))
    history.record(days.anchored(20, [days.paid("2", "50", 20)], venue="Harbour"))
    history.sign_off("Old Town", DAY, by="Jana", with_open_breaks=True)
    frame = history.open_breaks("Old Town")
    assert told(frame, "is_signed_off") == [True, False]
    history.note(frame["break_id"][1], "x")
    history.note(one_open, "x", venue="Harbour")


def test_a_later_run_of_a_signed_day_is_marked(history, days, told):
    history.record(days.anchored(20), by="Anna")
    held = history.sign_off(None, DAY, by="Jana")
    later = history.record(days.anchored(20, [days.paid("2", "50", 20)]), by="Anna")
    assert later.news.signed == (held,)
    assert told(history.runs, "after_sign_off") == [False, True]
    history.reopen(None, DAY, by="Jana", reason="late payment")
    free = history.record(days.anchored(20, [days.paid("2", "51", 20)]), by="Anna")
    assert free.news.signed == ()
    assert told(history.runs, "after_sign_off") == [False, True, False]


def test_what_changed_since_a_sign_off_is_told(history, days, told, one_open):
    history.sign_off(None, DAY, by="Jana", with_open_breaks=True)
    since = history.since_sign_off(None, DAY)
    assert since.is_same
    assert repr(since).endswith("nothing changed since")
    late = days.paid("2", "50", 20)
    history.record(days.anchored(21, [late], [days.posted("2", "50", 21)]))
    since = history.since_sign_off(None, DAY)
    assert not since.is_same
    assert since.compared is None
    assert told(since.closed, "break_id") == [one_open]
    wrong = days.posted("2", "49", 20)
    run = history.record(days.anchored(20, [late], [wrong]))
    since = history.since_sign_off(None, DAY)
    assert told(since.runs, "run_id") == [run.run_id]
    assert told(since.appeared, "kind", "variance") == [("amount_mismatch", Decimal(-1))]
    assert told(since.compared.lines, "change", "payment_id") == [("added", "2")]
    text = repr(since)
    assert "1 break closed" in text
    assert "1 break appeared" in text
    assert "1 run recorded" in text


def test_a_variance_that_changed_since_is_told(history, days, told, one_open):
    history.sign_off(None, DAY, by="Jana", with_open_breaks=True)
    history.record(days.anchored(20, [days.paid("2", "51", 20)]))
    assert told(history.since_sign_off(None, DAY).changed, "variance") == [Decimal(-51)]


def test_a_note_and_a_sign_off_do_not_outrun_each_other(tmp_path, days):
    path = tmp_path / "history.db"
    with History(path) as one, History(path) as other:
        one.record(days.anchored(20, [days.paid("2", "50", 20)]), by="Anna")
        name = one.open_breaks()["break_id"][0]
        other.sign_off(None, DAY, by="Jana", with_open_breaks=True)
        with pytest.raises(HistoryError, match="reopen the day first"):
            one.note(name, "too late")


def test_a_result_shows_what_people_have_said(history, days, one_open):
    history.note(one_open, "=1+1 was asked", status="handed_on", by="Jana")
    result = days.anchored(20, [days.paid("2", "50", 20), days.paid("3", "7", 20)])
    shown = history.with_notes(result)
    told = dict(zip(shown.breaks["payment_id"], shown.breaks["note"], strict=True))
    assert told == {"2": "=1+1 was asked", "3": pd.NA}
    statuses = dict(zip(shown.breaks["payment_id"], shown.breaks["status"], strict=True))
    assert statuses == {"2": "handed_on", "3": pd.NA}
    assert "note" not in result.breaks.columns
