"""Writes the frames of a result into a folder, a file a frame and format."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from qerko_recon.errors import ConfigError, shorten
from qerko_recon.recon import Reconciliation
from qerko_recon.report.frames.people import MARKS, as_people_read
from qerko_recon.report.frames.plain import as_plain
from qerko_recon.report.frames.tables import tables_of
from qerko_recon.report.saving import folder_at, saved_at
from qerko_recon.wording import language_of

__all__ = ["FORMATS", "write_frames"]

FORMATS: Final = ("csv", "parquet")

_BOM: Final = "\ufeff".encode()


def write_frames(
    result: Reconciliation,
    folder: str | os.PathLike[str],
    *,
    formats: Iterable[str] = FORMATS,
    language: str | None = None,
) -> list[Path]:
    """Write every frame of a result: what went in, what was found, how it adds up.

    Parameters
    ----------
    result
        What ``reconcile`` returned.
    folder
        Made where there is none. Files of the same names are replaced.
    formats
        ``parquet`` keeps every type (exact decimals, times, lists) and reads back equal. ``csv``
        is for machines or for people, by ``language``.
    language
        ``None``: CSV for machines, with commas, decimal points, ISO times in UTC and lists as
        JSON. ``cs``, ``de``, ``en`` or ``sk``: CSV that a spreadsheet of that language opens by
        a double click: UTF-8 with a mark in front, the language's decimal mark and words, times
        in the venue's zone, and an apostrophe before each text that would be taken for a formula
        or lose its leading zeros.

    Returns
    -------
    list of pathlib.Path
        What was written.

    Raises
    ------
    ConfigError
        A format or language is not known.
    QerkoReconError
        The folder cannot be made, or a file cannot be written.
    """
    wanted = tuple(dict.fromkeys(formats))
    unknown = [one for one in wanted if one not in FORMATS]
    if unknown:
        raise ConfigError(
            f"frames cannot be written as {shorten(unknown[0])!r}; it can be {', '.join(FORMATS)}"
        )
    spoken = None if language is None else language_of(language)
    place = folder_at(folder)
    written = []
    for name, table in tables_of(result).items():
        for suffix in wanted:
            path = place / f"{name}.{suffix}"
            with saved_at(path) as draft:
                if suffix == "parquet":
                    _write_parquet(table, draft)
                else:
                    _write_csv(name, table, draft, spoken, result.summary.time_zone)
            written.append(path)
    return written


def _write_parquet(table: pa.Table, draft: Path) -> None:
    pyarrow.parquet.write_table(table, draft, compression="zstd", use_compliant_nested_type=False)


def _write_csv(name: str, table: pa.Table, draft: Path, language: str | None, zone: str) -> None:
    """Write by Arrow, which quotes what has a delimiter, a quote or a line break in it."""
    if language is None:
        shown, mark, options = as_plain(table), b"", _options(",")
    else:
        shown, mark = as_people_read(name, table, language, zone), _BOM
        options = _options(MARKS[language][0])
    with draft.open("wb") as out:
        out.write(mark)
        pyarrow.csv.write_csv(shown, out, options)


def _options(delimiter: str) -> pyarrow.csv.WriteOptions:
    return pyarrow.csv.WriteOptions(
        include_header=True, delimiter=delimiter, quoting_style="needed"
    )
