"""How an export is laid out: its text in, delimiter, header row and columns out, with reasons.

The header row is the one whose words stand for most ideas, wherever title lines push it; what a
header leaves open is decided by what stands under it. Whatever a profile states is taken as it
is, and an error says where it does not fit the file.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from qerko_recon.errors import AmountError, PosExportError, shorten
from qerko_recon.money import parse_amount
from qerko_recon.pos.profile import Profile, TipLayout
from qerko_recon.pos.records import HeadRow, name_columns, read_head
from qerko_recon.pos.vocabulary import (
    IDEAS,
    currency_in,
    guess_idea,
    is_yes,
    plain,
    state_meant,
    tender_meant,
)

__all__ = ["Finding", "Layout", "find_layout", "map_columns"]

Confidence = Literal["stated", "high", "medium", "low"]

DELIMITERS: Final = (";", ",", "\t", "|")
DELIMITER_NAMES: Final = {";": "semicolon", ",": "comma", "\t": "tab", "|": "bar"}
_MONEY: Final = ("amount", "total")
_HALF: Final = 0.5
_HIGH: Final = 0.9
_MEDIUM: Final = 0.6
_ENOUGH: Final = 2
_DATE: Final = re.compile(r"\d{1,4}\s*[./-]\s*\d{1,2}\s*[./-]\s*\d{1,4}|\d{8}")
_CLOCK: Final = re.compile(r"\d{1,2}[:.]\d{2}")
_CODE: Final = re.compile(r"[A-Za-z]{3}|[Kk][Čč]\.?|€|[Ff]t|zł|\$|£")
_PAYING: Final = ("qerko", "cash", "card", "voucher", "invoice")


class Finding(NamedTuple):
    """One thing found out about a file: what, how surely, and why."""

    setting: str
    value: str
    confidence: Confidence
    reason: str


@dataclass(frozen=True)
class Layout:
    """Where a file's table begins and what separates its cells."""

    delimiter: str
    header_row: int
    header: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    findings: tuple[Finding, ...]


class Columns(NamedTuple):
    """Which column stands for which idea, by place; what was found and what is to be said."""

    places: Mapping[str, int]
    tip: TipLayout | None
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


class _Candidate(NamedTuple):
    score: float
    has_money: bool
    delimiter: str
    head: HeadRow
    rows: list[HeadRow]


def find_layout(text: str, profile: Profile, name: str) -> Layout:
    """Find the delimiter and the header row.

    Raises
    ------
    PosExportError
        No row looks like a header, or none of its columns has amounts.
    """
    delimiters = (profile.delimiter,) if profile.delimiter else DELIMITERS
    heads = {delimiter: read_head(text, delimiter) for delimiter in delimiters}
    found = [
        candidate
        for delimiter, rows in heads.items()
        for candidate in _candidates(delimiter, rows, profile)
    ]
    if not found:
        raise _no_header(heads, profile, name)
    best = max(found, key=lambda one: (one.has_money, one.score, -one.head.row))
    header = name_columns(best.head.cells)
    if not best.has_money:
        raise _no_amounts(header, best.head.row, name)
    width = len(best.head.cells)
    sample = tuple(
        tuple(cell.strip() for cell in row.cells)
        for row in best.rows
        if row.row > best.head.row and len(row.cells) == width and row.cells != best.head.cells
    )
    return Layout(best.delimiter, best.head.row, header, sample, _explain(best, profile))


def _candidates(delimiter: str, rows: list[HeadRow], profile: Profile) -> list[_Candidate]:
    declared = {plain(header) for header in profile.columns.values() if header}
    declared_money = {
        plain(header) for idea in _MONEY if (header := profile.columns.get(idea)) is not None
    }
    found: list[_Candidate] = []
    for place, head in enumerate(rows):
        if profile.header_row is not None and head.row != profile.header_row:
            continue
        if any(head.cells == earlier.head.cells for earlier in found):
            continue  # the header again, as on every printed page
        words = {plain(cell) for cell in head.cells}
        guesses = [guess for cell in head.cells if (guess := guess_idea(cell)) is not None]
        best: dict[str, float] = {}
        for guess in guesses:
            best[guess.idea] = max(best.get(guess.idea, 0.0), guess.score)
        score = sum(best.values()) + 2 * len(words & declared)
        has_money = any(idea in best for idea in _MONEY) or bool(words & declared_money)
        if profile.header_row is None and score < (_HALF if has_money else 1.5):
            continue
        score *= _fit_below(head, rows[place + 1 :]) * _like_header(head.cells)
        found.append(_Candidate(score, has_money, delimiter, head, rows))
    return found


def _fit_below(head: HeadRow, below: Sequence[HeadRow]) -> float:
    """Prefer a header whose width is that of the rows under it."""
    near = below[:40]
    if not near:
        return 1.0
    same = sum(len(row.cells) == len(head.cells) for row in near)
    return _HALF + _HALF * same / len(near)


