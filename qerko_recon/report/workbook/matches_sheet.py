"""The sheet of matches: what belongs together, by which rule, and what is only suggested."""

from __future__ import annotations

import pandas as pd

from qerko_recon.report.evidence import evidence_text
from qerko_recon.report.labels import term
from qerko_recon.report.rows import plain_columns
from qerko_recon.report.workbook.places import Places
from qerko_recon.report.workbook.sheets import Sheet
from qerko_recon.report.workbook.words import Words, joined

__all__ = ["write_matches"]


def write_matches(sheet: Sheet, matches: pd.DataFrame, places: Places, words: Words) -> None:
    """Write the matches in their own order."""
    own = plain_columns(matches, *matches.columns)
    payments, lines = own["payment_ids"], own["tender_ids"]

    def said(table: str, name: str) -> list[str]:
        names = {one: term(table, one, words.language) for one in set(own[name])}
        return [names[one] for one in own[name]]

    columns = [
        words.column("match", "id", own["match_id"]),
        words.column("kind", "text", said("match_kind", "kind")),
        words.column("status", "text", said("match_status", "status")),
        words.column("rule", "text", said("rule", "rule")),
        words.column(
            "payments", "long", [places.first_payment(one, joined(one)) for one in payments], 28
        ),
        words.column("lines", "long", [places.first_line(one, joined(one)) for one in lines], 46),
        words.column("settled", "money", own["settled"]),
        words.column("posted", "money", own["posted"]),
        words.column("variance", "money", own["variance"]),
        words.column("currency", "unit", own["currency"]),
        words.column(
            "evidence", "long", [evidence_text(one, words.language) for one in own["evidence"]], 50
        ),
    ]
    sheet.table("Matches", columns)
    status = 2
    for number, one in enumerate(own["status"], start=1):
        if one != "confirmed":
            sheet.write(number, status, term("match_status", one, words.language), "medium")
