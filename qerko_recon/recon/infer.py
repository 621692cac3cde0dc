"""Find out from the data what nobody documents: how a payment adds up and where the tip stands.

Takes in both sides and a policy; gives out the policy with nothing left on ``auto`` and, for each
candidate, how many payments it explains. First payments are judged by themselves (items,
discount, tip and parts), then beside their POS lines (tip basis, where the export has the tip).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from qerko_recon.recon.arithmetic import Arithmetic, arithmetic_gap, settled_base, settled_tip
from qerko_recon.recon.both_sides import BothSides, sum_both_sides
from qerko_recon.recon.choice import FEW, Choice, Judged, Option, View, choose
from qerko_recon.recon.doubts import doubts, in_words
from qerko_recon.recon.intake import refuse_same_ids, take_in
from qerko_recon.recon.policy import Policy
from qerko_recon.recon.readings import About, Candidate, Readings
from qerko_recon.recon.remark import Remark
from qerko_recon.recon.result import Reading
from qerko_recon.recon.sides import Intake, PaymentSide
from qerko_recon.threads import aside

__all__ = [
    "arithmetic_gap",
    "infer_policy",
    "infer_readings",
    "resolve",
    "settled_base",
    "settled_tip",
    "tip_shift",
]

_ARITHMETIC: Final = ("price", "tip_in_parts", "discount_in_parts")
_TIPS: Final = ("tip_basis", "tip_layout")
_SURE: Final = 5
"""A POS "books no tips" only if at most one tip in six says otherwise: else tips were lost."""


def infer_policy(payments: object, pos: object, policy: Policy | None = None) -> Policy:
    """Fill what a policy leaves on ``auto`` with the reading that fits the data.

    Parameters
    ----------
    payments, pos
        As for :func:`qerko_recon.reconcile`.
    policy
        What is stated; all else is inferred.

    Returns
    -------
    Policy
        The same settings, nothing left on ``auto``. :func:`qerko_recon.infer_readings` says how
        well they fit.
    """
    return infer_readings(payments, pos, policy).policy


def infer_readings(payments: object, pos: object, policy: Policy | None = None) -> Readings:
    """Judge every reading of what a policy leaves on ``auto`` by what it explains of the data.

    A reading other than the default is taken only where it explains clearly more, so that faults
    are not explained away: alone at least three payments, half of those that the two read
    differently, and twice as many as the default explains alone. That a POS books no tips wants
    five times as many.

    Parameters
    ----------
    payments, pos
        As for :func:`qerko_recon.reconcile`.
    policy
        What is stated; all else is inferred.

    Returns
    -------
    Readings
        The policy, every candidate with the payments that it explains, and warnings where none
        explains half of them or where another explains as much.

    Raises
    ------
    ReconciliationError
        An input cannot be used; the message names the column and the value.

    Examples
    --------
    >>> import qerko_recon as qr
    >>> payments = qr.Payments.read("data_samples/payments_day.jsonl")
    >>> pos = qr.read_pos("data_samples/pos/czech_semicolon/day.csv")
    >>> found = qr.infer_readings(payments, pos)
    >>> found.policy.tip_basis
    'gross'
    >>> tips = found.candidates.query("about == 'tips'")
    >>> tips[["tip_basis", "explains", "of", "tells", "chosen"]].to_dict("records")[0]
    {'tip_basis': 'gross', 'explains': 36, 'of': 45, 'tells': 0, 'chosen': True}
    """
    stated = policy or Policy()
    intake = take_in(payments, pos, stated)
    refuse_same_ids(intake.tenders)
    return resolve(intake, stated)


def resolve(intake: Intake, policy: Policy) -> Readings:
    """Settle every open fact, with what each candidate explains.

    Parameters
    ----------
    intake
        Both sides, the tip layout as the export has it.
    policy
        What is stated.
    """
    summed = aside(sum_both_sides, intake)
    arithmetic = _judge_arithmetic(intake.payments, policy)
    stated = arithmetic.policy
    if stated.tip_layout == "auto" and intake.tip_layout != "auto":
        stated = replace(stated, tip_layout=intake.tip_layout)
    sums = summed.result()
    tips = _judge_tips(intake, sums, stated)
    settled = dict.fromkeys(_ARITHMETIC, arithmetic) | dict.fromkeys(_TIPS, tips)
    return Readings(
        policy=tips.policy,
        readings=tuple(stage.reading(name) for name, stage in settled.items()),
        judged=(*arithmetic.judged(), *tips.judged()),
        undecided=tuple(name for name, stage in settled.items() if stage.tells(name) < FEW),
        remarks=(*arithmetic.doubts(), *tips.doubts()),
    )


def tip_shift(intake: Intake, policy: Policy) -> int:
    """Tell how often each line's tip is to be added to its amount to read it as the policy does.

    A profile that says ``inside`` has taken the tips out of the amounts already.
    """
    if policy.tip_layout == "inside":
        return 0 if intake.tip_layout == "inside" else -1
    return 1 if intake.tip_layout == "inside" and policy.tip_layout == "beside" else 0


@dataclass(frozen=True, eq=False)
class _Stage:
    """What was judged together: candidates, the default first, and the choice between them."""

    about: About
    names: tuple[str, ...]
    stated: Policy
    candidates: Sequence[Policy]
    choice: Choice

    @property
    def policy(self) -> Policy:
        return self.candidates[self.choice.chosen]

    def settings(self, candidate: Policy) -> dict[str, str | bool]:
        return {name: getattr(candidate, name) for name in self.names}

    def reading(self, name: str) -> Reading:
        """Say how one setting was settled."""
        stated, chosen = getattr(self.stated, name), getattr(self.policy, name)
        is_default = chosen == getattr(self.candidates[0], name)
        return Reading(
            name,
            in_words(chosen),
            "stated" if stated != "auto" else "default" if is_default else "inferred",
            self.choice.explains[self.choice.chosen],
            self.choice.of,
        )

    def tells(self, name: str) -> int:
        """Count the payments that tell the value taken of a setting from each other value."""
        if getattr(self.stated, name) != "auto":
            return self.choice.of
        return min(
            (
                tally.tells
                for candidate, tally in zip(self.candidates, self.choice.tallies, strict=True)
                if _changed(candidate, self.policy, self.names) == [name]
            ),
            default=0,
        )

    def judged(self) -> Iterator[Candidate]:
        """List every candidate with what it explains."""
        for place, candidate in enumerate(self.candidates):
            yield Candidate(
                self.about,
                self.settings(candidate),
                self.choice.explains[place],
                self.choice.of,
                self.choice.tallies[place].tells,
                place == self.choice.chosen,
            )

    def doubts(self) -> Iterator[Remark]:
        """Say what the choice leaves open."""
        return doubts(self.about, [self.settings(one) for one in self.candidates], self.choice)


def _judge_arithmetic(side: PaymentSide, policy: Policy) -> _Stage:
    """Choose how payments add up, from settled payments of which the items are known."""
    sums = Arithmetic(side)
    judged = side.settles & sums.known & (side.parts_total != 0)
    discounts = (False, True) if (sums.discount[judged] != 0).any() else (False,)
    candidates = [
        replace(policy, price=price, tip_in_parts=inside, discount_in_parts=funded)
        for price in _choices(policy.price, ("unit", "line"))
        for inside in _choices(policy.tip_in_parts, (True, False))
        for funded in _choices(policy.discount_in_parts, discounts)
    ]

    def view(place: int, rows: slice) -> View:
        gap = np.where(judged[rows], sums.gap(candidates[place], rows), 0)
        return View(judged[rows] & (gap == 0), (gap,))

    first = candidates[0]
    options = [Option(len(_changed(one, first, _ARITHMETIC))) for one in candidates]
    # Without items there is no price to be read in one way or another.
    alike = [one if len(side.items) else replace(one, price=first.price) for one in candidates]
    heads = [alike.index(one) for one in alike]
    choice = choose(options, Judged(view, len(side), int(np.count_nonzero(judged)), heads))
    return _Stage("arithmetic", _ARITHMETIC, policy, candidates, choice)


def _judge_tips(intake: Intake, sums: BothSides, policy: Policy) -> _Stage:
    """Choose the tip basis and where the export has the tip, from payments beside their lines."""
    layouts = ("beside", "inside") if sums.has_tip.any() else ("beside",)
    candidates = [
        replace(policy, tip_layout=layout, tip_basis=basis)
        for layout in _choices(policy.tip_layout, layouts)
        for basis in _choices(policy.tip_basis, ("gross", "net", "none"))
    ]
    first = candidates[0]
    # Without tips it is all the same where they stand.
    candidates = [
        one for one in candidates if one.tip_basis != "none" or one.tip_layout == first.tip_layout
    ]

    def view(place: int, rows: slice) -> View:
        one = candidates[place]
        gross, booked = sums.gross[rows], sums.tip[rows]
        tip = {"gross": gross, "net": sums.net[rows]}.get(one.tip_basis, 0 * gross)
        base = sums.parts[rows] - gross if one.tip_in_parts else sums.parts[rows]
        gap = sums.amount[rows] + (1 + tip_shift(intake, one)) * booked - base - tip
        tip_gap = np.where(sums.has_tip[rows], booked - tip, 0)
        return View((gap == 0) & (tip_gap == 0), (gap, tip_gap))

    options = [
        Option(len(_changed(one, first, _TIPS)), _SURE if one.tip_basis == "none" else 2)
        for one in candidates
    ]
    choice = choose(options, Judged(view, len(sums), len(sums), range(len(candidates))))
    return _Stage("tips", _TIPS, policy, candidates, choice)


def _choices(stated: Any, candidates: Iterable[Any]) -> Iterable[Any]:
    """Give the stated setting alone, or every candidate, the default first."""
    return candidates if stated == "auto" else (stated,)


def _changed(one: Policy, other: Policy, names: Sequence[str]) -> list[str]:
    """Name the settings in which two candidates differ."""
    return [name for name in names if getattr(one, name) != getattr(other, name)]
