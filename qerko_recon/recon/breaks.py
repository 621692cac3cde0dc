"""Drafts in, the finished table of breaks out: stable IDs, severity, age, words, evidence."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.money import unit_to_decimal
from qerko_recon.recon.compare import Draft
from qerko_recon.recon.intake import Intake, PaymentSide, TenderSide
from qerko_recon.recon.policy import Policy
from qerko_recon.recon.sentences import action, cause
from qerko_recon.schema import BREAKS

__all__ = ["SEVERITIES", "break_table"]

SEVERITIES: Final = ("high", "medium", "low", "info")

_HARMLESS: Final = frozenset({"rounding", "timing"})
_DEFAULT_RISK: Final = (Decimal(2), Decimal(20))


def break_table(
    drafts: Sequence[Draft], intake: Intake, policy: Policy, *, as_of: date | None
) -> pa.Table:
    """Finish drafts, most money at risk first.

    The ID of a break comes from what it is about (kind, field, payment, bill, lines, currency),
    not from its amounts or its place, so that it stays the same when the run is repeated.
    """
    seen: Counter[str] = Counter()
    states = _states(drafts, intake.payments)
    rows = [
        _row(draft, intake.tenders, policy, as_of)
        | {"evidence": _evidence(draft, state, intake.tenders)}
        for draft, state in zip(drafts, states, strict=True)
    ]
    rows.sort(key=_order)
    for row in rows:
        seen[row["break_id"]] += 1
        if (number := seen[row["break_id"]]) > 1:
            row["break_id"] += f"-{number}"
    return pa.Table.from_pylist(rows, schema=BREAKS)


def _row(draft: Draft, lines: TenderSide, policy: Policy, as_of: date | None) -> dict[str, Any]:
    variance = unit_to_decimal(draft.posted - draft.settled)
    tender_ids = sorted(lines.ids[row] for row in draft.tenders)
    row: dict[str, Any] = {
        "break_id": _identity(draft, tender_ids),
        "kind": draft.kind,
        "reason": draft.reason,
        "severity": _severity(draft.kind, variance, draft.currency, policy.risk),
        "payment_id": draft.payment_id,
        "bill_id": draft.bill_id,
        "tender_ids": tender_ids,
        "field": draft.field,
        "settled": unit_to_decimal(draft.settled),
        "posted": unit_to_decimal(draft.posted),
        "variance": variance,
        "currency": draft.currency,
        "business_date": draft.day,
        "age": None if draft.day is None or as_of is None else (as_of - draft.day).days,
        "facts": msgspec.json.encode(draft.facts).decode(),
    }
    row["cause"] = cause(row)
    row["action"] = action(row)
    return row


def _states(drafts: Sequence[Draft], side: PaymentSide) -> list[str | None]:
    """Look up the state of each draft's payment; ``None`` where it was not had."""
    ids = pa.array([draft.payment_id for draft in drafts], pa.string())
    places = pc.index_in(ids, value_set=side.table["payment_id"])
    return list(side.table["state"].combine_chunks().take(places).to_pylist())


def _identity(draft: Draft, tender_ids: list[str]) -> str:
    about = [draft.kind, draft.field, draft.currency, draft.payment_id or "", draft.bill_id or ""]
    if draft.payment_id is None or draft.kind in {"duplicate_in_pos", "unreadable"}:
        about += tender_ids
        about += [draft.facts.get(name, "") for name in ("file", "row") if not tender_ids]
    digest = hashlib.sha256("\x1f".join(about).encode()).hexdigest()
    return f"B-{digest[:12]}"


def _severity(
    kind: str,
    variance: Decimal,
    currency: str,
    risk: Mapping[str, tuple[Decimal, Decimal]],
) -> str:
    """Grade by the money at risk."""
    if variance == 0 or kind in _HARMLESS:
        return "info"
    medium, high = risk.get(currency, _DEFAULT_RISK)
    if abs(variance) >= high:
        return "high"
    return "medium" if abs(variance) >= medium else "low"


def _evidence(draft: Draft, state: str | None, lines: TenderSide) -> list[str]:
    """Name what shows the break: the lines of the export, and what Qerko answered."""
    shown: list[str] = []
    files = lines.table["source_file"]
    numbers = lines.table["source_row"]
    for row in sorted(draft.tenders, key=lambda row: lines.ids[row]):
        file, number = files[row].as_py(), numbers[row].as_py()
        shown.append(f"{file}, row {number}" if file and number else f"POS line {lines.ids[row]}")
    if not shown and {"file", "row"} <= draft.facts.keys():
        shown.append(f"{draft.facts['file']}, row {draft.facts['row']}")
    if state is not None:
        shown.append(f"GET payment {draft.payment_id}: {state}")
    elif draft.reason == "not_found":
        shown.append(f"GET payment {draft.payment_id}: 404 Not Found")
    elif draft.kind == "unfetched":
        shown.append(f"GET payment {draft.payment_id}: {draft.facts.get('detail', 'no payment')}")
    return shown


def _order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        row["currency"],
        SEVERITIES.index(row["severity"]),
        -abs(row["variance"]),
        row["kind"],
        row["payment_id"] or "",
        row["break_id"],
    )
