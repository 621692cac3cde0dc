"""How one POS writes its exports, declared once: a TOML file in, a frozen profile out.

What a profile leaves open is found out from each file. A profile that comes with this package
says by ``attested`` whether the format's public description backs it.
"""

from __future__ import annotations

import codecs
import difflib
import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from qerko_recon.errors import ConfigError, shorten
from qerko_recon.files import replace_when_done
from qerko_recon.money import DecimalMark
from qerko_recon.pos.vocabulary import IDEAS, StateWord, TenderWord, plain

__all__ = ["EVERY", "DateOrder", "Profile", "RowIs", "TipLayout", "fitting"]

EVERY: Final = "*"
"""Among ``qerko_tenders``: every line is Qerko's."""

TipLayout = Literal["beside", "inside", "line", "none", "auto"]
DateOrder = Literal["dmy", "mdy", "ymd"]
RowIs = Literal["payment", "item", "day"]

_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "decimal_mark": get_args(DecimalMark),
    "date_order": get_args(DateOrder),
    "tip_layout": get_args(TipLayout),
    "row_is": get_args(RowIs),
}
_MEANINGS: Final = {"states": get_args(StateWord), "tenders": get_args(TenderWord)}
_TELLING: Final = 3
_LISTS: Final = ("time_formats", "sheets", "left_out", "qerko_tenders")

Headers = str | tuple[str, ...] | None


def _frozen(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(mapping))


