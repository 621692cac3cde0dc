"""Which provider moved which share of a payment, by Qerko and by the POS.

A POS names providers in its own words. They are compared only where every line's word is the ID,
name or type of exactly one of Qerko's providers; a word nobody knows proves nothing.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow.compute as pc

from qerko_recon.money import to_units, unit_to_decimal
from qerko_recon.recon.intake import Intake, Mask
from qerko_recon.recon.match import NamedLines
from qerko_recon.recon.policy import Policy

__all__ = ["Providers"]

_NAMES: Final = ("provider_id", "provider_name", "provider_type")

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
        parts = self._intake.payments.parts
        pairs = zip(
            parts["provider_id"].to_pylist(), parts["provider_name"].to_pylist(), strict=True
        )
        return {provider: name or provider for provider, name in pairs}

    @cached_property
    def _by_payment(self) -> list[Shares]:
        side = self._intake.payments
        shares: list[Shares] = [{} for _ in range(len(side))]
        owners = pc.index_in(side.parts["payment_id"], value_set=side.table["payment_id"])
        rows = zip(
            owners.to_pylist(),
            side.parts["provider_id"].to_pylist(),
            to_units(side.parts["total"]).tolist(),
            strict=True,
        )
        for owner, provider, units in rows:
            if owner is not None and provider is not None:
                shares[owner][provider] = shares[owner].get(provider, 0) + units
        return shares

    @cached_property
    def _by_tender(self) -> list[str | None]:
        words = self._intake.tenders.table["provider"].to_pylist()
        return [None if word is None else self._words.get(word.casefold()) for word in words]

    def suspects(self, named: NamedLines) -> Mask:
        """Tell which payments have a line of another provider than their only one."""
        if self._intake.tenders.table["provider"].null_count == len(self._intake.tenders):
            return np.zeros(len(named), dtype=bool)
        only = [next(iter(shares)) if len(shares) == 1 else "" for shares in self._by_payment]
        rows = np.repeat(named.payments, np.diff(named.starts)).tolist()
        odd = np.zeros(len(self._intake.tenders), dtype=bool)
        for payment, line in zip(rows, named.lines.tolist(), strict=True):
            provider = self._by_tender[line]
            odd[line] = provider is not None and provider != only[payment]
        return named.any(odd)

    def agree(self, payments: tuple[int, ...], tenders: tuple[int, ...]) -> bool:
        """Tell whether both sides name the same shares, or cannot be compared."""
        named = [self._by_tender[row] for row in tenders]
        if not named or None in named:
            return True
        settled = self._settled(payments)
        if not settled:
            return True
        posted = self._posted(tenders)
        return settled == posted if self._exact else settled.keys() == posted.keys()

    def settled(self, payments: tuple[int, ...]) -> str:
        """Write Qerko's shares for people."""
        return self._written(self._settled(payments))

    def posted(self, tenders: tuple[int, ...]) -> str:
        """Write the POS's shares for people."""
        return self._written(self._posted(tenders))

    def _settled(self, payments: tuple[int, ...]) -> Shares:
        sums: Shares = defaultdict(int)
        for row in payments:
            for provider, units in self._by_payment[row].items():
                sums[provider] += units
        return {provider: units for provider, units in sums.items() if units}

    def _posted(self, tenders: tuple[int, ...]) -> Shares:
        sums: Shares = defaultdict(int)
        for row in tenders:
            sums[self._by_tender[row] or ""] += int(self._intake.tenders.posted[row])
        return {provider: units for provider, units in sums.items() if units}

    def _written(self, shares: Shares) -> str:
        return " + ".join(
            f"{self._names.get(provider, provider)} {unit_to_decimal(units)}"
            for provider, units in sorted(shares.items())
        )
