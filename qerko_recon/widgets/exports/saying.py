"""How an export's understanding is said: a file in, a line, its reasons and its choices out."""

from __future__ import annotations

from html import escape
from typing import Final

from qerko_recon.closing import ExportFile
from qerko_recon.errors import shorten
from qerko_recon.pos import Sniffed
from qerko_recon.widgets.parts.speaking import Words
from qerko_recon.wording import Catalog, format_number

__all__ = ["WORDS", "row_choices", "said_of", "why_html"]

WORDS: Final = Catalog("qerko_recon.widgets.exports")

_CELLS: Final = 60


def said_of(seen: ExportFile, words: Words) -> str:
    """Say in a line or two how a file was understood.

    Parameters
    ----------
    seen
        The file.
    words
        The panel's.
    """
    export = seen.export
    if export is None:
        return words("said.unread", name=seen.path.name)
    counted = words(
        "said.counted",
        name=seen.path.name,
        lines=words.count("lines", len(export.tenders)),
        others=format_number(len(export.others), words.language),
        problems=words.count("problems", len(export.problems)),
    )
    forms = "; ".join(dict.fromkeys(_form(one, words) for one in seen.sniffed))
    sure = words(f"confidence.{_weakest(seen.sniffed)}")
    return f"{counted} {words('said.form', form=forms, confidence=sure)}"


def _form(one: Sniffed, words: Words) -> str:
    parts = [one.encoding or one.format.upper()]
    if one.sheet is not None:
        parts.append(words("form.sheet", sheet=shorten(one.sheet)))
    if one.delimiter is not None:
        mark = one.delimiter if one.delimiter.strip() else "TAB"
        parts.append(words("form.delimiter", mark=mark))
    if one.decimal_mark is not None:
        mark = {",": "comma", ".": "point"}.get(one.decimal_mark, one.decimal_mark)
        parts.append(words(f"decimal_mark.{mark}"))
    if one.date_order is not None:
        parts.append(words(f"date_order.{one.date_order}"))
    parts.append(words(f"tips.{one.tip_layout}"))
    return ", ".join(parts)


def _weakest(sniffed: tuple[Sniffed, ...]) -> str:
    held = {one.confidence for one in sniffed}
    return next((one for one in ("low", "medium", "high") if one in held), "stated")


def why_html(seen: ExportFile, words: Words) -> str:
    """Write the reasons, setting by setting, and what had to be assumed.

    The reasons are English, as the reader of exports gives them.
    """
    heads = "".join(
        f'<th scope="col">{escape(words(f"why.{name}"))}</th>'
        for name in ("setting", "value", "confidence", "reason")
    )
    rows: list[str] = []
    notes: list[str] = []
    for one in seen.sniffed:
        for finding in one.findings:
            cells = (
                finding.setting.replace("_", " "),
                finding.value,
                words(f"confidence.{finding.confidence}"),
                finding.reason,
            )
            rows.append("".join(f"<td>{escape(str(cell))}</td>" for cell in cells))
        notes += one.notes
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    listed = "".join(f"<li>{escape(note)}</li>" for note in dict.fromkeys(notes))
    table = f'<table class="qerko-facts"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody>'
    return f"{table}</table>" + (f"<ul>{listed}</ul>" if listed else "")


def row_choices(seen: ExportFile, words: Words) -> list[tuple[str, int]]:
    """Offer the rows that could have the column names."""
    rows = () if seen.peek is None else seen.peek.rows
    return [
        (words("choice.row", row=row, cells=shorten(" | ".join(cells), _CELLS)), row)
        for row, cells in rows
    ]
