"""Groups in, the finished table of matches out: one row a match, totals with tip."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.money import from_units, unit_to_decimal
from qerko_recon.recon.compare import Comparison
from qerko_recon.recon.match import Group, Matching, NamedLines
from qerko_recon.schema import MATCHES

__all__ = ["match_table"]

_CONFIRMED: Final = "confirmed"


def match_table(
    comparison: Comparison,
    matching: Matching,
    groups: Sequence[Group],
    repeated: Collection[int],
) -> pa.Table:
    """List the matches, in the order of their payment IDs.

    A line that repeats another (``repeated``) is a break and stands in no match.
    """
    named = _named_table(comparison, matching.named.without(repeated))
    others = pa.Table.from_pylist(
        [_row(comparison, group, repeated) for group in groups], schema=MATCHES
    )
    table = pa.concat_tables([named, others])
    keys = pa.table(
        {
            "payments": pc.binary_join(table["payment_ids"], "\x1f"),
            "tenders": pc.binary_join(table["tender_ids"], "\x1f"),
        }
    )
    order = pc.sort_indices(keys, [("payments", "ascending"), ("tenders", "ascending")])
    return table.take(order)


def _named_table(comparison: Comparison, named: NamedLines) -> pa.Table:
    """Build, column by column, the matches that payment IDs made."""
    paid, posted = comparison.intake.payments, comparison.intake.tenders
    size = len(named)
    ids = paid.table["payment_id"].combine_chunks().take(pa.array(named.payments))
    settled = comparison.settled[named.payments]
    sums = named.sum(posted.posted)
    single = pa.array(np.diff(named.starts) == 1)
    singles = pa.array(np.arange(size + 1, dtype=np.int32))
    tender_ids = posted.table["tender_id"].combine_chunks().take(pa.array(named.lines))
    columns = {
        "match_id": pc.binary_join_element_wise("M", ids, "-"),
        "kind": pc.if_else(single, "one_to_one", "one_to_many"),
        "status": _repeat(_CONFIRMED, size),
        "rule": _rules(named),
        "payment_ids": pa.ListArray.from_arrays(singles, ids),
        "tender_ids": pa.ListArray.from_arrays(
            pa.array(named.starts.astype(np.int32)), tender_ids
        ),
        "settled": from_units(settled),
        "posted": from_units(sums),
        "variance": from_units(sums - settled),
        "currency": paid.table["currency"].combine_chunks().take(pa.array(named.payments)),
    }
    return pa.table(columns, schema=MATCHES)


def _rules(named: NamedLines) -> pa.Array:
    if not named.completed:
        return _repeat("payment_id", len(named))
    return pa.array([named.rule(payment) for payment in named.payments.tolist()], pa.string())


def _repeat(word: str, size: int) -> pa.Array:
    return pa.repeat(pa.scalar(word), size)


def _row(comparison: Comparison, group: Group, repeated: Collection[int]) -> dict[str, object]:
    paid, posted = comparison.intake.payments, comparison.intake.tenders
    tenders = [row for row in group.tenders if row not in repeated]
    settled = int(comparison.settled[list(group.payments)].sum())
    sum_posted = int(posted.posted[tenders].sum())
    payment_ids = sorted(paid.ids[row] for row in group.payments)
    tender_ids = sorted(posted.ids[row] for row in tenders)
    return {
        "match_id": _identity(payment_ids, tender_ids),
        "kind": _kind(len(payment_ids), len(tender_ids)),
        "status": group.status,
        "rule": group.rule,
        "payment_ids": payment_ids,
        "tender_ids": tender_ids,
        "settled": unit_to_decimal(settled),
        "posted": unit_to_decimal(sum_posted),
        "variance": unit_to_decimal(sum_posted - settled),
        "currency": paid.currencies[group.payments[0]]
        if group.payments
        else posted.currencies[group.tenders[0]],
    }


def _identity(payment_ids: list[str], tender_ids: list[str]) -> str:
    if len(payment_ids) == 1:
        return f"M-{payment_ids[0]}"
    about = "\x1f".join((*payment_ids, "\x1e", *tender_ids))
    return f"M-{hashlib.sha256(about.encode()).hexdigest()[:12]}"


def _kind(payments: int, tenders: int) -> str:
    if not payments or not tenders:
        return "nothing_due"
    left = "one" if payments == 1 else "many"
    right = "one" if tenders == 1 else "many"
    return f"{left}_to_{right}"