def _like_header(cells: Sequence[str]) -> float:
    """Tell rows of words from rows of figures."""
    filled = [cell for cell in cells if cell.strip()]
    figures = sum(_is_amount(cell) or bool(_DATE.search(cell)) for cell in filled)
    return 1.0 if not figures else 0.2


def _no_header(heads: Mapping[str, list[HeadRow]], profile: Profile, name: str) -> PosExportError:
    first = next((rows[0] for rows in heads.values() if rows), HeadRow(1, [""]))
    shown = shorten(" | ".join(cell.strip() for cell in first.cells))
    if profile.header_row is not None:
        msg = (
            f"{name}, row {profile.header_row}: no column names stand there, though the profile's "
            "header_row says so; correct it or leave it out"
        )
        return PosExportError(msg, file=name, row=profile.header_row)
    msg = (
        f"{name}: no row with column names was found among its first lines; looked for words such "
        "as Částka, Suma, Betrag, Amount (amount), ID platby, Zahlungs-ID, Payment ID (payment), "
        f"Číslo účtu, Beleg, Bill (bill). Row {first.row} reads {shown!r}. Name the columns in a "
        "profile (columns.amount = …) or export with a header"
    )
    return PosExportError(msg, file=name, row=first.row, value=shown)


def _no_amounts(header: Sequence[str], row: int, name: str) -> PosExportError:
    msg = (
        f"{name}, row {row}: no column holds amounts; the columns are "
        f"{_listed(header)}. Name it in a profile: columns.amount = …"
    )
    return PosExportError(msg, file=name, row=row, column="amount")


def _explain(best: _Candidate, profile: Profile) -> tuple[Finding, ...]:
    delimiter = DELIMITER_NAMES.get(best.delimiter, repr(best.delimiter))
    fit = _fit_below(best.head, [row for row in best.rows if row.row > best.head.row])
    return (
        Finding(
            "delimiter",
            delimiter,
            "stated" if profile.delimiter else "high" if fit >= _HIGH else "medium",
            "the profile says so"
            if profile.delimiter
            else f"gives rows of {len(best.head.cells)} cells under the header",
        ),
        Finding(
            "header_row",
            str(best.head.row),
            "stated" if profile.header_row else "high" if best.score >= _ENOUGH else "medium",
            "the profile says so" if profile.header_row else "its words stand for the most ideas",
        ),
    )


def map_columns(
    header: Sequence[str], sample: Sequence[Sequence[str]], profile: Profile, name: str, row: int
) -> Columns:
    """Decide what each column stands for.

    Raises
    ------
    PosExportError
        A declared column is not in the header, an idea's header stands there twice, or no column
        holds amounts.
    """
    mapper = _Mapper(header, sample, name, row)
    mapper.declare(profile)
    mapper.guess(profile)
    mapper.settle()
    if not any(idea in mapper.places for idea in _MONEY):
        raise _no_amounts(header, row, name)
    return Columns(mapper.places, mapper.tip, tuple(mapper.findings), tuple(mapper.notes))


class _Option(NamedTuple):
    idea: str
    score: float
    place: int
    tip: TipLayout | None
    why: str


