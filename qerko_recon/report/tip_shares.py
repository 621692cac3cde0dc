"""Tips as charts need them: a result in; what each hour, weekday and provider tips out.

Sums are exact, in millionths; only a share of two sums is rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from qerko_recon.errors import ReconciliationError, shorten
from qerko_recon.money import sum_exactly, to_units
from qerko_recon.recon import Reconciliation
from qerko_recon.recon.coded import Codes, Units, column_of, encode, rows_by_code
from qerko_recon.recon.days import business_dates
from qerko_recon.recon.tip_owners import TipOwners
from qerko_recon.report.walk import one_currency

__all__ = ["By", "TipShare", "Tips"]

By = Literal["hour", "weekday", "provider"]

_THURSDAY: Final = 3  # the first of January 1970, counted from Monday
_DAYS: Final = 7
_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class TipShare:
    """Tips of some settled payments beside what was paid without them, in millionths.

    ``key`` is an hour, a weekday counted from Monday, or the name of a provider.
    """

    key: int | str
    payments: int
    tip: int
    base: int

    @property
    def rate(self) -> Decimal:
        """The tip as a share of the amount without it; 0 where there is no amount."""
        return Decimal(self.tip) / Decimal(self.base) if self.base else Decimal(0)


class Tips:
    """Tips of the settled payments of one result.

    Parameters
    ----------
    result
        What ``reconcile`` returned.
    """

    def __init__(self, result: Reconciliation) -> None:
        self._result = result
        settled = result.payments["state"].isin(result.policy.settled_states)
        self._settles = settled.to_numpy(dtype=bool)
        self._paid = result.payments[self._settles]
        words, (self._currency,) = encode(column_of(self._paid, "currency"))
        self._currencies = words.to_pylist()
        self._tip = self._units("tip_gross")
        self._base = self._units("settled") - self._units("settled_tip")

    def currencies(self, currency: str | None = None) -> list[str]:
        """List the currencies there are, or the one asked for."""
        return list(one_currency(dict.fromkeys(sorted(self._currencies)), currency))

    def shares(self, currency: str, by: By) -> list[TipShare]:
        """Sum tips of one currency by hour, weekday or provider, in the order of a chart.

        Hours begin with the one in which the business day does; providers with the one that
        most was paid by. Payments without a time are in no hour and on no weekday.
        """
        keys, codes = self._keys(by)
        own = np.where(self._currency == self._currencies.index(currency), codes, -1)
        found = [
            TipShare(
                keys[code], len(rows), sum_exactly(self._tip[rows]), sum_exactly(self._base[rows])
            )
            for code, rows in rows_by_code(own)
        ]
        if by == "provider":
            found.sort(key=lambda share: (-share.payments, share.key))
        return found

    def amounts(self, currency: str) -> dict[str, Units]:
        """Give the tips of one currency by provider, sorted, the provider of most first."""
        names, codes = self._providers
        own = np.where(self._currency == self._currencies.index(currency), codes, -1)
        found = {str(names[code]): np.sort(self._tip[rows]) for code, rows in rows_by_code(own)}
        return dict(sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0])))

    def _keys(self, by: By) -> tuple[list[int] | list[str], Codes]:
        if by == "hour":
            first = self._result.policy.business_day_cutoff.hour
            hours = [(first + place) % _HOURS for place in range(_HOURS)]
            return hours, np.where(self._hours < 0, -1, (self._hours - first) % _HOURS)
        if by == "weekday":
            return list(range(_DAYS)), self._weekdays
        if by == "provider":
            return self._providers
        raise ReconciliationError(
            f"tips cannot be shown by {shorten(by)}; they can by hour, weekday or provider"
        )

    @cached_property
    def _hours(self) -> Codes:
        """The venue's hour of each payment, -1 where it has no time."""
        times = pd.DatetimeIndex(column_of(self._paid, "created_at").to_pandas())
        hours = times.tz_convert(self._result.policy.time_zone).hour
        return np.asarray(hours.fillna(-1)).astype(np.int64)

    @cached_property
    def _weekdays(self) -> Codes:
        policy = self._result.policy
        days = business_dates(
            pa.chunked_array([column_of(self._paid, "created_at")]),
            policy.time_zone,
            policy.business_day_cutoff,
        )
        numbers = (days.astype("datetime64[D]").astype(np.int64) + _THURSDAY) % _DAYS
        return np.where(np.isnat(days), -1, numbers)

    @cached_property
    def _providers(self) -> tuple[list[str], Codes]:
        owners = TipOwners(self._result)
        labels = owners.payments[self._settles]
        return [
            owners.name(label) or "" for label in range(int(labels.max(initial=-1)) + 1)
        ], labels

    def _units(self, name: str) -> Units:
        return to_units(column_of(self._paid, name))
