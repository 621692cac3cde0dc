"""What found no counterpart: payments without POS lines, lines without a payment, broken rows.

Takes in the rest of the matching; gives out drafts of breaks, and the groups where nothing is due
on either side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from qerko_recon.ids import split_ids
from qerko_recon.recon.coded import Codes, Mask, encode, flat
from qerko_recon.recon.compare import Comparison
from qerko_recon.recon.days import Days, are_neighbours, covered_days
from qerko_recon.recon.decided import Decided
from qerko_recon.recon.drafts import NO_FACTS, Draft, Drafts, Facts, repeated
from qerko_recon.recon.groups import Group, starts_of
from qerko_recon.recon.match import Matching
from qerko_recon.recon.naming import match_id
from qerko_recon.recon.other_tenders import OtherTenders

__all__ = ["Alone"]

_NOT_FOUND = "not_found"
_NO_PAYMENT = "no_payment_for_bill"


class Alone:
    """Explains what stands alone.

    Parameters
    ----------
    comparison, matching, decided
        What was brought together, and what people have ruled.
    suggested
        Matches that are only suggested.
    """

    def __init__(
        self,
        comparison: Comparison,
        matching: Matching,
        decided: Decided,
        suggested: Sequence[Group],
    ) -> None:
        self._comparison = comparison
        self._matching = matching
        self._decided = decided
        self._intake = comparison.intake
        self._counterpart_of = {group.payments[0]: group.tenders[0] for group in suggested}
        self._counterpart_to = {group.tenders[0]: group.payments[0] for group in suggested}
        self.posted_days = posted_days(comparison)
        given = comparison.policy.business_day
        self._paid_days = frozenset({given}) if given else covered_days(comparison.days)
        self.nothing_due: list[Group] = []

    def drafts(self) -> Iterator[Drafts]:
        """Find every break of what stands alone."""
        self.nothing_due += [Group("nothing_due", (), pair) for pair in self._matching.reversed]
        yield from self._payments()
        yield from self._named_lines()
        found = [
            *self._foreign_currency(),
            *self._unsure(),
            *self._failures(),
            *self._unnamed_lines(),
            *self._duplicates(),
            *self._excluded(),
            *self._broken_rows(),
        ]
        if found:
            yield Drafts.of(found)

    # Lines in another currency than their payment's

    def _foreign_currency(self) -> Iterator[Draft]:
        """Report them: a break for each currency."""
        intake, lines = self._intake, self._intake.tenders
        for payment, rows in self._matching.foreign.items():
            settled = int(self._comparison.settled[payment])
            by_currency: dict[str, list[int]] = defaultdict(list)
            for row in sorted(rows, key=lines.id):
                by_currency[intake.posted_in(row)].append(row)
            facts = {
                "currency_settled": intake.currency(payment),
                "currency_posted": ", ".join(sorted(by_currency)),
            }
            if payment not in self._matched_among_foreign:
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
                    payment_id=intake.payments.id(payment),
                    payment=payment,
                    bill_id=intake.payments.text("bill_id", payment),
                    tenders=tuple(some),
                    day=self._day_of(payment),
                    facts=facts,
                )

    @property
    def _matched_among_foreign(self) -> frozenset[int]:
        """Payments that have lines in their own currency too."""
        some = np.array(sorted(self._matching.foreign), dtype=np.int64)
        return frozenset(some[np.isin(some, self._matching.groups.payments)].tolist())

    # Payments

    def _payments(self) -> Iterator[Drafts]:
        side, rows = self._intake.payments, self._matching.alone_payments
        settled = self._comparison.settled[rows]
        unknown = ~side.settles[rows] & ~side.cancelled[rows]
        nothing = ~unknown & (settled == 0)
        self.nothing_due += [Group("nothing_due", (row,), ()) for row in rows[nothing].tolist()]
        found = [self._comparison.unknown_state(row, (), 0) for row in rows[unknown].tolist()]
        if found:
            yield Drafts.of(found)
        due = rows[~unknown & (settled != 0)]
        days = self._comparison.days[due]
        timing = _is_next_to(days, self.posted_days)
        yield from self._missing(due[~timing])
        if timing.any():
            said = [str(day) for day in days[timing]]
            yield self._columns(
                due[timing],
                "timing",
                repeated("other_business_day", len(said)),
                [{"business_date": day} for day in said],
            )

    def _missing(self, rows: Codes) -> Iterator[Drafts]:
        """Report payments that the POS has not; one booked as another tender is told apart."""
        if not len(rows):
            return
        elsewhere = OtherTenders(self._intake).of_payments(
            rows, self._comparison.settled, self._comparison.base
        )
        reasons = repeated("not_posted", len(rows))
        facts: list[Facts] = [NO_FACTS] * len(rows)
        for place, row in enumerate(rows.tolist()):
            if row in elsewhere:
                reasons[place], facts[place] = "posted_as_other_tender", elsewhere[row]
            elif row in self._counterpart_of:
                line = self._counterpart_of[row]
                own = self._suggestion(row, line, self._intake.tenders.id(line))
                facts[place] = own | self._place_of(line)
        yield self._columns(rows, "missing_in_pos", reasons, facts)

    def _columns(
        self, rows: Codes, kind: str, reasons: np.ndarray, facts: Sequence[Facts]
    ) -> Drafts:
        intake, size = self._intake, len(rows)
        held = np.empty(size, dtype=object)
        for place, one in enumerate(facts):
            held[place] = one
        settled = self._comparison.settled[rows]
        return Drafts(
            kind=repeated(kind, size),
            reason=reasons,
            field=repeated("total", size),
            settled=settled,
            posted=np.zeros_like(settled),
            currency=np.array(intake.currencies, dtype=object)[intake.paid_currency[rows]],
            payment_id=np.array(intake.payments.texts("payment_id", rows), dtype=object),
            payment=rows,
            bill_id=np.array(intake.payments.texts("bill_id", rows), dtype=object),
            day=self._comparison.days[rows],
            facts=held,
            lines=np.zeros(0, dtype=np.int64),
            starts=np.zeros(size + 1, dtype=np.int64),
        )

    def _of_payment(
        self, kind: str, reason: str, name: str, row: int, settled: int, facts: Facts
    ) -> Draft:
        side = self._intake.payments
        return Draft(
            kind=kind,
            reason=reason,
            field=name,
            settled=settled,
            posted=0,
            currency=self._intake.currency(row),
            payment_id=side.id(row),
            payment=row,
            bill_id=side.text("bill_id", row),
            day=self._day_of(row),
            facts=facts,
        )

    def _day_of(self, payment: int) -> date | None:
        day: date | None = self._comparison.days[payment].astype(object)
        return day

    # IDs that were asked for and not had

    def _unsure(self) -> Iterator[Draft]:
        """Report lines of several payments of which some could not be had."""
        failures = {row["payment_id"]: row for row in self._intake.payments.failures.to_pylist()}
        lines = self._intake.tenders
        for group in self._matching.unsure:
            names = lines.texts("payment_id", group.tenders)
            lost = [one for name in names for one in split_ids(str(name)) if one in failures]
            failure = failures[min(lost)]
            rows = list(group.payments)
            yield Draft(
                kind="unfetched",
                reason=f"unfetched_{failure['kind']}",
                field="total",
                settled=int(self._comparison.settled[rows].sum()),
                posted=int(lines.posted[list(group.tenders)].sum()),
                currency=self._currency_of(group.tenders[0]),
                payment_id=failure["payment_id"],
                bill_id=lines.text("bill_id", group.tenders[0]),
                tenders=group.tenders,
                day=lines.day(group.tenders[0]),
                facts={"detail": str(failure["detail"])} if failure["detail"] else NO_FACTS,
            )

    def _failures(self) -> Iterator[Draft]:
        """Report IDs that were asked for and not had, with the lines that name them."""
        alone = self._matching.alone_tenders
        lines: dict[int, list[int]] = defaultdict(list)
        for row in alone[self._matching.failed[alone] >= 0].tolist():
            lines[int(self._matching.failed[row])].append(row)
        told = {
            one
            for group in self._matching.unsure
            for name in self._intake.tenders.texts("payment_id", group.tenders)
            for one in split_ids(str(name))
        }
        lost = self._intake.payments.failures.take(pa.array(self._intake.lost))
        for place, failure in zip(self._intake.lost.tolist(), lost.to_pylist(), strict=True):
            rows, kind = lines.get(place, []), str(failure["kind"])
            facts = {"detail": str(failure["detail"] or "")} if failure["detail"] else NO_FACTS
            if kind == _NOT_FOUND:
                yield from self._of_lines("not_found", rows, facts)
                continue
            drafts = list(self._of_lines(f"unfetched_{kind}", rows, facts))
            yield from drafts
            if not drafts and failure["payment_id"] not in told:
                yield Draft(
                    kind="unfetched",
                    reason=f"unfetched_{kind}",
                    field="total",
                    settled=0,
                    posted=0,
                    currency=self._intake.main_currency,
                    payment_id=failure["payment_id"],
                    facts=facts,
                )

    # Lines

    def _named_lines(self) -> Iterator[Drafts]:
        """Report lines that name a payment nobody has, all of one payment together."""
        side, alone = self._intake.tenders, self._matching.alone_tenders
        has_id = np.asarray(flat(side.table["payment_id"]).take(pa.array(alone)).is_valid())
        rows = alone[has_id & (self._intake.owner[alone] < 0) & (self._matching.failed[alone] < 0)]
        if not len(rows):
            return
        _, (codes,) = encode(flat(side.table["payment_id"]).take(pa.array(rows)))
        order = np.argsort(codes, kind="stable")
        rows, codes = rows[order], codes[order]
        counts = np.bincount(codes)
        starts = starts_of(counts)
        simple = side.readable[rows] & (side.posted[rows] != 0) & (counts[codes] == 1)
        batch = rows[simple]
        later = _is_next_to(side.days[batch], self._paid_days)
        yield from self._line_columns(batch[~later], "missing_in_qerko", "not_among_payments")
        yield from self._line_columns(batch[later], "timing", "other_business_day")
        found: list[Draft] = []
        for code in np.unique(codes[~simple]).tolist():
            own = rows[starts[code] : starts[code + 1]].tolist()
            found += self._of_lines("not_among_payments", own, NO_FACTS)
        if found:
            yield Drafts.of(found)

    def _line_columns(self, rows: Codes, kind: str, reason: str) -> Iterator[Drafts]:
        if not len(rows):
            return
        intake, size = self._intake, len(rows)
        side = intake.tenders
        facts = repeated(NO_FACTS, size)
        for place, row in enumerate(rows.tolist()):
            if kind == "timing":
                facts[place] = {"business_date": str(side.days[row])}
            elif row in self._counterpart_to:
                payment = self._counterpart_to[row]
                facts[place] = self._suggestion(payment, row, intake.payments.id(payment))
        posted = side.posted[rows]
        yield Drafts(
            kind=repeated(kind, size),
            reason=repeated(reason, size),
            field=repeated("total", size),
            settled=np.zeros_like(posted),
            posted=posted,
            currency=np.array(intake.currencies, dtype=object)[intake.posted_currency[rows]],
            payment_id=np.array(side.texts("payment_id", rows), dtype=object),
            payment=intake.owner[rows],
            bill_id=np.array(side.texts("bill_id", rows), dtype=object),
            day=side.days[rows],
            facts=facts,
            lines=rows,
            starts=np.arange(size + 1),
        )

    def _unnamed_lines(self) -> Iterator[Draft]:
        """Report lines without an ID, or with one that somebody ruled against."""
        side, alone = self._intake.tenders, self._matching.alone_tenders
        no_id = ~np.asarray(flat(side.table["payment_id"]).take(pa.array(alone)).is_valid())
        for row in alone[no_id | (self._intake.owner[alone] >= 0)].tolist():
            payment = self._counterpart_to.get(row)
            facts = NO_FACTS
            if payment is not None:
                facts = self._suggestion(payment, row, self._intake.payments.id(payment))
            yield from self._of_lines(_NO_PAYMENT, [row], facts)

    def _place_of(self, line: int) -> dict[str, str]:
        """Name a suggested line by where a person finds it, if the export says where."""
        side = self._intake.tenders
        file, row = side.text("source_file", line), side.table["source_row"][line].as_py()
        if not file or row is None:
            return {}
        return {"suggested_file": file, "suggested_row": str(row)}

    def _suggestion(self, payment: int, line: int, other: str) -> dict[str, str]:
        """Name the counterpart that is suggested, and the match that would be accepted."""
        intake = self._intake
        ids = [intake.payments.id(payment)], [intake.tenders.id(line)]
        return {"suggested": other, "match_id": match_id(*ids)}

    def _duplicates(self) -> Iterator[Draft]:
        side = self._intake.tenders
        for row, twin in self._matching.duplicates:
            yield Draft(
                kind="duplicate_in_pos",
                reason="posted_twice",
                field="total",
                settled=0,
                posted=int(side.posted[row]),
                currency=self._currency_of(row),
                bill_id=side.text("bill_id", row),
                tenders=(row,),
                day=side.day(row),
                facts={"detail": side.id(twin)},
            )

    def _of_lines(self, reason: str, rows: list[int], facts: Facts) -> Iterator[Draft]:
        """Report lines of one payment ID, or one line without, each currency on its own."""
        side = self._intake.tenders
        by_currency: dict[str, list[int]] = defaultdict(list)
        for row in sorted(rows, key=side.id):
            if not side.readable[row]:
                found = self._comparison.problem_facts(row)
                yield self._line_draft("unreadable", "row_unreadable", [row], found)
            elif side.posted[row] == 0:
                self.nothing_due.append(Group("nothing_due", (), (row,)))
            else:
                by_currency[self._currency_of(row)].append(row)
        for _, some in sorted(by_currency.items()):
            if reason.startswith("unfetched"):
                yield self._line_draft("unfetched", reason, some, facts)
            elif reason != _NOT_FOUND and self._is_of_another_day(some):
                day = {"business_date": str(side.day(some[0]))}
                yield self._line_draft("timing", "other_business_day", some, {**facts, **day})
            else:
                yield self._line_draft("missing_in_qerko", reason, some, facts)

    def _is_of_another_day(self, rows: list[int]) -> bool:
        day = self._intake.tenders.day(rows[0])
        return day is not None and are_neighbours(day, self._paid_days)

    def _currency_of(self, line: int) -> str:
        return self._intake.posted_in(line)

    def _line_draft(self, kind: str, reason: str, rows: list[int], facts: Facts) -> Draft:
        side = self._intake.tenders
        first = rows[0]
        return Draft(
            kind=kind,
            reason=reason,
            field="row" if kind == "unreadable" else "total",
            settled=0,
            posted=int(side.posted[rows].sum()),
            currency=self._currency_of(first),
            payment_id=side.text("payment_id", first),
            payment=int(self._intake.owner[first]),
            bill_id=side.text("bill_id", first),
            tenders=tuple(rows),
            day=side.day(first),
            facts=facts,
        )

    # What takes no part

    def _excluded(self) -> Iterator[Draft]:
        """Report what somebody has excluded, with the money it moves."""
        for (side, row), ruling in sorted(self._decided.why.items(), key=lambda one: one[0]):
            facts = {"detail": ruling.reason, "by": ruling.by or ""}
            facts = {name: said for name, said in facts.items() if said}
            if side == 0:
                settled = int(self._comparison.settled[row])
                yield self._of_payment("excluded", "by_ruling", "total", row, settled, facts)
            else:
                yield self._line_draft("excluded", "by_ruling", [row], facts)

    def _broken_rows(self) -> Iterator[Draft]:
        """Report rows of the export that could not be read at all."""
        side = self._intake.tenders
        whole = [
            problem
            for problem in side.problems.to_pylist()
            if problem["column"] is None and problem["source_row"] is not None
        ]
        if not whole:
            return
        held = {
            place
            for table in (side.table, side.others)
            for place in zip(
                table["source_file"].to_pylist(), table["source_row"].to_pylist(), strict=True
            )
        }
        for problem in whole:
            if (problem["source_file"], problem["source_row"]) in held:
                continue
            facts: Mapping[str, str | None] = {
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
                currency=self._intake.main_currency,
                facts={name: value for name, value in facts.items() if value is not None},
            )


def posted_days(comparison: Comparison) -> frozenset[date]:
    """Tell which business days the export covers: the stated one, or those of its lines."""
    given = comparison.policy.business_day
    return frozenset({given}) if given else covered_days(comparison.intake.tenders.days)


def _is_next_to(days: Days, covered: frozenset[date]) -> Mask:
    """Tell which days are not covered but the one before or after is."""
    next_to = {day + timedelta(days=step) for day in covered for step in (-1, 1)} - covered
    return np.isin(days, np.array(sorted(next_to), dtype="datetime64[D]"))
