"""Reconcile: payments and POS lines in; matches, breaks and the bridge between them out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.money import from_units, unit_to_decimal
from qerko_recon.recon.alone import Alone
from qerko_recon.recon.breaks import break_table
from qerko_recon.recon.bridge import Totals, bridge_table, unexplained
from qerko_recon.recon.compare import Comparison, Draft
from qerko_recon.recon.days import covered_days
from qerko_recon.recon.infer import resolve, tip_shift
from qerko_recon.recon.intake import Intake, TenderSide, Units, take_in, with_tips_moved
from qerko_recon.recon.logs import LogLike, open_log
from qerko_recon.recon.match import Group, Matching, match
from qerko_recon.recon.matches import match_table
from qerko_recon.recon.policy import Policy
from qerko_recon.recon.remarks import remarks
from qerko_recon.recon.result import ControlTotal, Reading, Reconciliation, Summary
from qerko_recon.schema import to_frame

if TYPE_CHECKING:
    from qerko_recon.session.log import SessionLog

__all__ = ["reconcile"]


def reconcile(
    payments: object, pos: object, policy: Policy | None = None, log: LogLike | None = None
) -> Reconciliation:
    """Reconcile without reports; :func:`qerko_recon.reconcile` says what goes in and comes out."""
    policy, opened = policy or Policy(), open_log(log)
    intake = take_in(payments, pos, policy)
    policy, readings = resolve(intake, policy)
    tenders = with_tips_moved(intake.tenders, tip_shift(intake, policy))
    intake = replace(intake, tenders=tenders)
    comparison = Comparison(intake, policy)
    matching = match(intake, comparison.due, comparison.tolerance)
    alone = Alone(comparison, matching)
    drafts = [*_drafts(comparison, matching), *alone.drafts()]
    groups = [*matching.groups, *alone.nothing_due]
    return _result(comparison, matching, alone, drafts, groups, readings, opened)


def _drafts(comparison: Comparison, matching: Matching) -> Iterator[Draft]:
    yield from comparison.inconsistencies()
    for place in comparison.suspects(matching.named):
        yield from comparison.group(matching.named.group(place))
    for group in matching.groups:
        yield from comparison.group(group)


def _result(
    comparison: Comparison,
    matching: Matching,
    alone: Alone,
    drafts: list[Draft],
    groups: list[Group],
    readings: tuple[Reading, ...],
    log: SessionLog | None,
) -> Reconciliation:
    intake, policy = comparison.intake, comparison.policy
    first, last = _period(alone.posted_days, intake)
    as_of = policy.as_of or last
    totals = _totals(comparison, drafts)
    paid, posted = intake.payments, intake.tenders
    breaks = break_table(drafts, intake, policy, as_of=as_of)
    sources, notes = intake.sources, tuple(remarks(comparison, matching, readings))
    settled, tenders = _with_settled(comparison), _with_posted(posted)
    if log is not None:
        # Not above: who has no log need not wait for what reads one.
        from qerko_recon.recon.causes.finding import find_causes

        found = find_causes(breaks, log, payments=settled, tenders=tenders, policy=policy)
        breaks, sources = found.breaks, (*sources, *found.sources)
        notes = (*notes, *found.notes)
    summary = Summary(
        venue=policy.venue,
        first_day=first,
        last_day=last,
        time_zone=policy.time_zone,
        totals=tuple(_control_totals(comparison, totals)),
        sources=sources,
        readings=readings,
        notes=notes,
    )
    repeated = {
        row for draft in drafts if draft.kind == "duplicate_in_pos" for row in draft.tenders
    }
    return Reconciliation(
        summary=summary,
        matches=to_frame(match_table(comparison, matching, groups, repeated)),
        breaks=to_frame(breaks),
        bridge=to_frame(bridge_table(totals)),
        unexplained=unit_to_decimal(unexplained(totals)),
        policy=policy,
        payments=to_frame(settled),
        parts=to_frame(paid.parts),
        tenders=to_frame(tenders),
        others=to_frame(posted.others),
        problems=to_frame(posted.problems),
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
    counts = side.counts & side.readable
    tip = from_units(np.where(counts, side.tip, 0), ~side.has_tip)
    table = side.table.append_column("posted", from_units(side.posted))
    return table.append_column("posted_tip", tip)


def _period(posted_days: Iterable[date], intake: Intake) -> tuple[date | None, date | None]:
    days = set(posted_days) or covered_days(intake.payments.days)
    return (min(days), max(days)) if days else (None, None)


def _totals(comparison: Comparison, drafts: list[Draft]) -> dict[str, Totals]:
    """Sum both sides and the breaks by currency, each from its own source."""
    intake = comparison.intake
    settled = _sum_by(intake.payments.table["currency"], comparison.settled)
    posted = _sum_by(intake.tenders.table["currency"], intake.tenders.posted)
    variances: dict[str, Counter[str]] = defaultdict(Counter)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for draft in drafts:
        variances[draft.currency][draft.kind] += draft.posted - draft.settled
        counts[draft.currency][draft.kind] += 1
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


def _sum_by(currencies: pa.ChunkedArray, units: Units) -> dict[str, int]:
    sums: dict[str, int] = {}
    for currency in pc.unique(currencies).to_pylist():
        some = units[np.asarray(pc.equal(currencies, currency).to_numpy())]
        # Halves, so that no sum runs over.
        low, high = int((some & 0xFFFFFFFF).sum()), int((some >> 32).sum())
        sums[currency] = (high << 32) + low
    return sums


def _control_totals(comparison: Comparison, totals: dict[str, Totals]) -> Iterator[ControlTotal]:
    paid = Counter(comparison.intake.payments.currencies)
    posted = Counter(comparison.intake.tenders.currencies)
    for currency, total in sorted(totals.items()):
        yield ControlTotal(
            currency=currency,
            settled=unit_to_decimal(total.settled),
            posted=unit_to_decimal(total.posted),
            variance=unit_to_decimal(total.posted - total.settled),
            payments=paid[currency],
            tenders=posted[currency],
            breaks=sum(total.counts.values()),
        )
