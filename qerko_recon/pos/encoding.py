"""A text file's bytes in, how they are encoded out.

A byte-order mark decides, then UTF-8, then the code pages of the region: among these the one
whose letters best spell Czech, Slovak, German, Hungarian or Polish.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Final

import numpy as np
import pyarrow as pa

from qerko_recon.errors import ConfigError, PosExportError, shorten
from qerko_recon.pos.problems import Problem

__all__ = ["ONLY_ASCII", "Decoded", "decode", "is_utf8"]

ONLY_ASCII: Final = "only ASCII"
"""Why a text is read as UTF-8 though any code page would do."""

_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CODE_PAGES: Final = (
    "cp1250",
    "cp1252",
    "iso8859_2",
    "cp852",
    "mac_latin2",
    "cp850",
    "iso8859_15",
)
_BYTEWISE: Final = frozenset(codecs.lookup(name).name for name in (*_CODE_PAGES, "ascii"))
_ALPHABETS: Final[dict[str, str]] = {
    "Czech": "áčďéěíňóřšťúůýž",
    "Slovak": "áäčďéíĺľňóôŕšťúýž",
    "German": "äöüß",
    "Hungarian": "áéíóöőúüű",
    "Polish": "ąćęłńóśźż",
}
_LESS_LIKELY: Final = {"Polish": 0.8, "Hungarian": 0.95}
_SIGNS: Final = "€„“”‚‘’–—…°§\u00a0\u202f\u2212"
_ENDS: Final = "„“”‚‘’–—…"
_SAMPLE: Final = 20_000
_HEAD: Final = 1 << 18
_LARGE: Final = 1 << 20
_ENOUGH: Final = 1 << 23
_BLANK: Final = " \t\r\n;,|\u00a0"
_MOSTLY: Final = 9
_GOOD: Final = 0.9
_MARGIN: Final = 0.1
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_LETTERS_ALONE: Final = bytes(
    byte if byte > 0x7F or bytes([byte]).isalpha() else 0x20  # noqa: PLR2004
    for byte in range(256)
)
_RULER: Final = re.compile(rb"([\x80-\xff])\1{2,}")
_GROUPING: Final = re.compile(rb"(?<=\d)[\x80-\xff](?=\d{3}\D)")


@dataclass(frozen=True, eq=False)
class Decoded:
    """Text of an export, how it is encoded, why, and what of it is damaged.

    Attributes
    ----------
    data
        Its bytes, without a mark in front, in ``codec``: UTF-8, or a code page, of which every
        byte is a letter and the lower half is ASCII.
    codec
        How ``data`` is encoded.
    encoding
        How the file is, for people.
    is_sampled
        Whether only some of the file was looked at to tell the code page; a byte that it does
        not have is then an error later on, and :func:`decode` is to look at all.
    """

    data: bytes
    codec: str
    encoding: str
    reason: str
    is_sure: bool
    problems: tuple[Problem, ...] = ()
    is_sampled: bool = False

    @cached_property
    def text(self) -> str:
        """All of it."""
        return self.data.decode(self.codec)

    @cached_property
    def head(self) -> str:
        """Its beginning, to the last whole line of it."""
        if len(self.data) <= _HEAD:
            return self.text
        head = self.data[:_HEAD].decode(self.codec, "ignore")
        return head[: head.rfind("\n") + 1] or head

    def below(self, line: int) -> Decoded:
        """Give what stands from a line on, counted from 1."""
        ends = islice(_LINE_END.finditer(self.text), line - 2, None)
        begin = next(ends).end() if line > 1 else 0
        data = self.data[len(self.text[:begin].encode(self.codec)) :]
        return replace(self, data=data, problems=())


def decode(data: bytes, name: str, declared: str | None = None, *, whole: bool = True) -> Decoded:
    """Tell how bytes are to be read as text, exactly or with the damaged rows named.

    Parameters
    ----------
    data, name
        The file's bytes, and what it is called.
    declared
        The encoding that a profile states.
    whole
        Whether a large file is looked at as a whole to tell its code page.

    Raises
    ------
    ConfigError
        The declared encoding does not exist.
    PosExportError
        The bytes are not in the declared encoding, or are no text at all.
    """
    decoded = _declared(data, name, declared) if declared else _detected(data, name, whole=whole)
    place = decoded.data.find(b"\0")
    if place >= 0:
        row = decoded.data.count(b"\n", 0, place) + 1
        msg = f"{name}, row {row}: a NUL byte, so this is no text file; export it as CSV again"
        raise PosExportError(msg, file=name, row=row)
    if not decoded.head.strip(_BLANK) and not decoded.text.strip(_BLANK):
        raise PosExportError(
            f"{name} has only blank lines; export it from the POS again", file=name
        )
    return decoded


def _declared(data: bytes, name: str, declared: str) -> Decoded:
    try:
        codec = codecs.lookup(declared).name
    except LookupError as error:
        msg = f"the profile's encoding {shorten(declared)!r} does not exist; try utf-8 or cp1250"
        raise ConfigError(msg) from error
    bare = data.removeprefix(codecs.BOM_UTF8) if codec == "utf-8" else data
    try:
        return _exact(bare, codec, declared, "the profile says so")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        byte = f"0x{data[error.start]:02X}" if error.start < len(data) else "the end"
        msg = (
            f"{name}, row {row}: {byte} at byte {error.start + 1} of the file is not "
            f"{declared}, which the profile declares; correct the profile's encoding or leave "
            "it out to have it found"
        )
        raise PosExportError(msg, file=name, row=row, value=byte) from error


def _exact(data: bytes, codec: str, encoding: str, reason: str) -> Decoded:
    """Take bytes as they are where their codec allows it; other codecs are turned into UTF-8.

    Raises
    ------
    UnicodeDecodeError
        The bytes are not of this codec.
    """
    if codec == "utf-8" and is_utf8(data):
        return Decoded(data, codec, encoding, reason, is_sure=True)
    if codec in _BYTEWISE:
        _used(data).decode(codec)
        return Decoded(data, codec, encoding, reason, is_sure=True)
    return Decoded(data.decode(codec).encode(), "utf-8", encoding, reason, is_sure=True)


def is_utf8(data: bytes) -> bool:
    """Tell whether bytes are UTF-8, without making a text of them.

    >>> is_utf8("Částka".encode()), is_utf8("Částka".encode("cp1250"))
    (True, False)
    """
    ends = pa.py_buffer(np.array([0, len(data)], dtype=np.int64))
    try:
        pa.LargeStringArray.from_buffers(1, ends, pa.py_buffer(data)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _detected(data: bytes, name: str, *, whole: bool) -> Decoded:
    for bom, codec in _BOMS:
        if data.startswith(bom):
            bare = data.removeprefix(bom) if codec == "utf-8-sig" else data
            try:
                plain = "utf-8" if codec == "utf-8-sig" else codec
                return _exact(bare, plain, codec, "byte-order mark")
            except UnicodeDecodeError:
                return _damaged(data, name, codec, "byte-order mark")
    if wide := _wide(data):
        text = data.decode(wide, "replace")
        return Decoded(text.encode(), "utf-8", wide, "every other byte is 0", is_sure=True)
    is_plain = data.isascii()
    if is_plain or is_utf8(data):
        reason = ONLY_ASCII if is_plain else "valid UTF-8"
        return Decoded(data, "utf-8", "utf-8", reason, is_sure=True)
    sample = data if whole or len(data) <= _LARGE else _sample(data)
    if _is_mostly_utf8(sample):
        return _damaged(data, name, "utf-8", "nearly all of it is valid UTF-8")
    return _by_letters(data, sample, name)


def _sample(data: bytes) -> bytes:
    """Take a large file's beginning, middle and end; all of it where these tell nothing."""
    part = _LARGE // 4
    middle = len(data) // 2
    found = b"\n".join((data[:part], data[middle : middle + part], data[-part:]))
    return data if found.isascii() else found


