"""Compare what was brought together: one group of payments and lines in, drafts of breaks out.

One fault makes one draft. Where amount and tip are both wrong, the amount's draft walks from the
settled total to where the tip's begins, so that their variances add up. Thousands of groups of the
common kinds are compared at once by :mod:`qerko_recon.recon.classify`, to the same rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.money import unit_to_decimal
from qerko_recon.recon.coded import Units
from qerko_recon.recon.days import Days
from qerko_recon.recon.drafts import NO_FACTS, Draft, Facts
from qerko_recon.recon.groups import Group
from qerko_recon.recon.infer import arithmetic_gap, settled_base, settled_tip
from qerko_recon.recon.policy import Policy
from qerko_recon.recon.providers import Providers
from qerko_recon.recon.sides import Intake

__all__ = ["Comparison", "written", "written_each"]

_UNIT: Final = 1_000_000
_CENT: Final = 10_000
_HUNDRED: Final = 100


class Comparison:
    """Compares groups under one policy.

    Parameters
    ----------
    intake
        Both sides, the tip layout applied.
    policy
        Nothing left on ``auto``.

    Attributes
    ----------
    base, tip, due
        What each payment is due without its tip, the tip that the POS is to book, and both.
    settled
        ``due`` of the payments that settle, 0 of the others.
    days
        The business day of each payment.
    foreign
        For payments with lines in another currency, these lines.
    """

    def __init__(self, intake: Intake, policy: Policy) -> None:
        self.intake = intake
        self.policy = policy
        self.tolerance = int(Decimal(policy.tolerance) * _UNIT)
        self.base = settled_base(intake.payments, policy)
        self.tip = settled_tip(intake.payments, policy)
        self.due: Units = self.base + self.tip
        self.settled: Units = np.where(intake.payments.settles, self.due, 0)
        self.days: Days = intake.payments.days
        self.foreign: Mapping[int, Sequence[int]] = {}

    @cached_property
    def providers(self) -> Providers:
        """Names of providers on both sides."""
        return Providers(self.intake, self.policy)

    @cached_property
    def gap(self) -> Units:
        """By how much the figures of each settled payment do not add up."""
        side = self.intake.payments
        return np.where(side.settles, arithmetic_gap(side, self.policy), 0)

    def inconsistencies(self) -> Iterator[Draft]:
        """Find payments whose own figures do not add up."""
        side, gap = self.intake.payments, self.gap
        out_of_range = (side.tip_gross < 0) | (side.tip_net < 0) | (side.tip_net > side.tip_gross)
        for row in np.flatnonzero(out_of_range | (gap != 0)).tolist():
            found, off = int(side.parts_total[row]), int(gap[row])
            reason = "tips_out_of_range" if out_of_range[row] else "items_and_parts_differ"
            yield self._draft(
                "inconsistent_payment",
                reason,
                "arithmetic",
                (int(self.settled[row]),) * 2,
                (row,),
                facts={
                    "expected": written(found - off),
                    "found": written(found),
                    "detail": written(off),
                    **self._tips(row),
                },
            )

    def group(self, group: Group) -> Iterator[Draft]:
        """Find what is wrong with one group."""
        if len(group.payments) == 1 and not self.intake.payments.settles[group.payments[0]]:
            yield from self._not_settled(group)
            return
        lines = self.intake.tenders
        settled = int(self.settled[list(group.payments)].sum())
        posted = int(lines.posted[list(group.tenders)].sum())
        if not lines.readable[list(group.tenders)].all():
            yield self._unreadable(group, settled, posted)
        elif group.payments[0] in self.foreign and posted < settled:
            yield self.other_currency(group, settled, posted)
        elif (posted == 0 and settled != 0) or self._is_inactive(group, posted - settled):
            reason = self._why_nothing_is_posted(group)
            idle = tuple(row for row in group.tenders if not lines.counts[row])
            yield self._draft(
                "state_mismatch",
                reason,
                "state",
                (settled, posted),
                group.payments,
                group.tenders if posted == 0 else idle,
            )
        else:
            yield from self._amounts(group, settled, posted)

    def _is_inactive(self, group: Group, variance: int) -> bool:
        """Tell whether just the lines that do not count are missing."""
        lines = self.intake.tenders
        idle = [row for row in group.tenders if not lines.counts[row] and lines.readable[row]]
        return variance != 0 and variance == -int(lines.total[idle].sum())

    def other_currency(self, group: Group, settled: int, posted: int) -> Draft:
        """Report what a payment lacks since some of its lines have another currency."""
        payment = group.payments[0]
        intake = self.intake
        facts = {
            "currency_settled": intake.currency(payment),
            "currency_posted": ", ".join(
                sorted({intake.posted_in(row) for row in self.foreign[payment]})
            ),
        }
        return self._draft(
            "currency_mismatch",
            "currency_differs",
            "currency",
            (settled, posted),
            group.payments,
            group.tenders,
            facts,
        )

    def _not_settled(self, group: Group) -> Iterator[Draft]:
        row = group.payments[0]
        posted = int(self.intake.tenders.posted[list(group.tenders)].sum())
        if not self.intake.payments.cancelled[row]:
            yield self.unknown_state(row, group.tenders, posted)
        elif posted:
            yield self._draft(
                "state_mismatch",
                "cancelled_but_posted",
                "state",
                (0, posted),
                group.payments,
                group.tenders,
            )
        elif not self.intake.tenders.readable[list(group.tenders)].all():
            yield self._unreadable(group, 0, 0)

    def unknown_state(self, row: int, tenders: tuple[int, ...], posted: int) -> Draft:
        """Report a state that nobody has documented; its money is not taken for settled."""
        state = str(self.intake.payments.text("state", row))
        return self._draft(
            "state_mismatch",
            "unknown_state",
            "state",
            (0, posted),
            (row,),
            tenders,
            {"state": state, "found": written(int(self.due[row]))},
        )

    def _why_nothing_is_posted(self, group: Group) -> str:
        is_open = self.intake.tenders.is_open[list(group.tenders)].any()
        return "paid_but_open" if is_open else "paid_but_cancelled"

    def _unreadable(self, group: Group, settled: int, posted: int) -> Draft:
        rows = tuple(row for row in group.tenders if not self.intake.tenders.readable[row])
        return self._draft(
            "unreadable",
            "row_unreadable",
            "row",
            (settled, posted),
            group.payments,
            rows,
            self.problem_facts(rows[0]),
        )

    def problem_facts(self, row: int) -> dict[str, str]:
        """Name the file, row, column and value that could not be read."""
        table = self.intake.tenders.table
        file, line = table["source_file"][row].as_py(), table["source_row"][row].as_py()
        facts = {"file": file, "row": None if line is None else str(line)}
        facts |= self._problems.get((file, line), {})
        return {name: value for name, value in facts.items() if value is not None}

    @cached_property
    def _problems(self) -> dict[tuple[str | None, int | None], dict[str, str | None]]:
        """The first problem of each row of the export."""
        found: dict[tuple[str | None, int | None], dict[str, str | None]] = {}
        for problem in self.intake.tenders.problems.to_pylist():
            found.setdefault(
                (problem["source_file"], problem["source_row"]),
                {
                    "column": problem["column"],
                    "value": problem["value"],
                    "detail": problem["problem"],
                },
            )
        return found

    def _amounts(self, group: Group, settled: int, posted: int) -> Iterator[Draft]:
        lines = self.intake.tenders
        active = tuple(row for row in group.tenders if lines.counts[row])
        due_tip = int(self.tip[list(group.payments)].sum())
        for extra in self._repeats(active, settled, posted, due_tip):
            active = tuple(row for row in active if row != extra)
            amount = int(lines.posted[extra])
            posted -= amount
            yield self.duplicate(extra, group.payments, amount)
        tip = None
        if lines.has_tip[list(active)].any():
            tip = int(lines.tip[list(active)].sum())
        drafts = tuple(self._faults(group, active, settled, posted, tip))
        yield from drafts
        if not drafts and posted == settled:
            yield from self._parts(group, active, settled)

    def duplicate(self, extra: int, payments: tuple[int, ...], amount: int) -> Draft:
        """Report a line that stands in the POS twice."""
        return self._draft(
            "duplicate_in_pos", "posted_twice", "total", (0, amount), payments, (extra,)
        )

    def _repeats(
        self, active: tuple[int, ...], settled: int, posted: int, due_tip: int
    ) -> list[int]:
        """Find the lines that repeat another and without which total and tip come closer."""
        if posted <= settled or len(active) < 2:  # noqa: PLR2004
            return []
        lines = self.intake.tenders
        seen: Counter[tuple[int, int, str | None]] = Counter()
        extras: list[int] = []
        provider = lines.table["provider"]
        for row in sorted(active, key=lines.id):
            key = int(lines.amount[row]), int(lines.tip[row]), provider[row].as_py()
            if seen[key] and lines.posted[row] > 0:
                extras.append(row)
            seen[key] += 1
        chosen: list[int] = []
        over, tip_over = posted - settled, int(lines.tip[list(active)].sum()) - due_tip
        # The line that is just what is too much goes before those that only come closer.
        for row in sorted(extras, key=lambda row: int(lines.posted[row]) != over):
            amount, tip = int(lines.posted[row]), int(lines.tip[row])
            if abs(over - amount) < abs(over) and abs(tip_over - tip) <= abs(tip_over):
                over, tip_over = over - amount, tip_over - tip
                chosen.append(row)
        return chosen

    def _faults(
        self,
        group: Group,
        active: tuple[int, ...],
        settled: int,
        posted: int,
        tip: int | None,
    ) -> Iterator[Draft]:
        """Tell amount from tip; ``tip`` is the posted one, ``None`` where the POS says none."""
        variance = posted - settled
        if variance and abs(variance) <= self.tolerance:
            yield self._simple("rounding", "within_tolerance", (settled, posted), group, active)
            return
        due_tip = int(self.tip[list(group.payments)].sum())
        tip_variance = self._tip_without_column(group, variance) if tip is None else tip - due_tip
        amount_variance = variance - tip_variance
        if not variance and not tip_variance:
            return
        if not variance:
            # The tip is elsewhere, but the money is all there: one fault, no variance.
            yield self._tip(group, active, (settled, posted), tip)
            return
        between = settled + amount_variance
        if tip == 0 and due_tip and amount_variance in self._tips_of(group):
            yield self._tip(group, active, (settled, posted), tip)
            return
        if amount_variance:
            kind, reason = "amount_mismatch", "amount_differs"
            if not tip_variance and self._is_rounded(group, settled, posted):
                kind, reason = "rounding", "rounded_to_whole"
            yield self._simple(kind, reason, (settled, between), group, active)
        if tip_variance:
            yield self._tip(group, active, (between, posted), tip)

    def _tips_of(self, group: Group) -> tuple[int, ...]:
        """Give the tips, other than none, that may stand in an amount."""
        rows = list(group.payments)
        side = self.intake.payments
        sums = int(side.tip_gross[rows].sum()), int(side.tip_net[rows].sum())
        return tuple(one for one in sums if one)

    def _tip_without_column(self, group: Group, variance: int) -> int:
        """Recognise a tip fault by its amount where the export has no tip column."""
        rows = list(group.payments)
        side = self.intake.payments
        fee = int((side.tip_gross[rows] - side.tip_net[rows]).sum())
        suspects = (-int(self.tip[rows].sum()), -fee, fee)
        return variance if variance in suspects else 0

    def _tip(
        self,
        group: Group,
        active: tuple[int, ...],
        walk: tuple[int, int],
        tip: int | None,
    ) -> Draft:
        rows = list(group.payments)
        gross = int(self.intake.payments.tip_gross[rows].sum())
        net = int(self.intake.payments.tip_net[rows].sum())
        due = int(self.tip[rows].sum())
        booked = due + walk[1] - walk[0] if tip is None else tip
        over = walk[1] - walk[0] + due  # what the amount has too much, where no tip is booked
        reason = "tip_differs"
        if booked == 0 and due:
            is_inside = tip is not None and over in self._tips_of(group)
            reason = "tip_inside_amount" if is_inside else "tip_lost"
        elif booked == net != gross == due:
            reason = "net_for_gross"
        elif booked == gross != net == due:
            reason = "gross_for_net"
        facts = {
            "tip_gross": written(gross),
            "tip_net": written(net),
            "tip_due": written(due),
            "tip_posted": written(booked),
        }
        return self._draft("tip_mismatch", reason, "tip", walk, group.payments, active, facts)

    def _is_rounded(self, group: Group, settled: int, posted: int) -> bool:
        currency = self.intake.currency(group.payments[0])
        step = int(self.policy.rounding.get(currency, 0) * _UNIT)
        return bool(step) and posted % step == 0 and 2 * abs(posted - settled) <= step

    def _parts(self, group: Group, active: tuple[int, ...], settled: int) -> Iterator[Draft]:
        if self.providers.agree(group.payments, active):
            return
        facts = {
            "provider_settled": self.providers.settled(group.payments),
            "provider_posted": self.providers.posted(active),
        }
        yield self._draft(
            "part_mismatch",
            "provider_differs",
            "parts",
            (settled, settled),
            group.payments,
            active,
            facts,
        )

    def _simple(
        self,
        kind: str,
        reason: str,
        walk: tuple[int, int],
        group: Group,
        active: tuple[int, ...],
    ) -> Draft:
        name = "amount" if kind == "amount_mismatch" else "total"
        return self._draft(kind, reason, name, walk, group.payments, active)

    def _draft(
        self,
        kind: str,
        reason: str,
        name: str,
        walk: tuple[int, int],
        payments: tuple[int, ...],
        tenders: tuple[int, ...] = (),
        facts: Facts | None = None,
    ) -> Draft:
        side = self.intake.payments
        first = payments[0]
        day = self.days[first].astype(object)
        return Draft(
            kind=kind,
            reason=reason,
            field=name,
            settled=walk[0],
            posted=walk[1],
            currency=self.intake.currency(first),
            payment_id=side.id(first) if len(payments) == 1 else None,
            payment=first if len(payments) == 1 else -1,
            bill_id=self.bill_of(payments),
            tenders=tenders,
            day=day,
            facts=facts or NO_FACTS,
        )

    def bill_of(self, payments: tuple[int, ...]) -> str | None:
        """Name the bill of some payments, if they are of one."""
        if len(payments) == 1:
            return self.intake.payments.text("bill_id", payments[0])
        bills = set(self.intake.payments.texts("bill_id", payments))
        return bills.pop() if len(bills) == 1 else None

    def _tips(self, row: int) -> dict[str, str]:
        side = self.intake.payments
        return {
            "tip_gross": written(int(side.tip_gross[row])),
            "tip_net": written(int(side.tip_net[row])),
        }


def written(units: int) -> str:
    """Write millionths as a decimal, as facts hold them."""
    cents, finer = divmod(abs(units), _CENT)
    if finer:
        return str(unit_to_decimal(units))
    return f"{'-' if units < 0 else ''}{cents // 100}.{cents % 100:02d}"


def written_each(units: Units) -> list[str]:
    """Write many as :func:`written` writes each.

    >>> written_each(np.array([1_500_000, -50_000, 5]))
    ['1.50', '-0.05', '0.000005']
    """
    cents, finer = np.divmod(np.abs(units), _CENT)
    if finer.any():
        return [written(one) for one in units.tolist()]
    whole, part = np.divmod(cents, _HUNDRED)
    texts = pc.binary_join_element_wise(
        pc.if_else(pa.array(units < 0), "-", ""),
        pa.array(whole).cast(pa.string()),
        ".",
        pc.utf8_lpad(pa.array(part).cast(pa.string()), 2, "0"),
        "",
    )
    return list(texts.to_pylist())
