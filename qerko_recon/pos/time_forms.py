"""What a date and time looks like in, how it is read out: which digits are what.

A shape is a cell with a 9 for every digit (:mod:`qerko_recon.pos.strings`); its letters are as the
file has them, so months and parts of the day by name are told here too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from qerko_recon.pos.parts import Block
from qerko_recon.pos.strings import Shapes
from qerko_recon.pos.vocabulary import plain

__all__ = ["NEVER", "SECOND", "TimeForm", "form_of", "moments_of"]

Numbers = npt.NDArray[np.int64]

SECOND: Final = 1_000_000
"""Microseconds of a second."""

NEVER: Final = int(np.iinfo(np.int64).min)
"""Stands for no moment."""

_CLOCK: Final = (
    r"(?:(?:T|,?\s+(?:(?:v|um|o|at|kl)\.?\s+)?)(?P<H>9{1,2})[:.h](?P<M>9{2})"
    r"(?:[:.](?P<S>9{2})(?:[.,](?P<f>9{1,9}))?)?"
    r"\s*(?P<ap>[AaPp]\.?[Mm]\.?|(?:dop|odp|de|du)\.?)?\s*(?:(?:[Uu]hr|hod|h)\b\.?)?"
    r"\s*(?P<z>Z|[+-]9{2}(?::?9{2})?|(?:CES?T|MES?Z|SEČ|SELČ|UTC|GMT)\b)?)?\s*$"
)
_COMPACT_CLOCK: Final = r"(?:[T ]?(?P<H>9{2}):?(?P<M>9{2})(?::?(?P<S>9{2}))?(?P<z>Z|[+-]9{4})?)?$"
_CLOCK_FIRST: Final = r"(?P<H>9{1,2}):(?P<M>9{2})(?::(?P<S>9{2}))?,?\s+"
_NAME: Final = r"(?P<mon>[^\W\d_]{3,12})\.?"
_WEEKDAY: Final = r"(?:[^\W\d_]{2,}\.?,?\s+)?"
_PATTERNS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<y>9{4})\s*[-./]\s*(?P<b>9{1,2})\s*[-./]\s*(?P<a>9{1,2})\.?" + _CLOCK,
        r"(?P<y>9{4})(?P<b>9{2})(?P<a>9{2})" + _COMPACT_CLOCK,
        _WEEKDAY + r"(?P<a>9{1,2})\s*(?P<sep>[./-])\s*(?P<b>9{1,2})"
        r"\s*[./-]\s*(?P<y>9{4}|9{2})\.?" + _CLOCK,
        _CLOCK_FIRST + r"(?P<a>9{1,2})\s*(?P<sep>\.)\s*(?P<b>9{1,2})\s*\.\s*(?P<y>9{4})$",
        _WEEKDAY + r"(?P<a>9{1,2})\.?[\s./-]*" + _NAME + r",?[\s./-]*(?P<y>9{4})\.?" + _CLOCK,
        _WEEKDAY + _NAME + r"\s+(?P<a>9{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>9{4})" + _CLOCK,
        r"(?P<y>9{4})\.?[\s./-]*" + _NAME + r"[\s./-]*(?P<a>9{1,2})\.?" + _CLOCK,
        r"(?P<epoch>9{10}(?:9{3})?)$",
        _WEEKDAY + r"(?P<a>9{1,2})\s*(?P<sep>\.)\s*(?P<b>9{1,2})\s*\." + _CLOCK,
    )
)
_MONTHS: Final = (
    "leden|ledna|led|january|januar|janner|jan",
    "unor|unora|uno|february|februar|feber|feb",
    "brezen|brezna|bre|march|marec|marca|marz|marcius|mar|mrz",
    "duben|dubna|dub|april|aprila|aprilis|apr",
    "kveten|kvetna|kve|may|maj|maja|mai|majus",
    "cerven|cervna|june|jun|juna|juni|junius",
    "cervenec|cervence|july|jul|jula|juli|julius",
    "srpen|srpna|srp|august|augusta|augusztus|aug",
    "zari|zar|september|septembra|szeptember|sept|sep|szept",
    "rijen|rijna|rij|october|oktober|oktobra|okt|oct",
    "listopad|listopadu|lis|november|novembra|nov",
    "prosinec|prosince|pro|december|decembra|dezember|dec|dez",
)
_MONTH_OF: Final = {
    name: number for number, names in enumerate(_MONTHS, 1) for name in names.split("|")
}
_ZONES: Final = {
    "Z": 0,
    "UTC": 0,
    "GMT": 0,
    **dict.fromkeys(("CET", "MEZ", "SEČ"), 3600),
    **dict.fromkeys(("CEST", "MESZ", "SELČ"), 7200),
}
_FIRST_YEAR: Final = 1990
_LAST_YEAR: Final = 2199
_MONTHS_OF_YEAR: Final = 12
_NOON: Final = 12
_HOURS: Final = 24
_SIXTY: Final = 60
_DAY_SECONDS: Final = 86_400
_MICROS: Final = 6
_SHORT_YEAR: Final = 2
_EPOCH_DIGITS: Final = 10


class TimeForm(NamedTuple):
    """How the cells of one shape are read: where each number stands, and what else they say.

    ``sep`` stands between day, month and year where the day, or the month, is first; ``shift``
    are the seconds that a named zone is ahead of UTC.
    """

    code: int
    places: Mapping[str, list[int]]
    sep: str | None = None
    month: int | None = None
    half: str = ""
    sign: str = ""
    shift: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether nothing but habit tells its days from its months; dots are day first."""
        return self.sep not in {None, "."}

    @property
    def is_zoned(self) -> bool:
        """Whether its cells say how far from UTC they are."""
        return self.shift is not None or bool(self.sign) or "epoch" in self.places

    @property
    def has_clock(self) -> bool:
        """Whether its cells say the time of day."""
        return "H" in self.places or "epoch" in self.places

    @property
    def has_year(self) -> bool:
        """Whether its cells say the year."""
        return "y" in self.places or "epoch" in self.places

    @property
    def has_second(self) -> bool:
        """Whether its cells say it to the second."""
        return "S" in self.places or "epoch" in self.places


