"""One remark on a run: what it is about and its facts in, a sentence in any language out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from qerko_recon.recon.sentences import CATALOG
from qerko_recon.wording import format_number, one_line

__all__ = ["Fact", "Remark"]

Fact = str | int | tuple[str, ...] | None

_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to know beside the breaks.

    Parameters
    ----------
    key
        What it is about; the catalogs have a sentence for each.
    facts
        What the sentence names: texts, counts, lists of IDs (the first few are named).

    Examples
    --------
    >>> Remark("set_aside", {"count": 1320}).say("de")
    'Zeilen des Exports, die zu anderen Zahlungsarten gehören und nicht zählen: 1.320.'
    """

    key: str
    facts: Mapping[str, Fact]

    def say(self, language: str = "en") -> str:
        """Say it in a language."""
        values = {name: _shown(fact, language) for name, fact in self.facts.items()}
        return CATALOG.say(f"remarks.{self.key}", language, values)


def _shown(fact: Fact, language: str) -> str | None:
    if isinstance(fact, tuple):
        return _named(fact, language)
    if isinstance(fact, int):
        return format_number(fact, language)
    return None if fact is None else one_line(fact)


def _named(ids: tuple[str, ...], language: str) -> str:
    shown = ", ".join(one_line(one) for one in ids[:_NAMED])
    rest = len(ids) - _NAMED
    if rest <= 0:
        return shown
    values = {"shown": shown, "rest": format_number(rest, language)}
    return CATALOG.say("remarks.named", language, values)
