"""Words for people, kept apart from the code: catalogs of templates in, finished text out.

A catalog is a folder ``words`` beside the code that speaks, one TOML file a language. A template
holds ``{name}`` where a value goes. What stands in brackets is said only where every value in it
is known; ``[first|second]`` says the first alternative whose values are. So a value that is
missing leaves out what would have named it, and never a hole.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache, reduce
from importlib.resources import files
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.errors import ConfigError, shorten
from qerko_recon.money import format_amount

__all__ = [
    "LANGUAGES",
    "Catalog",
    "format_date",
    "format_money",
    "format_number",
    "language_of",
    "one_line",
]

LANGUAGES: Final = ("cs", "de", "en", "sk")
"""The languages every catalog speaks."""

_NOTHING: Final[Mapping[str, object]] = {}
_TOKEN: Final = re.compile(r"\{([a-z_]+)\}|([\[\]|])|([^\[\]{}|]+)")
_DATE_LOCALE: Final = {"en": "en_GB"}
_NO_CURRENCY: Final = "XXX"
_UNREADABLE: Final = "�"


@dataclass(frozen=True, slots=True)
class _Slot:
    name: str


@dataclass(frozen=True, slots=True)
class _Choice:
    alternatives: tuple[tuple[str | _Slot | _Choice, ...], ...]


_Pieces = tuple[str | _Slot | _Choice, ...]


@lru_cache(maxsize=64)
def language_of(language: str) -> str:
    """Find the catalog's name of a language; regions are understood and left out.

    Raises
    ------
    ConfigError
        There is no catalog for the language.

    Examples
    --------
    >>> language_of("cs-CZ")
    'cs'
    """
    short = re.split(r"[-_]", language.strip().lower(), maxsplit=1)[0]
    if short not in LANGUAGES:
        can = ", ".join(LANGUAGES)
        raise ConfigError(
            f"the language {shorten(language)!r} is not spoken here; it can be {can}"
        )
    return short


def one_line(value: object, limit: int = 80) -> str:
    """Bring text from outside to one printable line of bounded length.

    >>> one_line("Tisch 1\\r\\n\\x1b[31m")
    'Tisch 1 �[31m'
    """
    text = value if isinstance(value, str) else str(value)
    if len(text) <= limit and text.isprintable() and text == text.strip() and "  " not in text:
        return text  # as nearly all are
    text = " ".join(text.split())
    shown = "".join(letter if letter.isprintable() else _UNREADABLE for letter in text)
    return shorten(shown, limit)


def format_date(day: date, language: str = "en") -> str:
    """Write a day as the language does.

    >>> format_date(date(2026, 11, 20)), format_date(date(2026, 11, 20), "de")
    ('20 Nov 2026', '20.11.2026')
    """
    from babel.dates import format_date as write

    language = language_of(language)
    return str(write(day, "medium", locale=_DATE_LOCALE.get(language, language)))


def format_money(value: Decimal, currency: str | None, language: str = "en") -> str:
    """Write an amount with its currency; bare where there is none to name.

    >>> format_money(Decimal("-110.5"), "CZK"), format_money(Decimal(5), "XXX")
    ('−CZK\\xa0110.50', '5.00')
    """
    known = None if currency in {None, "", _NO_CURRENCY} else currency
    return format_amount(value, known, language=language_of(language))


def format_number(number: int, language: str = "en") -> str:
    """Write a count with the language's digit grouping.

    >>> format_number(12345)
    '12,345'
    """
    from babel.numbers import format_decimal

    return str(format_decimal(number, locale=language_of(language)))


class Catalog:
    """The words of one part of the package, in every language.

    Parameters
    ----------
    package
        Dotted name of the package whose folder ``words`` holds the TOML files.

    Examples
    --------
    >>> Catalog("qerko_recon.recon").say("kinds.rounding", "de")
    'Rundung'
    """

    def __init__(self, package: str) -> None:
        self._package = package

    def keys(self, language: str = "en") -> frozenset[str]:
        """List the dotted names of all templates."""
        return frozenset(_load(self._package, language_of(language)))

    def knows(self, key: str) -> bool:
        """Tell whether there is a template of this name."""
        return key in _load(self._package, "en")

    def slots(self, key: str, language: str = "en") -> frozenset[str]:
        """List the values that a template can name."""
        return _slots(self._package, key, language_of(language))

    def say(self, key: str, language: str = "en", values: Mapping[str, object] = _NOTHING) -> str:
        """Fill in a template; a value that is ``None`` or not given counts as not known."""
        words = _load(self._package, language_of(language))
        return _fill(words[key], values)

    def say_many(
        self,
        key: str,
        size: int,
        column: Callable[[str], Sequence[str | None] | pa.Array],
        language: str = "en",
    ) -> pa.Array:
        """Fill in a template many times over.

        Parameters
        ----------
        key
            Of the template.
        size
            How often; a template that names nothing is filled in once.
        column
            Gives all values of a name.
        language
            ``cs``, ``de``, ``en`` or ``sk``.
        """
        language = language_of(language)
        pieces = _load(self._package, language)[key]
        names = _slots(self._package, key, language)
        if not names:
            return pa.repeat(pa.scalar(_fill(pieces, _NOTHING), pa.string()), size)
        return _fill_columns(pieces, {name: _as_array(column(name)) for name in names})

    def count(
        self,
        key: str,
        number: int,
        language: str = "en",
        values: Mapping[str, object] = _NOTHING,
    ) -> str:
        """Fill in the form of a template that the number asks for; it is named ``{n}``."""
        from babel import Locale

        language = language_of(language)
        words = _load(self._package, language)
        form = str(Locale.parse(language).plural_form(number))
        template = words.get(f"{key}.{form}") or words[f"{key}.other"]
        return _fill(template, {**values, "n": format_number(number, language)})


@cache
def _load(package: str, language: str) -> Mapping[str, _Pieces]:
    """Read one catalog and take its templates apart, once."""
    text = (files(package) / "words" / f"{language}.toml").read_text("utf-8")
    return {key: _parse(template) for key, template in _flat(tomllib.loads(text))}


@cache
def _slots(package: str, key: str, language: str) -> frozenset[str]:
    return frozenset(_names(_load(package, language)[key]))


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, str(value)


def _parse(template: str) -> _Pieces:
    tokens = list(_TOKEN.finditer(template))
    if "".join(token[0] for token in tokens) != template:
        raise ValueError(f"not a template: {template!r}")
    pieces, end = _sequence(tokens, 0, inside=False)
    if end != len(tokens):
        raise ValueError(f"a bracket is closed that was not opened: {template!r}")
    return pieces


def _sequence(tokens: list[re.Match[str]], at: int, *, inside: bool) -> tuple[_Pieces, int]:
    pieces: list[str | _Slot | _Choice] = []
    while at < len(tokens):
        name, mark, text = tokens[at].groups()
        if mark == "[":
            choice, at = _choice(tokens, at + 1)
            pieces.append(choice)
            continue
        if mark and inside:
            break
        if mark == "]":
            break
        pieces.append(_Slot(name) if name else text or mark)
        at += 1
    return tuple(pieces), at


def _choice(tokens: list[re.Match[str]], at: int) -> tuple[_Choice, int]:
    alternatives: list[_Pieces] = []
    while True:
        pieces, at = _sequence(tokens, at, inside=True)
        alternatives.append(pieces)
        if at == len(tokens):
            raise ValueError("a bracket is not closed")
        at += 1
        if tokens[at - 1][0] == "]":
            return _Choice(tuple(alternatives)), at


def _names(pieces: _Pieces) -> Iterator[str]:
    for piece in pieces:
        if isinstance(piece, _Slot):
            yield piece.name
        elif isinstance(piece, _Choice):
            for alternative in piece.alternatives:
                yield from _names(alternative)


def _fill(pieces: _Pieces, values: Mapping[str, object]) -> str:
    said: list[str] = []
    for piece in pieces:
        if type(piece) is str:
            said.append(piece)
        elif type(piece) is _Slot:
            value = values.get(piece.name)
            said.append("?" if value is None else str(value))
        elif type(piece) is _Choice:
            said += (_fill(one, values) for one in _first_known(piece, values))
    return "".join(said)


def _as_array(texts: Sequence[str | None] | pa.Array) -> pa.Array:
    return texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())


def _fill_columns(pieces: _Pieces, columns: Mapping[str, pa.Array]) -> pa.Array:
    """Fill in a template for each row of some columns, as :func:`_fill` does for one."""
    parts = []
    for piece in pieces:
        if isinstance(piece, str):
            parts.append(pa.scalar(piece))
        elif isinstance(piece, _Slot):
            parts.append(pc.fill_null(columns[piece.name], "?"))
        else:
            parts.append(_choose_columns(piece, columns))
    return pc.binary_join_element_wise(*parts, "")


def _choose_columns(choice: _Choice, columns: Mapping[str, pa.Array]) -> pa.Array:
    """Take for each row the first alternative whose values are known, else nothing."""
    said = pa.scalar("")
    for pieces in reversed(choice.alternatives):
        filled = _fill_columns(pieces, columns)
        own = [columns[piece.name] for piece in pieces if isinstance(piece, _Slot)]
        if not own:
            said = filled
            continue
        known = reduce(pc.and_, [column.is_valid() for column in own])
        said = pc.if_else(known, filled, said)
    return said


def _first_known(choice: _Choice, values: Mapping[str, object]) -> tuple[_Pieces, ...]:
    for pieces in choice.alternatives:
        own = [piece.name for piece in pieces if isinstance(piece, _Slot)]
        if all(values.get(name) is not None for name in own):
            return (pieces,)
    return ()
