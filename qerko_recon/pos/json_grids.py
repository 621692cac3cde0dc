"""JSON in, its arrays of objects as grids out.

An array of objects, an object that holds such arrays, or an object a line. Numbers keep the text
they have in the file. Objects within objects become columns named with a dot. Bills that hold
their payments in an array become a row a payment.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec
import numpy as np

from qerko_recon.errors import PosExportError, shorten
from qerko_recon.pos.grids import Grid
from qerko_recon.pos.typed import column_of
from qerko_recon.pos.vocabulary import guess_idea

__all__ = ["read_json"]

_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
_DEPTH: Final = 2
_SURE: Final = 0.9
_OUTERMOST: Final = "outermost objects"
_WIDE: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_Rows = list[tuple[int, Mapping[str, Any]]]


def read_json(data: bytes, name: str) -> list[Grid]:
    """Read JSON or JSON Lines.

    Raises
    ------
    PosExportError
        It is malformed, or has no objects in an array.
    """
    if data.startswith(_WIDE):
        data = data.decode("utf-16", "replace").encode()
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        held = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        lines = _lines(data, name)
        if lines is None:
            raise _malformed(data, name, error) from error
        inner = _nested("", lines)
        named = _OUTERMOST if inner else None
        return [
            _grid("json lines", named, lines),
            *(_grid("json lines", key, rows) for key, rows in inner.items()),
        ]
    arrays = {"": held} if isinstance(held, list) else dict(_arrays(held))
    if not arrays or _is_payment(held):  # the one line of JSON Lines
        arrays = {"": [held]}
    found = {
        title: rows for title, array in arrays.items() if (rows := _objects(array, title, name))
    }
    if not found and any(arrays.values()):
        msg = (
            f"{name} has no array of objects, a payment each; export the bills as a list of "
            "objects, or as CSV"
        )
        raise PosExportError(msg, file=name)
    inner = {
        f"{title}.{key}".removeprefix("."): within
        for title, rows in found.items()
        for key, within in _nested(title, rows).items()
    }
    outermost = _OUTERMOST if inner else None
    grids = [_grid("json", title or outermost, rows) for title, rows in found.items()]
    return grids + [_grid("json", title, rows) for title, rows in inner.items()]


def _arrays(
    held: Mapping[str, Any], depth: int = _DEPTH, above: str = ""
) -> Iterator[tuple[str, list[Any]]]:
    """Find the arrays of objects in an object, by the names that lead to them."""
    for key, value in held.items():
        if isinstance(value, list) and any(isinstance(one, dict) for one in value):
            yield f"{above}{key}", value
        elif isinstance(value, dict) and depth > 1:
            yield from _arrays(value, depth - 1, f"{above}{key}.")


def _is_payment(held: object) -> bool:
    """Tell an object that is a payment itself from one that holds an array of them."""
    if not isinstance(held, dict):
        return False
    ideas = {_idea(key) for key, _ in _flat(held)}
    return bool(ideas & {"amount", "total"}) and bool(ideas & {"payment_id", "bill_id"})


def _objects(array: Sequence[Any], title: str, name: str) -> _Rows:
    """Give the objects of an array, numbered from 1."""
    rows: _Rows = []
    for number, one in enumerate(array, 1):
        if isinstance(one, dict):
            rows.append((number, one))
        elif rows or any(isinstance(other, dict) for other in array):
            where = f" of {title!r}" if title else ""
            msg = (
                f"{name}, row {number}{where}: {shorten(str(one))!r} is no object, though the "
                "others are; export the file again"
            )
            raise PosExportError(msg, file=name, row=number, value=str(one))
    return rows


def _nested(title: str, rows: _Rows) -> dict[str, _Rows]:
    """Give the objects in arrays within objects, each with what the object around it says.

    They are numbered from 1, whatever object they are in. Arrays without amounts are left out.
    """
    keys = dict.fromkeys(
        key
        for _, one in rows
        for key, value in one.items()
        if isinstance(value, list) and any(isinstance(inner, dict) for inner in value)
    )
    word = title.rpartition(".")[2].removesuffix("s")
    found: dict[str, _Rows] = {}
    for key in keys:
        inner = [
            _within(each, one, key, word)
            for _, one in rows
            for each in (one.get(key) or () if isinstance(one.get(key), list) else ())
            if isinstance(each, dict)
        ]
        names = dict.fromkeys(name for one in inner for name, _ in _flat(one))
        if {_idea(name) for name in names} & {"amount", "total"}:
            found[key] = list(enumerate(inner, 1))
    return found


def _within(
    each: Mapping[str, Any], around: Mapping[str, Any], key: str, word: str
) -> dict[str, Any]:
    """Put what an object says behind what one within it says; amounts are of the inner one.

    The ``id`` of an object in ``bills`` is a bill's.
    """
    said = {idea for name, _ in _flat(each) if (idea := _idea(name))}
    outer = {}
    for name, value in around.items():
        idea = _idea(name)
        if name == key or idea in {"amount", "total", "tip"} or isinstance(value, list):
            continue
        told = f"{word} {name}" if idea in {"", "tender_id"} and _is_bills(word, name) else name
        outer[f"around.{told}" if told in each or _idea(told) in said else told] = value
    return {**each, **outer}


def _is_bills(word: str, name: str) -> bool:
    """Tell whether a value of an object is a bill's number, by what the object is."""
    guess = guess_idea(f"{word} {name}") if word else None
    return guess is not None and guess.idea == "bill_id" and guess.score >= _SURE


def _idea(key: str) -> str:
    guess = guess_idea(key)
    return "" if guess is None else guess.idea


def _lines(data: bytes, name: str) -> _Rows | None:
    """Read an object a line; ``None`` where the first line is none."""
    rows: _Rows = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            held = _DECODER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if not rows:
                return None
            msg = f"{name}, row {number}: this line is no JSON ({error}); export the file again"
            raise PosExportError(msg, file=name, row=number) from error
        if not isinstance(held, dict):
            return None
        rows.append((number, held))
    return rows


def _malformed(data: bytes, name: str, error: Exception) -> PosExportError:
    msg = f"{name} is malformed JSON ({error}); export it from the POS again"
    if "truncated" in str(error):
        msg = f"{name} is JSON that ends too early; export it from the POS again"
    return PosExportError(msg, file=name, row=data.count(b"\n") + 1)


def _grid(form: str, title: str | None, rows: _Rows) -> Grid:
    flat = [dict(_flat(one)) for _, one in rows]
    names = dict.fromkeys(key for one in flat for key in one)
    columns = {key: column_of([one.get(key) for one in flat]) for key in names}
    numbers = np.array([number for number, _ in rows], dtype=np.int64)
    return Grid.of_columns(form, title, columns, numbers)


def _flat(held: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give an object's values, those of objects in it by names with a dot."""
    for key, value in held.items():
        if isinstance(value, dict):
            for inner, one in value.items():
                yield f"{key}.{inner}", _plain(one)
        else:
            yield key, _plain(value)


def _plain(value: Any) -> Any:
    """Keep plain values; lists of these stand behind one another, the rest stays JSON."""
    if isinstance(value, list) and not any(isinstance(one, list | dict) for one in value):
        return ", ".join("" if one is None else str(one) for one in value)
    if isinstance(value, list | dict):
        return msgspec.json.encode(value, enc_hook=str).decode()
    return value
