"""Which provider moved which share of a payment, by Qerko and by the POS.

A POS names providers in its own words. They are compared only where every line's word is the ID,
name or type of exactly one of Qerko's providers; a word nobody knows proves nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np

from qerko_recon.money import to_units, unit_to_decimal
from qerko_recon.recon.coded import Codes, Mask, Units, encode
from qerko_recon.recon.groups import Groups
from qerko_recon.recon.policy import Policy
from qerko_recon.recon.sides import Intake

__all__ = ["Providers"]

_NAMES: Final = ("provider_id", "provider_name", "provider_type")
_NONE: Final = -1
_SEVERAL: Final = -2

Shares = dict[str, int]


class Providers:
    """Shares by provider on both sides."""

    def __init__(self, intake: Intake, policy: Policy) -> None:
        self._intake = intake
        # Which part carries the tip is not documented, so shares are compared to the last digit
        # only where both sides hold the whole of it.
        self._exact = policy.tip_in_parts is True and policy.tip_basis == "gross"

    @cached_property
    def _words(self) -> dict[str, str]:
        """Each word that means exactly one provider, with that provider's ID."""
        meanings: dict[str, set[str]] = defaultdict(set)
        distinct = self._intake.payments.parts.select(_NAMES).group_by(list(_NAMES)).aggregate([])
        for row in distinct.to_pylist():
            for name in _NAMES:
                if row[name]:
                    meanings[row[name].casefold()].add(row["provider_id"])
        return {word: min(ids) for word, ids in meanings.items() if len(ids) == 1}

    @cached_property
    def _names(self) -> dict[str, str]:
        distinct = self._intake.payments.parts.select(_NAMES[:2]).group_by(list(_NAMES[:2]))
        pairs = [
            (row["provider_id"], row["provider_name"])
            for row in distinct.aggregate([]).to_pylist()
            if row["provider_id"] is not None
        ]
        return {provider: name or provider for provider, name in sorted(pairs, key=str)}

    @cached_property
    def _ids(self) -> list[str]:
        """Every provider."""
        return sorted(self._names)

    @cached_property
    def _parts(self) -> tuple[Codes, Codes]:
        """The payment that each part belongs to, and the provider; -1 where there is none."""
        side = self._intake.payments
        _, (ids, owners) = encode(side.table["payment_id"], side.parts["payment_id"])
        words, (providers,) = encode(side.parts["provider_id"])
        places = np.array([self._ids.index(word) for word in words.to_pylist()], dtype=np.int64)
        coded = np.where(providers >= 0, places[providers], _NONE) if len(places) else providers
        return np.where(owners < len(ids), owners, _NONE), coded

    @cached_property
    def _totals(self) -> Units:
        """What each part moved."""
        return to_units(self._intake.payments.parts["total"])

    @cached_property
    def _only(self) -> Codes:
        """For each payment its one provider; less than 0 where it has none or several."""
        owners, providers = self._parts
        only = np.full(len(self._intake.payments), _NONE, dtype=np.int64)
        known = (owners >= 0) & (providers >= 0)
        owners, providers = owners[known], providers[known]
        only[owners] = providers
        only[owners[only[owners] != providers]] = _SEVERAL
        return only

    @cached_property
    def _by_tender(self) -> Codes:
        """For each line the provider that its word means; -1 where it means none."""
        words, (codes,) = encode(self._intake.tenders.table["provider"])
        meant = [self._words.get(word.casefold()) for word in words.to_pylist()]
        places = [_NONE if one is None else self._ids.index(one) for one in meant]
        return np.array([*places, _NONE], dtype=np.int64)[codes]

    @cached_property
    def _rows_of_parts(self) -> tuple[Codes, Codes]:
        """The parts in the order of their payments, and where each payment's start."""
        owners, _ = self._parts
        order = np.argsort(owners, kind="stable")
        return order, np.searchsorted(owners[order], np.arange(len(self._intake.payments) + 1))

    @cached_property
    def says_nothing(self) -> bool:
        """Whether no line names a provider that Qerko knows."""
        column = self._intake.tenders.table["provider"]
        return column.null_count == len(column) or not (self._by_tender >= 0).any()

    def suspects(self, groups: Groups) -> Mask:
        """Tell which groups have a line of another provider than the one of all their payments."""
        if self.says_nothing:
            return np.zeros(len(groups), dtype=bool)
        only = self._only[groups.first]
        several = np.repeat(only, groups.payment_counts) != self._only[groups.payments]
        line = self._by_tender[groups.tenders]
        odd_line = (line >= 0) & (line != np.repeat(only, groups.tender_counts))
        odd = np.bincount(
            np.repeat(np.arange(len(groups)), groups.payment_counts)[several],
            minlength=len(groups),
        )
        odd += np.bincount(
            np.repeat(np.arange(len(groups)), groups.tender_counts)[odd_line],
            minlength=len(groups),
        )
        found: Mask = odd > 0
        return found

    def agree(self, payments: Sequence[int], tenders: Sequence[int]) -> bool:
        """Tell whether both sides name the same shares, or cannot be compared."""
        named = self._by_tender[list(tenders)]
        if not len(named) or (named < 0).any():
            return True
        settled = self._settled(payments)
        if not settled:
            return True
        posted = self._posted(tenders)
        return settled == posted if self._exact else settled.keys() == posted.keys()

    def settled(self, payments: Sequence[int]) -> str:
        """Write Qerko's shares for people."""
        return self._written(self._settled(payments))

    def posted(self, tenders: Sequence[int]) -> str:
        """Write the POS's shares for people."""
        return self._written(self._posted(tenders))

    def _settled(self, payments: Sequence[int]) -> Shares:
        order, starts = self._rows_of_parts
        sums: Shares = defaultdict(int)
        for row in payments:
            rows = order[starts[row] : starts[row + 1]]
            shares = self._parts[1][rows].tolist(), self._totals[rows].tolist()
            for provider, units in zip(*shares, strict=True):
                if provider >= 0:
                    sums[self._ids[provider]] += units
        return {provider: units for provider, units in sums.items() if units}

    def _posted(self, tenders: Sequence[int]) -> Shares:
        sums: Shares = defaultdict(int)
        for row in tenders:
            provider = int(self._by_tender[row])
            name = self._ids[provider] if provider >= 0 else ""
            sums[name] += int(self._intake.tenders.posted[row])
        return {provider: units for provider, units in sums.items() if units}

    def _written(self, shares: Shares) -> str:
        return " + ".join(
            f"{self._names.get(provider, provider)} {unit_to_decimal(units)}"
            for provider, units in sorted(shares.items())
        )
