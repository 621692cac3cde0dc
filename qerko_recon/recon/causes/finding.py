"""Finds causes: the finished table of breaks and session logs in, the table with causes out.

Each reason of a break has its rules, the strongest evidence first. The first that finds its cause
names it; what the others find stands beside it as evidence. Nothing is guessed: where no rule
finds anything, the cause is what it is without a log.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.recon.causes import absent, amounts, closing, doubling, refusing, requests
from qerko_recon.recon.causes.case import Case, Row, Rule
from qerko_recon.recon.causes.reading import Heard, hear
from qerko_recon.recon.policy import Policy
from qerko_recon.recon.remark import Remark
from qerko_recon.recon.result import Source
from qerko_recon.recon.sentences import cause as sentence_of
from qerko_recon.schema import BREAKS
from qerko_recon.session.log import SessionLog

__all__ = ["Found", "find_causes", "rules_of"]

_NOT_TOLD: Final = (absent.taken_over, absent.log_silent)
_LACKING: Final = (
    requests.cancel_failed,
    closing.told_cancelled,
    closing.closed_error,
    closing.closed_unanswered,
    requests.looked_up_paid,
    closing.closed_late,
    closing.closed_not_booked,
    closing.closed_lost,
    refusing.refused,
    *_NOT_TOLD,
)
_OTHERWISE: Final = (
    closing.told_cancelled,
    closing.closed_error,
    closing.closed_unanswered,
    closing.closed_lost,
)
_STANDING: Final = (
    requests.cancelled_by_pos,
    closing.closed_error,
    closing.closed_unanswered,
    closing.state_ignored,
    closing.told_paid_then_cancelled,
    refusing.refused,
    requests.looked_up_cancelled,
    closing.closed_lost,
    *_NOT_TOLD,
)
_OPEN: Final = (requests.captured, closing.told_state, closing.in_progress, absent.log_silent)
_ANOTHER_DAY: Final = (
    closing.closed_error,
    closing.closed_unanswered,
    closing.closed_another_day,
    closing.closed_in_time,
    closing.closed_lost,
)
_TWICE: Final = (
    doubling.told_twice,
    doubling.closed_and_looked_up,
    doubling.closed_once,
    absent.log_silent,
)
_UNKNOWN: Final = (
    absent.not_finished,
    absent.id_never_seen,
    absent.log_silent,
)
_NO_PAYMENT: Final = (
    absent.bill_paid_unfetched,
    absent.bill_failed,
    absent.bill_unfinished,
    absent.bill_without_more,
    absent.bill_not_asked,
    absent.log_silent,
)
_AMOUNTS: Final = (
    amounts.final_price,
    amounts.amounts_changed,
    amounts.whole_bill,
    amounts.told_right,
)
_RULES: Final[Mapping[tuple[str, str], tuple[Rule, ...]]] = {
    ("missing_in_pos", "*"): _LACKING,
    ("missing_in_pos", "posted_as_other_tender"): _OTHERWISE,
    ("state_mismatch", "paid_but_open"): _LACKING,
    ("state_mismatch", "paid_but_cancelled"): _LACKING,
    ("state_mismatch", "cancelled_but_posted"): _STANDING,
    ("state_mismatch", "unknown_state"): _OPEN,
    ("timing", "*"): _ANOTHER_DAY,
    ("missing_in_qerko", "not_found"): (absent.known_to_qerko, *_UNKNOWN),
    ("missing_in_qerko", "not_among_payments"): (absent.log_names_it, *_UNKNOWN),
    ("missing_in_qerko", "no_payment_for_bill"): _NO_PAYMENT,
    ("duplicate_in_pos", "*"): _TWICE,
    ("amount_mismatch", "*"): (*_AMOUNTS, absent.log_silent),
    ("tip_mismatch", "*"): _AMOUNTS,
    ("part_mismatch", "*"): _AMOUNTS,
    ("currency_mismatch", "*"): _AMOUNTS,
    ("inconsistent_payment", "*"): (amounts.amounts_changed,),
    ("unfetched", "*"): (absent.log_names_it,),
}


@dataclass(frozen=True)
class Found:
    """The table of breaks with what the logs show; the logs as sources; what is to be known."""

    breaks: pa.Table
    sources: tuple[Source, ...]
    remarks: tuple[Remark, ...]


def find_causes(
    breaks: pa.Table,
    log: SessionLog,
    *,
    payments: pa.Table,
    tenders: pa.Table,
    policy: Policy,
) -> Found:
    """Find in session logs what is behind each break.

    Parameters
    ----------
    breaks
        Finished, of :data:`qerko_recon.schema.BREAKS`.
    log
        One or several, whole.
    payments, tenders
        Both sides; columns of :data:`qerko_recon.schema.PAYMENTS` and ``TENDERS``.
    policy
        Nothing left on ``auto``.
    """
    rows = breaks.to_pylist()
    asked = [row for row in rows if rules_of(row)]
    by_bill = _payments_of_bills(asked, payments)
    names = {row["payment_id"] for row in asked} | {
        one for some in by_bill.values() for one in some
    }
    bills = {row["bill_id"] for row in asked}
    heard = hear(log, names - {None}, bills - {None})
    known = _rows(payments, "payment_id", {*names, *_named(heard)})
    lines = _rows(tenders, "tender_id", {one for row in asked for one in row["tender_ids"] or ()})
    for row in rows:
        row["log_records"] = []
    for row in asked:
        own = [lines[one] for one in row["tender_ids"] or () if one in lines]
        of_break = [row["payment_id"]] if row["payment_id"] else by_bill.get(_bill(row), [None])
        cases = [
            Case(row, one, known.get(one or ""), own, heard, policy, known) for one in of_break
        ]
        _explain(row, cases)
    table = pa.Table.from_pylist(rows, schema=BREAKS)
    return Found(table, tuple(heard.sources), tuple(heard.remarks))


def rules_of(row: Row) -> tuple[Rule, ...]:
    """Give the rules for a break, the strongest evidence first; none where no log could tell."""
    kind, reason = row["kind"], row["reason"]
    if kind == "timing" and not row["settled"]:
        return (absent.log_names_it, *_UNKNOWN)
    return _RULES.get((kind, reason)) or _RULES.get((kind, "*")) or ()


def _explain(row: dict[str, Any], cases: list[Case]) -> None:
    """Write the strongest cause into a break, and what else was found beside it as evidence."""
    found = [
        (place, number, cause)
        for place, rule in enumerate(rules_of(row))
        for number, case in enumerate(cases)
        if (cause := rule(case)) is not None
    ]
    if not found:
        return
    _, number, cause = found[0]
    facts = {f"log_{name}": value for name, value in cause.facts.items()}
    if row["payment_id"] is None and (named := cases[number].payment_id) is not None:
        facts["log_payment"] = named
    row["cause_kind"] = cause.kind
    row["facts"] = _with_facts(row["facts"], facts)
    row["cause"] = sentence_of(row)
    row["log_records"] = list(dict.fromkeys(seq for one in cause.shown for seq in one.seqs))
    shown = (str(one) for _, _, each in found for one in each.shown)
    row["evidence"] = list(dict.fromkeys([*(row["evidence"] or ()), *shown]))


def _with_facts(facts: str | None, more: Mapping[str, str]) -> str:
    held = msgspec.json.decode(facts) if facts else {}
    return msgspec.json.encode({**held, **more}).decode()


def _payments_of_bills(rows: Iterable[Row], payments: pa.Table) -> dict[Any, list[str]]:
    """Give the payments of breaks that are of a bill as a whole."""
    bills = {_bill(row) for row in rows if row["payment_id"] is None and row["settled"]}
    if not bills:
        return {}
    wanted = pa.array([bill for bill, _ in bills if bill], pa.string())
    some = payments.filter(pc.is_in(payments["bill_id"], wanted))
    found: dict[Any, list[str]] = defaultdict(list)
    for row in some.select(["bill_id", "currency", "payment_id"]).to_pylist():
        if (row["bill_id"], row["currency"]) in bills:
            found[row["bill_id"], row["currency"]].append(row["payment_id"])
    return dict(found)


def _bill(row: Row) -> tuple[str | None, str]:
    return row["bill_id"], row["currency"]


def _named(heard: Heard) -> set[str]:
    return {call.payment_id for log in heard.logs for call in log.calls if call.payment_id}


def _rows(table: pa.Table, key: str, wanted: Iterable[str | None]) -> dict[str, Row]:
    """Give the rows that are asked about, by their ID."""
    ids = pa.array(sorted(one for one in wanted if one is not None), pa.string())
    rows = table.filter(pc.is_in(table[key], ids)).drop_columns(
        [name for name in ("raw",) if name in table.column_names]
    )
    return {row[key]: row for row in rows.to_pylist()}
