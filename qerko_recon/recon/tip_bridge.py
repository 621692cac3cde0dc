"""The walk of the tips: what guests gave, what Qerko keeps, what is left, what the POS booked.

Takes in a finished reconciliation; gives out a row a currency and provider, whose sums are those
of all payments and lines, to the last digit. Qerko does not say whose part of a payment holds the
tip, so several providers that share a payment are named together.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.money import sum_exactly, to_units, unit_to_decimal
from qerko_recon.recon.coded import Mask, Units, column_of, encode, rows_by_code
from qerko_recon.recon.tip_owners import NOBODY, TipOwners
from qerko_recon.schema import TIP_BRIDGE

if TYPE_CHECKING:
    from qerko_recon.recon.result import Reconciliation

__all__ = ["FeeRates", "fee_rates", "tip_bridge_table"]

_MILLIONTH: Final = Decimal(1).scaleb(-6)
_EXACT: Final = Context(prec=60)
_LARGEST_STEP: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class FeeRates:
    """What share of the tips is kept: the rate of all, and how it varies.

    ``is_one`` tells whether one rate makes every fee, rounded; ``None`` where there is no tip.
    """

    rate: Decimal | None
    least: Decimal | None
    median: Decimal | None
    most: Decimal | None
    is_one: bool | None
    odd: int


def tip_bridge_table(result: Reconciliation) -> pa.Table:
    """Sum tips by currency and provider, in the columns of ``TIP_BRIDGE``.

    Rows are ordered by currency and provider; POS lines that belong to no payment come last in
    their currency.
    """
    owners = TipOwners(result)
    paid = result.payments
    settles = np.asarray(paid["state"].isin(result.policy.settled_states), dtype=bool)
    places = _places(paid, owners.payments, settles)
    gross, due = (to_units(column_of(paid, name)) for name in ("tip_gross", "settled_tip"))
    net = to_units(pc.coalesce(column_of(paid, "tip_net"), column_of(paid, "tip_gross")))
    posted = _posted(result, owners, due)
    rows = [
        {
            "currency": key[0],
            "provider": owners.name(key[1]),
            **_settled(places.get(key, _NOWHERE), gross, net, due),
            "posted_tip": None if posted is None else posted.get(key, 0),
        }
        for key in places.keys() | {key for key, units in (posted or {}).items() if units}
    ]
    rows.sort(key=lambda row: (row["currency"], row["provider"] is None, row["provider"] or ""))
    for row in rows:
        _close(row)
    return pa.Table.from_pylist(rows, schema=TIP_BRIDGE)


def _settled(rows: Units, gross: Units, net: Units, due: Units) -> dict[str, Any]:
    """Sum Qerko's side of some payments; money in millionths."""
    rates = fee_rates(gross[rows], net[rows])
    return {
        "payments": len(rows),
        "tipped": int(np.count_nonzero(gross[rows])),
        "tip_gross": sum_exactly(gross[rows]),
        "tip_net": sum_exactly(net[rows]),
        "settled_tip": sum_exactly(due[rows]),
        "fee_rate": rates.rate,
        "fee_rate_min": rates.least,
        "fee_rate_median": rates.median,
        "fee_rate_max": rates.most,
        "one_fee_rate": rates.is_one,
        "odd_fees": rates.odd,
    }


def _close(row: dict[str, Any]) -> None:
    """Add what follows from the sums, and make amounts of all of them."""
    row["tip_fee"] = row["tip_gross"] - row["tip_net"]
    posted = row["posted_tip"]
    row["variance"] = None if posted is None else posted - row["settled_tip"]
    for name in _MONEY:
        row[name] = None if row[name] is None else unit_to_decimal(row[name])


