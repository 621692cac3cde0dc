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
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from qerko_recon.errors import ConfigError, shorten
from qerko_recon.files import replace_when_done
from qerko_recon.money import DecimalMark
from qerko_recon.pos.vocabulary import IDEAS, StateWord, plain

__all__ = ["DateOrder", "Profile", "TipLayout"]

TipLayout = Literal["beside", "inside", "line", "none", "auto"]
DateOrder = Literal["dmy", "mdy", "ymd"]

_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "decimal_mark": get_args(DecimalMark),
    "date_order": get_args(DateOrder),
    "tip_layout": get_args(TipLayout),
}
_STATES: Final = get_args(StateWord)


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
        has it, or to ``None`` where the export has no such column. Of two headers alike the
        second is ``"Header (2)"``. Ideas left out are looked for.
    tip_layout
        ``beside`` (the amount is without the tip), ``inside`` (it contains the tip), ``line``
        (tips have lines of their own), ``none`` (nothing of tips), ``auto`` (there is a tip
        column and nothing says which); ``None`` to find out.
    qerko_tenders
        The POS's words for Qerko, beside those with "Qerko" in them.
    states
        The POS's state words to ``paid``, ``cancelled``, ``open`` or ``refund``.
    currency
        ISO 4217 code of lines that name none.
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
    columns: Mapping[str, str | None] = field(default_factory=dict)
    tip_layout: TipLayout | None = None
    qerko_tenders: tuple[str, ...] = ()
    states: Mapping[str, str] = field(default_factory=dict)
    currency: str | None = None
    attested: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        for name in ("columns", "states"):
            value = getattr(self, name)
            if not isinstance(value, Mapping):
                raise ConfigError(f"the profile's {name} is a table of words, not {value!r}")
            object.__setattr__(self, name, _frozen(value))
        for name in ("time_formats", "sheets", "qerko_tenders"):
            object.__setattr__(self, name, _words(name, getattr(self, name)))
        self._check_choices()
        self._check_plain()
        self._check_words()

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
        for idea, header in self.columns.items():
            if idea not in IDEAS:
                raise ConfigError(_unknown(idea, IDEAS, "the profile's columns know no"))
            if not isinstance(header, str | None):
                raise ConfigError(f"the profile's column {idea} is a header, not {header!r}")
        for word, state in self.states.items():
            if state not in _STATES:
                raise ConfigError(
                    f"the profile's state {shorten(word)!r} cannot mean {shorten(state)!r}; "
                    f"give one of {', '.join(_STATES)}"
                )

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Profile:
        """Read a profile from a TOML file.

        In ``[columns]`` an empty header says that the export has no such column.

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
            if key not in known:
                raise ConfigError(
                    _unknown(key, known, f"the profile {file} has a key nobody knows:")
                )
        if isinstance(columns := held.get("columns"), dict):
            held["columns"] = {idea: header or None for idea, header in columns.items()}
        try:
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

    def is_qerko(self, word: str) -> bool:
        """Tell whether the profile names a tender word as Qerko's."""
        return plain(word) in {plain(one) for one in self.qerko_tenders}


def _words(name: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise ConfigError(f"the profile's {name} is a list of texts, not {value!r}")
    if not all(isinstance(word, str) for word in value):
        raise ConfigError(f"the profile's {name} is a list of texts, not {value!r}")
    return tuple(value)


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
