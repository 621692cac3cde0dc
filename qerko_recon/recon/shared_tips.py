"""Tips that are not lost but elsewhere: on another payment of the bill, or with another tender.

Takes in drafts; gives them back with the reason that explains them. No amount changes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.money import to_units
from qerko_recon.recon.coded import flat
from qerko_recon.recon.drafts import Drafts, Facts
from qerko_recon.recon.sides import Intake

__all__ = ["with_shared_tips"]

_OPEN: Final = frozenset({"tip_differs", "tip_lost"})
_TWO: Final = 2

Key = tuple[str, str]


def with_shared_tips(drafts: Drafts, intake: Intake) -> Drafts:
    """Say of tip breaks on one bill that they make up for each other, or where the rest went."""
    by_bill: dict[Key, list[int]] = defaultdict(list)
    suspects = np.flatnonzero((drafts.kind == "tip_mismatch") & (drafts.posted != drafts.settled))
    for place in suspects.tolist():
        bill = drafts.bill_id[place]
        if bill is not None and drafts.reason[place] in _OPEN:
            by_bill[bill, drafts.currency[place]].append(place)
    if not by_bill:
        return drafts
    reasons, facts = drafts.reason.copy(), drafts.facts.copy()
    variances = (drafts.posted - drafts.settled).tolist()
    others = _tips_of_other_tenders(intake, {bill for bill, _ in by_bill})
    for (bill, currency), places in by_bill.items():
        if len(places) >= _TWO and sum(variances[place] for place in places) == 0:
            reasons[places] = "tip_split_over_payments"
            continue
        for place in places:
            same = others.get((bill, currency, -variances[place])) or others.get(
                (bill, "", -variances[place])
            )
            if same:
                reasons[place] = "tip_with_other_tender"
                facts[place] = {**facts[place], **same.pop(0)}
    return replace(drafts, reason=reasons, facts=facts)


def _tips_of_other_tenders(
    intake: Intake, bills: set[str]
) -> dict[tuple[str, str, int], list[Facts]]:
    """Give the tips that lines of other tenders on some bills have, by bill, currency, amount."""
    others = intake.tenders.others
    wanted = pc.is_in(others["bill_id"], value_set=pa.array(sorted(bills), pa.string()))
    some = others.filter(wanted)
    tips = to_units(flat(some["tip"])).tolist()
    found: dict[tuple[str, str, int], list[Facts]] = defaultdict(list)
    columns = ("bill_id", "currency", "tender_type", "tender_id")
    rows = zip(*(some[name].to_pylist() for name in columns), tips, strict=True)
    for bill, currency, tender, line, tip in sorted(rows, key=str):
        if tip > 0:
            facts = {"other_tender": tender or "", "other_line": line or ""}
            found[bill, currency or "", tip].append(
                {name: said for name, said in facts.items() if said}
            )
    return found
