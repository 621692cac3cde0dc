"""Drafts in, the finished table of breaks out: stable IDs, severity, age, words, evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.money import from_units
from qerko_recon.recon.coded import Codes, Units, encode, flat, ranks, where_in
from qerko_recon.recon.drafts import Drafts, Objects
from qerko_recon.recon.groups import starts_of
from qerko_recon.recon.policy import Policy
from qerko_recon.recon.saying import causes_and_actions
from qerko_recon.recon.sides import Intake, TenderSide
from qerko_recon.schema import BREAKS

__all__ = ["SEVERITIES", "break_table", "places_of_lines"]

SEVERITIES: Final = ("high", "medium", "low", "info")

_HARMLESS: Final = ("rounding", "timing", "excluded")
_DEFAULT_RISK: Final = (Decimal(2), Decimal(20))
_UNIT: Final = 1_000_000
_LETTERS: Final = 12
_WORDS: Final = ("kind", "reason", "payment_id", "bill_id", "field", "currency")
_BY_LINES: Final = ("duplicate_in_pos", "unreadable")


def break_table(drafts: Drafts, intake: Intake, policy: Policy, *, as_of: date | None) -> pa.Table:
    """Finish drafts, most money at risk first.

    The ID of a break comes from what it is about (kind, field, payment, bill, lines, currency),
    not from its amounts or its place, so that it stays the same when the run is repeated.
    """
    drafts, tender_ids = _with_lines_in_order(drafts, intake.tenders)
    listed = _listed(tender_ids, drafts.starts)
    severity = _severities(drafts, policy)
    names = _identities(drafts, tender_ids)
    order = _order(drafts, severity, names, tender_ids)
    columns: dict[str, Any] = {
        "break_id": _numbered(names.take(pa.array(order))),
        **{name: drafts.text(name).take(pa.array(order)) for name in _WORDS},
        "severity": pa.array(SEVERITIES).take(pa.array(severity[order])),
        "tender_ids": listed.take(pa.array(order)),
        "settled": from_units(drafts.settled[order]),
        "posted": from_units(drafts.posted[order]),
        "variance": from_units((drafts.posted - drafts.settled)[order]),
        "business_date": pa.array(drafts.day[order]),
        "age": _ages(drafts.day[order], as_of),
        "evidence": _evidence(drafts, intake).take(pa.array(order)),
        "facts": [_json(facts) if facts else "{}" for facts in drafts.facts[order].tolist()],
    }
    for name, texts in zip(("cause", "action"), causes_and_actions(drafts, listed), strict=True):
        columns[name] = texts.take(pa.array(order))
    held = [
        pa.array(columns[field.name], field.type)
        if field.name in columns
        else pa.nulls(len(drafts), field.type)  # what only a log tells
        for field in BREAKS
    ]
    return pa.table(held, schema=BREAKS)


def _with_lines_in_order(drafts: Drafts, side: TenderSide) -> tuple[Drafts, pa.Array]:
    """Put the lines of each draft in the order of their IDs."""
    ids = flat(side.table["tender_id"]).take(pa.array(drafts.lines))
    if not (np.diff(drafts.starts) > 1).any():
        return drafts, ids
    keys = pa.table({"draft": drafts.owners, "id": ids})
    order = pc.sort_indices(keys, [("draft", "ascending"), ("id", "ascending")])
    lines = drafts.lines[np.asarray(order)]
    columns = {name: getattr(drafts, name) for name in drafts.__dataclass_fields__}
    return Drafts(**{**columns, "lines": lines}), ids.take(order)


def _listed(values: pa.Array, starts: Codes) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(starts.astype(np.int32)), values)


def _identities(drafts: Drafts, tender_ids: pa.Array) -> pa.Array:
    names = ("kind", "field", "currency", "payment_id", "bill_id")
    texts = [pc.fill_null(drafts.text(name), "") for name in names]
    about = pc.binary_join_element_wise(*texts, "\x1f").cast(pa.binary()).to_pylist()
    is_unknown = np.asarray(drafts.text("payment_id").is_null().to_numpy(False))
    by_lines = is_unknown | where_in(drafts.text("kind"), _BY_LINES)
    for place in np.flatnonzero(by_lines).tolist():
        lines = tender_ids[drafts.starts[place] : drafts.starts[place + 1]].to_pylist()
        rest = lines or [drafts.facts[place].get(fact, "") for fact in ("file", "row")]
        about[place] += "".join(f"\x1f{one}" for one in rest).encode()
    digests = np.frombuffer(b"".join(sha256(one).digest() for one in about), dtype=np.uint8)
    written = digests.reshape(-1, sha256().digest_size)[:, : _LETTERS // 2].tobytes().hex()
    names = pa.array(np.frombuffer(written.encode(), dtype=f"S{_LETTERS}")).cast(pa.string())
    return pc.binary_join_element_wise("B-", names, "")


def _numbered(ids: pa.Array) -> pa.Array:
    """Tell breaks about the same apart, by their order."""
    if len(pc.unique(ids)) == len(ids):
        return ids
    seen: Counter[str] = Counter()
    numbered = []
    for one in ids.to_pylist():
        seen[one] += 1
        numbered.append(one if seen[one] == 1 else f"{one}-{seen[one]}")
    return pa.array(numbered, pa.string())


def _severities(drafts: Drafts, policy: Policy) -> Codes:
    """Grade by the money at risk, as places in :data:`SEVERITIES`."""
    variance = np.abs(drafts.posted - drafts.settled)
    medium, high = _limits(drafts.currency, policy.risk)
    graded = np.select([variance >= high, variance >= medium], [0, 1], 2)
    harmless = (variance == 0) | where_in(drafts.text("kind"), _HARMLESS)
    return np.where(harmless, 3, graded)


def _limits(
    currencies: Objects, risk: Mapping[str, tuple[Decimal, Decimal]]
) -> tuple[Units, Units]:
    medium = np.empty(len(currencies), dtype=np.int64)
    high = np.empty(len(currencies), dtype=np.int64)
    for currency in set(currencies.tolist()):
        own = currencies == currency
        limits = risk.get(currency, _DEFAULT_RISK)
        medium[own], high[own] = (int(limit * _UNIT) for limit in limits)
    return medium, high


def _order(drafts: Drafts, severity: Codes, ids: pa.Array, tender_ids: pa.Array) -> Codes:
    """Sort by currency, severity, money at risk; what is alike by kind, payment and line."""
    first = pa.array(drafts.starts[:-1], mask=np.diff(drafts.starts) == 0)
    keys = pa.table(
        {
            "currency": _ranks(drafts.text("currency")),
            "severity": severity,
            "risk": -np.abs(drafts.posted - drafts.settled),
            "kind": _ranks(drafts.text("kind")),
            "payment": pc.fill_null(drafts.text("payment_id"), ""),
            "id": ids,
            "walk": drafts.settled,
            "line": tender_ids.take(first),
        }
    )
    by = [(name, "ascending") for name in keys.column_names]
    return np.asarray(pc.sort_indices(keys, by)).astype(np.int64)


def _ranks(column: pa.Array) -> Codes:
    """Give each word's place among all, sorted: numbers compare quicker than texts."""
    words, (codes,) = encode(column)
    return ranks(words)[codes]