def fee_rates(gross: Units, net: Units) -> FeeRates:
    """Work out what share of tips is kept, in millionths in.

    A fee is odd where it is negative or more than the tip. One rate makes all others where it
    meets each within what fees are seen to be rounded to, a cent or a whole crown.

    >>> fee_rates(np.array([20_000_000, 30_000_000]), np.array([19_700_000, 29_550_000]))
    FeeRates(rate=Decimal('0.015000'), least=Decimal('0.015000'), median=Decimal('0.015000'), \
most=Decimal('0.015000'), is_one=True, odd=0)
    """
    fee = gross - net
    odd = (fee < 0) | (net < 0) | (gross < 0)
    sound = ~odd & (gross > 0)
    odd_count = int(np.count_nonzero(odd))
    total = sum_exactly(gross)
    rate = _rate(Fraction(sum_exactly(fee), total)) if total else None
    if not sound.any():
        return FeeRates(rate, None, None, None, None, odd_count)
    fee, gross = fee[sound], gross[sound]
    order = np.argsort(fee / gross, kind="stable")
    shares = [Fraction(int(fee[row]), int(gross[row])) for row in _ends_and_middle(order)]
    return FeeRates(
        rate,
        _rate(shares[0]),
        _rate((shares[1] + shares[2]) / 2),
        _rate(shares[3]),
        _is_one_rate(fee, gross),
        odd_count,
    )


def _ends_and_middle(order: Units) -> tuple[int, int, int, int]:
    last = len(order) - 1
    return int(order[0]), int(order[last // 2]), int(order[(last + 1) // 2]), int(order[last])


def _is_one_rate(fee: Units, gross: Units) -> bool:
    """Tell whether there is a rate that is within rounding of every fee."""
    step = _step(fee)
    low, high = fee - step, fee + step
    least, most = int(np.argmax(low / gross)), int(np.argmin(high / gross))
    return Fraction(int(low[least]), int(gross[least])) <= Fraction(
        int(high[most]), int(gross[most])
    )


def _step(fees: Units) -> int:
    """Find what fees are rounded to: a power of ten that all are multiples of."""
    common = int(np.gcd.reduce(fees))
    step = _LARGEST_STEP
    while common % step:
        step //= 10
    return step


def _rate(share: Fraction) -> Decimal:
    exact = _EXACT.divide(Decimal(share.numerator), Decimal(share.denominator))
    return exact.quantize(_MILLIONTH, ROUND_HALF_EVEN, context=_EXACT)


def _posted(result: Reconciliation, owners: TipOwners, due: Units) -> dict[_Key, int] | None:
    """Sum the tips in the POS; ``None`` where the export says nothing of tips."""
    lines = result.tenders
    tips = column_of(lines, "posted_tip")
    says = np.asarray(pc.is_valid(tips).to_numpy(False))
    if not says.any():
        return None
    units = to_units(tips)
    places = _places(lines, owners.tenders, says)
    sums = Counter({key: sum_exactly(units[rows]) for key, rows in places.items()})
    # A line that pays for several providers holds the tip due to each; what differs is of all.
    currencies = column_of(lines, "currency")
    for match in owners.joined:
        own = [row for row in match.tenders if says[row]]
        if match.is_shared and own:
            currency = currencies[own[0]].as_py()
            for row in match.payments:
                sums[currency, int(owners.payments[row])] += int(due[row])
                sums[currency, match.label] -= int(due[row])
    return dict(sums)


_Key = tuple[str, int]
_MONEY: Final = ("tip_gross", "tip_fee", "tip_net", "settled_tip", "posted_tip", "variance")
_NOWHERE: Final = np.empty(0, dtype=np.int64)


def _places(frame: pd.DataFrame, labels: Units, among: Mask) -> dict[_Key, Units]:
    """Group rows by currency and label."""
    words, (codes,) = encode(column_of(frame, "currency"))
    names = words.to_pylist()
    keys = np.where(among, codes + len(names) * (labels - NOBODY), -1)
    found: dict[_Key, Units] = {}
    for key, rows in rows_by_code(keys):
        label, code = divmod(key, len(names))
        found[names[code], label + NOBODY] = rows
    return found
