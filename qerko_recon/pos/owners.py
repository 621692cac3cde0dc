"""Which lines of an export are Qerko's, and which are of other tenders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.errors import PosExportError, shorten
from qerko_recon.ids import shape_of
from qerko_recon.pos.tags import Tags

__all__ = ["Marks", "Ownership", "tell_owners"]

Mask = npt.NDArray[np.bool_]

_OTHERS: Final = ("cash", "card", "voucher", "invoice")
_ATTACHED: Final = ("tip", "storno")
_FEW: Final = 3
_OWN_IDS: Final = (
    "cash has IDs of the same kind as Qerko's lines, so they are the till's own and lines are "
    "matched by bill and amount: state columns.payment_id in a profile if they are Qerko's"
)


@dataclass(frozen=True, eq=False)
class Marks:
    """What of one file tells whose its lines are; a row a value.

    Attributes
    ----------
    has_id
        Whether the line has a payment ID.
    is_named
        Whether its tender or provider names Qerko.
    kinds
        How it was paid; ``None`` where the word is not known.
    words, bills
        The POS's word for the tender, and the bill.
    can_tell
        Whether the file has a column of tenders, providers or payment IDs at all.
    has_id_column
        Whether it has one of payment IDs.
    ids
        The payment IDs.
    ids_stated
        Whether a profile says that they are Qerko's.
    """

    file: str
    has_id: Mask
    is_named: Mask
    kinds: Tags
    words: pa.Array
    bills: pa.Array
    can_tell: bool
    has_id_column: bool
    ids: pa.Array
    ids_stated: bool


@dataclass(frozen=True, eq=False)
class Ownership:
    """Which lines are Qerko's, file by file, and what had to be assumed.

    ``has_own_ids`` tells the files whose IDs of payments are the till's own, not Qerko's.
    """

    masks: tuple[Mask, ...]
    notes: tuple[tuple[str, ...], ...]
    has_own_ids: tuple[bool, ...]


def tell_owners(files: Sequence[Marks]) -> Ownership:
    """Decide over all files which lines are Qerko's.

    Raises
    ------
    PosExportError
        The lines have tenders, and none of them can be Qerko's.
    """
    named = [_named(marks) for marks in files]
    any_named = any(mask.any() for mask, _ in named)
    masks, notes = [], []
    for marks, (explicit, note) in zip(files, named, strict=True):
        mask, own = explicit, list(note)
        if not marks.can_tell:
            mask = np.ones(len(mask), dtype=bool)
            if len(mask):
                own.append(
                    "no column tells whose the lines are, so every line is taken as Qerko's"
                )
        elif any_named:
            mask = mask | _attached(marks, mask)
        else:
            mask = ~marks.kinds.are(*_OTHERS)
            mask &= ~_beside_others(marks, mask)
            own += _unnamed(marks, mask)
        masks.append(mask)
        notes.append(tuple(own))
    if not any(mask.any() for mask in masks):
        _refuse_none(files)
    foreign = tuple(map(_has_own_ids, files))
    for place, is_foreign in enumerate(foreign):
        if is_foreign:
            notes[place] = (*notes[place], _OWN_IDS)
    return Ownership(tuple(masks), tuple(notes), foreign)


def _has_own_ids(marks: Marks) -> bool:
    """Tell IDs that every tender has, and that look alike whoever is paid: the till's own."""
    if marks.ids_stated or not _is_for_all(marks):
        return False
    own, cash = (
        set(map(_look, marks.ids.filter(pa.array(mask & marks.has_id)).drop_null().to_pylist()))
        for mask in (marks.is_named, marks.kinds.are("cash"))
    )
    return bool(own) and own <= cash


def _look(text: str) -> tuple[str, int]:
    return shape_of(text), len(text)


def _is_for_all(marks: Marks) -> bool:
    """Tell whether cash has IDs too, where lines name Qerko."""
    cash = marks.kinds.are("cash")
    return (
        bool(marks.is_named.any())
        and int(cash.sum()) >= _FEW
        and 2 * int((marks.has_id & cash).sum()) > int(cash.sum())
    )


def _named(marks: Marks) -> tuple[Mask, tuple[str, ...]]:
    """Find lines that name Qerko or have a payment ID, where IDs are Qerko's alone."""
    if _is_for_all(marks):
        note = "lines paid in cash have IDs too, so only lines that name Qerko are taken"
        return marks.is_named, (note,)
    return marks.has_id | marks.is_named, ()


def _attached(marks: Marks, mask: Mask) -> Mask:
    """Find tips and cancellations on lines of their own that belong to a bill of Qerko's."""
    found = marks.kinds.are(*_ATTACHED) & ~mask
    return found & _among(marks.bills, mask) if found.any() else found


def _beside_others(marks: Marks, mask: Mask) -> Mask:
    """Find tips and cancellations whose bill was paid by other tenders alone."""
    found = marks.kinds.are(*_ATTACHED)
    if not found.any():
        return found
    return found & _among(marks.bills, ~mask) & ~_among(marks.bills, mask & ~found)


def _among(bills: pa.Array, mask: Mask) -> Mask:
    """Tell the rows whose bill is that of one of some rows."""
    some = pc.unique(bills.filter(pa.array(mask)).drop_null())
    held = pc.and_(pc.is_valid(bills), pc.is_in(bills, value_set=some))
    return np.asarray(held.to_numpy(zero_copy_only=False))


def _unnamed(marks: Marks, mask: Mask) -> list[str]:
    words = _counted(marks.words.filter(pa.array(mask)))
    if not words:
        return []
    note = (
        f"no line names Qerko; those of tenders not known otherwise are taken ({_listed(words)}): "
        "name Qerko's in a profile (qerko_tenders)"
    )
    return [note]


def _counted(words: pa.Array) -> Counter[str | None]:
    return Counter({one["values"]: one["counts"] for one in pc.value_counts(words).to_pylist()})


def _refuse_none(files: Sequence[Marks]) -> None:
    """Refuse an export of other tenders alone, unless its empty ID column says it is one."""
    words = sum((_counted(marks.words) for marks in files), Counter())
    if not words or all(marks.has_id_column for marks in files):
        return
    name = files[0].file if len(files) == 1 else f"{files[0].file} and {len(files) - 1} more"
    msg = (
        f"{name}: no line is Qerko's; the tenders are {_listed(words)}. If one of them is Qerko, "
        'say so in a profile: qerko_tenders = ["…"]'
    )
    raise PosExportError(msg, file=files[0].file, column="tender_type")


def _listed(words: Counter[str | None]) -> str:
    shown = [f"{shorten(word or '(empty)', 40)} {count}×" for word, count in words.most_common(8)]
    rest = len(words) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")
