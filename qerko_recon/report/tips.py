"""Tips by provider as reports show them: the tip bridge in, rows with names for people out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from qerko_recon.recon import Reconciliation
from qerko_recon.report.labels import LABELS
from qerko_recon.report.rows import plain_rows

__all__ = ["TipRow", "tips_by_provider"]


@dataclass(frozen=True, slots=True)
class TipRow:
    """Tips of the settled payments of one provider in one currency.

    ``provider`` is ``None`` for POS lines that belong to no payment; several providers that
    share a payment are named together, since Qerko does not say whose part holds the tip.
    ``posted`` is ``None`` where the export says nothing of tips, ``fee_rate`` where there is no
    tip. ``has_odd_fees`` tells of a negative fee, one above the tip, or rates that differ.
    """

    currency: str
    provider: str | None
    payments: int
    gross: Decimal
    fee: Decimal
    net: Decimal
    fee_rate: Decimal | None
    has_odd_fees: bool
    settled: Decimal
    posted: Decimal | None
    variance: Decimal | None

    def name(self, language: str = "en") -> str:
        """Name the row for people."""
        if self.provider is None:
            return LABELS.say("report.no_payment", language)
        return self.provider or LABELS.say("report.no_provider", language)


def tips_by_provider(result: Reconciliation) -> list[TipRow]:
    """List the rows of ``result.tip_bridge``, in its order."""
    return [
        TipRow(
            currency=row["currency"],
            provider=row["provider"],
            payments=row["payments"],
            gross=row["tip_gross"],
            fee=row["tip_fee"],
            net=row["tip_net"],
            fee_rate=row["fee_rate"],
            has_odd_fees=bool(row["odd_fees"]) or row["one_fee_rate"] is False,
            settled=row["settled_tip"],
            posted=row["posted_tip"],
            variance=row["variance"],
        )
        for row in plain_rows(result.tip_bridge)
    ]