def form_of(shapes: Shapes, code: int) -> TimeForm | None:
    """Tell how the cells of a shape are read; ``None`` where they are no times.

    >>> from qerko_recon.pos.strings import Strings
    >>> import pyarrow as pa
    >>> shapes = Strings(pa.array(["20. listopadu 2026 21:33"])).shapes
    >>> form_of(shapes, 0).month, form_of(shapes, 0).places["H"]
    (11, [19, 20])
    """
    shape = shapes.words[code]
    bare = shape.strip()
    shift = shape.index(bare)
    for pattern in _PATTERNS:
        if (match := pattern.match(bare)) is None:
            continue
        said = match.groupdict("")
        name = said.get("mon")
        month = _MONTH_OF.get(plain(name)) if name else None
        if name and month is None:
            continue
        places = {
            group: shapes.places(code, (begin + shift, end + shift))
            for group in match.re.groupindex
            for begin, end in [match.span(group)]
            if begin >= 0
        }
        zone, half = said.get("z", ""), plain(said.get("ap", ""))[:2]
        return TimeForm(
            code,
            places,
            said.get("sep") or None,
            month,
            {"pm": "p", "p": "p", "od": "p", "du": "p", "": ""}.get(half, "a"),
            zone[:1] if zone[:1] in {"+", "-"} else "",
            _ZONES.get(zone),
        )
    return None