@dataclass(frozen=True)
class Profile:
    """How a POS's exports are written; every setting left out is found from the file.

    Attributes
    ----------
    name
        For people.
    encoding
        A codec's name, such as ``cp1250``.
    delimiter
        One character.
    decimal_mark
        ``","`` or ``"."``.
    date_order
        ``dmy``, ``mdy`` or ``ymd``.
    time_formats
        ``strptime`` formats to try first, such as ``%d%m%y %H%M``.
    header_row
        The file's line with the column names, from 1.
    sheets
        Of a workbook the sheets to be read, of an archive the files, of JSON the arrays: names,
        or patterns such as ``Den *``. Left out, those with payment lines are found.
    columns
        What each column stands for: an idea (``payment_id``, ``bill_id``, ``tender_id``,
        ``paid_at``, ``paid_time``, ``amount``, ``tip``, ``total``, ``currency``, ``state``,
        ``is_cancelled``, ``tender_type``, ``line_type``, ``provider``) to the header as the file
        has it, or to ``None`` where the export has no such column. Several headers are tried in
        turn; if the last is ``""`` the idea is looked for where none of them is there. Amounts
        that stand in two columns are added: ``"Tip + Gratuity"``. Of two headers alike the
        second is ``"Header (2)"``. Ideas left out are looked for.
    row_is
        ``payment``, ``item`` (a row an item of a bill: those of one bill are added up), ``day``
        (a row a day: what it says of Qerko is that day's total); ``None`` to find out.
    left_out
        Words of line types or tenders whose rows are no payments, such as ``Transfer``.
    tip_layout
        ``beside`` (the amount is without the tip), ``inside`` (it contains the tip), ``line``
        (tips have lines of their own), ``none`` (nothing of tips), ``auto`` (there is a tip
        column and nothing says which); ``None`` to find out.
    qerko_tenders
        The POS's words for Qerko, beside those with "Qerko" in them; ``"*"`` if all lines are its.
    tenders
        The POS's words and codes for how lines are paid to ``qerko``, ``cash``, ``card``,
        ``voucher``, ``invoice``, ``tip`` or ``storno``.
    states
        The POS's state words to ``paid``, ``cancelled``, ``open`` or ``refund``.
    currency
        ISO 4217 code of lines that name none.
    join
        Where another file of the same archive, or sheet of the same workbook, has more columns:
        ``file`` is its name and ``on`` the columns that both have and that tell its rows apart.
    attested
        Whether a public description of the format backs the profile.
    note
        Where the profile comes from, for people.

    Examples
    --------
    >>> profile = Profile(name="till", columns={"payment_id": "Transakce"}, currency="CZK")
    >>> profile.columns["payment_id"], profile.encoding
    ('Transakce', None)
    >>> Profile(tip_layout="besides")
    Traceback (most recent call last):
    ...
    qerko_recon.errors.ConfigError: the profile's tip_layout cannot be 'besides'; give one of
    beside, inside, line, none, auto
    """

    name: str = "sniffed"
    encoding: str | None = None
    delimiter: str | None = None
    decimal_mark: DecimalMark | None = None
    date_order: DateOrder | None = None
    time_formats: tuple[str, ...] = ()
    header_row: int | None = None
    sheets: tuple[str, ...] = ()
    row_is: RowIs | None = None
    left_out: tuple[str, ...] = ()
    columns: Mapping[str, Headers] = field(default_factory=dict)
    tip_layout: TipLayout | None = None
    qerko_tenders: tuple[str, ...] = ()
    tenders: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    currency: str | None = None
    join: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    attested: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        for name in ("columns", "tenders", "states", "join"):
            value = getattr(self, name)
            if not isinstance(value, Mapping):
                raise ConfigError(f"the profile's {name} is a table of words, not {value!r}")
            held = {
                key: tuple(one) if isinstance(one, list) else one for key, one in value.items()
            }
            object.__setattr__(self, name, _frozen(held))
        for name in _LISTS:
            object.__setattr__(self, name, _words(name, getattr(self, name)))
        self._check_choices()
        self._check_plain()
        self._check_words()
        self._check_join()

    def _check_choices(self) -> None:
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if value is not None and value not in allowed:
                raise ConfigError(
                    f"the profile's {name} cannot be {shorten(value)!r}; "
                    f"give one of {', '.join(allowed)}"
                )

    def _check_plain(self) -> None:
        for name in ("name", "encoding", "delimiter", "currency", "note"):
            value = getattr(self, name)
            if not isinstance(value, str | None):
                raise ConfigError(f"the profile's {name} is text, not {shorten(value)!r}")
        if self.encoding is not None and not _is_codec(self.encoding):
            raise ConfigError(
                f"the profile's encoding {shorten(self.encoding)!r} does not exist; "
                "try utf-8 or cp1250"
            )
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            raise ConfigError(
                f"the profile's delimiter is one character, not {shorten(self.delimiter)!r}"
            )
        row = self.header_row
        if row is not None and (isinstance(row, bool) or not isinstance(row, int) or row < 1):
            raise ConfigError(f"the profile's header_row is a line number from 1, not {row!r}")
        code = self.currency
        if code is not None and not (len(code) == 3 and code.isascii() and code.isupper()):  # noqa: PLR2004
            raise ConfigError(f"the profile's currency is a code such as CZK, not {code!r}")
        if not isinstance(self.attested, bool):
            raise ConfigError(f"the profile's attested is true or false, not {self.attested!r}")

    def _check_words(self) -> None:
        for idea, headers in self.columns.items():
            if idea not in IDEAS:
                raise ConfigError(_unknown(idea, IDEAS, "the profile's columns know no"))
            options = headers if isinstance(headers, tuple) and headers else (headers,)
            if not all(isinstance(one, str | None) for one in options):
                raise ConfigError(
                    f"the profile's column {idea} is a header or a list of headers, not "
                    f"{headers!r}"
                )
        for name, known in _MEANINGS.items():
            for word, meaning in getattr(self, name).items():
                if meaning not in known:
                    raise ConfigError(
                        f"the profile's {name.removesuffix('s')} {shorten(word)!r} cannot mean "
                        f"{shorten(meaning)!r}; give one of {', '.join(known)}"
                    )

    def _check_join(self) -> None:
        if not self.join:
            return
        file, on = self.join.get("file"), self.join.get("on")
        names = on if isinstance(on, tuple) and on else (None,)
        is_whole = set(self.join) == {"file", "on"} and bool(file)
        if not is_whole or not all(isinstance(one, str) for one in (file, *names)):
            raise ConfigError(
                "the profile's join has the name of a file or sheet and a list of columns: "
                'file = "transactions.csv", on = ["BON_ID"]'
            )

    def headers_of(self, idea: str) -> tuple[str, ...]:
        """Give the headers that an idea may have, as they are to be tried.

        >>> Profile(columns={"tip": ["Tip + Gratuity", "Tip", ""]}).headers_of("tip")
        ('Tip + Gratuity', 'Tip')
        """
        stated = self.columns.get(idea)
        options = stated if isinstance(stated, tuple) else (stated,)
        return tuple(one for one in options if one)

    def leaves_open(self, idea: str) -> bool:
        """Tell whether an idea is to be looked for, where none of its headers is there."""
        stated = self.columns.get(idea)
        return idea not in self.columns or (isinstance(stated, tuple) and stated[-1] == "")

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Profile:
        """Read a profile from a TOML file.

        In ``[columns]`` an empty header says that the export has no such column. A key
        ``based_on = "dativery"`` takes what the file does not state from a profile that comes
        with the package.

        Raises
        ------
        ConfigError
            The file cannot be read, is no TOML, or has a key or a value that is not known.
        """
        place = Path(path)
        try:
            text = place.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise ConfigError(f"the profile {place} cannot be read ({reason})") from error
        return cls._parse(text, place.name, place.stem)

    @classmethod
    def named(cls, name: str) -> Profile:
        """Give a profile that comes with the package; :meth:`names` lists them.

        >>> Profile.named("dativery").delimiter
        ';'
        """
        if name not in cls.names():
            raise ConfigError(_unknown(name, cls.names(), "there is no profile"))
        source = resources.files("qerko_recon.pos") / "profiles" / f"{name}.toml"
        return cls._parse(source.read_text(encoding="utf-8"), f"{name}.toml", name)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """List the profiles that come with the package."""
        folder = resources.files("qerko_recon.pos") / "profiles"
        found = (entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
        return tuple(sorted(name.removesuffix(".toml") for name in found))

    @classmethod
    def _parse(cls, text: str, file: str, name: str) -> Profile:
        try:
            held = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"the profile {file} is no TOML: {error}") from error
        known = [one.name for one in fields(cls)]
        for key in held:
            if key not in {*known, "based_on"}:
                raise ConfigError(
                    _unknown(key, known, f"the profile {file} has a key nobody knows:")
                )
        try:
            held = _upon(held)
            if isinstance(columns := held.get("columns"), dict):
                held["columns"] = {idea: header or None for idea, header in columns.items()}
            return cls(**({"name": name} | held))
        except ConfigError as error:
            raise ConfigError(f"{file}: {error}") from error

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the profile as TOML, which :meth:`read` gives back equal.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        with replace_when_done(path) as draft:
            draft.write_text(self.to_toml(), encoding="utf-8", newline="\n")
        return Path(path)

    def to_toml(self) -> str:
        """Write the profile as TOML text."""
        lines, tables = [], []
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, Mapping):
                rows = [f"{_toml(key)} = {_toml(word or '')}" for key, word in value.items()]
                tables += ["", f"[{one.name}]", *rows] if rows else []
            elif value is not None and value not in ((), ""):
                lines.append(f"{one.name} = {_toml(value)}")
        return "\n".join([*lines, *tables, ""])


