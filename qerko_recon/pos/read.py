"""POS exports in, tenders and problems by the data contract out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.errors import ConfigError, PosExportError
from qerko_recon.pos.export import PosExport, Sniffed
from qerko_recon.pos.grain import add_items, name_days
from qerko_recon.pos.lines import PosFile, read_files
from qerko_recon.pos.naming import name_lines
from qerko_recon.pos.overlap import Overlap, find_overlap
from qerko_recon.pos.owners import tell_owners
from qerko_recon.pos.parts import in_one_piece
from qerko_recon.pos.problems import problems_frame
from qerko_recon.pos.profile import Profile, TipLayout
from qerko_recon.pos.times import find_zone
from qerko_recon.pos.tips import fold
from qerko_recon.schema import TENDERS, to_frame
from qerko_recon.threads import at_once

__all__ = ["read_pos", "sniff_pos"]

PathLike = str | os.PathLike[str]
Mask = np.typing.NDArray[np.bool_]


def read_pos(
    paths: PathLike | Iterable[PathLike],
    profile: Profile | PathLike | Sequence[Profile | PathLike | None] | None = None,
    *,
    time_zone: str = "Europe/Prague",
) -> PosExport:
    """Read one export of a POS, or several of the same POS.

    Text (CSV), workbooks (XLSX, XLSB, XLS, ODS), JSON, JSON Lines, Parquet, and zip archives of
    these; of several files a line that one repeats of another counts once where it is sure to
    be the same.

    Encoding, delimiter, header row, columns, decimal mark, dates and where the tips are is found
    out from each file, unless the profile states it; ``sniffed`` of the result says what was
    found, how surely and why. A line is Qerko's if it has a payment ID or if its tender or
    provider names Qerko (a profile may name more words); where no line does, all that are not
    known to be cash, cards, vouchers or invoices are taken. A row that cannot be read is a
    problem and never dropped in silence.

    Parameters
    ----------
    paths
        A file, or several.
    profile
        A :class:`Profile`, the path of its TOML file, or the name of one that comes with the
        package (:meth:`Profile.names`); or a list of these, one for each file.
    time_zone
        The venue's, for times without an offset.

    Returns
    -------
    PosExport
        ``tenders`` and ``others`` (:data:`qerko_recon.schema.TENDERS`, times in UTC, money
        exact) and ``problems`` (:data:`qerko_recon.schema.PROBLEMS`).

    Raises
    ------
    PosExportError
        A file cannot be read at all: it is missing, no export, has no header or no amounts, or its
        lines are all of other tenders. The message says which, where, and what to do.
    ConfigError
        The profile or the time zone is malformed.

    Examples
    --------
    >>> import tempfile
    >>> lines = ["Účet;ID platby;Částka;Spropitné;Celkem", "B1;4711;1 234,50;20;1 254,50"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "export.csv"
    ...     _ = path.write_text("\\n".join(lines), encoding="cp1250")
    ...     pos = read_pos(path)
    >>> pos.payment_ids, str(pos.tenders["total"][0]), pos.sniffed.encoding
    (('4711',), '1254.500000', 'cp1250')
    """
    zone = find_zone(time_zone)
    held = _paths(paths)
    by_path = [
        read_files(path, name, stated, zone)
        for path, name, stated in zip(held, _names(held), _profiles(profile, held), strict=True)
    ]
    _refuse_same(by_path)
    files = list(chain.from_iterable(by_path))
    return _assemble(files)


def sniff_pos(
    path: PathLike, profile: Profile | PathLike | None = None, *, time_zone: str = "Europe/Prague"
) -> Sniffed:
    """Tell how a file would be read, without asking whether any line is Qerko's.

    Raises
    ------
    PosExportError, ConfigError
        As :func:`read_pos` does.
    """
    place = Path(path)
    return read_files(place, place.name, _profile(profile), find_zone(time_zone))[0].sniffed


def _profile(profile: Profile | PathLike | None) -> Profile:
    if profile is None:
        return Profile()
    if isinstance(profile, Profile):
        return profile
    text = os.fspath(profile)
    if Path(text).suffix or os.sep in text or Path(text).exists():
        return Profile.read(text)
    return Profile.named(text)


def _profiles(
    profile: Profile | PathLike | Sequence[Profile | PathLike | None] | None,
    paths: Sequence[Path],
) -> list[Profile]:
    """Give the profile of each file."""
    if profile is None or isinstance(profile, Profile | str | os.PathLike):
        return [_profile(profile)] * len(paths)
    if len(profile) != len(paths):
        raise ConfigError(
            f"{len(profile)} profiles were given for {len(paths)} files; give one for each, or "
            "one for all"
        )
    return [_profile(one) for one in profile]


def _paths(paths: PathLike | Iterable[PathLike]) -> list[Path]:
    held = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if not held:
        raise PosExportError("no POS export was given; give the path of at least one file")
    for path in held:
        if not isinstance(path, str | os.PathLike):
            raise ConfigError(f"a path is text, not a {type(path).__name__}")
    return [Path(path) for path in held]


def _names(paths: Sequence[Path]) -> list[str]:
    """Name each file; those of the same name by their whole path."""
    counts = Counter(path.name for path in paths)
    return [path.name if counts[path.name] == 1 else str(path) for path in paths]


def _refuse_same(by_path: Sequence[Sequence[PosFile]]) -> None:
    seen: dict[str, str] = {}
    for file in (files[0] for files in by_path):
        first = seen.setdefault(file.source.sha256, file.source.name)
        if first is not file.source.name:
            msg = (
                f"{file.source.name} has the same content as {first}, so every line would count "
                "twice; give one of them"
            )
            raise PosExportError(msg, file=file.source.name)


def _assemble(files: Sequence[PosFile]) -> PosExport:
    ownership = tell_owners([file.marks for file in files])
    table = pa.concat_tables(
        [
            _with_own_ids(file.table) if has_own_ids else file.table
            for file, has_own_ids in zip(files, ownership.has_own_ids, strict=True)
        ]
    )
    table = in_one_piece(table)
    is_tip = np.concatenate([file.is_tip for file in files])
    overlap = _overlap(files, table, is_tip)
    is_own = np.concatenate(ownership.masks)[overlap.kept]
    is_tip = is_tip[overlap.kept]
    is_item, is_day = (
        np.concatenate([np.full(file.table.num_rows, file.row_is == one) for file in files])
        for one in ("item", "day")
    )
    table = _filtered(table, overlap.kept)
    is_item, is_day = is_item[overlap.kept], is_day[overlap.kept]
    own, others = at_once(lambda mask: _filtered(table, mask), (is_own, ~is_own))
    own, kept = fold(own, is_tip[is_own])
    tips = int((~kept).sum())
    own, others = name_lines(_filtered(own, kept), others)
    own = name_days(own, is_day[is_own][kept])
    own, items = _with_items(own, is_item[is_own][kept])
    others, other_items = _with_items(others, is_item[~is_own])
    sniffed = tuple(
        replace(file.sniffed, notes=(*file.sniffed.notes, *notes, *_repeating(overlap, files, at)))
        for at, (file, notes) in enumerate(zip(files, ownership.notes, strict=True))
    )
    problems = chain(chain.from_iterable(file.problems for file in files), overlap.problems)
    return PosExport(
        tenders=to_frame(own),
        others=to_frame(others),
        problems=problems_frame(problems),
        profile=replace(files[0].profile, tip_layout=_layout(files)),
        all_sniffed=sniffed,
        sources=tuple(file.source for file in files),
        rows={
            "tenders": own.num_rows,
            "others": others.num_rows,
            "tips": tips,
            "items": items + other_items,
            "broken": sum(file.rows["broken"] for file in files),
            "totals": sum(file.rows["totals"] for file in files),
            "left_out": sum(file.rows["left_out"] for file in files),
            "repeats": int((~overlap.kept).sum()),
        },
    )


def _with_own_ids(table: pa.Table) -> pa.Table:
    """Take IDs of payments that are the till's own for the IDs of its lines."""
    ids = table["payment_id"]
    lines = pc.coalesce(table["tender_id"], ids)
    for name, column in (("tender_id", lines), ("payment_id", pa.nulls(len(ids), ids.type))):
        place = TENDERS.get_field_index(name)
        table = table.set_column(place, TENDERS.field(place), column)
    return table


def _filtered(table: pa.Table, mask: Mask) -> pa.Table:
    if mask.all():
        return table
    return in_one_piece(table.filter(pa.array(mask)) if mask.any() else table.slice(0, 0))


def _with_items(table: pa.Table, is_item: Mask) -> tuple[pa.Table, int]:
    """Add items of one bill up; how many rows went into another."""
    table, kept = add_items(table, is_item)
    return _filtered(table, kept), int((~kept).sum())


def _overlap(files: Sequence[PosFile], table: pa.Table, is_tip: Mask) -> Overlap:
    """Find lines that one file repeats of another; sheets are of one file."""
    names = list(dict.fromkeys(file.container for file in files))
    numbers = [
        np.full(file.table.num_rows, names.index(file.container), dtype=np.int64) for file in files
    ]
    seconds = np.concatenate([file.has_second for file in files])
    return find_overlap(table, np.concatenate(numbers), seconds, is_tip, names)


def _repeating(overlap: Overlap, files: Sequence[PosFile], place: int) -> tuple[str, ...]:
    """Give what is to be said of a file's overlaps, with its first table."""
    containers = [file.container for file in files]
    if containers.index(containers[place]) != place:
        return ()
    number = list(dict.fromkeys(containers)).index(containers[place])
    return overlap.notes.get(number, ())


def _layout(files: Sequence[PosFile]) -> TipLayout | None:
    """Give the layout of all files: one that leaves it open leaves it open for all."""
    layouts = {file.profile.tip_layout for file in files if file.source.rows} or {
        file.profile.tip_layout for file in files
    }
    if len(layouts) == 1:
        return layouts.pop()
    return "auto" if "auto" in layouts else "beside"
