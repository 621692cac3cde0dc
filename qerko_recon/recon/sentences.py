"""What a break says to people: its row in, one plain sentence, its cause and what to do out.

Every text stands in the catalogs beside this module (``words/<language>.toml``), under the
break's kind and reason. A kind or reason that no catalog has gets a sentence with its amounts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache
from typing import Final

import msgspec
import pandas as pd

from qerko_recon.recon.causes.words import said
from qerko_recon.wording import Catalog, format_date, format_money, language_of, one_line

__all__ = [
    "CATALOG",
    "Facts",
    "action",
    "cause",
    "is_plain_fact",
    "kind_name",
    "sentence",
    "severity_name",
    "template_of",
]

CATALOG: Final = Catalog("qerko_recon.recon")
"""The words of breaks, in every language."""

Row = Mapping[str, object]

_LONG: Final = 300
_NAMED_LINES: Final = 3
_SHARE: Final = re.compile(r"(?<= )-?\d+(?:\.\d+)?(?= \+ |$)")
_BY_PATTERN: Final = frozenset({"tip_mismatch", "part_mismatch", "currency_mismatch"})
_WITHOUT_PATTERN: Final = frozenset({"tip_differs"})
_WITH_PATTERN: Final = frozenset({"posted_as_other_tender"})
_TWO_SIDED: Final = frozenset({"other_business_day", "currency_differs", "by_ruling"})


def sentence(row: Row, language: str = "en") -> str:
    """Say in one plain sentence what is wrong.

    Parameters
    ----------
    row
        A row of :data:`qerko_recon.schema.BREAKS` as a mapping: ``kind``, ``reason``, the IDs,
        amounts as ``Decimal``, ``facts`` as a mapping or its JSON.
    language
        ``cs``, ``de``, ``en`` or ``sk``.

    Returns
    -------
    str
        The sentence, with amounts as the language writes them. What the row does not say is
        left out.

    Examples
    --------
    >>> sentence({"kind": "rounding", "reason": "rounded_to_whole", "payment_id": "1048",
    ...           "settled": Decimal("244.60"), "posted": Decimal("245"), "currency": "CZK"})
    'Payment 1048: the POS rounded the total of CZK\\xa0244.60 to CZK\\xa0245.00.'
    """
    return _say(row, "sentence", language)


def cause(row: Row, language: str = "en") -> str:
    """Say what is known of why: what a session log showed, or what it would show."""
    language = language_of(language)
    kind = row.get("cause_kind")
    if _absent(kind):
        return _say(row, "cause", language)
    shown = said(kind, _opened(row.get("facts")), language, row.get("business_date"))
    if shown is None:
        return _say(row, "cause", language)
    is_of_kind = row.get("kind") in _BY_PATTERN and row.get("reason") not in _WITHOUT_PATTERN
    if is_of_kind or row.get("reason") in _WITH_PATTERN:
        return f"{_say(row, 'cause', language)} {shown}"
    return shown


def action(row: Row, language: str = "en") -> str:
    """Say what to do next."""
    return _say(row, "action", language)


def kind_name(kind: str, language: str = "en") -> str:
    """Name a kind of break.

    >>> kind_name("missing_in_pos", "cs")
    'chybí v pokladně'
    """
    return _name(f"kinds.{kind}", kind, language)


def severity_name(severity: str, language: str = "en") -> str:
    """Name a severity."""
    return _name(f"severities.{severity}", severity, language)


def _name(key: str, plain: str, language: str) -> str:
    if CATALOG.knows(key):
        return CATALOG.say(key, language)
    return one_line(plain).replace("_", " ")


def _say(row: Row, what: str, language: str) -> str:
    facts = Facts(row, language_of(language))
    return _fill(facts.template, what, facts)


def _fill(template: str, what: str, facts: Facts) -> str:
    key = f"{template}.{what}"
    names = CATALOG.slots(key, facts.language)
    return CATALOG.say(key, facts.language, {name: facts.value(name) for name in names})


@lru_cache(maxsize=1024)
def template_of(kind: str | None, reason: str | None, is_of_lines: bool) -> str:
    """Name the template: kind and reason, or the one for what nobody knows."""
    if reason in _TWO_SIDED and is_of_lines:
        reason = f"{reason}_posted"
    key = f"{kind}.{reason}"
    return key if CATALOG.knows(f"{key}.sentence") else "other"


class Facts:
    """The values a template can name, each worked out only when one does."""

    def __init__(self, row: Row, language: str) -> None:
        self._row = row
        self.language = language

    @cached_property
    def _facts(self) -> Mapping[str, object]:
        return _opened(self._row.get("facts"))

    @cached_property
    def settled(self) -> Decimal | None:
        """What Qerko settled."""
        return _amount(self._row.get("settled"))

    @cached_property
    def posted(self) -> Decimal | None:
        """What the POS posted."""
        return _amount(self._row.get("posted"))

    @cached_property
    def variance(self) -> Decimal | None:
        """Posted − settled."""
        stated = _amount(self._row.get("variance"))
        if stated is None and self.settled is not None and self.posted is not None:
            return self.posted - self.settled
        return stated

    @property
    def template(self) -> str:
        """Name the template."""
        is_of_lines = bool(self.posted) and not self.settled
        return template_of(self.text("kind"), self.text("reason"), is_of_lines)

    def value(self, name: str) -> str | None:
        """Give one value as the language writes it, ``None`` where it is not known."""
        own = _OWN.get(name)
        if own is not None:
            return own(self)
        fact = self._facts.get(name)
        if fact is None or fact == "":
            return None
        if name in _MONEY_FACTS:
            amount = _amount(fact)
            return one_line(fact) if amount is None else self.money(amount)
        return one_line(fact)

    def text(self, name: str) -> str | None:
        """Give a text of the row, ``None`` where there is none."""
        value = self._row.get(name)
        return None if _absent(value) or value == "" else one_line(value)

    def money(self, amount: Decimal | None) -> str | None:
        """Write an amount in the row's currency."""
        if amount is None:
            return None
        return format_money(amount, self.text("currency"), self.language)

    def subject(self) -> str:
        """Name what the break is about."""
        values = {name: self.value(name) for name in ("payment", "bill", "row", "file", "line")}
        return CATALOG.say(self.subject_key(values), self.language, values)

    def subject_key(self, values: Mapping[str, str | None]) -> str:
        """Choose how it is named."""
        if self.text("kind") == "unreadable" and values["row"]:
            return "subject.row"
        for name in ("payment", "bill"):
            if values[name]:
                return f"subject.{name}"
        if values["line"]:
            return "subject.lines" if len(self.lines()) > 1 else "subject.line"
        return "subject.row" if values["row"] else "subject.nameless"

    def lines(self) -> list[str]:
        """Name the POS lines."""
        value = self._row.get("tender_ids")
        if isinstance(value, str) or not hasattr(value, "__iter__"):
            return []
        return [one_line(line) for line in value]

    def line(self) -> str | None:
        """Name the first POS lines."""
        lines = self.lines()
        more = ["…"] if len(lines) > _NAMED_LINES else []
        return ", ".join(lines[:_NAMED_LINES] + more) or None

    def shares(self, name: str) -> str | None:
        """Write `Qerko 100.00 + Edenred 50.00` with amounts as the language has them."""
        fact = self._facts.get(name)
        if not fact:
            return None
        return _SHARE.sub(
            lambda found: self.money(_amount(found[0])) or found[0], one_line(fact, 400)
        )

    def day(self) -> str | None:
        """Write the business day."""
        value = self._facts.get("business_date") or self._row.get("business_date")
        if isinstance(value, date):
            return format_date(value, self.language)
        if not isinstance(value, str) or not value:
            return None
        try:
            return format_date(datetime.fromisoformat(value).date(), self.language)
        except ValueError:
            return one_line(value)

    def detail(self) -> str | None:
        """Give what was said at the time, without its full stop."""
        said = self._facts.get("detail")
        return one_line(said, _LONG).rstrip(". ") or None if said else None

    def row_detail(self) -> str | None:
        """Give why a row cannot be read, where its column does not say it already."""
        return None if self._facts.get("column") else self.detail()

    def correction(self) -> str | None:
        """Give what the POS has to add or take away, with its sign."""
        if self.variance is None:
            return None
        sign = "+" if self.variance < 0 else ""
        return f"{sign}{self.money(-self.variance)}"

    def magnitude(self, said: Callable[[Decimal], bool], amount: Decimal | None) -> str | None:
        """Give an amount without its sign where it is one to speak of."""
        return self.money(abs(amount)) if amount is not None and said(amount) else None


