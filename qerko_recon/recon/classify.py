"""Compare groups of payments and lines by whole columns: groups in, drafts of breaks out.

The common faults are told apart here, all groups at once; a group with anything odd (a row that
cannot be read, an unknown state, a line that may stand twice, another provider) is compared by
itself. Both ways follow the rules of :mod:`qerko_recon.recon.compare`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qerko_recon.recon.coded import Codes, Mask, Units
from qerko_recon.recon.compare import Comparison, written_each
from qerko_recon.recon.drafts import NO_FACTS, Drafts, repeated
from qerko_recon.recon.groups import Groups
from qerko_recon.threads import at_once

__all__ = ["classify"]

_UNIT = 1_000_000
_TWO = 2

Objects = npt.NDArray[np.object_]


def classify(comparison: Comparison, groups: Groups) -> Iterator[Drafts]:
    """Find what is wrong with each group."""
    if len(groups):
        yield from _Classes(comparison, groups).drafts()


@dataclass(frozen=True, eq=False)
class _Sums:
    """What some groups come to."""

    settled: Units
    posted: Units
    due: Units  # tip that the POS is to book
    gross: Units
    net: Units
    tip: Units  # that it booked
    says_tip: Mask

    def of(self, places: Codes | Mask) -> _Sums:
        return _Sums(*(getattr(self, name)[places] for name in self.__dataclass_fields__))

    @property
    def variance(self) -> Units:
        return self.posted - self.settled


class _Classes:
    """Groups, and the classes that they fall into."""

    def __init__(self, comparison: Comparison, groups: Groups) -> None:
        self._comparison = comparison
        self._groups = groups
        side, lines = comparison.intake.payments, comparison.intake.tenders
        work: tuple[Callable[[], Units], ...] = (
            lambda: groups.settled(comparison.settled),
            lambda: groups.posted(lines.posted),
            lambda: groups.settled(comparison.tip),
            lambda: groups.settled(side.tip_gross),
            lambda: groups.settled(side.tip_net),
            lambda: groups.posted(lines.counts * lines.tip),
        )
        settled, posted, due, gross, net, tip = at_once(lambda one: one(), work)
        says_tip = groups.any_line(lines.counts & lines.has_tip)
        self._sums = _Sums(settled, posted, due, gross, net, tip, says_tip)
        self._is_single = groups.payment_counts == 1

    def drafts(self) -> Iterator[Drafts]:
        """Sort the groups into classes, and give the drafts of each."""
        side, lines = self._comparison.intake.payments, self._comparison.intake.tenders
        groups, sums = self._groups, self._sums
        readable = ~groups.any_line(~lines.readable)
        unsettled = self._is_single & ~side.settles[groups.first]
        cancelled = self._is_single & side.cancelled[groups.first]
        back = cancelled & (sums.posted != 0)
        nothing = ~unsettled & readable & (sums.posted == 0) & (sums.settled != 0)
        foreign = np.isin(groups.first, list(self._comparison.foreign))
        nothing &= ~foreign
        rest = ~unsettled & readable & ~nothing
        fits = (sums.variance == 0) & (~sums.says_tip | (sums.tip == sums.due))
        repeats = rest & ~fits & (sums.variance > 0) & (groups.tender_counts > 1)
        repeats |= rest & ~fits & (foreign | self._are_inactive())
        odd = (~readable & ~back) | (unsettled & ~cancelled) | repeats
        odd |= rest & fits & self._comparison.providers.suspects(groups)
        yield from self._states(back, nothing)
        yield from self._amounts(np.flatnonzero(rest & ~fits & ~repeats))
        found = [
            draft
            for place in np.flatnonzero(odd).tolist()
            for draft in self._comparison.group(groups.group(place))
        ]
        if found:
            yield Drafts.of(found)

    def _are_inactive(self) -> Mask:
        """Tell where just the lines that do not count are missing."""
        lines = self._comparison.intake.tenders
        if lines.counts.all():
            return np.zeros(len(self._groups), dtype=bool)
        idle = self._groups.posted(np.where(lines.counts, 0, lines.total))
        variance = self._sums.variance
        found: Mask = (variance != 0) & (variance == -idle)
        return found

    def _states(self, back: Mask, nothing: Mask) -> Iterator[Drafts]:
        """Report money of a cancelled payment, and payments whose lines post nothing."""
        cancelled = np.flatnonzero(back)
        posted = self._sums.posted[cancelled]
        yield from self._made(
            cancelled, "state_mismatch", "cancelled_but_posted", "state", 0 * posted, posted
        )
        if not nothing.any():
            return
        is_open = self._groups.any_line(self._comparison.intake.tenders.is_open)
        for mask, reason in (
            (nothing & is_open, "paid_but_open"),
            (nothing & ~is_open, "paid_but_cancelled"),
        ):
            places = np.flatnonzero(mask)
            settled = self._sums.settled[places]
            yield from self._made(places, "state_mismatch", reason, "state", settled, 0 * settled)

    def _amounts(self, places: Codes) -> Iterator[Drafts]:
        """Tell amount from tip."""
        sums = self._sums.of(places)
        variance = sums.variance
        tolerated = (variance != 0) & (np.abs(variance) <= self._comparison.tolerance)
        fee = sums.gross - sums.net
        guessed = (variance == -sums.due) | (variance == -fee) | (variance == fee)
        tip_off = np.where(sums.says_tip, sums.tip - sums.due, np.where(guessed, variance, 0))
        tip_off = np.where(tolerated, 0, tip_off)
        amount_off = np.where(tolerated, 0, variance - tip_off)
        no_tip = sums.says_tip & (sums.tip == 0) & (sums.due != 0)
        inside = (
            no_tip & (amount_off != 0) & ((amount_off == sums.gross) | (amount_off == sums.net))
        )
        between = np.where(inside | (variance == 0), sums.settled, sums.settled + amount_off)
        rounded = (tip_off == 0) & (amount_off != 0) & self._is_rounded(places, sums)
        yield from self._simple(
            places, sums, tolerated, "rounding", "within_tolerance", sums.posted
        )
        yield from self._simple(places, sums, rounded, "rounding", "rounded_to_whole", between)
        differs = (amount_off != 0) & ~rounded & ~inside & (variance != 0)
        yield from self._simple(
            places, sums, differs, "amount_mismatch", "amount_differs", between
        )
        yield from self._tips(places, sums, tip_off != 0, between)

    def _is_rounded(self, places: Codes, sums: _Sums) -> Mask:
        intake = self._comparison.intake
        rounding = self._comparison.policy.rounding
        steps = np.array([int(rounding.get(one, 0) * _UNIT) for one in intake.currencies])
        step = steps[intake.paid_currency[self._groups.first[places]]]
        whole = sums.posted % np.maximum(step, 1) == 0
        near: Mask = (step > 0) & whole & (_TWO * np.abs(sums.variance) <= step)
        return near

    def _simple(
        self, places: Codes, sums: _Sums, mask: Mask, kind: str, reason: str, posted: Units
    ) -> Iterator[Drafts]:
        name = "amount" if kind == "amount_mismatch" else "total"
        yield from self._made(
            places[mask], kind, reason, name, sums.settled[mask], posted[mask], active=True
        )

    def _tips(self, places: Codes, sums: _Sums, mask: Mask, between: Units) -> Iterator[Drafts]:
        """Recognise what happened to each tip."""
        some, start = sums.of(mask), between[mask]
        booked = np.where(some.says_tip, some.tip, some.due + some.posted - start)
        over = some.posted - start + some.due
        inside = some.says_tip & (over != 0) & ((over == some.gross) | (over == some.net))
        lost = (booked == 0) & (some.due != 0)
        reasons = np.select(
            [
                lost & inside,
                lost,
                (booked == some.net) & (some.net != some.gross) & (some.gross == some.due),
                (booked == some.gross) & (some.gross != some.net) & (some.net == some.due),
            ],
            ["tip_inside_amount", "tip_lost", "net_for_gross", "gross_for_net"],
            "tip_differs",
        )
        facts = np.empty(len(reasons), dtype=object)
        columns = map(written_each, (some.gross, some.net, some.due, booked))
        for place, (gross, net, due, posted) in enumerate(zip(*columns, strict=True)):
            facts[place] = {
                "tip_gross": gross,
                "tip_net": net,
                "tip_due": due,
                "tip_posted": posted,
            }
        yield from self._made(
            places[mask],
            "tip_mismatch",
            reasons.astype(object),
            "tip",
            start,
            some.posted,
            active=True,
            facts=facts,
        )

    def _made(
        self,
        places: Codes,
        kind: str,
        reason: str | Objects,
        name: str,
        settled: Units,
        posted: Units,
        *,
        active: bool = False,
        facts: Objects | None = None,
    ) -> Iterator[Drafts]:
        """Make drafts of some groups; with ``active`` only lines whose money counts are named."""
        if not len(places):
            return
        comparison, size = self._comparison, len(places)
        intake, groups = comparison.intake, self._groups.take(places)
        if active:
            groups = groups.without(~intake.tenders.counts)
        single = groups.payment_counts == 1
        first = groups.first
        bills = np.array(intake.payments.texts("bill_id", first), dtype=object)
        for place in np.flatnonzero(~single).tolist():
            bills[place] = comparison.bill_of(groups.group(place).payments)
        yield Drafts(
            kind=repeated(kind, size),
            reason=reason if isinstance(reason, np.ndarray) else repeated(reason, size),
            field=repeated(name, size),
            settled=settled,
            posted=posted,
            currency=np.array(intake.currencies, dtype=object)[intake.paid_currency[first]],
            payment_id=np.array(
                intake.payments.texts("payment_id", np.where(single, first, -1)), dtype=object
            ),
            payment=np.where(single, first, -1),
            bill_id=bills,
            day=comparison.days[first],
            facts=repeated(NO_FACTS, size) if facts is None else facts,
            lines=groups.tenders,
            starts=groups.tender_starts,
        )
