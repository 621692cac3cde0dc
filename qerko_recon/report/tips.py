"""Tips by provider as reports show them: the tip bridge in, rows with names for people out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from qerko_recon.recon import Reconciliation
from qerko_recon.report.labels import LABELS, percent
from qerko_recon.report.rows import plain_rows
from qerko_recon.wording import format_money

__all__ = ["TipRow", "tip_finding", "tip_totals", "tips_by_provider"]

_ZERO: Final = Decimal("0.00")


@dataclass(slots=True)
class TipRow:
    """Tips of the settled payments of one provider in one currency.

    ``provider`` is ``None`` for POS lines that belong to no payment; several providers that
    share a payment are named together, since Qerko does not say whose part holds the tip.
    ``posted`` is ``None`` where the export says nothing of tips. ``has_odd_fees`` tells of a
    negative fee, of one above the tip, or of rates that differ.
    """

    currency: str
    provider: str | None
    payments: int = 0
    gross: Decimal = _ZERO
    net: Decimal = _ZERO
    settled: Decimal = _ZERO
    posted: Decimal | None = None
    has_odd_fees: bool = False

    def name(self, language: str = "en") -> str:
        """Name the row for people."""
        if self.provider is None:
            return LABELS.say("report.no_payment", language)
        return self.provider or LABELS.say("report.no_provider", language)

    @property
    def fee(self) -> Decimal:
        """What Qerko keeps: gross − net."""
        return self.gross - self.net

    @property
    def rate(self) -> Decimal | None:
        """The fee's share of the gross tip; ``None`` where there is no tip."""
        return self.fee / self.gross if self.gross else None

    @property
    def variance(self) -> Decimal | None:
        """Posted − settled; ``None`` where the export says nothing of tips."""
        return None if self.posted is None else self.posted - self.settled


def tips_by_provider(result: Reconciliation) -> list[TipRow]:
    """List the rows of ``result.tip_bridge``, in its order.

    Returns
    -------
    list of TipRow
        Ordered by currency and provider; POS lines without a payment come last. The rows'
        ``settled`` and ``posted`` add up to all tips of the two sides.
    """
    return [
        TipRow(
            currency=row["currency"],
            provider=row["provider"],
            payments=row["payments"],
            gross=row["tip_gross"],
            net=row["tip_net"],
            settled=row["settled_tip"],
            posted=row["posted_tip"],
            has_odd_fees=bool(row["odd_fees"]) or row["one_fee_rate"] is False,
        )
        for row in plain_rows(result.tip_bridge)
    ]


def tip_totals(rows: Iterable[TipRow]) -> list[TipRow]:
    """Sum the tips of each currency over its providers."""
    totals: dict[str, TipRow] = {}
    for row in rows:
        total = totals.setdefault(row.currency, TipRow(row.currency, ""))
        total.payments += row.payments
        total.gross += row.gross
        total.net += row.net
        total.settled += row.settled
        total.has_odd_fees |= row.has_odd_fees
        if row.posted is not None:
            total.posted = (total.posted or _ZERO) + row.posted
    return list(totals.values())


def tip_finding(total: TipRow, language: str) -> str:
    """Say in one sentence what a currency's tips come to."""
    values = {
        "gross": format_money(total.gross, total.currency, language),
        "fee": format_money(total.fee, total.currency, language),
        "rate": percent(total.rate or _ZERO, language),
    }
    return LABELS.say("chart.tips_fee" if total.fee else "chart.tips_free", language, values)
