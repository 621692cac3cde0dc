"""What found no counterpart: payments without POS lines, lines without a payment, broken rows.

Takes in the rest of the matching; gives out drafts of breaks, and the groups where nothing is due
on either side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from qerko_recon.recon.compare import Comparison, Draft
from qerko_recon.recon.days import are_neighbours, covered_days
from qerko_recon.recon.intake import NO_CURRENCY
from qerko_recon.recon.match import Group, Matching

__all__ = ["Alone"]

_NOT_FOUND = "not_found"


class Alone:
    """Explains what stands alone."""

    def __init__(self, comparison: Comparison, matching: Matching) -> None:
        self._comparison = comparison
        self._matching = matching
        self._intake = comparison.intake
        given = comparison.policy.business_day
        self.posted_days = frozenset({given} if given else ()) or covered_days(
            self._intake.tenders.days
        )
        self._paid_days = covered_days(self._intake.payments.days)
        self.nothing_due: list[Group] = []

    def drafts(self) -> Iterator[Draft]:
        """Find every break of what stands alone."""
        yield from self._foreign_currency()
        yield from self._payments()
        yield from self._failures()
        yield from self._tenders()
        yield from self._broken_rows()

    def _foreign_currency(self) -> Iterator[Draft]:
        """Report lines in another currency than their payment's: a row for each currency."""
        side, lines = self._intake.payments, self._intake.tenders
        matched = frozenset(self._matching.named.payments.tolist())
        for payment, rows in self._matching.foreign.items():
            settled = int(self._comparison.settled[payment])
            by_currency: dict[str, list[int]] = defaultdict(list)
            for row in sorted(rows, key=lambda row: lines.ids[row]):
                by_currency[lines.currencies[row]].append(row)
            facts = {
                "currency_settled": side.currencies[payment],
                "currency_posted": ", ".join(sorted(by_currency)),
            }
            if payment not in matched:
                yield self._of_payment(
                    "currency_mismatch", "currency_differs", "currency", payment, settled, facts
                )
            for currency, some in sorted(by_currency.items()):
                yield Draft(
                    kind="currency_mismatch",
                    reason="currency_differs",
                    field="currency",
                    settled=0,
                    posted=int(lines.posted[some].sum()),
                    currency=currency,
                    payment_id=side.ids[payment],
                    bill_id=side.bills[payment],
                    tenders=tuple(some),
                    day=side.day(payment),
                    facts=facts,
                )

    def _payments(self) -> Iterator[Draft]:
        side = self._intake.payments
        for row in self._matching.alone_payments:
            settled = int(self._comparison.settled[row])
            if not side.settles[row] and not side.cancelled[row]:
                yield self._comparison.unknown_state(row, (), 0)
            elif settled == 0:
                self.nothing_due.append(Group("nothing_due", (row,), ()))
            elif (day := side.day(row)) and are_neighbours(day, self.posted_days):
                facts = {"business_date": day.isoformat()}
                yield self._of_payment(
                    "timing", "other_business_day", "total", row, settled, facts
                )
            else:
                yield self._of_payment("missing_in_pos", "not_posted", "total", row, settled, {})

    def _of_payment(
        self, kind: str, reason: str, name: str, row: int, settled: int, facts: dict[str, str]
    ) -> Draft:
        side = self._intake.payments
        return Draft(
            kind=kind,
            reason=reason,
            field=name,
            settled=settled,
            posted=0,
            currency=side.currencies[row],
            payment_id=side.ids[row],
            bill_id=side.bills[row],
            day=side.day(row),
            facts=facts,
        )

    def _failures(self) -> Iterator[Draft]:
        """Report IDs that were asked for and not had, with the lines that name them."""
        table = self._intake.payments.failures
        lines: dict[int, list[int]] = defaultdict(list)
        for row in np.flatnonzero(self._matching.failed >= 0).tolist():
            lines[int(self._matching.failed[row])].append(row)
        for place, failure in enumerate(table.to_pylist()):
            rows, kind = lines.get(place, []), str(failure["kind"])
            facts = {"detail": str(failure["detail"] or "")} if failure["detail"] else {}
            if kind == _NOT_FOUND:
                yield from self._of_lines("not_found", rows, facts)
            elif rows:
                yield from self._of_lines(f"unfetched_{kind}", rows, facts)
            else:
                yield Draft(
                    kind="unfetched",
                    reason=f"unfetched_{kind}",
                    field="total",
                    settled=0,
                    posted=0,
                    currency=self._main_currency,
                    payment_id=failure["payment_id"],
                    facts=facts,
                )

    @property
    def _main_currency(self) -> str:
        """The currency most lines have, for what has none of its own."""
        known = self._intake.payments.currencies or self._intake.tenders.currencies
        return max(sorted(set(known)), key=known.count, default=NO_CURRENCY)

    def _tenders(self) -> Iterator[Draft]:
        side = self._intake.tenders
        named: dict[str, list[int]] = defaultdict(list)
        ids = side.table["payment_id"]
        for row in self._matching.alone_tenders:
            if self._matching.failed[row] >= 0:
                continue
            payment_id = ids[row].as_py()
            if payment_id is None:
                yield from self._of_lines("no_payment_for_bill", [row], {})
            else:
                named[payment_id].append(row)
        for rows in named.values():
            yield from self._of_lines("not_among_payments", rows, {})
        for row, twin in self._matching.duplicates:
            yield Draft(
                kind="duplicate_in_pos",
                reason="posted_twice",
                field="total",
                settled=0,
                posted=int(side.posted[row]),
                currency=side.currencies[row],
                bill_id=side.bills[row],
                tenders=(row,),
                day=side.day(row),
                facts={"detail": side.ids[twin]},
            )

    def _of_lines(self, reason: str, rows: list[int], facts: dict[str, str]) -> Iterator[Draft]:
        """Report lines of one payment ID, or one line without, each currency on its own."""
        side = self._intake.tenders
        by_currency: dict[str, list[int]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: side.ids[row]):
            if not side.readable[row]:
                yield self._line_draft("unreadable", "row_unreadable", [row], self._facts(row))
            elif side.posted[row] == 0:
                self.nothing_due.append(Group("nothing_due", (), (row,)))
            else:
                by_currency[side.currencies[row]].append(row)
        for _, some in sorted(by_currency.items()):
            if reason.startswith("unfetched"):
                yield self._line_draft("unfetched", reason, some, facts)
            elif reason != _NOT_FOUND and self._is_of_another_day(some):
                day = {"business_date": str(side.day(some[0]))}
                yield self._line_draft("timing", "other_business_day", some, facts | day)
            else:
                yield self._line_draft("missing_in_qerko", reason, some, facts)

    def _is_of_another_day(self, rows: list[int]) -> bool:
        day = self._intake.tenders.day(rows[0])
        return day is not None and are_neighbours(day, self._paid_days)

    def _facts(self, row: int) -> dict[str, str]:
        return self._comparison.problem_facts(row)

    def _line_draft(self, kind: str, reason: str, rows: list[int], facts: dict[str, str]) -> Draft:
        side = self._intake.tenders
        first = rows[0]
        return Draft(
            kind=kind,
            reason=reason,
            field="row" if kind == "unreadable" else "total",
            settled=0,
            posted=int(side.posted[rows].sum()),
            currency=side.currencies[first],
            payment_id=side.table["payment_id"][first].as_py(),
            bill_id=side.bills[first],
            tenders=tuple(rows),
            day=side.day(first),
            facts=facts,
        )

    def _broken_rows(self) -> Iterator[Draft]:
        """Report rows of the export that could not be read at all."""
        side = self._intake.tenders
        held = {
            place
            for table in (side.table, side.others)
            for place in zip(
                table["source_file"].to_pylist(), table["source_row"].to_pylist(), strict=True
            )
        }
        for problem in side.problems.to_pylist():
            place = problem["source_file"], problem["source_row"]
            if problem["column"] is not None or problem["source_row"] is None or place in held:
                continue
            facts = {
                "file": problem["source_file"],
                "row": str(problem["source_row"]),
                "value": problem["value"],
                "detail": problem["problem"],
            }
            yield Draft(
                kind="unreadable",
                reason="row_unreadable",
                field="row",
                settled=0,
                posted=0,
                currency=self._main_currency,
                facts={name: value for name, value in facts.items() if value is not None},
            )
