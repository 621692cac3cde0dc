"""The POS exports of a close: files in, each understood, corrected, and all read as one, out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

import pandas as pd

from qerko_recon.closing.profiles import OwnProfiles
from qerko_recon.errors import PosExportError, QerkoReconError
from qerko_recon.pos import Peek, PosExport, Profile, Sniffed, peek_pos, read_pos, sniff_pos
from qerko_recon.pos.vocabulary import IDEAS

__all__ = ["SHOWN_IDEAS", "ExportFile", "Exports", "corrected"]

SHOWN_IDEAS: Final = tuple(
    idea
    for idea in (
        "payment_id",
        "bill_id",
        "amount",
        "tip",
        "total",
        "currency",
        "paid_at",
        "paid_time",
        "state",
        "tender_type",
        "line_type",
        "provider",
    )
    if idea in IDEAS
)
"""What a person may say of columns; the rest of :data:`qerko_recon.pos.vocabulary.IDEAS` is for
profiles written by hand."""

_FIRST: Final = 5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file and how it is understood; a snapshot.

    Attributes
    ----------
    path
        Where it is.
    stated
        What was stated of it, by a profile or by a person's correction.
    profile_name
        The profile that was taken, or ``None``.
    export
        What was read; ``None`` where it cannot be read as Qerko's.
    sniffed
        How its tables were understood; empty where not even that was possible.
    peek
        Its first rows as they stand in it; ``None`` where it cannot be opened.
    error
        Why it cannot be read, with what to do; ``None`` where it can.
    """

    path: Path
    stated: Profile
    profile_name: str | None = None
    export: PosExport | None = None
    sniffed: tuple[Sniffed, ...] = ()
    peek: Peek | None = None
    error: str | None = None

    @property
    def header(self) -> tuple[str, ...]:
        """The names of its columns, as far as they are known."""
        if self.sniffed:
            return self.sniffed[0].header
        if self.peek is None or not self.peek.rows:
            return ()
        # Titles above a header are shorter than it, and no row below it has more cells.
        fullest = max(self.peek.rows, key=lambda row: (sum(map(bool, row[1])), -row[0]))
        return self.peek.header(self.stated.header_row or fullest[0])

    @property
    def columns(self) -> Mapping[str, str]:
        """Idea to column name, as it is read."""
        return self.sniffed[0].columns if self.sniffed else {}

    @property
    def first_rows(self) -> pd.DataFrame:
        """The first lines as they were read: Qerko's, then others'."""
        if self.export is None:
            return pd.DataFrame()
        both = pd.concat([self.export.tenders.head(_FIRST), self.export.others.head(_FIRST)])
        return both.head(_FIRST)


def corrected(
    base: Profile,
    *,
    columns: Mapping[str, str | None],
    decimal_mark: str | None = None,
    date_order: str | None = None,
    tip_layout: str | None = None,
    header_row: int | None = None,
) -> Profile:
    """State upon a profile what a person corrected.

    Parameters
    ----------
    base
        What it stands upon; ``Profile()`` for nothing.
    columns
        Idea to header, to ``None`` where the file has no such column; ideas left out are looked
        for.
    decimal_mark, date_order, tip_layout, header_row
        As in :class:`Profile`; ``None`` keeps what the base says.

    Raises
    ------
    ConfigError
        One of them cannot be.

    Examples
    --------
    >>> profile = corrected(Profile(), columns={"amount": "Zaplaceno", "tip": None})
    >>> dict(profile.columns), profile.decimal_mark
    ({'amount': 'Zaplaceno', 'tip': None}, None)
    """
    stated = {
        "decimal_mark": decimal_mark,
        "date_order": date_order,
        "tip_layout": tip_layout,
        "header_row": header_row,
    }
    known = {name: value for name, value in stated.items() if value is not None}
    return replace(base, columns={**base.columns, **columns}, **known)  # type: ignore[arg-type]