_MONEY_FACTS: Final = frozenset(
    {"expected", "found", "tip_due", "tip_gross", "tip_net", "tip_posted"}
)

_OWN: Final[Mapping[str, Callable[[Facts], str | None]]] = {
    "subject": Facts.subject,
    "payment": lambda facts: facts.text("payment_id"),
    "bill": lambda facts: facts.text("bill_id"),
    "line": Facts.line,
    "kind": lambda facts: kind_name(facts.text("kind") or "?", facts.language),
    "settled": lambda facts: facts.money(facts.settled),
    "posted": lambda facts: facts.money(facts.posted),
    "variance": lambda facts: facts.money(facts.variance),
    "due": lambda facts: facts.money(facts.settled or None),
    "booked": lambda facts: facts.money(facts.posted or None),
    "gap": lambda facts: facts.magnitude(bool, facts.variance),
    "over": lambda facts: facts.magnitude(lambda amount: amount > 0, facts.variance),
    "short": lambda facts: facts.magnitude(lambda amount: amount < 0, facts.variance),
    "correction": Facts.correction,
    "detail": Facts.detail,
    "row_detail": Facts.row_detail,
    "provider_settled": lambda facts: facts.shares("provider_settled"),
    "provider_posted": lambda facts: facts.shares("provider_posted"),
    "business_date": Facts.day,
}


def is_plain_fact(name: str) -> bool:
    """Tell whether a name is that of a fact that is said as it stands."""
    return name not in _OWN and name not in _MONEY_FACTS


def _opened(facts: object) -> Mapping[str, object]:
    """Open the facts, which a frame holds as JSON."""
    if isinstance(facts, str | bytes):
        try:
            facts = msgspec.json.decode(facts)
        except msgspec.DecodeError:
            return {}
    return facts if isinstance(facts, Mapping) else {}


def _amount(value: object) -> Decimal | None:
    if _absent(value) or isinstance(value, float):
        return None
    try:
        amount = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _absent(value: object) -> bool:
    """Tell whether a cell is any of pandas' ways to say nothing."""
    return value is None or value is pd.NA or value is pd.NaT or value != value  # noqa: PLR0124
