"""What a log showed, said to people: a cause's kind and its facts in, a plain sentence out.

Facts are plain text that no language owns: moments with their offset, seconds, amounts with their
currency, the wire's own words. How they are written is the language's; the sentences stand in the
catalogs beside this module.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

from qerko_recon.wording import Catalog, format_date, format_money, one_line

__all__ = ["CATALOG", "Values", "duration", "moment", "said"]

CATALOG: Final = Catalog("qerko_recon.recon.causes")
"""The words of causes and of a payment's story, in every language."""

_PREFIX: Final = "log_"
_LONG: Final = 240
_MINUTE: Final = 60
_HOUR: Final = 3600
_MONEY: Final = frozenset(
    {
        "booked", "now", "now_tip", "posted", "settled", "tip", "tip_net", "told", "told_tip",
        "told_tip_net", "total",
    }
)  # fmt: skip
_MOMENTS: Final = frozenset({"at", "gap_from", "gap_until"})
_SHARED: Final = re.compile(
    r"(?:start|processed)_(?P<trouble>error|unanswered|undelivered|late|disliked|no_receipt)"
    r"|closed_lost_[a-z_]+"
)


def said(
    kind: object, facts: Mapping[str, object], language: str, day: object = None
) -> str | None:
    """Say a cause; ``None`` where no catalog knows its kind.

    Parameters
    ----------
    kind
        The cause's kind.
    facts
        The break's; those of the cause begin with ``log_``.
    language
        ``cs``, ``de``, ``en`` or ``sk``.
    day
        The break's business day: a moment of that day is written without its date.
    """
    key = f"causes.{_template(str(kind))}"
    if not CATALOG.knows(key):
        return None
    own = {
        name.removeprefix(_PREFIX): str(value)
        for name, value in facts.items()
        if name.startswith(_PREFIX) and value not in {None, ""}
    }
    values = Values(own, language, day if isinstance(day, date) else None)
    sentence = CATALOG.say(key, language, values.all_of(CATALOG.slots(key, language)))
    if "payment" not in own or kind in _NAMES_PAYMENT:
        return sentence
    return CATALOG.say(
        "of_payment", language, {"payment": one_line(own["payment"]), "said": sentence}
    )


_NAMES_PAYMENT: Final = frozenset({"bill_paid_unfetched", "bill_failed", "bill_unfinished"})


def moment(at: datetime, language: str, day: date | None = None) -> str:
    """Write a moment, with its date where that is not the day that all is about.

    >>> moment(datetime.fromisoformat("2026-11-20T18:25:06+01:00"), "en", date(2026, 11, 20))
    '18:25:06'
    """
    clock = f"{at:%H:%M:%S}"
    if day is not None and at.date() == day:
        return clock
    return f"{_day(at.date(), language)} {clock}"


@lru_cache(maxsize=1024)
def _day(day: date, language: str) -> str:
    """Write a day; there are few of them, and writing one takes a while."""
    return format_date(day, language)


def duration(seconds: float, language: str) -> str:
    """Write a length of time.

    >>> duration(0.65, "cs"), duration(125, "en"), duration(3725, "de")
    ('0,65\\xa0s', '2\\xa0min 5\\xa0s', '1\\xa0h 2\\xa0min')
    """
    from babel.numbers import format_decimal

    whole = round(seconds)
    if seconds < _MINUTE:
        digits = "0.##" if seconds < 1 else "0.#"
        return f"{format_decimal(seconds, digits, locale=language)}\xa0s"
    if whole < _HOUR:
        minutes, rest = divmod(whole, _MINUTE)
        return f"{minutes}\xa0min" + (f" {rest}\xa0s" if rest else "")
    hours, rest = divmod(whole, _HOUR)
    minutes = rest // _MINUTE
    return f"{hours}\xa0h" + (f" {minutes}\xa0min" if minutes else "")


def _template(kind: str) -> str:
    """Name the sentence of a kind: the same for both calls that can be refused, and for gaps."""
    found = _SHARED.fullmatch(kind)
    if found is None:
        return kind
    return f"refused_{found['trouble']}" if found["trouble"] else "closed_lost"


def _plain(fact: str) -> str:
    return one_line(fact, _LONG)


class Values:
    """The values a template can name, each written as the language does."""

    def __init__(self, facts: Mapping[str, str], language: str, day: date | None) -> None:
        self._facts = facts
        self._language = language
        self._day = day

    def all_of(self, names: frozenset[str]) -> dict[str, str | None]:
        """Write the values of these names."""
        return {name: self.value(name) for name in names}

    def value(self, name: str) -> str | None:
        """Write one value; ``None`` where no fact says it."""
        phrase = _PHRASES.get(name)
        if phrase is not None:
            return phrase(self)
        fact = self._facts.get(name)
        if fact is None:
            return None
        writers = {
            self._moment: name in _MOMENTS or name.endswith("_at"),
            self._duration: name.endswith("took"),
            self._date: name.endswith("_day"),
            self._money: name in _MONEY,
        }
        write = next((one for one, is_so in writers.items() if is_so), _plain)
        try:
            return write(fact)
        except (ValueError, ArithmeticError):  # not what such a fact is: said as it stands
            return _plain(fact)

    def gap(self) -> str | None:
        """Say why and from when to when there was no line."""
        reason = self._facts.get("gap")
        if reason is None:
            return None
        return self._phrase("gaps", reason)

    def why(self) -> str | None:
        """Say why Qerko cancelled the payment."""
        trouble = self._facts.get("why")
        return None if trouble is None else self._phrase("whys", trouble)

    def look(self) -> str | None:
        """Say how the POS's look-up of the payment ended."""
        word = self._facts.get("look")
        return None if word is None else self._phrase("looks", word)

    def delivery(self) -> str | None:
        """Say what became of an answer on its way to Qerko."""
        word = self._facts.get("delivery") or self._facts.get("why_delivery")
        return None if word is None else self._phrase("deliveries", word)

    def status(self) -> str | None:
        """Say what a refusal means."""
        word = self._facts.get("status")
        return None if word is None else self._phrase("statuses", word)

    def _phrase(self, table: str, word: str) -> str:
        key = f"{table}.{word}"
        key = key if CATALOG.knows(key) else f"{table}.other"
        return CATALOG.say(key, self._language, self.all_of(CATALOG.slots(key, self._language)))

    def _moment(self, fact: str) -> str:
        return moment(datetime.fromisoformat(fact), self._language, self._day)

    def _date(self, fact: str) -> str:
        return _day(date.fromisoformat(fact), self._language)

    def _duration(self, fact: str) -> str:
        return duration(float(fact), self._language)

    def _money(self, fact: str) -> str:
        written, _, currency = fact.partition(" ")
        amount = Decimal(written)
        if not amount.is_finite():
            raise ValueError(fact)
        return format_money(amount, currency, self._language)


_PHRASES: Final[Mapping[str, Callable[[Values], str | None]]] = {
    "gap": Values.gap,
    "why": Values.why,
    "look": Values.look,
    "delivery": Values.delivery,
    "meaning": Values.status,
}
