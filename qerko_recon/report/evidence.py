"""Where something is to be seen: evidence of a break or match in, a text in a language out.

Evidence is kept as short English texts that say a place. Those of a known form are said anew;
what was answered or recorded stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from qerko_recon.report.labels import LABELS
from qerko_recon.wording import one_line

__all__ = ["evidence_text"]

_LONG: Final = 1000
_FORMS: Final = (
    (
        "records",
        re.compile(r"(?P<file>.+?), records (?P<first>\d+) to (?P<last>\d+)(?P<said>: .*)?"),
    ),
    ("record", re.compile(r"(?P<file>.+?), record (?P<first>\d+)(?P<said>: .*)?")),
    ("row", re.compile(r"(?P<file>.+), row (?P<row>\d+)")),
    ("line", re.compile(r"POS line (?P<line>.+)")),
)


def evidence_text(evidence: Iterable[str] | None, language: str = "en") -> str:
    """Say the places one after the other.

    >>> evidence_text(["day.csv, row 5", "GET payment 1048: PAID"], "cs")
    'day.csv, řádek 5; GET payment 1048: PAID'
    """
    return "; ".join(_said(one_line(one, _LONG), language) for one in evidence or ())


def _said(text: str, language: str) -> str:
    for name, form in _FORMS:
        found = form.fullmatch(text)
        if found is not None:
            values = {key: value or "" for key, value in found.groupdict().items()}
            return LABELS.say(f"evidence.{name}", language, values)
    return text
