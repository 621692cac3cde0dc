"""How payments and POS lines are to be read: the settings of a reconciliation.

Qerko documents neither the arithmetic of a payment nor its full list of states, and every POS
books tips its own way. Each such open fact is a setting here; what is left on ``auto`` is found
out from the data (:mod:`qerko_recon.recon.infer`), and a stated setting always wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from qerko_recon.errors import AmountError, ReconciliationError
from qerko_recon.model import CANCELLED, PAID
from qerko_recon.money import decimal_array, fits
from qerko_recon.recon.rulings import Ruling

__all__ = ["Policy", "PriceReading", "TipBasis", "TipLayout", "policy_of"]

TipBasis = Literal["auto", "gross", "net", "none"]
TipLayout = Literal["auto", "beside", "inside", "line", "none"]
PriceReading = Literal["auto", "unit", "line"]

_Value = TypeVar("_Value")

_CHOICES: Final[Mapping[str, tuple[object, ...]]] = MappingProxyType(
    {
        "tip_basis": ("auto", "gross", "net", "none"),
        "tip_in_parts": ("auto", True, False),
        "tip_layout": ("auto", "beside", "inside", "line", "none"),
        "price": ("auto", "unit", "line"),
        "discount_in_parts": ("auto", True, False),
    }
)

_ROUNDING: Final[Mapping[str, Decimal]] = MappingProxyType(
    {"CZK": Decimal(1), "HUF": Decimal(5), "EUR": Decimal("0.05"), "CHF": Decimal("0.05")}
)
"""What tills round a total to where small coins are gone."""

_RISK: Final[Mapping[str, tuple[Decimal, Decimal]]] = MappingProxyType(
    {"CZK": (Decimal(50), Decimal(500)), "HUF": (Decimal(750), Decimal(7500))}
)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Settings of a reconciliation; all have a default.

    Parameters
    ----------
    tip_basis
        Which tip the POS is to book: ``gross`` (what the guest gave), ``net`` (what is left
        after the fee), ``none`` (the POS books no tips, and what it books is compared without).
    tip_in_parts
        Whether the parts' total contains the gross tip.
    tip_layout
        Whether the export's amount excludes the tip (``beside``) or includes it (``inside``);
        on ``auto`` what the export's profile says counts.
    price
        Whether an item's price is for one (``unit``) or for the line (``line``).
    discount_in_parts
        Whether the parts' total still contains the discount, since somebody else pays it to the
        venue, as a brewery does; else the guest paid that much less.
    tolerance
        A variance up to this much, in the currency's own unit, is reported as ``rounding``; an
        exact amount: a ``Decimal`` or a string, never a float.
    settled_states, cancelled_states
        The states that settle in full and those that settle for nothing. Any other state
        settles for nothing and is a break, since nobody knows what it means.
    rounding
        What tills round totals to, by currency: ``{"CZK": "1"}``.
    risk
        From how much on a break's severity is medium and high, by currency:
        ``{"CZK": ("50", "500")}``.
    time_zone, business_day_cutoff
        Where the venue is, and until when the night belongs to the day before (a ``time``, or
        ``"04:00"``).
    business_day
        The one business day the export covers (a ``date``, or ``"2026-11-20"``); found from its
        lines where not given.
    time_window
        How far a line without an ID may lie from a payment of its amount to be suggested as its
        counterpart.
    rules
        What people have ruled: matches accepted or rejected, rows excluded. A later ruling on the
        same rows wins.
    as_of
        The day a break's age is counted to; the last business day of the data by default.
    venue
        Whose day it is: the name in reports, and the venue under which a history keeps the run.

    Raises
    ------
    ReconciliationError
        A setting is impossible; the message names it and what it can be.

    Examples
    --------
    >>> Policy(tip_basis="gross", tolerance="0.50").tolerance
    Decimal('0.50')

    A line without an ID may be suggested for a payment half an hour away, and a test payment
    takes no part:

    >>> policy = Policy(
    ...     time_window=timedelta(minutes=30),
    ...     rules=[Ruling("exclude_payment", ["1048"], reason="a test")],
    ... )
    >>> [rule.kind for rule in policy.rules]
    ['exclude_payment']
    """

    tip_basis: TipBasis = "auto"
    tip_in_parts: bool | Literal["auto"] = "auto"
    tip_layout: TipLayout = "auto"
    price: PriceReading = "auto"
    discount_in_parts: bool | Literal["auto"] = "auto"
    tolerance: Decimal | str = Decimal("0.00")
    settled_states: tuple[str, ...] = (PAID,)
    cancelled_states: tuple[str, ...] = (CANCELLED,)
    rounding: Mapping[str, Decimal] = field(default_factory=lambda: _ROUNDING)
    risk: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=lambda: _RISK)
    time_zone: str = "Europe/Prague"
    business_day_cutoff: time = time(4)
    business_day: date | None = None
    as_of: date | None = None
    venue: str | None = None
    time_window: timedelta = timedelta(minutes=15)
    rules: tuple[Ruling, ...] = ()

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                can = ", ".join(str(choice) for choice in choices)
                raise ReconciliationError(
                    f"{name} cannot be {getattr(self, name)!r}; it can be {can}"
                )
        for name, value in (
            ("tolerance", _amount("tolerance", self.tolerance)),
            ("settled_states", _states("settled_states", self.settled_states)),
            ("cancelled_states", _states("cancelled_states", self.cancelled_states)),
            ("rounding", _by_currency("rounding", self.rounding, _amount)),
            ("risk", _by_currency("risk", self.risk, _limits)),
            ("business_day_cutoff", _clock("business_day_cutoff", self.business_day_cutoff)),
            ("business_day", _day("business_day", self.business_day)),
            ("as_of", _day("as_of", self.as_of)),
            ("rules", _rules(self.rules)),
        ):
            object.__setattr__(self, name, value)
        if not isinstance(self.time_window, timedelta) or self.time_window < timedelta():
            raise ReconciliationError(
                f"time_window cannot be {self.time_window!r}; it is a timedelta from 0 up"
            )
        both = set(self.settled_states) & set(self.cancelled_states)
        if both:
            raise ReconciliationError(
                f"the state {min(both)} cannot be both settled and cancelled"
            )
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ReconciliationError(
                f"time_zone {self.time_zone!r} is not known; it can be, for example, Europe/Prague"
            ) from error


