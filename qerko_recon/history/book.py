"""What people did, read from the journal: runs recorded, notes, rulings, days signed off."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final

from qerko_recon.errors import HistoryError
from qerko_recon.history.journal import Entry, moment
from qerko_recon.history.states import Note
from qerko_recon.recon.rulings import Ruling

__all__ = ["Book", "KeptRuling", "Recording", "SignOff", "Undone", "ruling_id_of"]


@dataclass(frozen=True, slots=True)
class Undone:
    """That something was taken back: by whom, when and why."""

    seq: int
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Recording:
    """That a run was recorded; ``is_again`` where the same one was before."""

    seq: int
    at: datetime
    by: str
    run_no: int
    run_id: str
    name: str | None
    is_again: bool


@dataclass(frozen=True, slots=True)
class KeptRuling:
    """A ruling that a history keeps for a venue.

    Attributes
    ----------
    days
        Business days of what it is about, as far as recorded runs know them.
    withdrawn
        By whom and why, where it holds no more.
    """

    ruling_id: str
    venue: str | None
    ruling: Ruling
    days: tuple[date, ...]
    withdrawn: Undone | None = None

    @property
    def is_in_force(self) -> bool:
        """Whether the next run follows it."""
        return self.withdrawn is None


@dataclass(frozen=True, slots=True)
class SignOff:
    """That somebody signed a business day off.

    Attributes
    ----------
    prepared_by
        Who recorded the run that was signed.
    is_same_person
        Whether one person prepared and signed it, which was allowed by name.
    run_id
        The run that was signed.
    open_breaks, open_sums
        How many breaks of the day were open then, and their variance by currency.
    seal
        The journal's last link then; noted elsewhere it proves what the journal held.
    reopened
        By whom and why, where it holds no more.
    """

    venue: str | None
    business_day: date
    by: str
    at: datetime
    account: str
    comment: str
    prepared_by: str
    is_same_person: bool
    run_id: str
    open_breaks: int
    open_sums: Mapping[str, Decimal]
    seq: int
    seal: str
    reopened: Undone | None = None

    @property
    def is_in_force(self) -> bool:
        """Whether the day is signed off now."""
        return self.reopened is None


@dataclass(slots=True)
class Book:
    """The journal's entries, sorted by what they are about."""

    recordings: list[Recording] = field(default_factory=list)
    notes: dict[str, dict[str, list[Note]]] = field(default_factory=lambda: defaultdict(dict))
    rulings: list[KeptRuling] = field(default_factory=list)
    sign_offs: list[SignOff] = field(default_factory=list)

    @classmethod
    def read(cls, entries: Iterable[Entry], until: int | None = None) -> Book:
        """Read entries, all or until one."""
        book = cls()
        for entry in entries:
            if until is not None and entry.seq > until:
                break
            take = _TAKES.get(entry.what)
            if take is None:
                continue  # of a later version
            try:
                take(book, entry)
            except (ArithmeticError, LookupError, TypeError, ValueError) as error:
                raise HistoryError(
                    f"entry {entry.seq} of the journal cannot be read: {error!r}; verify the "
                    "history, and take a copy of it that is whole"
                ) from error
        return book

    def signed(self, venue: str, day: date | None) -> SignOff | None:
        """Give the sign-off of a day that is in force."""
        held = (
            one
            for one in reversed(self.sign_offs)
            if (one.venue or "", one.business_day) == (venue, day)
        )
        last = next(held, None)
        return last if last is not None and last.is_in_force else None

    def in_force(self, venue: str) -> Iterator[KeptRuling]:
        """Give the rulings that the next run of a venue follows."""
        return (one for one in self.rulings if one.is_in_force and (one.venue or "") == venue)

    def _take_run(self, entry: Entry, *, is_again: bool) -> None:
        said = entry.payload
        self.recordings.append(
            Recording(
                seq=entry.seq,
                at=moment(entry.at),
                by=entry.by,
                run_no=int(said["run_no"]),
                run_id=str(said["run_id"]),
                name=said.get("name"),
                is_again=is_again,
            )
        )

    def _take_note(self, entry: Entry) -> None:
        said = entry.payload
        note = Note(
            seq=entry.seq,
            at=entry.at,
            by=entry.by,
            key=str(said["key"]),
            status=said.get("status"),
            text=str(said["text"]),
            variance=Decimal(said["variance"]),
        )
        self.notes[entry.venue].setdefault(note.key, []).append(note)

    def _take_ruling(self, entry: Entry) -> None:
        said = entry.payload
        ruling = Ruling(
            kind=str(said["kind"]),
            payment_ids=tuple(said["payment_ids"]),
            tender_ids=tuple(said["tender_ids"]),
            reason=str(said["reason"]),
            by=said["decided_by"],
            at=moment(said["decided_at"]),
        )
        days = tuple(date.fromisoformat(day) for day in said["days"])
        self.rulings.append(KeptRuling(said["ruling_id"], entry.venue or None, ruling, days))

    def _take_withdrawal(self, entry: Entry) -> None:
        said = entry.payload
        for place, one in enumerate(self.rulings):
            is_it = (one.ruling_id, one.venue or "") == (said["ruling_id"], entry.venue)
            if is_it and one.is_in_force:
                self.rulings[place] = replace(one, withdrawn=_undone(entry))

    def _take_sign_off(self, entry: Entry) -> None:
        said = entry.payload
        self.sign_offs.append(
            SignOff(
                venue=entry.venue or None,
                business_day=date.fromisoformat(said["business_day"]),
                by=entry.by,
                at=moment(entry.at),
                account=entry.account,
                comment=str(said["comment"]),
                prepared_by=str(said["prepared_by"]),
                is_same_person=bool(said["is_same_person"]),
                run_id=str(said["run_id"]),
                open_breaks=int(said["open_breaks"]),
                open_sums={name: Decimal(one) for name, one in said["open_sums"].items()},
                seq=entry.seq,
                seal=entry.chain,
            )
        )

    def _take_reopening(self, entry: Entry) -> None:
        day = date.fromisoformat(entry.payload["business_day"])
        for place, one in enumerate(self.sign_offs):
            if (one.venue or "", one.business_day) == (entry.venue, day) and one.is_in_force:
                self.sign_offs[place] = replace(one, reopened=_undone(entry))


_TAKES: Final[Mapping[str, Callable[[Book, Entry], None]]] = {
    "run_recorded": partial(Book._take_run, is_again=False),  # noqa: SLF001 - the class's own
    "run_again": partial(Book._take_run, is_again=True),  # noqa: SLF001
    "note": Book._take_note,  # noqa: SLF001
    "status": Book._take_note,  # noqa: SLF001
    "ruling": Book._take_ruling,  # noqa: SLF001
    "ruling_withdrawn": Book._take_withdrawal,  # noqa: SLF001
    "signed_off": Book._take_sign_off,  # noqa: SLF001
    "reopened": Book._take_reopening,  # noqa: SLF001
}


def ruling_id_of(venue: str, ruling: Ruling) -> str:
    """Name a ruling by what it decides, so that the same decision has the same name."""
    said: Any = (venue, ruling.kind, *ruling.payment_ids, "\x1e", *ruling.tender_ids)
    return f"RL-{hashlib.sha256(chr(31).join(said).encode()).hexdigest()[:12]}"


def _undone(entry: Entry) -> Undone:
    return Undone(entry.seq, entry.by, moment(entry.at), str(entry.payload["reason"]))
