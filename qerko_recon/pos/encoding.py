"""A text file's bytes in, its text and encoding out.

A byte-order mark decides, then UTF-8, then the code pages of the region: among these the one
whose letters best spell Czech, Slovak, German, Hungarian or Polish.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from itertools import islice
from typing import Final, NamedTuple

import numpy as np

from qerko_recon.errors import ConfigError, PosExportError, shorten
from qerko_recon.pos.problems import Problem

__all__ = ["Decoded", "decode"]

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
_ALPHABETS: Final[dict[str, str]] = {
    "Czech": "áčďéěíňóřšťúůýž",
    "Slovak": "áäčďéíĺľňóôŕšťúýž",
    "German": "äöüß",
    "Hungarian": "áéíóöőúüű",
    "Polish": "ąćęłńóśźż",
}
_LESS_LIKELY: Final = {"Polish": 0.8, "Hungarian": 0.95}
_SIGNS: Final = "€„“”‚‘’–—…°§\u00a0\u202f\u2212"
_SAMPLE: Final = 20_000
_MOSTLY: Final = 9
_GOOD: Final = 0.9
_MARGIN: Final = 0.1
_BEYOND_ASCII: Final = re.compile(rb"[A-Za-z]*[\x80-\xff][A-Za-z\x80-\xff]*")
_GROUPING: Final = re.compile(rb"(?<=\d)[\x80-\xff](?=\d{3}\D)")


class Decoded(NamedTuple):
    """Text of an export, how it was decoded, why, and what of it was damaged."""

    text: str
    encoding: str
    reason: str
    is_sure: bool
    problems: tuple[Problem, ...] = ()


def decode(data: bytes, name: str, declared: str | None = None) -> Decoded:
    """Turn bytes into text, exactly or with the damaged rows named.

    Raises
    ------
    ConfigError
        The declared encoding does not exist.
    PosExportError
        The bytes are not in the declared encoding, or are no text at all.
    """
    decoded = _declared(data, name, declared) if declared else _detected(data, name)
    place = decoded.text.find("\0")
    if place >= 0:
        row = decoded.text.count("\n", 0, place) + 1
        msg = f"{name}, row {row}: a NUL byte, so this is no text file; export it as CSV again"
        raise PosExportError(msg, file=name, row=row)
    if not decoded.text.strip(" \t\r\n;,|\u00a0"):
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
    if codec == "utf-8":
        codec = "utf-8-sig"
    try:
        return Decoded(data.decode(codec), declared, "the profile says so", is_sure=True)
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        byte = f"0x{data[error.start]:02X}" if error.start < len(data) else "the end"
        msg = (
            f"{name}, row {row}: {byte} at byte {error.start + 1} of the file is not "
            f"{declared}, which the profile declares; correct the profile's encoding or leave "
            "it out to have it found"
        )
        raise PosExportError(msg, file=name, row=row, value=byte) from error


def _detected(data: bytes, name: str) -> Decoded:
    for bom, codec in _BOMS:
        if data.startswith(bom):
            try:
                return Decoded(data.decode(codec), codec, "byte-order mark", is_sure=True)
            except UnicodeDecodeError:
                return _damaged(data, name, codec, "byte-order mark")
    if wide := _wide(data):
        return Decoded(data.decode(wide, "replace"), wide, "every other byte is 0", is_sure=True)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        if _is_mostly_utf8(data):
            return _damaged(data, name, "utf-8", "nearly all of it is valid UTF-8")
        return _by_letters(data, name)
    reason = "only ASCII" if text.isascii() else "valid UTF-8"
    return Decoded(text, "utf-8", reason, is_sure=True)


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
    return Decoded(text, codec, f"{reason}, damaged in {len(rows)} rows", False, problems)


def _by_letters(data: bytes, name: str) -> Decoded:
    """Choose the code page whose letters spell a language of the region."""
    sample, used = _telling(data), _used(data)
    grouping = b"".join(set(_GROUPING.findall(data)))
    scored = []
    for codec in _CODE_PAGES:
        try:
            used.decode(codec)
        except UnicodeDecodeError:
            continue
        if grouping.decode(codec).strip("\u00a0’"):
            continue  # a letter between the digits of an amount
        scored.append((*_best_language(sample.decode(codec)), codec))
    if not scored:
        raise PosExportError(
            f"{name} is no text in any encoding of the region; export it as CSV in UTF-8",
            file=name,
        )
    # Of equal ones the first: a few letters alone prove little, and cp1250 is what is common.
    best, language, codec = max(scored, key=lambda one: one[0])
    rivals = [one for score, _, one in scored if score > best - _MARGIN]
    is_sure = best > _GOOD and len({sample.decode(one) for one in rivals}) == 1
    reason = f"its letters spell {language}" if best > 0 else "no encoding's letters fit well"
    return Decoded(data.decode(codec), codec, reason, is_sure)


def _used(data: bytes) -> bytes:
    """Give each byte value that occurs, once; in a code page each stands for itself."""
    every = bytes(range(256))
    return every.translate(None, every.translate(None, data))


def _telling(data: bytes) -> bytes:
    """Keep words that have bytes beyond ASCII, each once; the rest tells nothing."""
    words = (match[0] for match in islice(_BEYOND_ASCII.finditer(data), _SAMPLE))
    return b" ".join(dict.fromkeys(words))


def _best_language(text: str) -> tuple[float, str]:
    """Give the share of letters beyond ASCII that one language has, and the language."""
    letters = Counter(letter for letter in text if letter > "\x7f" and letter != "\u00a0")
    if not letters:
        return 0.0, "nothing"
    scores = {
        language: _LESS_LIKELY.get(language, 1.0)
        * sum(
            count * (1.0 if letter.lower() in alphabet else 0.5 if letter in _SIGNS else -1.0)
            for letter, count in letters.items()
        )
        for language, alphabet in _ALPHABETS.items()
    }
    language = max(scores, key=lambda one: scores[one])
    return scores[language] / letters.total(), language
