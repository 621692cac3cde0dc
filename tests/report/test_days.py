"""Days gather the steps of the bridge by day, and add up to the bridge."""

from __future__ import annotations

from datetime import UTC, date, datetime

from qerko_recon.recon.bridge import KINDS
from qerko_recon.recon.day_bridge import MOVED
from qerko_recon.recon.groups import RULES
from qerko_recon.report.days import days_of, steps_of
from qerko_recon.report.labels import LABELS
from qerko_recon.report.walk import step_name
from qerko_recon.wording import LANGUAGES

NIGHT = datetime(2026, 11, 21, 1, tzinfo=UTC)
MORNING = datetime(2026, 11, 21, 9, tzinfo=UTC)


def test_each_day_walks_from_settled_to_posted(made):
    result = made(
        [made.paid("1", "100", created_at=NIGHT), made.paid("2", "50", created_at=MORNING)],
        [made.posted("1", "100", paid_at=MORNING), made.posted("2", "40", paid_at=MORNING)],
    )
    days = days_of(result.bridge_by_day)
    assert [one.day for one in days] == [date(2026, 11, 20), date(2026, 11, 21)]
    for one in days:
        assert one.settled + sum(one.moves.values()) == one.posted
        assert one.variance == one.posted - one.settled
    assert sum(one.moves.get(MOVED, 0) for one in days) == 0
    assert days[0].moves[MOVED] == -100
    (total,) = result.summary.totals
    assert sum(one.settled for one in days) == total.settled
    assert sum(one.posted for one in days) == total.posted
    assert sum(one.breaks for one in days) == total.breaks
    assert steps_of(days, result.bridge) == ["amount_mismatch", MOVED]


def test_without_time_there_is_a_day_without_a_date(made):
    result = made([made.paid("1", "100", created_at=None)], [])
    assert [one.day for one in days_of(result.bridge_by_day)] == [None]


def test_every_kind_step_and_rule_has_a_name_in_every_language():
    for language in LANGUAGES:
        names = [step_name(one, language) for one in (*KINDS, MOVED, "settled", "posted")]
        assert len(set(names)) == len(names)
        assert not any("_" in name for name in names)
        for rule in RULES:
            assert LABELS.knows(f"rule.{rule}"), rule
