"""What a history says to people, a sentence at a time, in every language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import pandas as pd

from qerko_recon.history.compare import RunComparison
from qerko_recon.history.run import News, Run
from qerko_recon.recon.sentences import sentence, severity_name
from qerko_recon.report.labels import LABELS, signed
from qerko_recon.report.rows import plain_rows
from qerko_recon.wording import Catalog, format_date, format_number, language_of, one_line

__all__ = [
    "WORDS",
    "break_line",
    "fate",
    "news_sections",
    "open_sections",
    "totals_line",
    "written",
]

WORDS: Final = Catalog("qerko_recon.history")
"""The words of a history."""

_LONG: Final = 300
_CHANGES: Final = ("added", "appeared", "gone", "closed", "changed")


def news_sections(run: Run, language: str = "en") -> Iterator[tuple[str | None, list[str]]]:
    """Tell what the recording of a run changed: sections of lines, each with its heading."""
    language = language_of(language)
    news = run.news
    if news is None:
        return
    lines = [WORDS.say("news.again" if news.is_again else "news.recorded", language, _of(run))]
    for held in news.signed:
        values = {"day": format_date(held.business_day, language), "by": one_line(held.by)}
        lines.append(WORDS.say("news.signed", language, values))
    if news.compared is not None:
        lines += _inputs(news.compared, language)
    yield None, [*lines, _open(news, language)]
    came = set(news.appeared["break_id"])
    closed = [
        f"{sentence(row, language)} {fate(row, language)}"
        for row in plain_rows(news.closed)
        if row["break_id"] not in came  # a new one that settles an old one: the old one says so
    ]
    if closed:
        yield WORDS.say("news.closed", language), closed
    if len(news.carried):
        rows = plain_rows(news.carried)
        yield WORDS.say("news.carried", language), [break_line(row, language) for row in rows]


def open_sections(
    frame: pd.DataFrame, language: str = "en"
) -> Iterator[tuple[str | None, list[str]]]:
    """List open breaks, a section a venue; each with its ID, by which it can be noted."""
    language = language_of(language)
    held = plain_rows(frame)
    for venue in dict.fromkeys(row["venue"] for row in held):
        mine = [row for row in held if row["venue"] == venue]
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for row in mine:
            sums[row["currency"]] += row["variance"]
        count = WORDS.count("open", len(mine), language)
        head = f"{one_line(venue)}: {count}" if venue else count
        lines = [f"{row['break_id']} {break_line(row, language)}" for row in mine]
        yield f"{head}, {written(sums, language)}", lines
    if not held:
        yield None, [WORDS.say("news.nothing", language)]


def break_line(row: Mapping[str, Any], language: str = "en") -> str:
    """Say an open break in a line: how grave, what, how old, and what was said of it."""
    said = f"[{severity_name(row['severity'], language)}] {sentence(row, language)}"
    about = []
    if row["age"] is not None and row["age"] > 0:
        about.append(WORDS.count("age", row["age"], language))
    if row["status"] != "open" or row["note"]:
        about.append(_noted(row, language))
    return f"{said} ({'; '.join(about)})" if about else said


def fate(row: Mapping[str, Any], language: str = "en") -> str:
    """Say why a break is closed."""
    values = {
        "run": row["closed_in"],
        "counterpart": row["counterpart"],
        "by": row["noted_by"] and one_line(row["noted_by"]),
        "text": row["note"] and one_line(row["note"], _LONG),
    }
    return WORDS.say(f"why.{row['why']}", language, values)


def written(sums: Mapping[str, Decimal], language: str = "en") -> str:
    """Write variances by currency."""
    amounts = [signed(one, currency, language) for currency, one in sums.items()]
    return ", ".join(amounts) or WORDS.say("news.none", language)


def _of(run: Run) -> dict[str, object]:
    return {"run": run.run_id}


def _noted(row: Mapping[str, Any], language: str) -> str:
    key = f"status.{row['status']}"
    status = WORDS.say(key, language) if WORDS.knows(key) else row["status"]
    if not row["note"]:
        return status
    by, text = one_line(row["noted_by"] or "?"), one_line(row["note"], _LONG)
    return WORDS.say("status.said", language, {"status": status, "by": by, "text": text})


def _inputs(compared: RunComparison, language: str) -> Iterator[str]:
    """Say how what a run was fed with differs from what an earlier one was."""
    moved = _counted(compared, "breaks", language)
    for one in compared.inputs:
        is_payments = one.kind == "payments"
        values = {"name": one_line(one.name), "run": compared.before}
        head = WORDS.say("news.payments" if is_payments else "news.file", language, values)
        told = _counted(compared, "payments" if is_payments else "lines", language)
        if one.kind == "log":
            told = ""
        elif not told:
            told = WORDS.say("news.same", language)
        said = "; ".join(filter(None, (told, moved)))
        yield f"{head}: {said}." if said else f"{head}."


def _counted(compared: RunComparison, what: str, language: str) -> str:
    """Count the changes of one kind of row: how many came, went and are otherwise."""
    counts = compared.counts(what)
    said = [
        WORDS.say(f"change.{change}", language, {"n": format_number(counts[change], language)})
        for change in _CHANGES
        if counts.get(change)
    ]
    head = LABELS.say(f"column.{what}", language)
    return f"{head}: {', '.join(said)}" if said else ""


def _open(news: News, language: str) -> str:
    if not news.open_after and not news.open_before:
        return WORDS.say("news.nothing", language)
    values = {
        "breaks": LABELS.count("breaks", news.open_after, language),
        "sums": written(news.after, language),
        "count": format_number(news.open_before, language) if news.open_before else None,
        "before": written(news.before, language),
    }
    return WORDS.say("news.open" if news.open_after else "news.all_closed", language, values)


def totals_line(run: Run, language: str = "en") -> str:
    """Write a run's control totals in a line."""
    said = []
    for total in run.totals:
        values = {
            "settled": signed(total.settled, total.currency, language).lstrip("+"),
            "posted": signed(total.posted, total.currency, language).lstrip("+"),
            "variance": signed(total.variance, total.currency, language),
        }
        count = LABELS.count("breaks", total.breaks, language)
        said.append(f"{LABELS.say('verdict.total', language, values)}: {count}")
    return "; ".join(said)
