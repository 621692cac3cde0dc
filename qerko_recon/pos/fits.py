"""What a cell may be: an amount, a date, a time of day, a tender's word, an ID.

Quick looks, to tell what a column stands for; cells are read for good elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from qerko_recon.errors import AmountError
from qerko_recon.money import parse_amount
from qerko_recon.pos.vocabulary import currency_in, is_yes, plain, tender_meant

__all__ = [
    "DATE",
    "FITS",
    "FOUND_BY",
    "PAYING",
    "has_digit",
    "is_amount",
    "is_clock",
    "is_date",
    "is_date_only",
    "is_figure",
    "is_tender",
    "label_of",
    "looks_like_id",
    "share",
]

DATE: Final = re.compile(r"\d{1,4}\s*[./-]\s*\d{1,2}\s*[./-]\s*\d{1,4}|\d{8}")
_DATED: Final = re.compile(
    r"(?:\d{1,2}\s*[./-]\s*\d{1,2}\s*[./-]\s*\d{2,4}|\d{4}\s*[./-]\s*\d{1,2}\s*[./-]\s*\d{1,2})"
    r"\.?(?:[T,\s].*)?$"
)
_NAMED_DATE: Final = re.compile(
    r"\d{1,2}\D{1,3}[^\W\d_]{3,}.*\d{4}|\d{4}\D{1,3}[^\W\d_]{3,}|"
    r"[^\W\d_]{3,}\.?\s+\d{1,2}.*\d{4}"
)
_SHORT_DATE: Final = re.compile(r"(?:[^\W\d_]{2,}\.?,?\s+)?\d{1,2}\.\s*\d{1,2}\.(?:\s|$)")
_COUNT: Final = re.compile(r"(?:3[7-9]|[4-6]\d|7[0-2])\d{3}(?:[.,]\d+)?|1\d{9}(?:\d{3})?")
_CLOCK: Final = re.compile(r"\d{1,2}[:.]\d{2}")
_PART_OF_DAY: Final = re.compile(r"0?[.,]\d{2,}|0[.,]\d")
_NAMED_ID: Final = re.compile(r"(?i)qerko\W{1,2}\d{4,}")
_CODE: Final = re.compile(r"[A-Za-z]{3}|[Kk][Čč]\.?|€|[Ff]t|zł|\$|£")
_FIGURE: Final = re.compile(r"\W*(?:[^\W\d]{1,3}\W+)?\d[\d\s.,'\u2019]*\W*\w{0,3}\W*")
PAYING: Final = ("qerko", "cash", "card", "voucher", "invoice")


def share(cells: Sequence[str], fits: Callable[[str], bool]) -> float:
    """Give the share of cells that fit; an empty column tells nothing."""
    return sum(map(fits, cells)) / len(cells) if cells else 1.0


def is_amount(cell: str) -> bool:
    """Tell whether a cell can be read as an amount."""
    if cell.count(".") > 1 and DATE.fullmatch(cell.strip()):
        return False
    try:
        parse_amount(cell)
    except AmountError:
        return False
    return True


def is_figure(cell: str) -> bool:
    """Tell a number, with what may stand around it, from words."""
    return bool(_FIGURE.fullmatch(cell))


def label_of(cells: Sequence[str]) -> str:
    """Give the first cell of a row that is no figure, or else its first filled one."""
    filled = [cell for cell in cells if cell]
    return next((cell for cell in filled if not is_figure(cell)), (*filled, "")[0])


def is_date(cell: str) -> bool:
    """Tell whether a cell may be a date, be it with the month's name or a count of days."""
    return any(
        (
            DATE.search(cell),
            _NAMED_DATE.search(cell),
            _SHORT_DATE.match(cell),
            _COUNT.fullmatch(cell),
        )
    )


def is_tender(cell: str) -> bool:
    """Tell a tender's word or number from an ID with Qerko's name before it."""
    kind = tender_meant(cell)
    is_id = kind == "qerko" and has_digit(cell) and not cell.isdigit()
    return kind in PAYING and not is_id


def is_clock(cell: str) -> bool:
    """Tell a time of day from a date."""
    return bool(_CLOCK.match(cell)) and not is_date(cell)


def has_digit(cell: str) -> bool:
    """Tell whether a cell has a digit."""
    return any(character.isdigit() for character in cell)


def looks_like_id(cell: str) -> bool:
    """Tell whether a cell may be an ID, which has a digit and is no date."""
    return has_digit(cell) and not is_date_only(cell)


def is_date_only(cell: str) -> bool:
    """Tell a date, with or without a time of day, from an ID that begins like one."""
    return bool(_DATED.match(cell))


FITS: Final[dict[str, Callable[[str], bool]]] = {
    "amount": is_amount,
    "total": is_amount,
    "tip": is_amount,
    "paid_at": is_date,
    "paid_time": lambda cell: bool(_CLOCK.search(cell) or _PART_OF_DAY.fullmatch(cell)),
    "currency": lambda cell: bool(_CODE.fullmatch(cell)) or currency_in(cell) is not None,
    "payment_id": looks_like_id,
    "is_cancelled": lambda cell: (
        is_yes(cell) or plain(cell) in {"ne", "nie", "nein", "no", "0", "false", "n", "nem", ""}
    ),
}
"""What has to stand under a header for it to mean an idea."""

FOUND_BY: Final[dict[str, Callable[[str], bool]]] = {
    "payment_id": lambda cell: bool(_NAMED_ID.fullmatch(cell)),
    "tender_type": lambda cell: tender_meant(cell) in PAYING and not has_digit(cell),
    "paid_at": is_date_only,
}
"""What tells a column's meaning where its header does not."""