class Exports:
    """The exports of one close.

    Parameters
    ----------
    time_zone
        The venue's, for times without an offset.
    profiles
        A person's own profiles; one whose columns a file has is taken by itself.

    Attributes
    ----------
    files
        Each file's understanding, in the order in which they came.

    Examples
    --------
    >>> exports = Exports()
    >>> found = exports.add("data_samples/pos/czech_semicolon/day.csv")
    >>> found.columns["payment_id"], found.error
    ('ID platby', None)
    >>> exports.read().payment_ids == found.export.payment_ids
    True
    """

    def __init__(
        self, *, time_zone: str = "Europe/Prague", profiles: OwnProfiles | None = None
    ) -> None:
        self.time_zone = time_zone
        self.profiles = profiles or OwnProfiles()
        self.files: tuple[ExportFile, ...] = ()

    def add(
        self, path: str | os.PathLike[str], profile: Profile | str | None = None
    ) -> ExportFile:
        """Take a file in; one that cannot be read is kept, with why.

        Parameters
        ----------
        path
            An export in any of the forms that ``read_pos`` reads.
        profile
            How it is read, or the name of a profile; else a fitting one of one's own is taken.
        """
        place = Path(path)
        name = profile if isinstance(profile, str) else None
        stated = self.profiles.get(profile) if isinstance(profile, str) else profile
        seen = self._look(place, stated or Profile(), name)
        if stated is None and (fitting := self._fitting(seen)) is not None:
            seen = fitting
        self._put(seen)
        return seen

    def use(self, path: str | os.PathLike[str], profile: Profile | str | None) -> ExportFile:
        """Read a file again by another profile; ``None`` finds all out from the file."""
        name = profile if isinstance(profile, str) else None
        stated = self.profiles.get(profile) if isinstance(profile, str) else profile
        seen = self._look(Path(path), stated or Profile(), name)
        self._put(seen)
        return seen

    def remove(self, path: str | os.PathLike[str]) -> None:
        """Leave a file out."""
        self.files = tuple(one for one in self.files if one.path != Path(path))

    def file(self, path: str | os.PathLike[str]) -> ExportFile | None:
        """Give a file's understanding."""
        return next((one for one in self.files if one.path == Path(path)), None)

    def read(self) -> PosExport:
        """Read all as one, so that lines that one file repeats of another count once.

        Raises
        ------
        PosExportError
            There is none, or one of them cannot be read.
        """
        if not self.files:
            raise PosExportError("there is no POS export yet; choose at least one file")
        if len(self.files) == 1 and self.files[0].export is not None:
            return self.files[0].export
        return read_pos(
            [one.path for one in self.files],
            [one.stated for one in self.files],
            time_zone=self.time_zone,
        )

    def _put(self, seen: ExportFile) -> None:
        if self.file(seen.path) is None:
            self.files = (*self.files, seen)
        else:
            self.files = tuple(seen if one.path == seen.path else one for one in self.files)

    def _fitting(self, seen: ExportFile) -> ExportFile | None:
        """Read a file by one's own profile that fits it, if there is one."""
        headers = [seen.header] if seen.sniffed else []
        if not headers and seen.peek is not None:
            headers = [seen.peek.header(row) for row, _ in seen.peek.rows]
        for header in headers:
            for name in self.profiles.fitting(header):
                found = self._look(seen.path, self.profiles.get(name), name)
                if found.error is None:
                    return found
        return None

    def _look(self, path: Path, stated: Profile, name: str | None) -> ExportFile:
        """Read a file as far as it can be."""
        seen = ExportFile(path, stated, name, peek=_try(lambda: peek_pos(path, stated)))
        try:
            export = read_pos(path, stated, time_zone=self.time_zone)
        except QerkoReconError as error:
            sniffed = _try(lambda: sniff_pos(path, stated, time_zone=self.time_zone))
            return replace(seen, sniffed=(sniffed,) if sniffed else (), error=str(error))
        return replace(seen, export=export, sniffed=export.all_sniffed)


def _try(look: Callable[[], T]) -> T | None:
    try:
        return look()
    except QerkoReconError:
        return None