def policy_of(policy: object) -> Policy:
    """Give what was stated, or the defaults.

    Raises
    ------
    ReconciliationError
        It is no policy.
    """
    if policy is None:
        return Policy()
    if not isinstance(policy, Policy):
        raise ReconciliationError(
            f"policy cannot be a {type(policy).__name__}; give a qerko_recon.Policy"
        )
    return policy


def _amount(name: str, value: object) -> Decimal:
    if type(value) is Decimal and fits(value) and value >= 0:
        return value
    try:
        amount = decimal_array([value], what=name)[0].as_py()
    except AmountError as error:
        raise ReconciliationError(str(error)) from error
    if amount is None or amount < 0 or not fits(amount):
        raise ReconciliationError(f"{name} cannot be {value!r}; it is an amount from 0 up")
    return Decimal(str(value))


def _limits(name: str, value: object) -> tuple[Decimal, Decimal]:
    limits = () if isinstance(value, str) or not isinstance(value, Iterable) else tuple(value)
    if len(limits) != 2:  # noqa: PLR2004
        raise ReconciliationError(
            f"{name} cannot be {value!r}; it is two amounts, for medium and high"
        )
    medium, high = (_amount(name, one) for one in limits)
    return medium, high


def _by_currency(
    name: str, value: object, read: Callable[[str, object], _Value]
) -> Mapping[str, _Value]:
    if not isinstance(value, Mapping):
        raise ReconciliationError(f"{name} cannot be {value!r}; it says something by currency")
    return MappingProxyType({each: read(f"{name} of {each}", one) for each, one in value.items()})


def _states(name: str, value: object) -> tuple[str, ...]:
    states = tuple(value) if isinstance(value, Iterable) else (value,)
    if isinstance(value, str) or not all(isinstance(one, str) for one in states):
        raise ReconciliationError(
            f"{name} cannot be {value!r}; they are a list of states, such as ('PAID',)"
        )
    return states


def _day(name: str, value: object) -> date | None:
    try:
        if isinstance(value, str):
            return date.fromisoformat(value)
    except ValueError:
        value = repr(value)
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    raise ReconciliationError(f"{name} cannot be {value}; it is a date, such as 2026-11-20")


def _clock(name: str, value: object) -> time:
    try:
        if isinstance(value, str):
            return time.fromisoformat(value)
    except ValueError:
        value = repr(value)
    if isinstance(value, time):
        return value
    raise ReconciliationError(f"{name} cannot be {value}; it is a time, such as 04:00")


def _rules(value: object) -> tuple[Ruling, ...]:
    rules = tuple(value) if isinstance(value, Iterable) else ()
    if not isinstance(value, Iterable) or not all(isinstance(one, Ruling) for one in rules):
        raise ReconciliationError(f"rules cannot be {value!r}; they are a list of rulings")
    return rules
