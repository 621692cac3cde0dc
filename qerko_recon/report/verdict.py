"""The verdict: a reconciliation in, one sentence a currency out."""

from __future__ import annotations

from decimal import Decimal

from qerko_recon.recon import ControlTotal, Reconciliation
from qerko_recon.report.labels import LABELS, signed
from qerko_recon.wording import format_money

__all__ = ["verdict"]


def verdict(result: Reconciliation, language: str = "en") -> str:
    """Say what came of a reconciliation.

    Parameters
    ----------
    result
        What ``reconcile`` returned.
    language
        ``cs``, ``de``, ``en`` or ``sk``.

    Returns
    -------
    str
        A sentence for each currency: both totals, the variance, how many breaks, and whether
        they explain all of it.
    """
    totals = [one for one in result.summary.totals if one.payments or one.tenders or one.breaks]
    if not totals:
        return LABELS.say("verdict.nothing", language)
    return " ".join(_sentence(total, result, language) for total in totals)


def _sentence(total: ControlTotal, result: Reconciliation, language: str) -> str:
    values = {
        name: format_money(getattr(total, name), total.currency, language)
        for name in ("settled", "posted")
    }
    values["variance"] = signed(total.variance, total.currency, language)
    left = _unexplained(total, result)
    return LABELS.say(
        f"verdict.{_outcome(total, left)}",
        language,
        {
            "total": LABELS.say("verdict.total", language, values),
            "breaks": LABELS.count("breaks", total.breaks, language),
            "payments": LABELS.count("payments", total.payments, language),
            "lines": LABELS.count("lines", total.tenders, language),
            "unexplained": format_money(left, total.currency, language),
        },
    )


def _outcome(total: ControlTotal, left: Decimal) -> str:
    if left:
        return "unexplained"
    if not total.breaks:
        return "clean"
    return "explained" if total.variance else "cancelling"


def _unexplained(total: ControlTotal, result: Reconciliation) -> Decimal:
    """Give what the steps of the bridge leave of one currency's variance."""
    own = result.bridge[result.bridge["currency"] == total.currency]
    steps = own[~own["step"].isin(["settled", "posted"])]["amount"]
    return total.variance - sum(steps, Decimal(0))
