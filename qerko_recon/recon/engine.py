"""Reconcile: payments and POS lines in; matches, breaks and the bridge between them out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from qerko_recon.money import from_units, sum_exactly, unit_to_decimal
from qerko_recon.recon.alone import Alone, posted_days
from qerko_recon.recon.breaks import break_table
from qerko_recon.recon.bridge import Totals, bridge_table, unexplained
from qerko_recon.recon.classify import classify
from qerko_recon.recon.coded import Codes, Units, encode, numbered, rows_by_code
from qerko_recon.recon.compare import Comparison
from qerko_recon.recon.day_bridge import day_bridge_table
from qerko_recon.recon.days import Days, covered_days
from qerko_recon.recon.decided import Decided, decide
from qerko_recon.recon.drafts import Drafts
from qerko_recon.recon.groups import Group
from qerko_recon.recon.infer import resolve, tip_shift
from qerko_recon.recon.intake import refuse_same_ids, take_in, with_tips_moved
from qerko_recon.recon.logs import LogLike, open_log
from qerko_recon.recon.match import Matching, match
from qerko_recon.recon.matches import match_table
from qerko_recon.recon.policy import Policy, policy_of
from qerko_recon.recon.readings import Readings
from qerko_recon.recon.remark import Remark
from qerko_recon.recon.remarks import remarks
from qerko_recon.recon.result import ControlTotal, Inputs, Reconciliation, Summary
from qerko_recon.recon.shared_tips import with_shared_tips
from qerko_recon.recon.sides import Intake, TenderSide
from qerko_recon.recon.suggest import suggest
from qerko_recon.schema import to_frame
from qerko_recon.threads import aside

if TYPE_CHECKING:
    from qerko_recon.session.log import SessionLog

__all__ = ["reconcile"]


def reconcile(
    payments: object, pos: object, policy: Policy | None = None, log: LogLike | None = None
) -> Reconciliation:
    """Reconcile without reports; :func:`qerko_recon.reconcile` says what goes in and comes out."""
    stated, opened = policy_of(policy), open_log(log)
    intake = take_in(payments, pos, stated)
    found = resolve(intake, stated)
    policy = found.policy
    checked = aside(refuse_same_ids, intake.tenders)
    tenders = with_tips_moved(intake.tenders, tip_shift(intake, policy))
    intake = replace(intake, tenders=tenders)
    comparison = Comparison(intake, policy)
    sides = aside(lambda: (_with_settled(comparison), _with_posted(tenders)))
    gaps = aside(lambda: comparison.gap)
    decided = decide(intake, policy.rules)
    matching = match(comparison, decided)
    comparison.days = _known_days(comparison, matching)
    comparison.foreign = matching.foreign
    suggested = suggest(intake, matching, comparison.settled, policy.time_window, decided)
    alone = Alone(comparison, matching, decided, suggested)
    gaps.result()  # worked out beside the matching
    drafts = _drafts(comparison, matching, alone)
    checked.result()
    work = _Work(
        comparison,
        matching,
        drafts,
        tuple(suggested),
        tuple(alone.nothing_due),
        *sides.result(),
    )
    days = alone.posted_days or covered_days(comparison.days)
    return _result(work, days, decided, found, Inputs(payments, pos, stated), opened)


def _known_days(comparison: Comparison, matching: Matching) -> Days:
    """Give payments without a time the day of their line, or the only day that there is."""
    days = matching.days
    unknown = np.isnat(days)
    if not unknown.any():
        return days
    only = posted_days(comparison)
    if len(only) == 1:
        days[unknown] = np.datetime64(next(iter(only)))
    return days


def _drafts(comparison: Comparison, matching: Matching, alone: Alone) -> Drafts:
    parts = [
        *classify(comparison, matching.groups),
        *alone.drafts(),
        Drafts.of(list(comparison.inconsistencies())),
    ]
    return with_shared_tips(Drafts.joined(parts), comparison.intake)


@dataclass(frozen=True, eq=False)
class _Work:
    """All that a result is made of; what few ask for is made when it is asked for."""

    comparison: Comparison
    matching: Matching
    drafts: Drafts
    suggested: tuple[Group, ...]
    nothing_due: tuple[Group, ...]
    settled: pa.Table  # payments, with what each settles for
    posted: pa.Table  # lines, with what each posts

    @cached_property
    def matches(self) -> pd.DataFrame:
        repeated = np.zeros(len(self.comparison.intake.tenders), dtype=bool)
        is_repeat = self.drafts.kind == "duplicate_in_pos"
        repeated[self.drafts.lines[is_repeat[self.drafts.owners]]] = True
        table = match_table(
            self.comparison, self.matching.groups, self.suggested, self.nothing_due, repeated
        )
        return to_frame(table)

    @cached_property
    def bridge_by_day(self) -> pd.DataFrame:
        return to_frame(day_bridge_table(self.comparison, self.matching, self.drafts))


def _result(
    work: _Work,
    days: frozenset[date],
    decided: Decided,
    found: Readings,
    inputs: Inputs,
    log: SessionLog | None,
) -> Reconciliation:
    comparison, drafts = work.comparison, work.drafts
    intake, policy = comparison.intake, comparison.policy
    first, last = (min(days), max(days)) if days else (None, None)
    paid, posted = intake.payments, intake.tenders
    noticed = aside(lambda: tuple(remarks(comparison, work.matching, decided, found.remarks)))
    breaks = break_table(drafts, intake, policy, as_of=policy.as_of or last)
    totals = _totals(comparison, drafts)
    sources = intake.sources
    told = noticed.result()
    settled, tenders = work.settled, work.posted
    if log is not None:
        # Not above: who has no log need not wait for what reads one.
        from qerko_recon.recon.causes.finding import find_causes

        causes = find_causes(breaks, log, payments=settled, tenders=tenders, policy=policy)
        breaks, sources = causes.breaks, (*sources, *causes.sources)
        told = (*told, *causes.remarks)
        if log.skipped:
            names = tuple(path.name for path in log.skipped)
            told = (*told, Remark("log_skipped", {"files": names}))
    summary = Summary(
        venue=policy.venue,
        first_day=first,
        last_day=last,
        time_zone=policy.time_zone,
        totals=tuple(_control_totals(intake, totals)),
        sources=sources,
        readings=found.readings,
        remarks=told,
    )
    return Reconciliation(
        summary=summary,
        breaks=to_frame(breaks),
        bridge=to_frame(bridge_table(totals)),
        unexplained=unit_to_decimal(unexplained(totals)),
        policy=policy,
        payments=to_frame(settled),
        parts=to_frame(paid.parts),
        tenders=to_frame(tenders),
        others=to_frame(posted.others),
        problems=to_frame(posted.problems),
        failures=to_frame(paid.failures),
        candidates=found.candidates,
        details=work,
        inputs=inputs,
        log=log,
    )


def _with_settled(comparison: Comparison) -> pa.Table:
    """Add to the payments what each settles for, and how much of it is tip."""
    side = comparison.intake.payments
    tip = np.where(side.settles, comparison.tip, 0)
    table = side.table.append_column("settled", from_units(comparison.settled))
    return table.append_column("settled_tip", from_units(tip))


def _with_posted(side: TenderSide) -> pa.Table:
    """Add to the lines what each posts, and how much of it is tip, null where it says none."""
    tip = from_units(side.posted_tip, ~side.has_tip)
    table = side.table.append_column("posted", from_units(side.posted))
    return table.append_column("posted_tip", tip)


def _totals(comparison: Comparison, drafts: Drafts) -> dict[str, Totals]:
    """Sum both sides and the breaks by currency, each from its own source."""
    intake = comparison.intake
    settled = _sum_by(intake.currencies, intake.paid_currency, comparison.settled)
    posted = _sum_by(intake.currencies, intake.posted_currency, intake.tenders.posted)
    variances: dict[str, Counter[str]] = defaultdict(Counter)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    moved = drafts.posted - drafts.settled
    _, (kinds,) = encode(drafts.text("kind"))
    _, (places,) = encode(drafts.text("currency"))
    for _, rows in rows_by_code(numbered(places, kinds)):
        currency, kind = drafts.currency[rows[0]], drafts.kind[rows[0]]
        variances[currency][kind] = sum_exactly(moved[rows])
        counts[currency][kind] = len(rows)
    currencies = settled.keys() | posted.keys() | counts.keys()
    return {
        currency: Totals(
            settled.get(currency, 0),
            posted.get(currency, 0),
            variances[currency],
            counts[currency],
        )
        for currency in currencies
    }


def _sum_by(currencies: Sequence[str], codes: Codes, units: Units) -> dict[str, int]:
    """Sum by currency; one that has no row has no sum."""
    if len(currencies) == 1:
        return {currencies[0]: sum_exactly(units)} if len(units) else {}
    return {
        currency: sum_exactly(units[codes == code])
        for code, currency in enumerate(currencies)
        if (codes == code).any()
    }


def _control_totals(intake: Intake, totals: dict[str, Totals]) -> Iterator[ControlTotal]:
    size = len(intake.currencies)
    paid = dict(
        zip(
            intake.currencies,
            np.bincount(intake.paid_currency, minlength=size).tolist(),
            strict=False,
        )
    )
    posted = dict(
        zip(
            intake.currencies,
            np.bincount(intake.posted_currency, minlength=size).tolist(),
            strict=False,
        )
    )
    for currency, total in sorted(totals.items()):
        yield ControlTotal(
            currency=currency,
            settled=unit_to_decimal(total.settled),
            posted=unit_to_decimal(total.posted),
            variance=unit_to_decimal(total.posted - total.settled),
            payments=paid.get(currency, 0),
            tenders=posted.get(currency, 0),
            breaks=sum(total.counts.values()),
        )
