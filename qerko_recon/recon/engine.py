"""Reconcile: payments and POS lines in; matches, breaks and the bridge between them out."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from qerko_recon.money import unit_to_decimal
from qerko_recon.recon.alone import Alone
from qerko_recon.recon.breaks import break_table
from qerko_recon.recon.bridge import Totals, bridge_table, unexplained
from qerko_recon.recon.compare import Comparison, Draft
from qerko_recon.recon.infer import resolve
from qerko_recon.recon.intake import Intake, take_in, with_tip_inside
from qerko_recon.recon.match import Group, Matching, match
from qerko_recon.recon.policy import Policy
from qerko_recon.recon.remarks import remarks
from qerko_recon.recon.result import ControlTotal, Reading, Reconciliation, Summary
from qerko_recon.schema import MATCHES, to_frame

__all__ = ["reconcile"]


def reconcile(payments: object, pos: object, policy: Policy | None = None) -> Reconciliation:
    """Find every difference between what Qerko settled and what the POS posted.

    Parameters
    ----------
    payments
        What ``fetch_payments`` or ``Payments.read`` returned, or a DataFrame with the columns of
        :data:`qerko_recon.schema.PAYMENTS` (``payment_id``, ``state``, ``currency`` and
        ``parts_total`` suffice).
    pos
        What ``read_pos`` returned, or a DataFrame with the columns of
        :data:`qerko_recon.schema.TENDERS` (``amount`` or ``total`` suffices).
    policy
        How to read what is not documented; found out from the data where not stated.

    Returns
    -------
    Reconciliation
        Per currency the settled total and the breaks' variances add up to the posted total,
        exactly.

    Raises
    ------
    ReconciliationError
        An input cannot be used; the message names the column and the value.
    """
    policy = policy or Policy()
    intake = take_in(payments, pos, policy)
    policy, readings = resolve(intake, policy)
    if policy.tip_layout == "inside":
        intake = replace(intake, tenders=with_tip_inside(intake.tenders))
    comparison = Comparison(intake, policy)
    matching = match(intake, comparison.due, comparison.tolerance)
    alone = Alone(comparison, matching)
    drafts = [*_drafts(comparison, matching), *alone.drafts()]
    groups = [*matching.groups, *alone.nothing_due]
    return _result(comparison, matching, alone, drafts, groups, readings)


def _drafts(comparison: Comparison, matching: Matching) -> Iterator[Draft]:
    yield from comparison.inconsistencies()
    for group in matching.groups:
        if not comparison.is_clean(group):
            yield from comparison.group(group)


def _result(
    comparison: Comparison,
    matching: Matching,
    alone: Alone,
    drafts: list[Draft],
    groups: list[Group],
    readings: tuple[Reading, ...],
) -> Reconciliation:
    intake, policy = comparison.intake, comparison.policy
    first, last = _period(alone.posted_days, intake)
    as_of = policy.as_of or last
    totals = _totals(comparison, drafts)
    paid, posted = intake.payments, intake.tenders
    summary = Summary(
        venue=policy.venue,
        first_day=first,
        last_day=last,
        time_zone=policy.time_zone,
        totals=tuple(_control_totals(comparison, totals)),
        sources=intake.sources,
        readings=readings,
        notes=tuple(remarks(comparison, matching, readings)),
    )
    repeated = {
        row for draft in drafts if draft.kind == "duplicate_in_pos" for row in draft.tenders
    }
    return Reconciliation(
        summary=summary,
        matches=to_frame(_match_table(comparison, groups, repeated)),
        breaks=to_frame(break_table(drafts, posted, policy, as_of=as_of)),
        bridge=to_frame(bridge_table(totals)),
        unexplained=unit_to_decimal(unexplained(totals)),
        policy=policy,
        payments=to_frame(paid.table),
        parts=to_frame(paid.parts),
        tenders=to_frame(posted.table),
        others=to_frame(posted.others),
        problems=to_frame(posted.problems),
    )


def _period(posted_days: Iterable[date], intake: Intake) -> tuple[date | None, date | None]:
    days = set(posted_days) or {day for day in intake.payments.days if day is not None}
    return (min(days), max(days)) if days else (None, None)


def _totals(comparison: Comparison, drafts: list[Draft]) -> dict[str, Totals]:
    """Sum both sides and the breaks by currency, each from its own source."""
    intake = comparison.intake
    settled = _sum_by(intake.payments.currencies, comparison.settled)
    posted = _sum_by(intake.tenders.currencies, intake.tenders.posted)
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


def _sum_by(currencies: list[str], units: Any) -> dict[str, int]:
    sums: dict[str, int] = {}
    keys = np.array(currencies, dtype=object)
    for currency in set(currencies):
        some = units[keys == currency]
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


def _match_table(comparison: Comparison, groups: list[Group], repeated: set[int]) -> pa.Table:
    """List the matches; a line that repeats another is a break and in no match."""
    paid, posted = comparison.intake.payments, comparison.intake.tenders
    rows = []
    for group in groups:
        tenders = [row for row in group.tenders if row not in repeated]
        settled = int(comparison.settled[list(group.payments)].sum())
        sum_posted = int(posted.posted[tenders].sum())
        payment_ids = sorted(paid.ids[row] for row in group.payments)
        tender_ids = sorted(posted.ids[row] for row in tenders)
        currency = (
            paid.currencies[group.payments[0]]
            if group.payments
            else posted.currencies[group.tenders[0]]
        )
        rows.append(
            {
                "match_id": _identity(payment_ids, tender_ids),
                "kind": _kind(len(payment_ids), len(tender_ids)),
                "status": group.status,
                "rule": group.rule,
                "payment_ids": payment_ids,
                "tender_ids": tender_ids,
                "settled": unit_to_decimal(settled),
                "posted": unit_to_decimal(sum_posted),
                "variance": unit_to_decimal(sum_posted - settled),
                "currency": currency,
            }
        )
    rows.sort(key=lambda row: (row["payment_ids"], row["tender_ids"]))
    return pa.Table.from_pylist(rows, schema=MATCHES)


def _identity(payment_ids: list[str], tender_ids: list[str]) -> str:
    about = "\x1f".join((*payment_ids, "\x1e", *tender_ids))
    return f"M-{hashlib.sha256(about.encode()).hexdigest()[:12]}"


def _kind(payments: int, tenders: int) -> str:
    if not payments or not tenders:
        return "nothing_due"
    left = "one" if payments == 1 else "many"
    right = "one" if tenders == 1 else "many"
    return f"{left}_to_{right}"
