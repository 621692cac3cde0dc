"""Groups in, the finished table of matches out: one row a match, totals with tip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.money import from_units
from qerko_recon.recon.breaks import places_of_lines
from qerko_recon.recon.coded import Mask, flat
from qerko_recon.recon.compare import Comparison
from qerko_recon.recon.groups import RULES, STATUSES, Group, Groups
from qerko_recon.recon.naming import match_id
from qerko_recon.recon.sides import TenderSide
from qerko_recon.schema import MATCHES

__all__ = ["match_table"]


def match_table(
    comparison: Comparison,
    groups: Groups,
    suggested: Sequence[Group],
    nothing_due: Sequence[Group],
    repeated: Mask,
) -> pa.Table:
    """List the matches, in the order of their payment IDs.

    A line that repeats another (``repeated``) is a break and stands in no match.
    """
    parts = [_in_order(groups.without(repeated), comparison.intake.tenders)]
    if suggested:
        parts.append(Groups.of(suggested))
    tables = [_table(comparison, Groups.joined(parts))]
    if nothing_due:
        rows = [_nothing_due(comparison, group) for group in nothing_due]
        tables.append(pa.Table.from_pylist(rows, schema=MATCHES))
    table = pa.concat_tables(tables)
    keys = pa.table(
        {
            "payments": pc.binary_join(table["payment_ids"], "\x1f"),
            "tenders": pc.binary_join(table["tender_ids"], "\x1f"),
            "status": table["status"],
        }
    )
    order = pc.sort_indices(keys, [(name, "ascending") for name in keys.column_names])
    return table.take(order)


def _in_order(groups: Groups, side: TenderSide) -> Groups:
    """Put the lines of each group in the order of their IDs."""
    several = np.repeat(groups.tender_counts > 1, groups.tender_counts)
    if not several.any():
        return groups
    owners = np.repeat(np.arange(len(groups)), groups.tender_counts)[several]
    ids = flat(side.table["tender_id"]).take(pa.array(groups.tenders[several]))
    keys = pa.table({"group": owners, "id": ids})
    order = pc.sort_indices(keys, [("group", "ascending"), ("id", "ascending")])
    tenders = groups.tenders.copy()
    tenders[several] = groups.tenders[several][np.asarray(order)]
    return replace(groups, tenders=tenders)


def _table(comparison: Comparison, groups: Groups) -> pa.Table:
    intake = comparison.intake
    paid, posted = intake.payments, intake.tenders
    payment_ids = flat(paid.table["payment_id"]).take(pa.array(groups.payments))
    tender_ids = flat(posted.table["tender_id"]).take(pa.array(groups.tenders))
    settled, sums = groups.settled(comparison.settled), groups.posted(posted.posted)
    payments = _listed(payment_ids, groups.payment_starts)
    tenders = _listed(tender_ids, groups.tender_starts)
    columns = {
        "match_id": _identities(groups, payments, tenders),
        "kind": _kinds(groups),
        "status": pa.array(STATUSES).take(pa.array(groups.statuses)),
        "rule": pa.array(RULES).take(pa.array(groups.rules)),
        "payment_ids": payments,
        "tender_ids": tenders,
        "settled": from_units(settled),
        "posted": from_units(sums),
        "variance": from_units(sums - settled),
        "currency": flat(paid.table["currency"]).take(pa.array(groups.first)),
        "evidence": _listed(places_of_lines(posted, groups.tenders), groups.tender_starts),
    }
    return pa.table(columns, schema=MATCHES)


def _listed(values: pa.Array, starts: Any) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(starts.astype(np.int32)), values)


def _kinds(groups: Groups) -> pa.Array:
    left = pa.array(groups.payment_counts == 1)
    right = pa.array(groups.tender_counts == 1)
    return pc.binary_join_element_wise(
        pc.if_else(left, "one", "many"), pc.if_else(right, "one", "many"), "_to_"
    )


def _identities(groups: Groups, payments: pa.ListArray, tenders: pa.ListArray) -> pa.Array:
    """Name each match by its payment; one of several payments, or only suggested, by all of it."""
    ids = pc.binary_join_element_wise(
        "M", payments.flatten().take(pa.array(groups.payment_starts[:-1])), "-"
    )
    special = np.flatnonzero(
        (groups.payment_counts > 1) | (groups.statuses == STATUSES.index("suggested"))
    )
    if not len(special):
        return ids
    at = pa.array(special)
    pairs = zip(payments.take(at).to_pylist(), tenders.take(at).to_pylist(), strict=True)
    named = [match_id(*pair) for pair in pairs]
    mask = np.zeros(len(groups), dtype=bool)
    mask[special] = True
    return pc.replace_with_mask(ids, pa.array(mask), pa.array(named, pa.string()))


def _nothing_due(comparison: Comparison, group: Group) -> dict[str, object]:
    intake = comparison.intake
    payment_ids = [intake.payments.id(row) for row in group.payments]
    tender_ids = [intake.tenders.id(row) for row in group.tenders]
    zero = from_units(np.zeros(1, dtype=np.int64))[0].as_py()
    code = (
        intake.paid_currency[group.payments[0]]
        if group.payments
        else intake.posted_currency[group.tenders[0]]
    )
    return {
        "match_id": f"M-{payment_ids[0]}" if payment_ids else match_id((), tender_ids),
        "kind": "nothing_due",
        "status": "confirmed",
        "rule": "nothing_due",
        "payment_ids": payment_ids,
        "tender_ids": tender_ids,
        "settled": zero,
        "posted": zero,
        "variance": zero,
        "currency": intake.currencies[code],
        "evidence": places_of_lines(
            intake.tenders, np.array(group.tenders, dtype=np.int64)
        ).to_pylist(),
    }
