"""Workbook and page of a close as files to be downloaded: a result in, named bytes out."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Final, Literal

from qerko_recon.report import Result
from qerko_recon.widgets.parts.download import Made

__all__ = ["made_of", "name_of"]

_ODD: Final = re.compile(r"[^\w-]+")


def name_of(result: Result, ending: str) -> str:
    """Name a close's file by its days and venue.

    >>> import pandas as pd
    >>> from qerko_recon import reconcile
    >>> payments = pd.DataFrame({"payment_id": ["1"], "state": ["PAID"], "currency": ["CZK"],
    ...                          "parts_total": ["5"], "created_at": ["2026-11-20T18:00Z"]})
    >>> name_of(reconcile(payments, pd.DataFrame({"payment_id": ["1"], "amount": ["5"]})), "xlsx")
    'close_2026-11-20.xlsx'
    """
    summary = result.summary
    days = dict.fromkeys(
        str(day) for day in (summary.first_day, summary.last_day) if day is not None
    )
    venue = _ODD.sub("_", summary.venue or "").strip("_")
    return "_".join(part for part in ("close", *days, venue) if part) + f".{ending}"


def made_of(result: Result, ending: Literal["xlsx", "html"], language: str) -> Made:
    """Write a result's workbook or page, to be downloaded."""
    name = name_of(result, ending)
    with tempfile.TemporaryDirectory(prefix="qerko-close-") as folder:
        path = Path(folder) / name
        write = result.to_excel if ending == "xlsx" else result.to_html
        write(path, language)
        return Made(name, path.read_bytes())