def moments_of(form: TimeForm, block: Block, *, is_month_first: bool, year: int = 0) -> Numbers:
    """Read cells of one shape: microseconds, local or, of a form that has a zone, in UTC.

    ``year`` is that of cells which say none.
    """
    parts = {name: block.number(places) for name, places in form.places.items()}
    if "epoch" in parts:
        is_short = len(form.places["epoch"]) == _EPOCH_DIGITS
        return _within_years(parts["epoch"] * (SECOND if is_short else SECOND // 1000))
    if form.month is not None:
        parts["b"] = np.full(len(block), form.month, dtype=np.int64)
    elif is_month_first and form.is_open:
        parts["a"], parts["b"] = parts["b"], parts["a"]
    if "y" not in parts:
        parts["y"] = np.full(len(block), year, dtype=np.int64)
    elif len(form.places["y"]) == _SHORT_YEAR:
        parts["y"] += 2000
    moments = _combined(parts, form.half)
    ahead = _shift(form, block)
    if "f" in parts or ahead is not None:
        more = np.zeros(len(block), dtype=np.int64) if ahead is None else -SECOND * ahead
        if "f" in parts:
            more += _micros(parts["f"], len(form.places["f"]))
        moments = np.where(moments == NEVER, NEVER, moments + more)
    return moments


def _micros(fraction: Numbers, digits: int) -> Numbers:
    found = fraction * int(10 ** max(_MICROS - digits, 0))
    return np.asarray(found // int(10 ** max(digits - _MICROS, 0)))


def _shift(form: TimeForm, block: Block) -> Numbers | None:
    """Give the seconds that cells are ahead of UTC, where they say it."""
    if form.shift is not None:
        return np.full(len(block), form.shift, dtype=np.int64)
    if not form.sign:
        return None
    places = form.places["z"]
    span: Numbers = block.number(places[:2]) * 3600 + block.number(places[2:]) * 60
    if form.sign == "-":
        span *= -1
    return span


def _combined(parts: Mapping[str, Numbers], half: str) -> Numbers:
    """Put dates and times together; what the calendar or the clock does not have is no time."""
    year, month, day = parts["y"], parts["b"], parts["a"]
    starts, lengths = _calendar()
    is_valid = (month >= 1) & (month <= _MONTHS_OF_YEAR) & (day >= 1)
    is_valid &= (year >= _FIRST_YEAR) & (year <= _LAST_YEAR)
    months = (year - _FIRST_YEAR) * _MONTHS_OF_YEAR + month - 1
    if not is_valid.all():
        months = np.where(is_valid, months, 0)
    is_valid &= day <= lengths[months]
    seconds = (starts[months] + day - 1) * _DAY_SECONDS
    if "H" in parts:
        hour, minute = parts["H"], parts["M"]
        second = parts.get("S", np.zeros(1, dtype=np.int64))
        is_valid &= (minute < _SIXTY) & (second < _SIXTY)
        if half:
            is_valid &= (hour >= 1) & (hour <= _NOON)
            hour = hour % _NOON + (_NOON if half == "p" else 0)
        # 24:00 is the end of the day.
        is_valid &= (hour < _HOURS) | ((hour == _HOURS) & (minute == 0) & (second == 0))
        seconds += hour * 3600 + minute * 60 + second
    moments: Numbers = seconds * SECOND
    if not is_valid.all():
        moments[~is_valid] = NEVER
    return moments


def _within_years(moments: Numbers) -> Numbers:
    """Keep moments that an export can be of: other numbers of that length are no times."""
    starts, _ = _calendar()
    begin, end = int(starts[0]), int(starts[-1])
    days = moments // (_DAY_SECONDS * SECOND)
    return np.where((days >= begin) & (days < end), moments, NEVER)


@lru_cache(maxsize=1)
def _calendar() -> tuple[Numbers, Numbers]:
    """Give the first day of each month of the years that are read, and how many days it has."""
    count = (_LAST_YEAR - _FIRST_YEAR + 1) * _MONTHS_OF_YEAR
    first = np.datetime64(f"{_FIRST_YEAR}-01", "M") + np.arange(count + 1)
    starts = first.astype("datetime64[D]").astype(np.int64)
    return starts[:-1], np.diff(starts)
