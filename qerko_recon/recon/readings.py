"""How the data were read: every candidate with what it explains, the one taken, and the doubts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Final, Literal

import pandas as pd
import pyarrow as pa

from qerko_recon.recon.doubts import in_words
from qerko_recon.recon.policy import Policy
from qerko_recon.recon.remark import Remark
from qerko_recon.recon.result import Reading
from qerko_recon.schema import CANDIDATES, to_frame

__all__ = ["Candidate", "Readings"]

About = Literal["arithmetic", "tips"]

_SETTINGS: Final = ("price", "tip_in_parts", "discount_in_parts", "tip_basis", "tip_layout")
_TITLES: Final[Mapping[str, str]] = {
    "arithmetic": "How a payment adds up",
    "tips": "What the POS books",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to read the data, and how many payments it explains.

    ``about`` is ``arithmetic`` where payments were judged by their own items, discount, tip and
    parts, ``tips`` where they were judged by the POS lines beside them. ``tells`` counts the
    payments that either this candidate or the chosen one explains, but not both.
    """

    about: About
    settings: Mapping[str, str | bool]
    explains: int
    of: int
    tells: int
    chosen: bool

    @property
    def share(self) -> float | None:
        """Which share of the payments judged it explains; ``None`` where none was judged."""
        return self.explains / self.of if self.of else None


@dataclass(frozen=True, repr=False, eq=False)
class Readings:
    """What :func:`qerko_recon.infer_readings` found out; shows itself in a notebook.

    Attributes
    ----------
    policy
        The settings to use, nothing left on ``auto``.
    readings
        Each open fact: what was taken, by whom, how many payments it explains.
    judged
        Every candidate, the default of each kind first.
    undecided
        Settings that were left on ``auto`` and that these data cannot settle, since fewer than
        three payments tell the value taken from another one. The default was taken.
    remarks
        Readings that do not fit, or that might as well be others.
    """

    policy: Policy
    readings: tuple[Reading, ...]
    judged: tuple[Candidate, ...]
    undecided: tuple[str, ...]
    remarks: tuple[Remark, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """The remarks as English sentences."""
        return tuple(remark.say() for remark in self.remarks)

    @cached_property
    def candidates(self) -> pd.DataFrame:
        """Every candidate, with the columns of :data:`qerko_recon.schema.CANDIDATES`."""
        rows = [
            {
                "about": one.about,
                **one.settings,
                "explains": one.explains,
                "of": one.of,
                "share": one.share,
                "tells": one.tells,
                "chosen": one.chosen,
            }
            for one in self.judged
        ]
        return to_frame(pa.Table.from_pylist(rows, schema=CANDIDATES))

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        for one in self.readings:
            doubt = ", these data cannot tell" if one.setting in self.undecided else ""
            yield (
                f"{one.setting:<18}{one.value:<8}{one.chosen}{doubt}: "
                f"explains {one.explains} of {one.of} payments"
            )
        for about, title in _TITLES.items():
            yield f"{title}:"
            for each in self._by_fit(about):
                mark = "*" if each.chosen else " "
                yield f" {mark} {each.explains:>6} of {each.of:<6} {_named(each.settings)}"
        yield from self.warnings

    def _by_fit(self, about: str) -> list[Candidate]:
        own = [one for one in self.judged if one.about == about]
        return sorted(own, key=lambda one: (-one.explains, not one.chosen))

    def _repr_html_(self) -> str:
        heads = ("setting", "value", "chosen", "explains")
        rows = [
            (
                one.setting,
                one.value,
                one.chosen + (", undecided" if one.setting in self.undecided else ""),
                f"{one.explains} of {one.of}",
            )
            for one in self.readings
        ]
        parts = [_table(heads, rows)]
        for about, title in _TITLES.items():
            some = [
                (
                    "→" if one.chosen else "",
                    _named(one.settings),
                    f"{one.explains} of {one.of}",
                    f"{one.tells}",
                )
                for one in self._by_fit(about)
            ]
            parts.append(f"<p><strong>{escape(title)}</strong></p>")
            parts.append(_table(("", "candidate", "explains", "tell it from the chosen"), some))
        parts += [f"<p>{escape(warning)}</p>" for warning in self.warnings]
        return "".join(parts)


def _named(settings: Mapping[str, str | bool]) -> str:
    return ", ".join(
        f"{name} {in_words(settings[name])}" for name in _SETTINGS if name in settings
    )


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f'<th style="text-align:left">{escape(one)}</th>' for one in heads)
    body = "".join(
        "<tr>"
        + "".join(f'<td style="text-align:left">{escape(cell)}</td>' for cell in row)
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
