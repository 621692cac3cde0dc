"""Find out from the data what nobody documents: where the tip stands and what a price means.

Takes in both sides and a policy; gives out the policy with nothing left on ``auto`` and, for each
open fact, how many payments the reading explains. A reading other than the default is taken only
where it explains clearly more: every payment and at least :data:`FEW` more than the default, or
most of them and at least :data:`ENOUGH` more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc

from qerko_recon.money import to_units
from qerko_recon.recon.coded import Units
from qerko_recon.recon.intake import Intake, PaymentSide, take_in
from qerko_recon.recon.policy import Policy
from qerko_recon.recon.result import Reading

__all__ = [
    "ENOUGH",
    "FEW",
    "arithmetic_gap",
    "infer_policy",
    "resolve",
    "settled_base",
    "settled_tip",
]

ENOUGH: Final = 5
FEW: Final = 2
_MOST: Final = 0.8
_CENT: Final = 10_000  # millionths


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
        The same settings, nothing left on ``auto``.
    """
    stated = policy or Policy()
    return resolve(take_in(payments, pos, stated), stated)[0]


def resolve(intake: Intake, policy: Policy) -> tuple[Policy, tuple[Reading, ...]]:
    """Settle every open fact, with the share of payments that each reading explains."""
    policy, arithmetic = _resolve_arithmetic(intake.payments, policy)
    if policy.tip_layout == "auto" and intake.tip_layout != "auto":
        policy = replace(policy, tip_layout=intake.tip_layout)
    policy, tips = _resolve_tips(intake, policy)
    return policy, (*arithmetic, *tips)


def settled_base(side: PaymentSide, policy: Policy) -> Units:
    """Give what each payment settles for without its tip, were it paid."""
    return side.parts_total - side.tip_gross if policy.tip_in_parts else side.parts_total


def settled_tip(side: PaymentSide, policy: Policy) -> Units:
    """Give the tip that the POS is to book for each payment."""
    if policy.tip_basis == "net":
        return side.tip_net
    return side.tip_gross if policy.tip_basis == "gross" else np.zeros_like(side.tip_gross)


def tip_shift(intake: Intake, policy: Policy) -> int:
    """Tell how often each line's tip is to be added to its amount to read it as the policy does.

    A profile that says ``inside`` has taken the tips out of the amounts already.
    """
    if policy.tip_layout == "inside":
        return 0 if intake.tip_layout == "inside" else -1
    return 1 if intake.tip_layout == "inside" and policy.tip_layout == "beside" else 0


def arithmetic_gap(side: PaymentSide, policy: Policy) -> Units:
    """Give parts − (items − discount + tip) of each payment, 0 where it adds up.

    Where an item's price × quantity has fractions of a cent, what rounding of each line can
    make is taken for 0: Qerko does not document how it rounds.
    """
    return _gap(side, price=policy.price, tip_in_parts=bool(policy.tip_in_parts))


def _gap(side: PaymentSide, *, price: str, tip_in_parts: bool) -> Units:
    items, inexact, known = _items_total(side, price)
    expected = items - np.abs(to_units(side.table["discount_total"]))
    if tip_in_parts:
        expected = expected + side.tip_gross
    gap = side.parts_total - expected
    rounded_away = 2 * np.abs(gap) <= _CENT * inexact
    return np.where(known & ~rounded_away, gap, 0)


def _items_total(side: PaymentSide, price: str) -> tuple[Units, Units, Any]:
    """Sum each payment's items; count its lines that have fractions of a cent."""
    if side.items.num_rows:
        return _sum_items(side, price)
    known = np.asarray(pc.is_valid(side.table["items_total"]).to_numpy())
    units = to_units(side.table["items_total"])
    return units, (units % _CENT != 0).astype(np.int64), known


def _sum_items(side: PaymentSide, price: str) -> tuple[Units, Units, Any]:
    owner = pc.index_in(side.items["payment_id"], value_set=side.table["payment_id"])
    owned = np.asarray(pc.is_valid(owner).to_numpy())
    rows = np.asarray(pc.fill_null(owner, 0).to_numpy())[owned]
    lines = to_units(side.items["price"])[owned]
    cut = np.zeros(len(lines), dtype=bool)
    if price == "unit":
        lines, cut = _times(lines, to_units(side.items["quantity"])[owned])
    total = np.zeros(len(side), dtype=np.int64)
    np.add.at(total, rows, lines)
    inexact = np.zeros(len(side), dtype=np.int64)
    np.add.at(inexact, rows, cut | (lines % _CENT != 0))
    return total, inexact, np.ones(len(side), dtype=bool)


def _times(price: Units, quantity: Units) -> tuple[Units, Any]:
    """Multiply millionths by millionths in halves that do not run over ``int64``.

    What lies below a millionth is cut off, and the second array tells where.
    """
    whole, part = np.divmod(price, 1_000_000)
    low = part * quantity
    return whole * quantity + low // 1_000_000, low % 1_000_000 != 0


