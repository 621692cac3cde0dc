"""What a table's columns stand for: header and first rows in, ideas by place out, with reasons.

What a header leaves open is decided by what stands under it. Whatever a profile states is taken
as it is, and an error says where it does not fit the file.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from qerko_recon.errors import PosExportError, shorten
from qerko_recon.pos.findings import Confidence, Finding, NoTable, at_row, listed, no_amounts
from qerko_recon.pos.fits import (
    FITS,
    FOUND_BY,
    PAYING,
    has_digit,
    is_amount,
    is_clock,
    is_date,
    is_date_only,
    is_tender,
    label_of,
    looks_like_id,
    share,
)
from qerko_recon.pos.profile import Profile, TipLayout
from qerko_recon.pos.vocabulary import (
    IDEAS,
    Guess,
    guess_idea,
    plain,
    says_id,
    state_meant,
    tender_meant,
    totals_label,
)

__all__ = ["Columns", "map_columns"]

_MONEY: Final = ("amount", "total")
_HALF: Final = 0.5
_HIGH: Final = 0.9
_MEDIUM: Final = 0.6
_DOTTED: Final = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+")
_PART: Final = 0.8
_ENOUGH: Final = 2
_MOST: Final = 0.9


class Columns(NamedTuple):
    """Which column stands for which idea, by place; what was found and what is to be said.

    ``added`` has the places of more columns whose amounts belong to an idea too. A table
    ``is_wide`` if its amounts are one column of several, each of another tender.
    """

    places: Mapping[str, int]
    added: Mapping[str, tuple[int, ...]]
    is_wide: bool
    tip: TipLayout | None
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def every(self) -> dict[str, tuple[int, ...]]:
        """All the places of each idea."""
        return {idea: (place, *self.added.get(idea, ())) for idea, place in self.places.items()}


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
        raise no_amounts(header, row, name)
    return Columns(
        mapper.places,
        mapper.added,
        mapper.is_wide,
        mapper.tip,
        tuple(mapper.findings),
        tuple(mapper.notes),
    )


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
        telling = [cells for cells in sample if not _is_aside(cells, header)] or sample
        self._cells = [
            [cells[place] for cells in telling if place < len(cells) and cells[place]]
            for place in range(len(header))
        ]
        self._name, self._row, self._sample = name, row, sample
        self._closed: set[str] = set()
        self._beside: set[int] = set()
        self.places: dict[str, int] = {}
        self.added: dict[str, tuple[int, ...]] = {}
        self.is_wide = False
        self.tip: TipLayout | None = None
        self.findings: list[Finding] = []
        self.notes: list[str] = []

    def declare(self, profile: Profile) -> None:
        """Take what the profile states."""
        for idea in profile.columns:
            options = profile.headers_of(idea)
            found = next(filter(None, (self._find_all(idea, one) for one in options)), None)
            if found is not None:
                self.places[idea], *more = found
                if more:
                    self.added[idea] = tuple(more)
                self.findings.append(
                    Finding(idea, self._named(found), "stated", "the profile says so")
                )
            elif options and not profile.leaves_open(idea):
                raise self._missing(idea, options)

    def _find_all(self, idea: str, wanted: str) -> list[int] | None:
        """Find a header, or the columns of amounts that are to be added."""
        place = self._find(wanted)
        if place is not None:
            return [place]
        parts = wanted.split(" + ") if idea in {*_MONEY, "tip"} else []
        places = [found for one in parts if (found := self._find(one)) is not None]
        return places if len(parts) > 1 and len(places) == len(parts) else None

    def _find(self, wanted: str) -> int | None:
        for same in (str.strip, plain):
            for place, header in enumerate(self._header):
                if same(header) == same(wanted) != "":
                    return place
        return None

    def _named(self, places: Sequence[int]) -> str:
        return " + ".join(self._header[place] for place in places)

    def _missing(self, idea: str, options: Sequence[str]) -> NoTable:
        wanted = options[0]
        near = difflib.get_close_matches(wanted, self._header, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "correct the profile."
        msg = (
            f"{at_row(self._name, self._row)}: there is no column "
            f"{' or '.join(repr(shorten(one)) for one in options)}, which the "
            f"profile names for {idea}; {hint} The columns are {listed(self._header)}"
        )
        short = f"it has no column {shorten(wanted)!r}, which the profile names"
        return NoTable(msg, short, file=self._name, row=self._row, column=wanted)

    def guess(self, profile: Profile) -> None:
        """Find what is not stated."""
        self._closed = {idea for idea in IDEAS if not profile.leaves_open(idea)}
        self._beside = self._apart()
        taken = self._taken() | self._beside
        options = [
            option
            for place, header in enumerate(self._header)
            if place not in taken and (option := self._option(place, header)) is not None
        ]
        options.sort(key=lambda one: (-one.score, one.place))
        for option in options:
            if not profile.leaves_open(option.idea):
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

    def _apart(self) -> set[int]:
        """Find the columns of another table beside this one, behind a column of nothing."""
        blocks: list[list[int]] = [[]]
        for place, header in enumerate(self._header):
            if header or self._cells[place]:
                blocks[-1].append(place)
            elif blocks[-1]:
                blocks.append([])
        blocks = [block for block in blocks if block]
        if len(blocks) < 2:  # noqa: PLR2004 - nothing stands apart
            return set()
        main = max(blocks, key=lambda block: (self._says(block), -block[0]))
        others = [
            block
            for block in blocks
            if block is not main and (self._has_money(block) or not self._is_as_long(block, main))
        ]
        if others:
            names = ", ".join(repr(self._header[block[0]]) for block in others)
            self.notes.append(
                f"columns from {names} on stand apart behind an empty one, and are not read"
            )
        return {place for block in others for place in block}

    def _says(self, block: Sequence[int]) -> int:
        guesses = (_guess(self._header[place]) for place in block)
        return len({guess.idea for guess in guesses if guess is not None})

    def _has_money(self, block: Sequence[int]) -> bool:
        headers = [self._header[place] for place in block]
        guesses = map(_guess, headers)
        return any(totals_label(header) is not None for header in headers) or any(
            guess is not None and guess.idea in _MONEY for guess in guesses
        )

    def _is_as_long(self, block: Sequence[int], main: Sequence[int]) -> bool:
        longest = [max(len(self._cells[place]) for place in some) for some in (block, main)]
        return longest[0] == longest[1]

    def _option(self, place: int, header: str) -> _Option | None:
        guess = _guess(re.sub(r" \(\d+\)$", "", header))
        if guess is None:
            return None
        cells = self._cells[place]
        idea, why = guess.idea, "its header says so"
        if (told := self._retold(idea, cells)) is not None:
            idea, why = told, "what stands under it says so"
        fit = share(cells, FITS[idea]) if idea in FITS else 1.0
        if fit < _HALF and idea in {*_MONEY, "tip"} and guess.score >= _HIGH:
            # Figures that cannot be read are still the amounts their header promises.
            fit = max(fit, _HALF) if share(cells, has_digit) >= _HALF else fit
        if fit < _HALF:
            return None
        bonus = 0.05 if idea == "tender_type" and any("qerko" in plain(c) for c in cells) else 0.0
        return _Option(idea, guess.score * fit + bonus, place, guess.tip, why)

    @staticmethod
    def _retold(idea: str, cells: Sequence[str]) -> str | None:
        """Let the content correct a header of several meanings."""
        if not cells:
            return None
        told: str | None = None
        if idea in {"payment_id", "line_type"}:
            paying = share(cells, is_tender)
            # Numbers of payment methods are no payments, and Qerko's is among them.
            is_method = any(is_tender(cell) and tender_meant(cell) == "qerko" for cell in cells)
            told = "tender_type" if paying >= _HALF or is_method else None
        elif idea in {*_MONEY, "tip"}:
            # "Uhrazeno" may be how much was paid, or when.
            is_dated = share(cells, is_date_only) >= _MOST and share(cells, is_amount) < _HALF
            told = "paid_at" if is_dated else None
        elif idea == "paid_time":
            told = "paid_at" if share(cells, is_date) >= _HALF else None
        elif idea == "paid_at":
            told = "paid_time" if share(cells, is_clock) == 1 else None
        elif idea == "is_cancelled":
            told = "state" if share(cells, lambda c: state_meant(c) == "paid") > 0 else None
        return told

    def _note_second(self, option: _Option) -> None:
        first, second = self.places[option.idea], option.place
        same = plain(self._header[first]) == plain(re.sub(r" \(\d+\)$", "", self._header[second]))
        if same and self._cells[first] != self._cells[second]:
            header = self._header[first]
            msg = (
                f"{at_row(self._name, self._row)}: two columns are named {header!r} (columns "
                f"{first + 1} and {second + 1}) and hold different values; rename one, or name "
                f"the right one in a profile as {header!r} or {self._header[second]!r}"
            )
            raise PosExportError(msg, file=self._name, row=self._row, column=header)
        if "qerko" in plain(self._header[first]) and "qerko" not in plain(self._header[second]):
            return
        if option.idea in {*_MONEY, "tip", "payment_id", "bill_id", "tender_type", "state"}:
            self.notes.append(
                f"column {self._header[second]!r} could be {option.idea} too; "
                f"{self._header[first]!r} was taken"
            )

    def settle(self) -> None:
        """Give a lone column of totals its place as the amount; give lone times theirs."""
        self._narrow()
        is_lone = "amount" not in self.places and "total" in self.places
        if is_lone and self.tip != "inside" and "total" not in self._stated():
            self.places["amount"] = self.places.pop("total")
            self.findings = [
                finding._replace(setting="amount") if finding.setting == "total" else finding
                for finding in self.findings
            ]
        if "paid_at" not in self.places and "paid_time" in self.places:
            self._drop("paid_time")
        self._look_under()
        order = {idea: rank for rank, idea in enumerate(IDEAS)}
        self.places = dict(sorted(self.places.items(), key=lambda one: order[one[0]]))
        self.findings.sort(key=lambda one: order[one.setting])

    def _look_under(self) -> None:
        """Find tenders and times by what stands in columns whose headers say nothing known."""
        closed = self._taken() | self._beside
        left = [place for place in range(len(self._header)) if place not in closed]
        for idea, fits in FOUND_BY.items():
            if idea in self.places or idea in self._closed:
                continue
            for place in left:
                cells = self._cells[place]
                if len(cells) >= _ENOUGH and share(cells, fits) >= _MOST:
                    self.places[idea] = place
                    why = "what stands under it says so"
                    self.findings.append(Finding(idea, self._header[place], "low", why))
                    left.remove(place)
                    break
        if "payment_id" not in self.places and "payment_id" not in self._closed:
            self._hint_at_ids(left)

    def _hint_at_ids(self, left: Sequence[int]) -> None:
        """Say which column may have Qerko's payment IDs.

        One that its lines alone have filled; or, where all lines are its, one that is called an
        ID and has another in each line.
        """
        if "tender_type" not in self.places:
            return
        own = [tender_meant(word) == "qerko" for word in self._column("tender_type")]
        if not any(own):
            return
        for place in left:
            cells, name = self._whole(place), self._header[place]
            ids = [cell for cell in cells if cell]
            is_one_each = [bool(cell) for cell in cells] == own and len(set(ids)) == len(ids)
            if not is_one_each or not all(map(looks_like_id, ids)):
                continue
            if not all(own):
                why = "is filled on Qerko's lines alone"
            elif says_id(name) and len(ids) >= _ENOUGH:
                why = "is called an ID and has another in each line"
            else:
                continue
            self.notes.append(
                f"column {name!r} {why}, so it may have the payment IDs: state columns.payment_id "
                "in a profile if it does"
            )

    def _column(self, idea: str) -> list[str]:
        return self._whole(self.places[idea])

    def _whole(self, place: int) -> list[str]:
        return [cells[place] for cells in self._sample if place < len(cells)]

    def _taken(self) -> set[int]:
        return {*self.places.values(), *(one for more in self.added.values() for one in more)}

    def _narrow(self) -> None:
        """Keep to Qerko's columns where each tender has its own: the others are not its money."""
        money = [idea for idea in (*_MONEY, "tip") if idea in self.places]
        own = [idea for idea in money if self._is_qerkos(idea)]
        names_lines = {"payment_id", "tender_type", "provider"} & self.places.keys()
        self.is_wide = bool({"amount", "total"} & set(own)) and not names_lines
        if not self.is_wide or not any(map(_is_another_tender, self._header)):
            return
        for idea in money:
            if idea not in own and idea not in self._stated():
                header = self._header[self.places[idea]]
                self._drop(idea)
                self.notes.append(
                    f"column {header!r} does not say whether it is of Qerko alone, so it is not "
                    f"read: state columns.{idea} in a profile if it is"
                )

    def _is_qerkos(self, idea: str) -> bool:
        return "qerko" in plain(self._header[self.places[idea]]).split()

    def _stated(self) -> set[str]:
        return {one.setting for one in self.findings if one.confidence == "stated"}

    def _drop(self, idea: str) -> None:
        del self.places[idea]
        self.findings = [one for one in self.findings if one.setting != idea]


def _is_aside(cells: Sequence[str], header: Sequence[str]) -> bool:
    """Tell rows of totals, of one cell, and headers that stand again: they tell nothing."""
    filled = [cell for cell in cells if cell]
    if len(filled) < _ENOUGH or totals_label(label_of(cells)) is not None:
        return True
    return all(cell in {"", name} for cell, name in zip(cells, header, strict=False))


def _is_another_tender(header: str) -> bool:
    """Tell columns such as cash or turnover, which a table of several tenders has."""
    guess = guess_idea(header)
    is_money = guess is not None and guess.idea in _MONEY and "qerko" not in plain(header)
    return is_money or tender_meant(header) in PAYING[1:]


def _guess(header: str) -> Guess | None:
    """Tell what a header stands for; of ``amount.currency`` the last part may tell better."""
    guess = guess_idea(header)
    if _DOTTED.fullmatch(header) and (guess is None or guess.score < _HIGH):
        last = guess_idea(header.rpartition(".")[2])
        if last is not None and last.score >= _HIGH:
            return last._replace(score=last.score * _PART)
    return guess
