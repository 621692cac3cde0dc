"""Exact amounts: text in any European number format in, decimals and Arrow columns out.

Money and quantities live in ``decimal128(18, 6)`` columns (:data:`MONEY`) or in
:class:`~decimal.Decimal`; nothing here passes through a ``float``. A value that would have to be
rounded to be held raises :class:`~qerko_recon.errors.AmountError` and is named in the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.errors import AmountError, shorten

__all__ = [
    "MONEY",
    "MONEY_DTYPE",
    "SCALE",
    "DecimalMark",
    "decimal_array",
    "fits",
    "format_amount",
    "format_many",
    "format_units",
    "from_units",
    "largest",
    "parse_amount",
    "sum_exactly",
    "to_units",
    "total",
    "unit_to_decimal",
]

SCALE: Final = 6
"""Decimal places of every money column."""

MONEY: Final = pa.decimal128(18, SCALE)
"""Arrow type of every money and quantity column."""

MONEY_DTYPE: Final = pd.ArrowDtype(MONEY)
"""The same as a pandas dtype."""

DecimalMark = Literal[",", "."]

_CODE_AT_DIGIT: Final = re.compile(r"(?<=[A-Z])(?=\d)")
_SAMPLE: Final = re.compile(
    r"(?P<before>\D*)1(?P<group>\D*)234(?P=group)567(?P<point>\D+)89(?P<after>\D*)"
)
_EXACT: Final = Context(prec=60, traps=[InvalidOperation])
_UNIT: Final = 10**SCALE
_DIGITS_OF_ARROW: Final = 38
_MILLIONTH: Final = Decimal(1).scaleb(-SCALE)
_LIMIT: Final = 10**18
_WHOLE_DIGITS: Final = 12
_CENTS: Final = 2
_THOUSAND: Final = 1_000
_SPACES: Final = " \t\u00a0\u202f\u2009"
_NO_BREAK: Final = re.compile("[\u00a0\u202f\u2009]")
_MINUS: Final = "-\u2212\u2013"
_GROUP_MARKS: Final = re.escape(_SPACES + "'\u2019")
_NO_CENTS: Final = re.compile(rf"[,.][{_MINUS}]+$")
_CURRENCY: Final = re.compile(
    r"(?:kč|kc|czk|€|eur|\$|usd|£|gbp|zł|zl|pln|ft|huf|chf)\.?", re.IGNORECASE
)


def parse_amount(text: str, *, decimal_mark: DecimalMark | None = None) -> Decimal:
    """Read an amount as people and POS systems in Europe write it.

    Thousands may be grouped by a space of any width, an apostrophe, or the mark that is not the
    decimal mark; a currency sign may stand on either side; a negative amount has a minus sign
    of any kind, before or after, or stands in brackets.

    Parameters
    ----------
    text
        For example ``"1 234,50 Kč"``, ``"1.234,50"``, ``"−12"``, ``"(3,00)"``.
    decimal_mark
        ``","`` or ``"."`` where the file is known to use it. Without it one lone mark is a
        decimal mark unless it groups (``"1.234.567"``); where both occur the last one is.

    Raises
    ------
    AmountError
        The text is no amount, or groups digits in a way no country does.

    Examples
    --------
    >>> parse_amount("1 234,50 Kč")
    Decimal('1234.50')
    >>> parse_amount("1.234,5")
    Decimal('1234.5')
    >>> parse_amount("(3,00)")
    Decimal('-3.00')
    >>> parse_amount("1,234", decimal_mark=".")
    Decimal('1234')
    """
    digits, negative = _strip_sign(_CURRENCY.sub("", text).strip(_SPACES), text)
    mark = decimal_mark or _guess_mark(digits)
    other = "," if mark == "." else "."
    match = _pattern(mark, other).fullmatch(digits)
    if match is None:
        msg = f"{shorten(_NO_BREAK.sub(' ', text))!r} is not an amount"
        if decimal_mark is not None:
            msg += f" with {decimal_mark!r} as the decimal mark"
        raise AmountError(msg)
    whole = re.sub(r"\D", "", match["whole"]) or "0"
    part = match["part"] or ""
    value = _EXACT.create_decimal(f"{whole}.{part}" if part.isdigit() else whole)
    return _EXACT.minus(value) if negative and value else value


def _strip_sign(text: str, shown: str) -> tuple[str, bool]:
    """Split off a sign in front, behind, or as brackets."""
    negative = False
    if text.startswith("(") and text.endswith(")"):
        text, negative = text[1:-1].strip(_SPACES), True
    elif text[:1] in _MINUS and text:
        text, negative = text[1:].strip(_SPACES), True
    elif _NO_CENTS.search(text):  # "5,-" and "5,--" are five crowns
        text = text.rstrip(_MINUS)
    elif text[-1:] in _MINUS and text:
        text, negative = text[:-1].strip(_SPACES), True
    elif text[:1] == "+":
        text = text[1:].strip(_SPACES)
    if not any(character.isdigit() for character in text):
        msg = f"{shorten(shown)!r} is not an amount"
        raise AmountError(msg)
    return text, negative


def _guess_mark(digits: str) -> DecimalMark:
    """Choose the decimal mark of one amount: the last mark, unless it repeats."""
    comma, dot = digits.rfind(","), digits.rfind(".")
    last: DecimalMark = "," if comma > dot else "."
    if digits.count(last) > 1:
        return "." if last == "," else ","
    return last


@lru_cache(maxsize=2)
def _pattern(mark: str, other: str) -> re.Pattern[str]:
    """Digits, grouped in threes by one kind of mark or not at all, then decimals."""
    group = rf"[{_GROUP_MARKS}{re.escape(other)}]"
    whole = rf"(?:\d+|\d{{1,3}}(?:(?P<group>{group})\d{{3}})(?:(?P=group)\d{{3}})*)?"
    part = rf"(?P<part>\d*|[{_MINUS}])"
    return re.compile(rf"(?P<whole>{whole})(?:{re.escape(mark)}{part})?", re.ASCII)


def decimal_array(values: Iterable[object], *, what: str = "amount") -> pa.Decimal128Array:
    """Put decimal strings, ``Decimal`` or integers into a :data:`MONEY` column, exactly.

    Parameters
    ----------
    values
        ``str`` with a decimal point, ``Decimal``, ``int`` or ``None``.
    what
        What the values are, for the error message.

    Raises
    ------
    AmountError
        Names the first value that is no decimal or does not fit 12 + 6 digits. A ``float`` is
        refused: it has lost the digits already.

    Examples
    --------
    >>> decimal_array(["1.5", None]).to_pylist()
    [Decimal('1.500000'), None]
    """
    held = list(values)
    try:
        return pa.array([_short(_exact(value)) for value in held], MONEY)
    except (pa.ArrowInvalid, InvalidOperation, TypeError, ValueError):
        # Arrow refuses some that can be held, such as a zero of a large exponent.
        return pa.array([_fitted(value, what) for value in held], MONEY)


def _exact(value: object) -> Decimal | None:
    if value is None or value is pd.NA:
        return None
    if isinstance(value, float):
        raise TypeError
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _short(value: Decimal | None) -> Decimal | None:
    """Let pass what Arrow takes as it is: of a decimal of some eighty digits it makes 0."""
    if value is not None and len(value.as_tuple().digits) > _DIGITS_OF_ARROW:
        raise InvalidOperation
    return value


def _fitted(value: object, what: str) -> Decimal | None:
    """Give a value as a money column has it; raises for one that it cannot hold."""
    if isinstance(value, float):
        msg = f"{what} {value!r} is a float, which cannot hold money; give a string or a Decimal"
        raise AmountError(msg)
    try:
        amount = _exact(value)
    except (InvalidOperation, TypeError, ValueError):
        raise AmountError(_misfit(value, what)) from None
    if amount is None:
        return None
    if not fits(amount):
        raise AmountError(_misfit(value, what))
    return _EXACT.quantize(amount, _MILLIONTH)


def fits(value: Decimal) -> bool:
    """Tell whether a money column holds the value exactly: 12 digits before, 6 after the point.

    >>> fits(Decimal("0.125")), fits(Decimal("0.1234567")), fits(Decimal(10) ** 12)
    (True, False, False)
    """
    if not value.is_finite() or (value.adjusted() >= _WHOLE_DIGITS and value):
        return False
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 - finite
    return exponent >= -SCALE or not any(digits[exponent + SCALE :])


def _misfit(value: object, what: str) -> str:
    try:
        number = _exact(value)
    except (InvalidOperation, ValueError):
        number = None
    if number is None or not number.is_finite():
        return f"{what} {shorten(value)!r} is not a decimal number"
    return (
        f"{what} {shorten(value)} does not fit: at most 12 digits before "
        f"and {SCALE} after the decimal point are held, and nothing is rounded"
    )


def to_units(values: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """View a :data:`MONEY` column as whole millionths in ``int64``; a null is 0.

    Eighteen digits fit an ``int64``, so the low half of each decimal is the number itself and
    arithmetic on it is exact and fast (Arrow's own sums over decimals are not).
    """
    flat = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if flat.type != MONEY:
        flat = flat.cast(MONEY)
    if flat.null_count:
        flat = pc.fill_null(flat, pa.scalar(0, MONEY))
    if not len(flat):
        return np.empty(0, dtype=np.int64)
    halves = np.frombuffer(flat.buffers()[1], dtype="<i8")
    return halves[2 * flat.offset : 2 * (flat.offset + len(flat)) : 2].copy()


def from_units(
    units: npt.NDArray[np.int64], null: npt.NDArray[np.bool_] | None = None
) -> pa.Decimal128Array:
    """Turn whole millionths back into a :data:`MONEY` column; the inverse of :func:`to_units`.

    Raises
    ------
    AmountError
        A value has more than 18 digits.
    """
    if largest(units) >= _LIMIT:
        msg = f"a sum of {unit_to_decimal(int(np.max(units)))} does not fit a money column"
        raise AmountError(msg)
    halves = np.empty((len(units), 2), dtype="<i8")
    halves[:, 0] = units
    np.right_shift(units, 63, out=halves[:, 1])  # the sign fills the high half
    validity = None
    if null is not None and null.any():
        validity = pa.py_buffer(np.packbits(~null, bitorder="little").tobytes())
    return pa.Array.from_buffers(MONEY, len(units), [validity, pa.py_buffer(halves)])


def unit_to_decimal(units: int) -> Decimal:
    """Turn one number of millionths into a ``Decimal`` without trailing zeros beyond cents.

    >>> unit_to_decimal(1_500_000)
    Decimal('1.50')
    """
    return trim(_EXACT.create_decimal(units).scaleb(-SCALE, _EXACT))


def trim(value: Decimal) -> Decimal:
    """Drop trailing zeros down to two decimals; keep every digit that says something.

    >>> trim(Decimal("5")), trim(Decimal("0.125000"))
    (Decimal('5.00'), Decimal('0.125'))
    """
    normal = value.normalize(_EXACT)
    exponent = normal.as_tuple().exponent
    assert isinstance(exponent, int)  # noqa: S101 - finite by construction
    return normal if exponent < -_CENTS else normal.quantize(Decimal("0.01"), context=_EXACT)


def total(values: pa.Array | pa.ChunkedArray | Sequence[Decimal] | pd.Series) -> Decimal:
    """Sum amounts exactly, however many.

    >>> total([Decimal("0.1")] * 3)
    Decimal('0.30')
    """
    column: Any = values
    if isinstance(column, pd.Series):
        column = pa.array(column) if isinstance(column.dtype, pd.ArrowDtype) else list(column)
    if not isinstance(column, pa.Array | pa.ChunkedArray):
        column = decimal_array(column)
    return unit_to_decimal(sum_exactly(to_units(column)))


def largest(units: npt.NDArray[np.int64]) -> int:
    """Give the largest of some whole millionths, whatever its sign; 0 of none.

    >>> largest(np.array([3, -5])), largest(np.array([-(2**63)])) == 2**63
    (5, True)
    """
    return max(int(units.max()), -int(units.min())) if len(units) else 0


def sum_exactly(units: npt.NDArray[np.int64]) -> int:
    """Sum whole millionths in halves, so that not even a billion largest amounts run over.

    >>> sum_exactly(np.array([2**62, 2**62, 2**62])) == 3 * 2**62
    True
    """
    if largest(units) * len(units) < 1 << 63:
        return int(units.sum())
    low = int((units & 0xFFFFFFFF).sum())
    return (int((units >> 32).sum()) << 32) + low


def format_amount(value: Decimal, currency: str | None = None, *, language: str = "en") -> str:
    """Write an amount for people, in a language's own style, without rounding a digit away.

    Parameters
    ----------
    value
        The amount; at least two decimals are shown, and more where it has more.
    currency
        ISO 4217 code, or ``None`` for the bare number.
    language
        A locale name that Babel knows: ``en``, ``cs``, ``sk``, ``de``.

    Examples
    --------
    >>> format_amount(Decimal("-48139.5"), "CZK", language="cs")
    '−48\xa0139,50\xa0Kč'
    >>> format_amount(Decimal("0.125"), "EUR")
    '€0.125'
    """
    exact = trim(value)
    shape = _shape(currency, language, exact < 0)
    return _by_babel(exact, currency, language) if shape is None else shape.write(exact)


def format_units(units: int, currency: str | None = None, *, language: str = "en") -> str:
    """Write whole millionths as :func:`format_amount` writes the amount; quick for many.

    >>> format_units(-48_139_500_000, "CZK", language="cs")
    '−48\xa0139,50\xa0Kč'
    """
    cents, finer = divmod(abs(units), 10**SCALE // 10**_CENTS)
    shape = None if finer else _shape(currency, language, units < 0)
    if shape is None:
        return format_amount(unit_to_decimal(units), currency, language=language)
    whole, part = divmod(cents, 10**_CENTS)
    grouped = f"{whole:,}".replace(",", shape.group)
    return f"{shape.before}{grouped}{shape.point}{part:02d}{shape.after}"


def format_many(
    units: npt.NDArray[np.int64], currency: str | None = None, *, language: str = "en"
) -> pa.StringArray:
    """Write a column of whole millionths as :func:`format_units` writes each.

    >>> format_many(np.array([1_234_500_000, -5_000_000]), "CZK").to_pylist()
    ['CZK\xa01,234.50', '−CZK\xa05.00']
    """
    cents, finer = np.divmod(np.abs(units), 10**SCALE // 10**_CENTS)
    plus, minus = (_shape(currency, language, negative) for negative in (False, True))
    if plus is None or minus is None or finer.any():
        texts = [format_units(one, currency, language=language) for one in units.tolist()]
        return pa.array(texts, pa.string())
    whole, part = np.divmod(cents, 10**_CENTS)
    text = pc.binary_join_element_wise(
        _by_thousands(whole),
        _by_sign(units, plus.point, minus.point),
        pc.utf8_lpad(pa.array(part).cast(pa.string()), _CENTS, "0"),
        "",
    )
    group = _by_sign(units, plus.group, minus.group)
    while (whole >= _THOUSAND).any():
        is_done = pa.array(whole < _THOUSAND)
        whole = whole // _THOUSAND
        more = pc.binary_join_element_wise(_by_thousands(whole), group, text, "")
        text = pc.if_else(is_done, text, more)
    before, after = (
        _by_sign(units, getattr(plus, side), getattr(minus, side)) for side in ("before", "after")
    )
    return pc.binary_join_element_wise(before, text, after, "")


def _by_thousands(numbers: npt.NDArray[np.int64]) -> pa.StringArray:
    """Write the last three digits of each number; a smaller one has no more than it has."""
    digits = pa.array(numbers % _THOUSAND).cast(pa.string())
    return pc.if_else(pa.array(numbers >= _THOUSAND), pc.utf8_lpad(digits, 3, "0"), digits)


def _by_sign(units: npt.NDArray[np.int64], plus: str, minus: str) -> pa.StringArray | pa.Scalar:
    if plus == minus:
        return pa.scalar(plus)
    return pc.if_else(pa.array(units < 0), minus, plus)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a language puts around and between the digits of an amount."""

    before: str
    group: str
    point: str
    after: str

    def write(self, value: Decimal) -> str:
        whole, _, part = f"{value.copy_abs():,f}".partition(".")
        return f"{self.before}{whole.replace(',', self.group)}{self.point}{part}{self.after}"


@lru_cache(maxsize=1024)
def _shape(currency: str | None, language: str, negative: bool) -> _Shape | None:
    """Learn from one amount how a language writes them all; asking each time is slow."""
    sample, other = Decimal("1234567.89"), Decimal("1234.50")
    if negative:
        sample, other = -sample, -other
    found = _SAMPLE.fullmatch(_by_babel(sample, currency, language))
    if found is None:
        return None
    shape = _Shape(found["before"], found["group"], found["point"], found["after"])
    return shape if shape.write(other) == _by_babel(other, currency, language) else None


def _by_babel(exact: Decimal, currency: str | None, language: str) -> str:
    from babel.numbers import format_currency, format_decimal

    if currency is None:
        shape = "#,##0." + "0" * -int(exact.as_tuple().exponent)
        text = format_decimal(exact, shape, locale=language, decimal_quantization=False)
    else:
        text = format_currency(
            exact, currency, locale=language, currency_digits=False, decimal_quantization=False
        )
    return _CODE_AT_DIGIT.sub("\u00a0", str(text)).replace("-", "−")
