"""Tips by provider: what guests gave, what Qerko keeps, what the POS was to book and booked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from qerko_recon.recon import Reconciliation
from qerko_recon.report.labels import LABELS
from qerko_recon.report.rows import plain_rows, tenders_of

__all__ = ["TipRow", "tips_by_provider"]

_ZERO = Decimal("0.00")


@dataclass(slots=True)
class TipRow:
    """Tips of the settled payments of one provider in one currency.

    ``provider`` is ``None`` for POS lines that belong to no payment; several providers that
    share a payment are named together, since Qerko does not say whose part holds the tip.
    ``posted`` is ``None`` where the export says nothing of tips.
    """

    currency: str
    provider: str | None
    payments: int = 0
    gross: Decimal = _ZERO
    net: Decimal = _ZERO
    settled: Decimal = _ZERO
    posted: Decimal | None = None

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
    def variance(self) -> Decimal | None:
        """Posted − settled; ``None`` where the export says nothing of tips."""
        return None if self.posted is None else self.posted - self.settled


def tips_by_provider(result: Reconciliation) -> list[TipRow]:
    """Sum tips by currency and provider.

    Returns
    -------
    list of TipRow
        Ordered by currency and provider; POS lines without a payment come last. The rows'
        ``settled`` and ``posted`` add up to all tips of the two sides.
    """
    rows: dict[tuple[str, str | None], TipRow] = {}

    def row(currency: str, provider: str | None) -> TipRow:
        return rows.setdefault((currency, provider), TipRow(currency, provider))

    providers = _providers(result)
    columns = ["payment_id", "state", "currency", "tip_gross", "tip_net", "settled_tip"]
    for payment in plain_rows(result.payments[columns]):
        if payment["state"] in result.policy.settled_states:
            one = row(payment["currency"], providers.get(payment["payment_id"], ""))
            gross, net = payment["tip_gross"] or _ZERO, payment["tip_net"]
            one.payments += 1
            one.gross += gross
            one.net += gross if net is None else net
            one.settled += payment["settled_tip"]
    posted = list(_posted_tips(result, providers))
    for currency, provider, tip in posted:
        one = row(currency, provider)
        one.posted = (one.posted or _ZERO) + tip
    if posted:
        for one in rows.values():
            one.posted = one.posted or _ZERO
    return sorted(
        rows.values(), key=lambda one: (one.currency, one.provider is None, one.provider or "")
    )


def _posted_tips(
    result: Reconciliation, providers: Mapping[str, str]
) -> Iterator[tuple[str, str | None, Decimal]]:
    """Give each counting line's currency, provider and tip; nothing where no line has a tip."""
    owners = tenders_of(result)
    for line in plain_rows(result.tenders[["tender_id", "currency", "posted_tip"]]):
        if line["posted_tip"] is not None:
            paid = owners.get(line["tender_id"], ())
            named = {providers.get(payment_id, "") for payment_id in paid}
            yield line["currency"], " + ".join(sorted(named)) if paid else None, line["posted_tip"]


def _providers(result: Reconciliation) -> dict[str, str]:
    """Name the providers of each payment."""
    names: dict[str, set[str]] = defaultdict(set)
    for part in plain_rows(result.parts[["payment_id", "provider_id", "provider_name"]]):
        names[part["payment_id"]].add(part["provider_name"] or part["provider_id"] or "")
    return {payment_id: " + ".join(sorted(own)) for payment_id, own in names.items()}
