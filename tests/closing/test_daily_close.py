"""A close from export to recorded result, against a Qerko in a box and a real history."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qerko_recon.closing import DailyClose
from qerko_recon.errors import ReconciliationError
from qerko_recon.history import History
from qerko_recon.pos import Profile


def test_a_day_is_closed_step_by_step_and_recorded(venue, exports, export_file, day, tmp_path):
    exports.add(export_file)
    seen = []
    close = DailyClose(
        venue,
        exports,
        ids=day.payment_ids,
        history=tmp_path / "history.db",
        store=tmp_path / "payments.db",
        by="Jana",
        on_change=seen.append,
    )
    ended = close.run()
    stages = list(dict.fromkeys(one.stage for one in seen))
    assert stages == ["reading", "fetching", "reconciling", "recording", "done"]
    assert ended.result.unexplained == 0
    assert len(ended.result.breaks) == len(day.discrepancies)
    assert ended.gathered.from_lists == len(set(day.payment_ids))
    assert ended.progress.done == ended.progress.total == len(ended.gathered.ids)
    assert ended.run.by == "Jana"
    with History(tmp_path / "history.db") as history:
        assert len(history.runs) == 1


def test_what_people_say_stays_over_a_second_run(venue, exports, export_file, day, tmp_path):
    exports.add(export_file)
    options = {"ids": day.payment_ids, "history": tmp_path / "history.db"}
    first = DailyClose(venue, exports, **options).run()
    chosen = first.result.breaks["break_id"].iloc[0]
    with History(tmp_path / "history.db") as history:
        history.note(chosen, "the bank confirms it", status="explained", by="Eva")
    again = DailyClose(venue, exports, **options).run()
    own = again.result.breaks.set_index("break_id").loc[chosen]
    assert (own["status"], own["note"]) == ("explained", "the bank confirms it")
    assert again.run.times == 2


def test_a_stopped_fetch_keeps_what_came_and_goes_on(venue, exports, export_file, day, tmp_path):
    exports.add(export_file)
    store = tmp_path / "payments.db"

    def watch(snapshot):
        if snapshot.progress is not None and snapshot.progress.done >= 5:
            close.stop()

    close = DailyClose(venue, exports, ids=day.payment_ids, store=store, on_change=watch)
    stopped = close.run()
    assert stopped.stage == "stopped"
    assert stopped.result is None
    whole = DailyClose(venue, exports, ids=day.payment_ids, store=store).run()
    assert whole.stage == "done"
    assert whole.result.unexplained == 0
    assert len(stopped.payments.frame) >= whole.progress.held > 0  # what may change is asked again


def test_without_ids_it_says_what_to_give(venue, exports, tmp_path):
    path = tmp_path / "no_ids.csv"
    path.write_text("Bill,Amount,Payment method\nB1,240.00,Qerko\n")
    exports.add(path)
    close = DailyClose(venue, exports, history=tmp_path / "history.db")
    with pytest.raises(ReconciliationError, match="session log of the day"):
        close.run()
    assert close.snapshot.stage == "failed"
    assert not (tmp_path / "history.db").exists()


def test_a_business_day_that_is_chosen_counts(venue, exports, export_file, day):
    exports.add(export_file)
    for chosen in (day.business_date, day.business_date + timedelta(days=1)):
        close = DailyClose(venue, exports, ids=day.payment_ids, business_day=chosen)
        assert close.run().result.policy.business_day == chosen


def test_a_venue_s_clock_and_name_are_the_policy_s(venue, exports):
    close = DailyClose(venue.replaced(time_zone="Europe/London"), exports)
    assert close.policy.time_zone == "Europe/London"
    assert close.policy.business_day is None


def test_exports_that_cannot_be_read_stop_it_before_anything_is_fetched(
    venue, exports, tmp_path, box
):
    path = tmp_path / "odd.csv"
    path.write_text("a;b\nc;d\n")
    exports.use(path, Profile())
    with pytest.raises(Exception, match=r"odd\.csv"):
        DailyClose(venue, exports, ids=["1"]).run()
    assert box.journal == ()