class _Mapper:
    """Columns being mapped."""

    def __init__(
        self, header: Sequence[str], sample: Sequence[Sequence[str]], name: str, row: int
    ) -> None:
        self._header = header
        self._cells = [
            [cells[place] for cells in sample if place < len(cells) and cells[place]]
            for place in range(len(header))
        ]
        self._name, self._row = name, row
        self.places: dict[str, int] = {}
        self.tip: TipLayout | None = None
        self.findings: list[Finding] = []
        self.notes: list[str] = []

    def declare(self, profile: Profile) -> None:
        """Take what the profile states."""
        for idea, wanted in profile.columns.items():
            if wanted is None:
                continue
            place = self._find(wanted)
            if place is None:
                raise self._missing(idea, wanted)
            self.places[idea] = place
            self.findings.append(
                Finding(idea, self._header[place], "stated", "the profile says so")
            )

    def _find(self, wanted: str) -> int | None:
        for same in (str.strip, plain):
            for place, header in enumerate(self._header):
                if same(header) == same(wanted):
                    return place
        return None

    def _missing(self, idea: str, wanted: str) -> PosExportError:
        near = difflib.get_close_matches(wanted, self._header, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "correct the profile."
        msg = (
            f"{self._name}, row {self._row}: there is no column {shorten(wanted)!r}, which the "
            f"profile names for {idea}; {hint} The columns are {_listed(self._header)}"
        )
        return PosExportError(msg, file=self._name, row=self._row, column=wanted)

    def guess(self, profile: Profile) -> None:
        """Find what is not stated."""
        taken = set(self.places.values())
        options = [
            option
            for place, header in enumerate(self._header)
            if place not in taken and (option := self._option(place, header)) is not None
        ]
        options.sort(key=lambda one: (-one.score, one.place))
        for option in options:
            if option.idea in profile.columns:
                continue
            if option.idea in self.places:
                self._note_second(option)
                continue
            self.places[option.idea] = option.place
            self.tip = self.tip or option.tip
            sure: Confidence = (
                "high" if option.score >= _HIGH else "medium" if option.score >= _MEDIUM else "low"
            )
            self.findings.append(
                Finding(option.idea, self._header[option.place], sure, option.why)
            )

    def _option(self, place: int, header: str) -> _Option | None:
        guess = guess_idea(re.sub(r" \(\d+\)$", "", header))
        if guess is None:
            return None
        cells = self._cells[place]
        idea, why = guess.idea, "its header says so"
        if (told := self._retold(idea, cells)) is not None:
            idea, why = told, "what stands under it says so"
        fit = _share(cells, _FITS[idea]) if idea in _FITS else 1.0
        if fit < _HALF and idea in {*_MONEY, "tip"} and guess.score >= _HIGH:
            # Figures that cannot be read are still the amounts their header promises.
            fit = max(fit, _HALF) if _share(cells, _has_digit) >= _HALF else fit
        if fit < _HALF:
            return None
        bonus = 0.05 if idea == "tender_type" and any("qerko" in plain(c) for c in cells) else 0.0
        return _Option(idea, guess.score * fit + bonus, place, guess.tip, why)

    @staticmethod
    def _retold(idea: str, cells: Sequence[str]) -> str | None:
        """Let the content correct a header of several meanings."""
        if not cells:
            return None
        paying = _share(cells, lambda cell: tender_meant(cell) in _PAYING)
        if idea in {"payment_id", "line_type"} and paying >= _HALF:
            return "tender_type"
        if idea == "paid_time" and _share(cells, _is_date) >= _HALF:
            return "paid_at"
        if idea == "is_cancelled" and _share(cells, lambda c: state_meant(c) == "paid") > 0:
            return "state"
        return None

    def _note_second(self, option: _Option) -> None:
        first, second = self.places[option.idea], option.place
        same = plain(self._header[first]) == plain(re.sub(r" \(\d+\)$", "", self._header[second]))
        if same and self._cells[first] != self._cells[second]:
            header = self._header[first]
            msg = (
                f"{self._name}, row {self._row}: two columns are named {header!r} (columns "
                f"{first + 1} and {second + 1}) and hold different values; rename one, or name "
                f"the right one in a profile as {header!r} or {self._header[second]!r}"
            )
            raise PosExportError(msg, file=self._name, row=self._row, column=header)
        if option.idea in {*_MONEY, "tip", "payment_id", "bill_id", "tender_type", "state"}:
            self.notes.append(
                f"column {self._header[second]!r} could be {option.idea} too; "
                f"{self._header[first]!r} was taken"
            )

    def settle(self) -> None:
        """Give a lone column of totals its place as the amount; give lone times theirs."""
        if "amount" not in self.places and "total" in self.places and self.tip != "inside":
            stated = any(
                finding.setting == "total" and finding.confidence == "stated"
                for finding in self.findings
            )
            if not stated:
                self.places["amount"] = self.places.pop("total")
                self.findings = [
                    finding._replace(setting="amount") if finding.setting == "total" else finding
                    for finding in self.findings
                ]
        if "paid_at" not in self.places and "paid_time" in self.places:
            del self.places["paid_time"]
            self.findings = [one for one in self.findings if one.setting != "paid_time"]
        order = {idea: rank for rank, idea in enumerate(IDEAS)}
        self.places = dict(sorted(self.places.items(), key=lambda one: order[one[0]]))
        self.findings.sort(key=lambda one: order[one.setting])


def _share(cells: Sequence[str], fits: Callable[[str], bool]) -> float:
    """Give the share of cells that fit; an empty column tells nothing."""
    return sum(map(fits, cells)) / len(cells) if cells else 1.0


def _is_amount(cell: str) -> bool:
    if cell.count(".") > 1 and _DATE.fullmatch(cell.strip()):
        return False
    try:
        parse_amount(cell)
    except AmountError:
        return False
    return True


def _is_date(cell: str) -> bool:
    return bool(_DATE.search(cell))


def _has_digit(cell: str) -> bool:
    return any(character.isdigit() for character in cell)


def _looks_like_id(cell: str) -> bool:
    return _has_digit(cell) and not _is_date_only(cell)


def _is_date_only(cell: str) -> bool:
    return bool(_DATE.match(cell)) and not cell.isdigit()


_FITS: Final[dict[str, Callable[[str], bool]]] = {
    "amount": _is_amount,
    "total": _is_amount,
    "tip": _is_amount,
    "paid_at": _is_date,
    "paid_time": lambda cell: bool(_CLOCK.search(cell)),
    "currency": lambda cell: bool(_CODE.fullmatch(cell)) or currency_in(cell) is not None,
    "payment_id": _looks_like_id,
    "is_cancelled": lambda cell: (
        is_yes(cell) or plain(cell) in {"ne", "nie", "nein", "no", "0", "false", "n", "nem", ""}
    ),
}
"""What has to stand under a header for it to mean an idea."""


def _listed(header: Sequence[str]) -> str:
    return shorten(", ".join(cell or "(no name)" for cell in header), limit=300)