def fitting(header: Sequence[str]) -> tuple[str, ...]:
    """Name the attested profiles whose columns a header has.

    >>> fitting(["Check #", "Amount", "Tip", "Gratuity", "Total"])
    ('toast',)
    """
    held = set(map(plain, header))
    return tuple(name for name, wanted in _telling_headers().items() if wanted <= held)


@cache
def _telling_headers() -> dict[str, frozenset[str]]:
    """Give the headers, as they are compared, that each attested profile is known by."""
    found = {}
    for name in Profile.names():
        profile = Profile.named(name)
        ideas = (idea for idea in profile.columns if not profile.leaves_open(idea))
        if profile.join:
            ideas = (idea for idea in ("bill_id", "amount", "tender_type"))
        wanted = {
            plain(one)
            for idea in ideas
            for headers in profile.headers_of(idea)
            for one in headers.split(" + ")
        }
        if profile.attested and len(wanted) >= _TELLING:
            found[name] = frozenset(wanted)
    return found


def _words(name: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise ConfigError(f"the profile's {name} is a list of texts, not {value!r}")
    if not all(isinstance(word, str) for word in value):
        raise ConfigError(f"the profile's {name} is a list of texts, not {value!r}")
    return tuple(value)


def _upon(held: dict[str, Any]) -> dict[str, Any]:
    """Put what a file states upon what the profile states that it is based on."""
    base = held.pop("based_on", None)
    if base is None:
        return held
    if not isinstance(base, str):
        raise ConfigError(f"the profile's based_on is a profile's name, not {base!r}")
    under = Profile.named(base)
    own = ("name", "attested", "note")  # what is built on a profile speaks for itself
    merged: dict[str, Any] = {
        one.name: getattr(under, one.name) for one in fields(under) if one.name not in own
    }
    for key, value in held.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), Mapping) and key != "join"
        merged[key] = {**merged[key], **value} if both else value
    return merged


def _is_codec(name: str) -> bool:
    try:
        return codecs.lookup(name)._is_text_encoding  # noqa: SLF001 - the only way to ask
    except (LookupError, ValueError):
        return False


def _unknown(word: str, known: list[str] | tuple[str, ...], what: str) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
    return f"{what} {shorten(word)!r}; {hint}"


def _toml(value: object) -> str:
    """Write one value; JSON's strings, numbers and lists are TOML's, but for a few characters."""
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