def _resolve_arithmetic(side: PaymentSide, policy: Policy) -> tuple[Policy, list[Reading]]:
    candidates = [
        replace(policy, price=price, tip_in_parts=inside)
        for price in _choices(policy.price, ("unit", "line"))
        for inside in _choices(policy.tip_in_parts, (True, False))
    ]
    paid = side.settles & (side.parts_total != 0)

    def explained(candidate: Policy) -> Any:
        return (arithmetic_gap(side, candidate) == 0) & paid

    chosen, explains, of = _best(candidates, explained, int(paid.sum()))
    return chosen, [
        _reading("price", policy.price, chosen.price, candidates[0].price, explains, of),
        _reading(
            "tip_in_parts",
            policy.tip_in_parts,
            chosen.tip_in_parts,
            candidates[0].tip_in_parts,
            explains,
            of,
        ),
    ]


def _resolve_tips(intake: Intake, policy: Policy) -> tuple[Policy, list[Reading]]:
    """Choose the tip basis and where the export has the tip, from payments beside their lines."""
    candidates = [
        replace(policy, tip_layout=layout, tip_basis=basis)
        for layout in _choices(policy.tip_layout, ("beside", "inside"))
        for basis in _choices(policy.tip_basis, ("gross", "net"))
    ]
    sums = _sums_by_key(intake)

    def explained(candidate: Policy) -> Any:
        base = sums.parts - sums.gross if candidate.tip_in_parts else sums.parts
        by_basis = {"gross": sums.gross, "net": sums.net, "none": np.zeros_like(sums.gross)}
        tip = by_basis[candidate.tip_basis]
        amount = sums.amount + tip_shift(intake, candidate) * sums.tip
        return (amount + sums.tip == base + tip) & (~sums.has_tip | (sums.tip == tip))

    chosen, explains, of = _best(candidates, explained, len(sums.parts))
    first = candidates[0]
    return chosen, [
        _reading("tip_basis", policy.tip_basis, chosen.tip_basis, first.tip_basis, explains, of),
        _reading(
            "tip_layout", policy.tip_layout, chosen.tip_layout, first.tip_layout, explains, of
        ),
    ]


@dataclass(frozen=True)
class _Sums:
    """Both sides summed by payment, or by bill where the export has no payment IDs."""

    parts: Units
    gross: Units
    net: Units
    amount: Units
    tip: Units
    has_tip: Any


def _sums_by_key(intake: Intake) -> _Sums:
    paid, posted = intake.payments, intake.tenders
    name = "payment_id"
    if posted.table[name].null_count == len(posted):
        name = "bill_id"
    keys = pc.unique(posted.table[name].drop_null())
    left, right = (_places(side.table[name], keys) for side in (paid, posted))
    left[~paid.settles] = -1
    right[~(posted.counts & posted.readable)] = -1
    size = len(keys)
    both = _seen(left, size) & _seen(right, size)
    has_tip = np.zeros(size, dtype=bool)
    has_tip[right[(right >= 0) & posted.has_tip]] = True
    return _Sums(
        parts=_sum_at(left, paid.parts_total, size)[both],
        gross=_sum_at(left, paid.tip_gross, size)[both],
        net=_sum_at(left, paid.tip_net, size)[both],
        amount=_sum_at(right, posted.amount, size)[both],
        tip=_sum_at(right, posted.tip, size)[both],
        has_tip=has_tip[both],
    )


def _places(column: Any, keys: Any) -> Any:
    places = pc.fill_null(pc.index_in(column, value_set=keys), -1)
    return np.array(places.to_numpy(), dtype=np.int64)


def _seen(places: Any, size: int) -> Any:
    seen = np.zeros(size, dtype=bool)
    seen[places[places >= 0]] = True
    return seen


def _sum_at(places: Any, units: Units, size: int) -> Units:
    held = places >= 0
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, places[held], units[held])
    return sums


def _choices(stated: Any, candidates: Iterable[Any]) -> Iterable[Any]:
    """Give the stated setting alone, or every candidate, the default first."""
    return candidates if stated == "auto" else (stated,)


def _best(
    candidates: list[Policy], explained: Callable[[Policy], Any], of: int
) -> tuple[Policy, int, int]:
    """Take the default unless another reading explains clearly more."""
    counts = [int(np.count_nonzero(explained(candidate))) for candidate in candidates]
    best = max(range(len(counts)), key=lambda place: (counts[place], -place))
    gain = counts[best] - counts[0]
    explains_all = counts[best] == of and gain >= FEW
    explains_most = counts[best] >= _MOST * of and gain >= ENOUGH
    if not (explains_all or explains_most):
        best = 0
    return candidates[best], counts[best], of


def _reading(
    setting: str, stated: object, chosen: object, default: object, explains: int, of: int
) -> Reading:
    by = "stated" if stated != "auto" else "default" if chosen == default else "inferred"
    word = {True: "yes", False: "no"}.get(chosen, chosen) if isinstance(chosen, bool) else chosen
    return Reading(setting, str(word), by, explains, of)  # type: ignore[arg-type]
