"""How a history, its runs and comparisons show themselves: text, and static HTML."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pandas as pd

from qerko_recon.history.telling import totals_line, written
from qerko_recon.money import trim
from qerko_recon.report.labels import signed
from qerko_recon.report.rows import plain_rows
from qerko_recon.wording import format_date, one_line

if TYPE_CHECKING:
    from qerko_recon.history.compare import RunComparison
    from qerko_recon.history.history import History
    from qerko_recon.history.run import Run
    from qerko_recon.history.signing import SinceSignOff

__all__ = [
    "comparison_html",
    "comparison_lines",
    "comparison_text",
    "history_html",
    "history_text",
    "journal_lines",
    "ruling_lines",
    "run_html",
    "run_lines",
    "run_text",
    "since_html",
    "since_text",
]

_SHOWN: Final = 20
_LONG: Final = 300
_SUBJECTS: Final = ("run_id", "break_id", "ruling_id", "business_day", "status")
_SAYINGS: Final = ("text", "reason", "comment")
_CELL: Final = "padding:2px 10px 2px 0;vertical-align:top;text-align:left"
_RUN_COLUMNS: Final = (
    "run_no",
    "run_id",
    "venue",
    "first_day",
    "last_day",
    "by",
    "times",
    "breaks",
)
_LINE_COLUMNS: Final = ("change", "payment_id", "bill_id", "total_before", "total", "what")
_BREAK_COLUMNS: Final = ("change", "break_id", "kind", "payment_id", "variance_before", "variance")
_PAYMENT_COLUMNS: Final = ("change", "payment_id", "settled_before", "settled", "what")


def run_text(run: Run) -> str:
    """Show a run in two lines."""
    whose = f" of {one_line(run.venue)}" if run.venue else ""
    name = f" ({one_line(run.name)})" if run.name else ""
    again = f", {run.times} times, last on {run.last_at:%Y-%m-%d}" if run.times > 1 else ""
    return (
        f"Run {run.run_no}, {run.run_id}{name}{whose}: {_period(run)}, recorded by "
        f"{one_line(run.by)} on {run.at:%Y-%m-%d}{again}\n{totals_line(run)}"
    )


def run_html(run: Run) -> str:
    """Show a run, what it was fed with, and its totals."""
    rows = [[one.kind, one.name, str(one.rows), one.sha256[:12]] for one in run.inputs]
    first, _, rest = run_text(run).partition("\n")
    return (
        f"<p><strong>{escape(first)}</strong><br>{escape(rest)}</p>"
        f"{_table(('input', 'name', 'rows', 'SHA-256'), rows)}"
    )


def history_text(history: History) -> str:
    """Show a history in some lines: how many runs, of whom, what is open."""
    runs, balance = history.runs, history.balance()
    lines = [f"History({str(history.path)!r}): {_counted(len(runs), 'run')}"]
    for venue in history.venues:
        own = balance[balance["venue"].isna() if venue is None else balance["venue"] == venue]
        mine = runs[runs["venue"].isna() if venue is None else runs["venue"] == venue]
        sums = {row["currency"]: row["open"] for row in plain_rows(own) if row["open_breaks"]}
        count = int(own["open_breaks"].sum())
        lines.append(
            f"  {one_line(venue) if venue else 'without a venue'}: {_counted(len(mine), 'run')}, "
            f"{_counted(count, 'open break')}" + (f", {written(sums)}" if sums else "")
        )
    return "\n".join(lines)


def run_lines(history: History) -> Iterator[str]:
    """Tell of each run in a line, the last first."""
    totals: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for row in plain_rows(history.totals):
        totals[row["run_no"]][row["currency"]] = row["variance"]
    for row in plain_rows(history.runs[::-1]):
        days = dict.fromkeys(str(row[name] or "no day") for name in ("first_day", "last_day"))
        parts = [
            f"{row['run_no']:>4}  {row['run_id']}  {' to '.join(days)}",
            *([one_line(row["venue"])] if row["venue"] else []),
            f"{_counted(row['breaks'], 'break')}, {written(totals[row['run_no']])}",
            f"by {one_line(row['by'])}",
            *([one_line(row["name"])] if row["name"] else []),
            *([f"{row['times']} times"] if row["times"] > 1 else []),
            *(["after sign-off"] if row["after_sign_off"] else []),
        ]
        yield "; ".join(parts)


def ruling_lines(history: History) -> Iterator[str]:
    """Tell of each ruling in force in a line."""
    for row in plain_rows(history.all_rulings):
        if row["withdrawn_at"] is None:
            ids = ", ".join([*row["payment_ids"], *row["tender_ids"]])
            venue = f"; {one_line(row['venue'])}" if row["venue"] else ""
            yield (
                f"{row['ruling_id']}  {row['kind']} {one_line(ids, _LONG)}: "
                f"{one_line(row['reason'], _LONG)}; by {one_line(row['by'])} on "
                f"{row['at']:%Y-%m-%d}{venue}"
            )


def journal_lines(history: History) -> Iterator[str]:
    """Tell of each entry of the journal in a line: when, who, what, of what, and why."""
    entries = list(plain_rows(history.journal))
    wide = max((len(one_line(row["by"])) for row in entries), default=0)
    for row in entries:
        payload = msgspec.json.decode(row["payload"])
        about = [str(payload[key]) for key in _SUBJECTS if payload.get(key)]
        said = [one_line(payload[key], _LONG) for key in _SAYINGS if payload.get(key)]
        venue = [f"of {one_line(row['venue'])}"] if row["venue"] else []
        what = " ".join([row["what"].replace("_", " "), *about, *venue])
        yield (
            f"{row['seq']:4}  {row['at']:%Y-%m-%d %H:%M}  {one_line(row['by']):{wide}}  "
            + ": ".join([one_line(what, _LONG), *said])
        )


def history_html(history: History) -> str:
    """Show a history: its runs, the last first."""
    lines = "<br>".join(escape(line) for line in history_text(history).splitlines())
    return f"<p>{lines}</p>{_frame(history.runs[::-1], _RUN_COLUMNS)}"


def comparison_text(compared: RunComparison) -> str:
    """Show what differs between two runs, the first of each kind of change."""
    return "\n".join(comparison_lines(compared, _SHOWN))


def comparison_lines(compared: RunComparison, most: int | None = None) -> Iterator[str]:
    """Say what differs between two runs, a line each; ``most`` of lines, payments and breaks."""
    head = f"Run {compared.after} beside {compared.before}"
    if compared.is_same:
        yield f"{head}: the same"
        return
    yield head
    for one in compared.inputs:
        hashes = (side.sha256[:12] if side else "not there" for side in (one.before, one.after))
        yield f"  {one.kind} {one_line(one.name)}: {' → '.join(hashes)}"
    for setting in compared.settings:
        yield f"  setting {setting.name}: {one_line(setting.before)} → {one_line(setting.after)}"
    for total in compared.totals:
        if total.change_of_variance or total.settled != total.settled_before:
            yield (
                f"  {total.currency}: settled {total.settled_before} → {total.settled}, posted "
                f"{total.posted_before} → {total.posted}, variance "
                f"{signed(total.change_of_variance, total.currency)}"
            )
    for what, columns in (
        ("lines", _LINE_COLUMNS),
        ("payments", _PAYMENT_COLUMNS),
        ("breaks", _BREAK_COLUMNS),
    ):
        yield from _changes(getattr(compared, what), what, columns, most)


def comparison_html(compared: RunComparison) -> str:
    """Show what differs between two runs as tables."""
    lines = [*comparison_lines(compared, 0)]
    parts = [f"<p>{'<br>'.join(escape(line) for line in lines)}</p>"]
    for what, columns in (
        ("lines", _LINE_COLUMNS),
        ("payments", _PAYMENT_COLUMNS),
        ("breaks", _BREAK_COLUMNS),
    ):
        frame = getattr(compared, what)
        if len(frame):
            parts.append(f"<h4>{what}</h4>{_frame(frame, columns)}")
    return "".join(parts)


def since_text(since: SinceSignOff) -> str:
    """Show what changed since a sign-off."""
    held = since.sign_off
    head = (
        f"{held.business_day} was signed off by {one_line(held.by)} on "
        f"{held.at:%Y-%m-%d %H:%M} UTC ({held.run_id}, {_counted(held.open_breaks, 'open break')})"
    )
    if since.is_same:
        return f"{head}: nothing changed since"
    lines = [f"{head}; since then"]
    lines.append(f"  {_counted(len(since.runs), 'run')} recorded")
    for name in ("appeared", "closed", "changed"):
        frame = getattr(since, name)
        if len(frame):
            ids = ", ".join(frame["break_id"].head(_SHOWN))
            lines.append(f"  {_counted(len(frame), 'break')} {name}: {ids}")
    if since.compared is not None:
        lines += [f"  {line}" for line in comparison_lines(since.compared, _SHOWN)]
    return "\n".join(lines)


def since_html(since: SinceSignOff) -> str:
    """Show what changed since a sign-off."""
    lines = escape(since_text(since)).splitlines()
    return f"<p>{'<br>'.join(lines)}</p>"


def _changes(
    frame: pd.DataFrame, what: str, columns: Sequence[str], most: int | None
) -> Iterator[str]:
    if not len(frame):
        return
    counts = frame["change"].value_counts()
    yield f"  {what}: " + ", ".join(f"{n} {change}" for change, n in sorted(counts.items()))
    for row in plain_rows(frame.head(most) if most is not None else frame):
        cells = (_said(name, row[name]) for name in columns[1:])
        yield f"    {row['change']}: " + ", ".join(cell for cell in cells if cell)


def _said(name: str, value: Any) -> str:
    if value is None or value == []:
        return ""
    if isinstance(value, list):
        return f"{name} {', '.join(value)}"
    return f"{name.replace('_', ' ')} {one_line(value)}"


def _frame(frame: pd.DataFrame, columns: Sequence[str]) -> str:
    rows = [[_plain(row[name]) for name in columns] for row in plain_rows(frame.head(_SHOWN))]
    more = len(frame) - len(rows)
    return _table(columns, rows) + (f"<p>and {more} more</p>" if more > 0 else "")


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(trim(value)) if hasattr(value, "as_tuple") else one_line(value)


def _table(heads: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th style="{_CELL}">{escape(text)}</th>' for text in heads)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{escape(cell)}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _period(run: Run) -> str:
    if run.first_day is None or run.last_day is None:
        return "without business days"
    days = dict.fromkeys((run.first_day, run.last_day))
    return " to ".join(format_date(day) for day in days)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
