"""The breaks of a run, and what each is about: a payment, a POS line, or neither."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

from qerko_recon.history.view import RunView, Said, line, payment
from qerko_recon.money import trim
from qerko_recon.schema import BREAKS

__all__ = ["Found", "absent", "found_in"]

_ABOUT: Final = tuple(
    field.name
    for field in BREAKS
    if field.name not in {"reason", "severity", "age", "cause", "evidence", "action", "facts"}
)
_OF_ONE_LINE: Final = frozenset({"duplicate_in_pos", "unreadable"})
_UNFETCHED: Final = "unfetched"


@dataclass(frozen=True, slots=True)
class Found:
    """A break of a run.

    ``key`` is the same for the same break in every run of the venue, ``subject`` is what it is
    about, ``place`` its row in the run's frame.
    """

    place: int
    key: str
    subject: str
    break_id: str
    kind: str
    payment_id: str | None
    bill_id: str | None
    currency: str
    settled: Decimal
    posted: Decimal
    variance: Decimal
    day: date | None


def found_in(breaks: pa.Table, view: RunView) -> list[Found]:
    """List a run's breaks with what each is about."""
    rows = breaks.select(_ABOUT).to_pylist()
    subjects = _Subjects(rows, view)
    seen: Counter[str] = Counter()
    found = []
    for place in sorted(range(len(rows)), key=lambda place: rows[place]["break_id"]):
        row = rows[place]
        subject, names = subjects.of(row)
        key = "\x1f".join((subject, row["kind"], row["field"] or "", row["currency"], *names))
        seen[key] += 1
        found.append(
            Found(
                place=place,
                key=key if seen[key] == 1 else f"{key}\x1f{seen[key]}",
                subject=subject,
                break_id=row["break_id"],
                kind=row["kind"],
                payment_id=row["payment_id"],
                bill_id=row["bill_id"],
                currency=row["currency"],
                settled=trim(row["settled"]),
                posted=trim(row["posted"]),
                variance=trim(row["variance"]),
                day=row["business_date"],
            )
        )
    return sorted(found, key=lambda one: one.place)


class _Subjects:
    """Tells what breaks are about; looks all of them up at once."""

    def __init__(self, rows: Sequence[dict[str, Any]], view: RunView) -> None:
        tender_ids = sorted({one for row in rows for one in row["tender_ids"] or ()})
        ids = sorted({row["payment_id"] for row in rows} - {None})
        self._known = {
            one for one, is_held in zip(ids, view.has_payments(ids), strict=True) if is_held
        }
        self._names = view.name_lines(tender_ids)
        self._paid = view.payments_with(tender_ids)
        self._on = view.payments_on(sorted({row["bill_id"] for row in rows} - {None}))

    def of(self, row: dict[str, Any]) -> tuple[str, list[str]]:
        """Tell a break's subject, and what tells it from others of its kind about the same."""
        payment_id, tender_ids = row["payment_id"], row["tender_ids"] or ()
        lines = sorted(self._names.get(one, line(one, row["business_date"])) for one in tender_ids)
        names = lines if row["kind"] in _OF_ONE_LINE else []
        if payment_id in self._known:
            return payment(payment_id), names
        if payment_id is None:
            paid = self._several(row)
            if paid:  # a break of several payments is about the first of them
                return payment(min(paid)), [row["bill_id"] or "", *names]
        if lines:
            return lines[0], []
        if payment_id is not None:
            return payment(payment_id), []
        return f"X:{row['break_id']}@{row['business_date'] or ''}", []

    def _several(self, row: dict[str, Any]) -> list[str]:
        if row["tender_ids"]:
            return self._paid.get(min(row["tender_ids"]), [])
        return self._on.get(row["bill_id"], [])


def absent(found: Sequence[Found]) -> Iterator[Said]:
    """Say of which payments nothing is known, since they could not be fetched."""
    for one in found:
        if one.kind == _UNFETCHED and one.payment_id and one.subject == payment(one.payment_id):
            yield Said(one.subject, "absent")
