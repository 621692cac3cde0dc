"""What commands print: frames as tables, anything as JSON, words to standard error."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from qerko_recon.errors import shorten

if TYPE_CHECKING:
    import pandas as pd

    from qerko_recon.report import Result

__all__ = [
    "on_terminal",
    "print_frame",
    "print_json",
    "print_result",
    "result_json",
    "rows",
    "say",
    "say_written",
]

_MANY: Final = 10


def print_result(result: Result, language: str) -> None:
    """Print a result for people, the verdict last where it scrolled away."""
    from rich.console import Console

    from qerko_recon.report import print_report
    from qerko_recon.report.text import print_text

    console = Console(highlight=False)
    print_report(result, console, language)
    if len(result.breaks) > _MANY:
        # The verdict has scrolled away by now.
        console.print()
        print_text(console, result.verdict(language))


def print_frame(frame: pd.DataFrame, columns: list[str]) -> None:
    """Print some columns of a frame as a table; nothing where it has no rows."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from qerko_recon.money import trim

    if not len(frame):
        return
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in frame[columns].itertuples(index=False, name=None):
        cells = (trim(cell) if hasattr(cell, "as_tuple") else cell for cell in row)
        table.add_row(*(Text("" if _is_null(cell) else shorten(cell, 200)) for cell in cells))
    Console(highlight=False).print(table)


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give a frame's rows as JSON holds them; money is a decimal string."""
    records = frame.to_dict("records")
    return [{str(name): _plain(value) for name, value in row.items()} for row in records]


def result_json(result: Result, language: str) -> dict[str, Any]:
    """Give a result for a machine."""
    return {
        "verdict": result.verdict(language),
        "totals": result.summary.totals,
        "unexplained": str(result.unexplained),
        "breaks": rows(result.breaks),
        "bridge": rows(result.bridge),
        "readings": result.summary.readings,
        "notes": result.summary.notes,
        "problems": rows(result.problems),
    }


def _plain(value: Any) -> Any:
    """Turn a cell into what JSON holds; money becomes a decimal string."""
    from qerko_recon.money import trim

    if _is_null(value):
        return None
    if hasattr(value, "as_tuple"):
        return str(trim(value))
    if isinstance(value, date):
        return value.isoformat()
    return value.tolist() if hasattr(value, "tolist") else value


def _is_null(value: object) -> bool:
    import pandas as pd

    return value is None or value is pd.NA or value is pd.NaT


def print_json(value: object) -> None:
    """Print for a machine."""
    encoded = msgspec.json.encode(value, enc_hook=_encodable)
    click.echo(msgspec.json.format(encoded, indent=2).decode())


def _encodable(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)


def say(text: str) -> None:
    """Print for people, beside what a machine may read."""
    click.echo(text, err=True)


def say_written(file: Path, language: str, count: int | None = None) -> None:
    """Say that a file or a folder of so many was written."""
    from qerko_recon.report.labels import LABELS

    say(LABELS.say("report.written", language, {"file": file, "count": count}))


def on_terminal() -> bool:
    """Tell whether anybody watches."""
    return sys.stderr.isatty()
