"""Lines of other tenders: a payment that the POS booked as cash or card is among them."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.money import to_units
from qerko_recon.recon.coded import Codes, Units, flat
from qerko_recon.recon.drafts import Facts
from qerko_recon.recon.sides import Intake

__all__ = ["OtherTenders"]

_NAMES: Final = ("payment_id", "bill_id")

Key = tuple[str, str, str | None, int]
_Line = tuple[int, Facts]


class OtherTenders:
    """Lines set aside because their tender is not Qerko."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    @cached_property
    def _is_empty(self) -> bool:
        others = self._intake.tenders.others
        return not others.num_rows or all(
            others[name].null_count == others.num_rows for name in _NAMES
        )

    def of_payments(self, rows: Codes, *sums: Units) -> dict[int, Facts]:
        """Find for payments a paid line over the same amount, each line once.

        It names the payment, or else its bill.

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
        names = {name: side.texts(name, rows) for name in _NAMES}
        lines = self._lines(names)
        if not lines:
            return {}
        found: dict[int, Facts] = {}
        taken: set[int] = set()
        order = sorted(range(len(rows)), key=lambda place: str(names["payment_id"][place]))
        for name, units in itertools.product(_NAMES, sums):
            for place in order:
                row, value = int(rows[place]), names[name][place]
                if row in found or value is None:
                    continue
                for currency in (self._intake.currency(row), None):
                    same = lines.get((name, value, currency, int(units[row])), ())
                    free = next((one for one in same if one[0] not in taken), None)
                    if free is not None:
                        taken.add(free[0])
                        found[row] = free[1]
                        break
        return found

    def _lines(self, names: Mapping[str, Sequence[str | None]]) -> dict[Key, list[_Line]]:
        others = self._intake.tenders.others
        wanted = [
            pc.fill_null(
                pc.is_in(others[name], value_set=pa.array(_known(values), pa.string())), False
            )
            for name, values in names.items()
        ]
        is_paid = pc.equal(pc.fill_null(others["state"], "paid"), "paid")
        some = others.filter(pc.and_(pc.or_(*wanted), is_paid))
        totals = to_units(flat(some["amount"])) + to_units(flat(some["tip"]))
        lines: dict[Key, list[_Line]] = defaultdict(list)
        rows = sorted(
            zip(
                some.drop_columns(["amount", "tip", "total"]).to_pylist(),
                totals.tolist(),
                strict=True,
            ),
            key=lambda row: str(row[0]["tender_id"]),
        )
        for place, (line, units) in enumerate(rows):
            facts = {
                "other_tender": line["tender_type"] or line["provider"] or "",
                "other_line": line["tender_id"] or "",
                "file": line["source_file"] or "",
                "row": "" if line["source_row"] is None else str(line["source_row"]),
            }
            facts = {name: said for name, said in facts.items() if said}
            for name in _NAMES:
                if line[name] is not None:
                    lines[name, line[name], line["currency"], units].append((place, facts))
        return lines


def _known(values: Sequence[str | None]) -> list[str]:
    return sorted({value for value in values if value is not None})
