"""Sheets of a workbook or files of an archive in, those with the payment lines out.

A workbook has covers, notes, pivots and overviews beside its lines; reading these too would
count money twice. What is set aside is named, with the reason, and a profile can name what is
meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

from qerko_recon.errors import PosExportError, shorten
from qerko_recon.pos.columns import Columns
from qerko_recon.pos.fits import is_amount
from qerko_recon.pos.profile import Profile
from qerko_recon.pos.records import Records
from qerko_recon.pos.vocabulary import plain

__all__ = ["Attempt", "Picked", "is_named", "pick", "wanted"]

_PIVOT: Final = re.compile(
    r"^(?:soucet z|pocet z|prumer z|sucet z|sum of|count of|average of|summe von|anzahl von|"
    r"popisky radku|popisky sloupcu|oznaceni radku|menovky riadkov|oznacenia riadkov|row labels|"
    r"column labels|zeilenbeschriftungen|celkovy soucet|celkovy sucet|gesamtergebnis|"
    r"sum |total result)"
)
_LISTED: Final = 8


class Pickable(Protocol):
    """What of a table tells whether it has the payment lines."""

    @property
    def columns(self) -> Columns: ...
    @property
    def records(self) -> Records: ...


_Table = TypeVar("_Table", bound=Pickable)


@dataclass(frozen=True)
class Attempt(Generic[_Table]):
    """What came of reading one sheet or member: its tables, or why there are none."""

    title: str
    tables: list[_Table]
    why: str = ""
    is_hidden: bool = False


class Picked(NamedTuple):
    """The tables to be read, and what is to be said of the others."""

    tables: list[Any]
    notes: tuple[str, ...]


def wanted(titles: Sequence[str], profile: Profile, name: str, what: str) -> list[str]:
    """Give the sheets that a profile names, or all where it names none.

    Raises
    ------
    PosExportError
        One that it names is not there.
    """
    if not profile.sheets:
        return list(titles)
    found: list[str] = []
    for pattern in profile.sheets:
        fits = [one for one in titles if is_named(one, pattern)]
        if not fits:
            msg = (
                f"{name}: there is no {what} {shorten(pattern)!r}, which the profile names; the "
                f"{what}s are {_listed(titles)}"
            )
            raise PosExportError(msg, file=name)
        found += [one for one in fits if one not in found]
    return found


def is_named(title: str, pattern: str) -> bool:
    """Tell whether a sheet or file is the one of a name or a pattern, in whatever folder.

    >>> is_named("Export/Transactions.csv", "transactions.csv"), is_named("Den 2", "den *")
    (True, True)
    """
    names = (title, title.rpartition("/")[2])
    return any(
        plain(one) == plain(pattern) or fnmatchcase(one.casefold(), pattern.casefold())
        for one in names
    )


def pick(attempts: Sequence[Attempt[_Table]], name: str, what: str, *, is_stated: bool) -> Picked:
    """Choose what has the payment lines.

    Parameters
    ----------
    attempts
        In the order of the file.
    what
        ``sheet`` or ``file``, for messages.
    is_stated
        Whether a profile has named them: then all are read.

    Raises
    ------
    PosExportError
        None has any.
    """
    aside: dict[str, str] = {}
    good: list[Attempt[_Table]] = []
    for one in attempts:
        why = "" if is_stated and one.tables else _doubt(one)
        if why:
            aside[one.title] = why
        else:
            good.append(one)
    if not is_stated:
        good = _visible(good, aside)
        good = _telling(good, aside)
        good = _without_copies(good, aside, what)
    if not good:
        raise _nothing(aside, name, what)
    return Picked([table for one in good for table in one.tables], _notes(aside, name, what))


def _doubt(attempt: Attempt[_Table]) -> str:
    """Say why something is no table of payment lines; nothing where it may be one."""
    if not attempt.tables:
        return attempt.why
    for table in attempt.tables:
        header = table.records.header
        if any(_PIVOT.match(plain(cell)) for cell in header):
            return "it is a pivot table, which only sums up"
        if any(is_amount(cell) for cell in header if cell):
            return "figures stand where its column names would be"
        if len(table.columns.places) < 2 and not _names_qerko(table):  # noqa: PLR2004
            return "it has amounts and nothing that says of what"
    return ""


def _names_qerko(table: Pickable) -> bool:
    header = table.records.header
    return any("qerko" in plain(header[place]) for place in table.columns.places.values())


def _visible(good: list[Attempt[_Table]], aside: dict[str, str]) -> list[Attempt[_Table]]:
    seen = [one for one in good if not one.is_hidden]
    if not seen:
        return good
    aside.update({one.title: "it is hidden" for one in good if one.is_hidden})
    return seen


def _telling(good: list[Attempt[_Table]], aside: dict[str, str]) -> list[Attempt[_Table]]:
    """Keep what says most of payments, and all that has the same columns."""
    if not good:
        return good
    best = max(_says(one) for one in good)
    headers = {_headers(one) for one in good if _says(one) == best}
    kept = _without_retold([one for one in good if _headers(one) in headers], aside)
    for one in good:
        if _headers(one) not in headers:
            aside[one.title] = f"it says less of payments than {kept[0].title!r}"
    return kept


def _without_retold(kept: list[Attempt[_Table]], aside: dict[str, str]) -> list[Attempt[_Table]]:
    """Of tables with other columns that have the same bills keep the one that says most."""
    ordered = sorted(kept, key=_ideas, reverse=True)
    telling: list[Attempt[_Table]] = []
    for one in ordered:
        first = next((other for other in telling if _retells(one, other)), None)
        if first is None:
            telling.append(one)
        else:
            aside[one.title] = f"it has the same bills as {first.title!r}, and says less of them"
    return [one for one in kept if one in telling]


def _ideas(attempt: Attempt[_Table]) -> int:
    return max(len(table.columns.places) for table in attempt.tables)


def _retells(one: Attempt[_Table], other: Attempt[_Table]) -> bool:
    if _headers(one) == _headers(other):
        return False
    for idea in ("payment_id", "bill_id"):
        own, others = _cells(one, idea), _cells(other, idea)
        if own and others:
            return 2 * len(own & others) > min(len(own), len(others))
    return False


def _cells(attempt: Attempt[_Table], idea: str) -> set[str]:
    return {
        cell
        for table in attempt.tables
        if idea in table.columns.places
        for cell in table.records.columns[table.columns.places[idea]].text.to_pylist()
        if cell
    }


def _says(attempt: Attempt[_Table]) -> tuple[bool, bool, bool]:
    ideas: set[str] = set()
    names = False
    for table in attempt.tables:
        ideas |= table.columns.places.keys()
        names |= _names_qerko(table)
    return (
        "payment_id" in ideas,
        bool(ideas & {"tender_type", "provider"}) or names,
        bool(ideas & {"bill_id", "tender_id"}),
    )


def _headers(attempt: Attempt[_Table]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(map(plain, table.records.header)) for table in attempt.tables)


def _without_copies(
    good: list[Attempt[_Table]], aside: dict[str, str], what: str
) -> list[Attempt[_Table]]:
    kept: list[Attempt[_Table]] = []
    for one in good:
        first = next((other for other in kept if _is_copy(one, other)), None)
        if first is None:
            kept.append(one)
        else:
            aside[one.title] = f"it is a copy of the {what} {first.title!r}"
    return kept


def _is_copy(one: Attempt[_Table], other: Attempt[_Table]) -> bool:
    if _headers(one) != _headers(other):
        return False
    pairs = list(zip(one.tables, other.tables, strict=True))
    return any(len(table.records) for table in one.tables) and all(
        len(table.records) == len(twin.records)
        and all(
            column.is_same(same)
            for column, same in zip(table.records.columns, twin.records.columns, strict=True)
        )
        for table, twin in pairs
    )


def _notes(aside: Mapping[str, str], name: str, what: str) -> tuple[str, ...]:
    return tuple(
        f"{name}: the {what} {title!r} was set aside: {why}; to read it, name it in a profile "
        f"({what_key(what)})"
        for title, why in aside.items()
    )


def what_key(what: str) -> str:
    """Give the setting of a profile that names sheets or files."""
    return "sheets = […]" if what == "sheet" else "sheets = […], which names files of archives too"


def _nothing(aside: Mapping[str, str], name: str, what: str) -> PosExportError:
    shown = "; ".join(f"{title!r}: {why}" for title, why in list(aside.items())[:_LISTED])
    rest = len(aside) - _LISTED
    more = f"; and {rest} more" if rest > 0 else ""
    msg = (
        f"{name}: no {what} has a table of payment lines ({shown}{more}). Name the columns in a "
        "profile (columns.amount = …), or export with a header"
    )
    return PosExportError(msg, file=name)


def _listed(titles: Sequence[str]) -> str:
    return shorten(", ".join(repr(title) for title in titles), limit=300)
