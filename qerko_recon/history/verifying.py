"""Whether a history is as it was written: the file in, every flaw out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from qerko_recon.history.file import HistoryFile
from qerko_recon.history.journal import Entry, Journal

__all__ = ["HistoryFlaw", "flaws_of"]

_RUNS: Final = frozenset({"run_recorded", "run_again"})


@dataclass(frozen=True, slots=True)
class HistoryFlaw:
    """Something that is not as it was written.

    ``where`` is an entry of the journal, a run or a frame of one; ``kind`` as a chain has it:
    ``edited``, ``missing``, ``reordered``, ``repeated`` or ``torn``.
    """

    where: str
    kind: Literal["edited", "missing", "reordered", "repeated", "torn"]

    def __str__(self) -> str:
        return f"{self.where}: {self.kind}"


def flaws_of(file: HistoryFile, journal: Journal) -> Iterator[HistoryFlaw]:
    """Find every entry, run and frame that is not as it was written."""
    for flaw in journal.flaws():
        yield HistoryFlaw(f"journal, entry {flaw.number}", flaw.kind)
    recorded: dict[int, Entry] = {}
    for entry in journal.entries():
        if entry.what not in _RUNS:
            continue
        no = entry.payload.get("run_no")
        if entry.what == "run_recorded" and isinstance(no, int):
            recorded[no] = entry
        yield from _of_facts(file, entry)
    kept = {run.no: run.run_id for run in file.runs()}
    for no, run_id in kept.items():
        if no not in recorded:
            yield HistoryFlaw(f"run {run_id}, which the journal does not know", "edited")
    for no, entry in recorded.items():
        yield from _of_run(file, no, kept.get(no), entry)


def _of_facts(file: HistoryFile, entry: Entry) -> Iterator[HistoryFlaw]:
    new_run = entry.payload.get("run_no") if entry.what == "run_recorded" else None
    if file.facts.sha256(entry.seq, new_run) != entry.payload.get("facts_sha256"):
        yield HistoryFlaw(f"what was noted with entry {entry.seq}", "edited")


def _of_run(file: HistoryFile, no: int, run_id: str | None, entry: Entry) -> Iterator[HistoryFlaw]:
    if run_id is None:
        yield HistoryFlaw(f"run {entry.payload.get('run_id')}", "missing")
        return
    if file.run_sha256(no) != entry.payload.get("run_sha256"):
        yield HistoryFlaw(f"run {run_id}", "edited")
    for name in file.damaged_frames(no):
        yield HistoryFlaw(f"run {run_id}, frame {name}", "edited")
