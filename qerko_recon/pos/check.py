"""A golden pair in, what of it differs out: an export, and the lines that reading it must give.

Somebody who writes a profile for a till keeps one export, corrects by hand what was read of it,
and has both checked from then on: after a change of the till, or of this package.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from qerko_recon.errors import PosExportError
from qerko_recon.pos.export import PosExport
from qerko_recon.pos.golden import Golden, Line, lines_of, read_golden, shown
from qerko_recon.pos.profile import Profile
from qerko_recon.pos.read import read_pos

__all__ = ["ProfileCheck", "check_profile"]

PathLike = str | os.PathLike[str]

_KEYS: Final = ("source_row", "tender_id", "payment_id", "bill_id")
_COLUMNS: Final = ("source_file", "source_row", "line", "column", "expected", "read")
_NOT_READ: Final = "(no such line was read)"
_ASIDE: Final = "(set aside: its tender is not Qerko's)"
_NOT_EXPECTED: Final = "(a line that is not expected)"

_Key = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class ProfileCheck:
    """What checking a golden pair gave.

    Attributes
    ----------
    mismatches
        A row a cell that differs: ``source_file``, ``source_row``, ``line`` (what it was looked
        up by), ``column``, ``expected``, ``read``; a line that is missing or too many has no
        ``column``. All are text.
    checked
        How many lines were expected.
    columns
        Which columns were compared.
    export
        What was read.
    """

    mismatches: pd.DataFrame
    checked: int
    columns: tuple[str, ...]
    export: PosExport

    @property
    def passed(self) -> bool:
        """Whether every line is as expected."""
        return not len(self.mismatches)

    def __repr__(self) -> str:
        return f"ProfileCheck: {self.verdict}"

    @property
    def verdict(self) -> str:
        """One sentence."""
        lines = "1 line" if self.checked == 1 else f"{self.checked} lines"
        by = ", ".join(self.columns)
        if self.passed:
            return f"{lines} read as expected ({by}){self._beside}"
        count = len(self.mismatches)
        what = "1 thing differs" if count == 1 else f"{count} things differ"
        return f"{what} from the {lines} expected ({by}){self._beside}"

    @property
    def _beside(self) -> str:
        count = len(self.export.problems)
        return "" if not count else f"; the export has {count} problem{'s' * (count > 1)}"

    def _repr_html_(self) -> str:
        table = self.mismatches.to_html(index=False, na_rep="") if not self.passed else ""
        return f"<p>{escape(self.verdict)}</p>{table}"


def check_profile(
    paths: PathLike | Iterable[PathLike],
    expected: PathLike,
    profile: Profile | PathLike | None = None,
    *,
    time_zone: str = "Europe/Prague",
) -> ProfileCheck:
    r"""Compare what is read of an export with what should be.

    Parameters
    ----------
    paths
        The export: a file, or several.
    expected
        A CSV of Qerko's lines: any columns of :data:`qerko_recon.schema.TENDERS`, among them
        ``source_row`` (with ``source_file`` for several files), ``tender_id``, ``payment_id`` or
        ``bill_id`` to look lines up by. An empty cell expects nothing to be there.
        :func:`write_golden` makes one to begin with; it may have been saved by a spreadsheet.
    profile, time_zone
        As for :func:`qerko_recon.pos.read_pos`.

    Raises
    ------
    PosExportError
        The export or the expected lines cannot be read.
    ConfigError
        The profile is malformed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export, golden = Path(folder) / "day.csv", Path(folder) / "golden.csv"
    ...     _ = export.write_text("ID platby;Částka\n4711;12,50\n", encoding="utf-8")
    ...     _ = golden.write_text("payment_id,amount\n4711,12.05\n", encoding="utf-8")
    ...     found = check_profile(export, golden)
    >>> found.passed, found.mismatches[["column", "expected", "read"]].values.tolist()
    (False, [['amount', '12.05', '12.50']])
    """
    export = read_pos(paths, profile, time_zone=time_zone)
    golden = read_golden(Path(expected), time_zone)
    key = _key(golden, len(export.all_sniffed), Path(expected).name)
    rows = list(_compare(export, golden, key))
    frame = pd.DataFrame(rows, columns=list(_COLUMNS), dtype="object").astype(
        pd.ArrowDtype(pa.string())
    )
    return ProfileCheck(frame, len(golden.lines), golden.columns, export)


def _key(golden: Golden, tables: int, name: str) -> tuple[str, ...]:
    """Choose what lines are looked up by: a column that tells all expected lines apart."""
    options: list[tuple[str, ...]] = [(one,) for one in _KEYS if one in golden.columns]
    if "source_file" in golden.columns and "source_row" in golden.columns:
        options.insert(0, ("source_file", "source_row"))
    if tables > 1 and ("source_row",) in options:
        options.remove(("source_row",))
    for option in options:
        values = [tuple(line[one] for one in option) for line in golden.lines]
        if len(set(values)) == len(values) and all(None not in value for value in values):
            return option
    msg = (
        f"{name}: nothing tells its lines apart; add a column source_row (and source_file for "
        "several files), or tender_id, payment_id or bill_id with a value of its own in each line"
    )
    raise PosExportError(msg, file=name)


def _compare(
    export: PosExport, golden: Golden, key: tuple[str, ...]
) -> Iterator[tuple[str | None, ...]]:
    """Go through the expected lines, then through those that nobody expected."""
    compared = tuple(name for name in golden.columns if name not in key)
    found, aside = (_by_key(lines_of(one), key) for one in (export.tenders, export.others))
    for line in golden.lines:
        value = tuple(line[one] for one in key)
        twins = found.pop(value, [])
        if not twins:
            why = _ASIDE if value in aside else _NOT_READ
            yield _row(line, key, None, _said(line, compared), why)
            continue
        # Several lines of one bill or payment: the one that is most like it.
        best = min(twins, key=lambda one: sum(one[name] != line[name] for name in compared))
        for name in compared:
            if best[name] != line[name]:
                yield _row(best, key, name, shown(line[name]), shown(best[name]))
        for one in twins:
            if one is not best:
                yield _row(one, key, None, _NOT_EXPECTED, _said(one, compared))
    for lines in found.values():
        for one in lines:
            yield _row(one, key, None, _NOT_EXPECTED, _said(one, compared))


def _by_key(lines: Iterable[Line], key: tuple[str, ...]) -> dict[_Key, list[Line]]:
    found: dict[_Key, list[Line]] = {}
    for line in lines:
        found.setdefault(tuple(line[one] for one in key), []).append(line)
    return found


def _row(
    line: Mapping[str, Any], key: Sequence[str], column: str | None, expected: str, read: str
) -> tuple[str | None, ...]:
    name = ", ".join(f"{one} {shown(line[one])}" for one in key)
    row = line.get("source_row")
    return (
        line.get("source_file"),
        None if row is None else str(row),
        name,
        column,
        expected,
        read,
    )


def _said(line: Mapping[str, Any], compared: Sequence[str]) -> str:
    return ", ".join(f"{name} {shown(line[name])}" for name in compared if line[name] is not None)
