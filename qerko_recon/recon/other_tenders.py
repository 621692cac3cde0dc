"""Lines of other tenders: a payment that the POS booked as cash or card is among them."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.money import to_units
from qerko_recon.recon.coded import Codes, Units, flat
from qerko_recon.recon.drafts import Facts
from qerko_recon.recon.intake import Intake

__all__ = ["OtherTenders"]

Key = tuple[str, str | None, int]


class OtherTenders:
    """Lines set aside because their tender is not Qerko."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    @cached_property
    def _is_empty(self) -> bool:
        others = self._intake.tenders.others
        return not others.num_rows or others["bill_id"].null_count == others.num_rows

    def of_payments(self, rows: Codes, *sums: Units) -> dict[int, Facts]:
        """Find for payments a paid line of their bill over the same amount, each line once.

        Parameters
        ----------
        rows
            Payments.
        sums
            What each payment may have been booked as, in order of preference.

        Returns
        -------
        dict
            Payment to ``other_tender``, ``other_line`` and where that line stands.
        """
        if self._is_empty:
            return {}
        side = self._intake.payments
        bills = side.texts("bill_id", rows)
        lines = self._lines({bill for bill in bills if bill is not None})
        if not lines:
            return {}
        found: dict[int, Facts] = {}
        named = sorted(zip(side.texts("payment_id", rows), rows.tolist(), bills, strict=True))
        for units in sums:
            for _, row, bill in named:
                if row in found or bill is None:
                    continue
                for currency in (self._intake.currency(row), None):
                    if same := lines.get((bill, currency, int(units[row]))):
                        found[row] = same.pop(0)
                        break
        return found

    def _lines(self, bills: set[str]) -> dict[Key, list[Facts]]:
        others = self._intake.tenders.others
        wanted = pc.is_in(others["bill_id"], value_set=pa.array(sorted(bills), pa.string()))
        some = others.filter(
            pc.and_(wanted, pc.equal(pc.fill_null(others["state"], "paid"), "paid"))
        )
        totals = to_units(flat(some["amount"])) + to_units(flat(some["tip"]))
        lines: dict[Key, list[Facts]] = defaultdict(list)
        rows = sorted(
            zip(
                some.drop_columns(["amount", "tip", "total"]).to_pylist(),
                totals.tolist(),
                strict=True,
            ),
            key=lambda row: str(row[0]["tender_id"]),
        )
        for line, units in rows:
            facts = {
                "other_tender": line["tender_type"] or line["provider"] or "",
                "other_line": line["tender_id"] or "",
                "file": line["source_file"] or "",
                "row": "" if line["source_row"] is None else str(line["source_row"]),
            }
            key = (line["bill_id"], line["currency"], units)
            lines[key].append({name: said for name, said in facts.items() if said})
        return lines
