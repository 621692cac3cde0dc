"""A run comes into the file: its result in; what it and others say of each other's breaks out.

Every run is asked about the breaks of the others, so that the state of a break does not depend on
the order in which runs were recorded (:mod:`qerko_recon.history.speaking`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final

from qerko_recon.history.book import Book, Recording
from qerko_recon.history.carrying import Facts
from qerko_recon.history.file import HistoryFile, KeptRun, view_of
from qerko_recon.history.found import absent, found_in
from qerko_recon.history.hashes import as_table
from qerko_recon.history.packing import Packed
from qerko_recon.history.speaking import RunOrder
from qerko_recon.history.view import COLUMNS, RunView, Said
from qerko_recon.recon import Reconciliation

__all__ = ["Arrival", "days_of", "facts_of", "take_in"]

_REACH: Final = timedelta(days=31)
"""How far from a new run's days the runs may be that are asked about its breaks."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A run that came in: ``is_new``, or the same as one that was there."""

    run: KeptRun
    is_new: bool
    seq: int


def facts_of(file: HistoryFile, book: Book, venue: str, until: int | None = None) -> Facts:
    """Gather what a venue's runs found and said, and what people did."""
    kept = {run.no: run for run in file.runs(venue)}
    seqs: dict[int, list[int]] = defaultdict(list)
    for one in book.recordings:
        if one.run_no in kept:
            seqs[one.run_no].append(one.seq)
    return Facts(
        runs={
            no: RunOrder(
                no=no,
                run_id=kept[no].run_id,
                first=min(some),
                last=max(some),
                window=kept[no].window,
                sources=kept[no].sources,
                rereads=file.facts.rereads(no, until),
            )
            for no, some in seqs.items()
        },
        found={no: file.facts.found(no) for no in seqs},
        said={no: file.facts.said(no, until) for no in seqs},
        notes=book.notes.get(venue, {}),
        rulings=[one.ruling for one in book.in_force(venue)],
    )


def take_in(
    file: HistoryFile,
    book: Book,
    packed: Packed,
    result: Reconciliation,
    *,
    run_id: str,
    seq: int,
    by: str,
    name: str | None,
) -> Arrival:
    """Put a run into the file, within a transaction; the journal's entry ``seq`` is to follow."""
    venue = result.summary.venue or ""
    earlier = {run.run_id: run for run in file.runs(venue)}
    is_new = run_id not in earlier
    if is_new:
        file.put_run(run_id, packed, result.summary, result.policy.business_day_cutoff)
    run = next(run for run in file.runs(venue) if run.run_id == run_id)
    frames = {
        name: as_table(getattr(result, name)[list(columns)]) for name, columns in COLUMNS.items()
    }
    view = view_of(run, frames)
    if is_new:
        file.facts.put_found(run.no, found_in(as_table(result.breaks), view))
    book.recordings.append(
        Recording(seq, datetime.now(UTC), by, run.no, run_id, name, is_again=not is_new)
    )
    _ask_each_other(file, facts_of(file, book, venue), run, view, seq)
    return Arrival(run, is_new, seq)


def days_of(run: KeptRun) -> Iterator[date]:
    """Give the business days that a run covers."""
    if run.window is not None:
        first, last = run.window
        yield from (first + timedelta(days=n) for n in range((last - first).days + 1))


def _ask_each_other(
    file: HistoryFile, facts: Facts, run: KeptRun, view: RunView, seq: int
) -> None:
    """Note what the run says of all subjects, and what others say of those it brought."""
    near = [
        one
        for one in file.runs(run.venue)
        if one.no != run.no and one.no in facts.runs and _is_near(one, run)
    ]
    view_of = cache(file.view)
    rereads = set(_rereads(facts, run, view, near, view_of))
    file.facts.put_rereads(rereads, seq)
    by_run = {no: {one.subject for one in found} for no, found in facts.found.items()}
    subjects = set().union(*by_run.values())
    known = {one.subject for one in facts.said[run.no]}
    said = {one.subject: one for one in _says(view, subjects - known)}
    for one in absent(facts.found[run.no]):
        if one.subject not in known:
            said.setdefault(one.subject, one)
    # A line that the run does not have, of a run that it rereads, is no longer in the export.
    reread = facts.runs[run.no].rereads | {other for no, other in rereads if no == run.no}
    lost = {one for no in reread for one in by_run.get(no, ()) if not one.startswith("P:")}
    for subject in lost - known - said.keys() - by_run[run.no]:
        said[subject] = Said(subject, "gone")
    file.facts.put_said(run.no, said.values(), seq)
    brought = by_run[run.no].difference(*(held for no, held in by_run.items() if no != run.no))
    for other in near if brought else ():
        asked = brought - {one.subject for one in facts.said[other.no]}
        file.facts.put_said(other.no, _says(view_of(other), asked), seq)


def _says(view: RunView, subjects: Collection[str]) -> Iterator[Said]:
    yield from view.of_payments(sorted(one[2:] for one in subjects if one.startswith("P:")))
    yield from view.of_lines(sorted(one for one in subjects if one.startswith("T:")))


def _rereads(
    facts: Facts,
    run: KeptRun,
    view: RunView,
    near: Iterable[KeptRun],
    view_of: Callable[[KeptRun], RunView],
) -> Iterator[tuple[int, int]]:
    """Find which runs the run rereads, and which reread it."""
    own = facts.runs[run.no]
    for other in near:
        order = facts.runs[other.no]
        pairs = [
            (one.no, its.no)
            for one, its in ((own, order), (order, own))
            if one.covers_days_of(its) and its.no not in one.rereads
        ]
        if pairs and _is_same_export((run, view), (other, view_of(other))):
            yield from pairs


def _is_same_export(one: tuple[KeptRun, RunView], other: tuple[KeptRun, RunView]) -> bool:
    """Tell an export read anew from that of another day, or of another till."""
    (run, view), (earlier, its) = one, other
    if not _hashes(run).isdisjoint(_hashes(earlier)) or view.shares_lines_with(its, "tender_id"):
        return True
    return not run.sources.isdisjoint(earlier.sources) and (
        not view.has_lines
        or not its.has_lines
        or any(view.shares_lines_with(its, column) for column in ("payment_id", "bill_id"))
    )


def _hashes(run: KeptRun) -> set[str]:
    return {one.sha256 for one in run.inputs if one.kind == "pos"}


def _is_near(one: KeptRun, other: KeptRun) -> bool:
    if one.window is None or other.window is None:
        return True
    return one.window[0] <= other.window[1] + _REACH and other.window[0] - _REACH <= one.window[1]