def _ages(days: Any, as_of: date | None) -> pa.Array:
    unknown = np.isnat(days) if as_of is not None else np.ones(len(days), dtype=bool)
    if as_of is None:
        return pa.nulls(len(days), pa.int32())
    ages = (np.datetime64(as_of, "D") - days).astype(np.int64)
    return pa.array(np.where(unknown, 0, ages), mask=unknown).cast(pa.int32())


def _json(facts: Mapping[str, str]) -> str:
    return msgspec.json.encode(facts).decode()


def places_of_lines(side: TenderSide, lines: Codes) -> pa.Array:
    """Say where lines stand: file and row, or the line's ID where that is all there is."""
    rows = pa.array(lines)
    files, numbers, ids = (
        flat(side.table[name]).take(rows) for name in ("source_file", "source_row", "tender_id")
    )
    written = pc.binary_join_element_wise(files, numbers.cast(pa.string()), ", row ")
    return pc.coalesce(written, pc.binary_join_element_wise("POS line", ids, " "))


def _evidence(drafts: Drafts, intake: Intake) -> pa.ListArray:
    """Name what shows each break: the lines of the export, and what Qerko answered."""
    answers = _answers(drafts, intake)
    shown = [places_of_lines(intake.tenders, drafts.lines)]
    owners = [drafts.owners]
    without_lines = np.flatnonzero(np.diff(drafts.starts) == 0)
    rows = [
        (place, f"{facts['file']}, row {facts['row']}")
        for place, facts in zip(
            without_lines.tolist(), drafts.facts[without_lines].tolist(), strict=True
        )
        if "file" in facts and "row" in facts
    ]
    if rows:
        owners.append(np.array([place for place, _ in rows], dtype=np.int64))
        shown.append(pa.array([text for _, text in rows], pa.string()))
    known = np.asarray(answers.is_valid().to_numpy(False))
    owners.append(np.flatnonzero(known))
    shown.append(answers.drop_null())
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    texts = pa.concat_arrays(shown).take(pa.array(order))
    return _listed(texts, starts_of(np.bincount(owner, minlength=len(drafts))))


def _answers(drafts: Drafts, intake: Intake) -> pa.Array:
    """Say what Qerko answered when each draft's payment was asked for."""
    states = pa.array(intake.payments.texts("state", drafts.payment), pa.string())
    asked = pc.binary_join_element_wise("GET payment ", drafts.text("payment_id"), ": ", "")
    said = pc.binary_join_element_wise(asked, states, "")
    others = (drafts.reason == "not_found") | (drafts.kind == "unfetched")
    rows = np.flatnonzero(others)
    if not len(rows):
        return said
    why = [
        "404 Not Found"
        if drafts.reason[row] == "not_found"
        else drafts.facts[row].get("detail", "no payment")
        for row in rows.tolist()
    ]
    failed = pc.binary_join_element_wise(asked.take(pa.array(rows)), pa.array(why), "")
    filled = pc.replace_with_mask(said, pa.array(others), failed)
    return pc.coalesce(said, filled)