def _wide(data: bytes) -> str | None:
    """Recognise UTF-16 without a mark by its zeros."""
    sample = data[:_SAMPLE]
    zeros = sample.count(0)
    if len(data) % 2 or zeros * 5 < len(sample):
        return None
    if sample[1::2].count(0) == zeros:
        return "utf-16-le"
    return "utf-16-be" if sample[::2].count(0) == zeros else None


def _is_mostly_utf8(data: bytes) -> bool:
    """Tell UTF-8 with a few damaged bytes from a code page, where nearly all bytes are damage."""
    damaged = data.decode("utf-8", "replace").count("\ufffd")
    beyond_ascii = int(np.count_nonzero(np.frombuffer(data, dtype=np.uint8) >= 0x80))  # noqa: PLR2004
    return beyond_ascii >= _MOSTLY * damaged


def _damaged(data: bytes, name: str, codec: str, reason: str) -> Decoded:
    text = data.decode(codec, "replace")
    rows = [row for row, line in enumerate(text.split("\n"), 1) if "\ufffd" in line]
    problems = tuple(
        Problem(
            name,
            row,
            "encoding",
            "\ufffd",
            f"a byte that is not {codec} stands as “\ufffd”; check the names in this row, or "
            "export the file again",
        )
        for row in rows
    )
    reason = f"{reason}, damaged in {len(rows)} rows"
    return Decoded(text.encode(), "utf-8", codec, reason, False, problems)


