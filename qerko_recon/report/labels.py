"""The words of reports, in every language: headings, column names, verdicts."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from qerko_recon.wording import Catalog, format_money, one_line

__all__ = ["LABELS", "percent", "signed", "term"]

LABELS: Final = Catalog("qerko_recon.report")

_HUNDREDTH: Final = Decimal("0.01")


def signed(value: Decimal, currency: str | None, language: str = "en") -> str:
    """Write a variance: over with a plus sign, short with a true minus sign.

    >>> signed(Decimal(5), "EUR"), signed(Decimal(-5), "EUR"), signed(Decimal(0), "EUR")
    ('+€5.00', '−€5.00', '€0.00')
    """
    text = format_money(value, currency, language)
    return f"+{text}" if value > 0 else text


def term(table: str, value: str | None, language: str = "en") -> str:
    """Translate a word of the contract; one that is not known stays as it is.

    >>> term("match_kind", "one_to_many"), term("match_kind", "novel")
    ('one to many', 'novel')
    """
    key = f"{table}.{value}"
    return LABELS.say(key, language) if LABELS.knows(key) else one_line(value or "")


def percent(share: Decimal, language: str = "en") -> str:
    """Write a share in hundredths.

    >>> percent(Decimal("0.015")), percent(Decimal("0.12345"), "cs")
    ('1.50\\xa0%', '12,34\\xa0%')
    """
    hundredths = (100 * share).quantize(_HUNDREDTH)
    return f"{format_money(hundredths, None, language)}\u00a0%"
