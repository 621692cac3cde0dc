"""The sheets of what went in: each payment and each POS line once, with its match and break."""

from __future__ import annotations

from typing import Any

import pandas as pd

from qerko_recon.recon import Reconciliation
from qerko_recon.report.labels import term
from qerko_recon.report.problems import problem_text
from qerko_recon.report.rows import plain_columns
from qerko_recon.report.workbook.places import Places
from qerko_recon.report.workbook.sheets import Column, Sheet
from qerko_recon.report.workbook.words import Words

__all__ = ["write_failures", "write_lines", "write_others", "write_payments", "write_problems"]


def write_payments(sheet: Sheet, payments: pd.DataFrame, places: Places, words: Words) -> None:
    """Write every payment with what it settles for."""
    own = plain_columns(
        payments,
        "payment_id",
        "bill_id",
        "state",
        "created_at",
        "items_total",
        "discount_total",
        "tip_gross",
        "tip_net",
        "parts_total",
        "settled",
        "settled_tip",
        "currency",
    )
    ids = own["payment_id"]
    columns = [
        words.column("payment", "id", ids),
        words.column("break", "link", places.breaks_of_payments(ids)),
        words.column("match", "link", places.matches_of_payments(ids)),
        words.column("bill", "id", own["bill_id"]),
        words.column("state", "text", own["state"]),
        words.column("created", "time", own["created_at"]),
        words.column("items", "money", own["items_total"]),
        words.column("discount", "money", own["discount_total"]),
        words.column("gross", "money", own["tip_gross"]),
        words.column("net", "money", own["tip_net"]),
        words.column("parts", "money", own["parts_total"]),
        words.column("settled", "money", own["settled"]),
        words.column("settled_tip", "money", own["settled_tip"]),
        words.column("currency", "unit", own["currency"]),
    ]
    sheet.table("Payments", columns)


def write_lines(sheet: Sheet, tenders: pd.DataFrame, places: Places, words: Words) -> None:
    """Write every POS line of Qerko's with what it counts for."""
    own = _line_columns(tenders, words)
    more = plain_columns(tenders, "tender_id", "posted", "posted_tip")
    ids = more["tender_id"]
    columns = [
        own.pop("line"),
        words.column("break", "link", places.breaks_of_lines(ids)),
        words.column("match", "link", places.matches_of_lines(ids)),
        *own.values(),
        words.column("posted", "money", more["posted"]),
        words.column("posted_tip", "money", more["posted_tip"]),
    ]
    sheet.table("SourceRows", columns)


def write_others(sheet: Sheet, result: Reconciliation, words: Words) -> None:
    """Write the lines of other tenders, which do not count."""
    sheet.table("OtherTenders", list(_line_columns(result.others, words).values()))


def write_failures(sheet: Sheet, result: Reconciliation, words: Words) -> None:
    """Write the IDs that were asked for and not had."""
    own = plain_columns(result.failures, "payment_id", "kind", "status", "detail", "attempts")
    columns = [
        words.column("payment", "id", own["payment_id"]),
        words.column("kind", "text", [_failure(one, words) for one in own["kind"]]),
        words.column("http_status", "place", own["status"]),
        words.column("attempts", "count", own["attempts"]),
        words.column("detail", "long", own["detail"], 90),
    ]
    sheet.table("NotFetched", columns)


def write_problems(sheet: Sheet, result: Reconciliation, words: Words) -> None:
    """Write what of the export could not be read."""
    own = plain_columns(result.problems, "source_file", "source_row", "column", "value", "problem")
    problems = [problem_text(one, words.language) for one in own["problem"]]
    columns = [
        words.column("file", "text", own["source_file"]),
        words.column("row", "place", own["source_row"]),
        words.column("column", "text", own["column"]),
        words.column("value", "text", own["value"]),
        words.column("problem", "long", problems, 90),
    ]
    sheet.table("Problems", columns)


def _line_columns(lines: pd.DataFrame, words: Words) -> dict[str, Column]:
    own: dict[str, list[Any]] = plain_columns(
        lines,
        "tender_id",
        "source_file",
        "source_row",
        "payment_id",
        "bill_id",
        "paid_at",
        "state",
        "tender_type",
        "provider",
        "amount",
        "tip",
        "total",
        "currency",
    )
    states = {one: term("tender_state", one, words.language) for one in set(own["state"])}
    return {
        "line": words.column("line", "id", own["tender_id"]),
        "file": words.column("file", "text", own["source_file"]),
        "row": words.column("row", "place", own["source_row"]),
        "payment": words.column("payment", "id", own["payment_id"]),
        "bill": words.column("bill", "id", own["bill_id"]),
        "paid_at": words.column("paid_at", "time", own["paid_at"]),
        "state": words.column("state", "text", [states[one] for one in own["state"]]),
        "tender_type": words.column("tender_type", "text", own["tender_type"]),
        "provider": words.column("provider", "text", own["provider"]),
        "amount": words.column("amount_without_tip", "money", own["amount"]),
        "tip": words.column("tip", "money", own["tip"]),
        "total": words.column("total", "money", own["total"]),
        "currency": words.column("currency", "unit", own["currency"]),
    }


def _failure(kind: str, words: Words) -> str:
    return term("failure", kind, words.language)