def _by_letters(data: bytes, part: bytes, name: str) -> Decoded:
    """Choose the code page whose letters spell a language of the region."""
    sample, used = _telling(part), _used(part)
    grouping = b"".join(set(_GROUPING.findall(part)))
    scored = []
    for codec in _CODE_PAGES:
        if grouping.decode(codec, "replace").strip("\u00a0’"):
            continue  # a letter between the digits of an amount
        is_whole = "\ufffd" not in used.decode(codec, "replace")
        scored.append((*_best_language(sample.decode(codec, "replace")), is_whole, codec))
    if not scored:
        raise PosExportError(
            f"{name} is no text in any encoding of the region; export it as CSV in UTF-8",
            file=name,
        )
    # Of equal ones the first: a few letters alone prove little, and cp1250 is what is common.
    best, language, is_whole, codec = max(scored, key=lambda one: (one[0], one[2]))
    rivals = [one for score, *_, one in scored if score > best - _MARGIN]
    is_sure = best > _GOOD and len({sample.decode(one, "replace") for one in rivals}) == 1
    reason = f"its letters spell {language}" if best > 0 else "no encoding's letters fit well"
    if not is_whole:
        return _damaged(data, name, codec, reason)
    return Decoded(data, codec, codec, reason, is_sure, is_sampled=part is not data)


def _used(data: bytes) -> bytes:
    """Give each byte value that occurs, once; in a code page each stands for itself."""
    every = bytes(range(256))
    return every.translate(None, every.translate(None, data))


def _telling(data: bytes) -> bytes:
    """Keep words that have bytes beyond ASCII, each once; rulers and all else tell nothing."""
    found: dict[bytes, None] = {}
    for begin in range(0, len(data), _HEAD):
        part = _RULER.sub(b" ", data[begin : begin + _HEAD].translate(_LETTERS_ALONE))
        words = dict.fromkeys(part.split())
        found.update((word, None) for word in words if not word.isascii())
        if len(found) >= _SAMPLE or (found and begin >= _ENOUGH):
            break
    return b" ".join(found)


def _best_language(text: str) -> tuple[float, str]:
    """Give the share of letters beyond ASCII that one language has, and the language.

    A capital behind a small letter, or a sign that no word has in it, speaks against.
    """
    letters = Counter(letter for letter in text if letter > "\x7f" and letter != "\u00a0")
    if not letters:
        return 0.0, "nothing"
    odd = "".join(one for one in letters if one.isupper() or not one.isalpha() | (one in _ENDS))
    misplaced = len(re.findall(f"(?<=[a-z])[{re.escape(odd)}]", text)) if odd else 0
    scores = {
        language: _LESS_LIKELY.get(language, 1.0)
        * sum(
            count * (1.0 if letter.lower() in alphabet else 0.5 if letter in _SIGNS else -1.0)
            for letter, count in letters.items()
        )
        for language, alphabet in _ALPHABETS.items()
    }
    language = max(scores, key=lambda one: scores[one])
    return (scores[language] - 2 * misplaced) / letters.total(), language
