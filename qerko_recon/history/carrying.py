"""Breaks carried from day to day: what runs found and said in, the state of each break out.

Nothing here is kept in the file: it follows from what was recorded, so it can be had for any
moment of the past, and there is no second truth to go wrong.

A break is closed by itself when the run that speaks for its payment or line
(:mod:`qerko_recon.history.speaking`) does not have it, or when breaks of another day settle it
(:mod:`qerko_recon.history.settling`). The sum of what settles each other is 0, so closing it moves
no total.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from qerko_recon.history.found import Found
from qerko_recon.history.settling import Settlement, settlements
from qerko_recon.history.speaking import RunOrder, Statement, speaker
from qerko_recon.history.states import Carried, Note, Why
from qerko_recon.history.view import Said
from qerko_recon.recon.rulings import Ruling

__all__ = ["Facts", "carry"]

_EXCLUDED: Final = "excluded"
_OF_THIS_AMOUNT: Final = frozenset({"accepted", "closed"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What a venue's runs found and said, by the number of the run."""

    runs: Mapping[int, RunOrder]
    found: Mapping[int, Sequence[Found]]
    said: Mapping[int, Sequence[Said]]
    notes: Mapping[str, Sequence[Note]]
    rulings: Sequence[Ruling] = ()


def carry(facts: Facts) -> dict[str, Carried]:
    """Work out the state of every break that was ever found, by its key."""
    speaking = {subject: speaker(statements) for subject, statements in _by_subject(facts).items()}
    states = {
        key: _spoken(key, held, speaking[held[-1][1].subject], facts)
        for key, held in _by_key(facts).items()
    }
    for settlement in settlements(states.values(), facts.rulings):
        states |= {one.key: one for one in _settled(settlement)}
    return states


def _by_subject(facts: Facts) -> dict[str, list[Statement]]:
    found: dict[tuple[int, str], list[Found]] = defaultdict(list)
    for no, some in facts.found.items():
        for one in some:
            found[no, one.subject].append(one)
    statements: dict[str, list[Statement]] = defaultdict(list)
    for no, words in facts.said.items():
        for said in words:
            mine = tuple(found.pop((no, said.subject), ()))
            statements[said.subject].append(Statement(facts.runs[no], said, mine))
    for (no, subject), some in found.items():  # what names neither payment nor line
        said = Said(subject, "alone")
        statements[subject].append(Statement(facts.runs[no], said, tuple(some)))
    return statements


def _by_key(facts: Facts) -> dict[str, list[tuple[RunOrder, Found]]]:
    """Gather every break's finds, in the order in which their runs were last recorded."""
    held: dict[str, list[tuple[RunOrder, Found]]] = defaultdict(list)
    for run in sorted(facts.runs.values(), key=lambda run: run.last):
        for one in facts.found.get(run.no, ()):
            held[one.key].append((run, one))
    return held


def _spoken(
    key: str, held: Sequence[tuple[RunOrder, Found]], says: Statement, facts: Facts
) -> Carried:
    """Give a break's state as the run that speaks for it, and people, have it."""
    run, found = held[-1]
    notes = tuple(facts.notes.get(key, ()))
    first = min((one for one, _ in held), key=lambda one: one.first)
    state = Carried(found, run, first, run, notes=notes)
    current = next((one for one in says.found if one.key == key), None)
    if current is None:
        why, counterpart = _why_closed(run, says)
        return replace(
            state, status="closed", why=why, closed_in=says.run, counterpart=counterpart
        )
    state = replace(state, found=current, found_in=says.run)
    if current.kind == _EXCLUDED:
        return replace(state, status="closed", why="ruled_out", closed_in=says.run)
    status = _by_people(notes, current.variance)
    return replace(state, status=status, why="by_person" if status == "closed" else None)


def _why_closed(run: RunOrder, says: Statement) -> tuple[Why, str | None]:
    if says.found:
        is_out = says.found[0].kind == _EXCLUDED
        return "ruled_out" if is_out else "superseded", says.found[0].break_id
    if says.said.kind == "gone":
        return "not_found_again", None
    if says.said.kind == "matched":
        is_again = run.no in says.run.rereads or run.no == says.run.no
        return "not_found_again" if is_again else "counterpart_came", says.said.match_id
    return "nothing_due", None


def _by_people(notes: Sequence[Note], variance: Decimal) -> str:
    """Give the status people gave last; what they took as it was holds for that amount alone."""
    last = next((one for one in reversed(notes) if one.status is not None), None)
    if last is None or last.status is None:
        return "open"
    if last.status in _OF_THIS_AMOUNT and last.variance != variance:
        return "open"
    return last.status


def _settled(settlement: Settlement) -> Iterator[Carried]:
    """Close what settles each other, each side naming the other."""
    both = (*settlement.payments, *settlement.lines)
    later = max((one.found_in for one in both), key=lambda run: run.first)
    for own, its in (
        (settlement.payments, settlement.lines),
        (settlement.lines, settlement.payments),
    ):
        names = ", ".join(one.found.break_id for one in its)
        for one in own:
            yield replace(
                one, status="closed", why="settled_by", closed_in=later, counterpart=names
            )
