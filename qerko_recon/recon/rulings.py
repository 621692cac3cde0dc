"""What people have decided of a reconciliation: matches taken, matches refused, rows left out.

A ruling is data and nothing else, so that a policy can hold it, a history can keep it, and a run
with the same rulings comes out the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from qerko_recon.errors import ReconciliationError

__all__ = ["KINDS", "Ruling"]

KINDS: Final = ("accept_match", "reject_match", "exclude_payment", "exclude_tender")


@dataclass(frozen=True, slots=True)
class Ruling:
    """One decision, made by a person.

    Parameters
    ----------
    kind
        ``accept_match``: these payments and lines belong together, whatever the passes say.
        ``reject_match``: they do not; neither a pass nor a suggestion may bring them together.
        ``exclude_payment``, ``exclude_tender``: these take no part; what they move is shown as
        ``excluded`` in the bridge.
    payment_ids, tender_ids
        What it is about.
    reason
        Why, for whoever reads it next.
    by, at
        Who decided, and when.

    Raises
    ------
    ReconciliationError
        The kind is not known, or the IDs do not fit it.

    Examples
    --------
    >>> Ruling("exclude_tender", tender_ids=["T-7"], reason="staff meal").tender_ids
    ('T-7',)
    """

    kind: str
    payment_ids: tuple[str, ...] = ()
    tender_ids: tuple[str, ...] = ()
    reason: str = ""
    by: str | None = None
    at: datetime | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ReconciliationError(
                f"a ruling cannot be {self.kind!r}; it can be {', '.join(KINDS)}"
            )
        object.__setattr__(self, "payment_ids", _ids("payment_ids", self.payment_ids))
        object.__setattr__(self, "tender_ids", _ids("tender_ids", self.tender_ids))
        takes_payments = self.kind != "exclude_tender"
        takes_tenders = self.kind != "exclude_payment"
        if bool(self.payment_ids) != takes_payments or bool(self.tender_ids) != takes_tenders:
            wanted = " and ".join(
                name
                for name, taken in (
                    ("payment_ids", takes_payments),
                    ("tender_ids", takes_tenders),
                )
                if taken
            )
            raise ReconciliationError(f"the ruling {self.kind} is about {wanted}, and no others")


def _ids(name: str, value: Iterable[str]) -> tuple[str, ...]:
    """Sort the IDs, so that the same decision is the same ruling."""
    if isinstance(value, str) or not all(isinstance(one, str) and one for one in value):
        raise ReconciliationError(f"a ruling's {name} are a list of IDs, not {value!r}")
    return tuple(sorted(set(value)))
