"""IDs as people have them in, IDs that can be asked for out: text, none blank, order kept."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Iterator
from uuid import UUID

import pandas as pd

from qerko_recon.errors import ConfigError, shorten
from qerko_recon.ids import read_ids

__all__ = ["clean", "listed", "writable"]


def listed(ids: object) -> Iterable[object]:
    """Give what holds the IDs; a path is read.

    Raises
    ------
    ConfigError
        It is a lone text, a table, or nothing that could hold IDs.
    QerkoReconError
        The file cannot be read or holds no ID.
    """
    if isinstance(ids, str):
        raise ConfigError(
            f"ids is the text {shorten(ids)!r}; give a list of IDs, as in [{shorten(ids)!r}], "
            "or a pathlib.Path of a file that has one on each line"
        )
    if isinstance(ids, os.PathLike):
        return read_ids(ids)
    if isinstance(ids, pd.DataFrame):
        raise ConfigError("ids is a DataFrame; give one column of it, as in table['payment_id']")
    if isinstance(ids, bytes | bytearray | memoryview) or not isinstance(ids, Iterable):
        raise ConfigError(f"ids is {type(ids).__name__}; give a list of IDs, as in ['1234']")
    return ids


def clean(ids: Iterable[object]) -> Iterator[str]:
    """Give each ID as text without surrounding space; blanks are left out, repeats are not.

    Raises
    ------
    ConfigError
        One is neither text nor a whole number; the message says which.
    """
    for number, one in enumerate(ids, start=1):
        payment_id = _as_text(one, number)
        if payment_id:
            yield payment_id


def writable(payment_id: str) -> str:
    """Give an ID as frames and files can hold it: half a character is written out."""
    return payment_id.encode("utf-8", "backslashreplace").decode()


def _as_text(one: object, number: int) -> str:
    """Give an ID as text; nothing for what lists and frames have where there is none."""
    if isinstance(one, str):
        return one.strip()
    if one is None or (not isinstance(one, int) and str(one) in {"nan", "NaN", "<NA>", "NaT"}):
        return ""
    if isinstance(one, float):
        raise ConfigError(
            f"ID number {number}, {one!r}, is a float, which loses digits; read IDs as text"
        )
    if isinstance(one, UUID):
        return str(one)
    try:
        if not isinstance(one, bool):
            return str(operator.index(one))  # type: ignore[arg-type]
    except TypeError:
        pass
    except ValueError:  # Python writes out no more than some thousand digits
        raise ConfigError(f"ID number {number} has more digits than any ID has") from None
    raise ConfigError(f"ID number {number} is {type(one).__name__}; IDs are text or whole numbers")
