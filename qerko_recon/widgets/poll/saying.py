"""How a poll session is told: a snapshot in, what it is doing and what was called out."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime, timedelta
from html import escape
from math import ceil
from typing import Any, Final

import pandas as pd

from qerko_recon.session.snapshot import Snapshot, Step
from qerko_recon.widgets.parts.speaking import Words
from qerko_recon.wording import Catalog, format_number

__all__ = ["WORDS", "counts_of", "exchange_html", "span_of", "state_of", "steps_of"]

WORDS: Final = Catalog("qerko_recon.widgets.poll")

_OUTCOMES: Final = ("ok", "error", "not_wanted", "repeated")


def span_of(span: timedelta, words: Words) -> str:
    """Say a length of time in hours, minutes and seconds."""
    seconds = max(0, int(span.total_seconds()))
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return words(
        "span",
        hours=str(hours) if hours else None,
        minutes=str(minutes) if hours or minutes else None,
        seconds=str(seconds % 60),
    )


def state_of(snapshot: Snapshot, now: datetime, words: Words) -> str:
    """Say what a session does, since when, and when it tries again."""
    key = f"state.{snapshot.state}"
    if snapshot.state == "backing_off":
        key = f"backing_off.{snapshot.reason or 'trouble'}"
    left = None
    if snapshot.until is not None:
        left = str(max(0, ceil((snapshot.until - now).total_seconds())))
    why = snapshot.why if snapshot.reason in {None, "trouble"} else None
    said = words(
        key,
        why=why or None,
        left=left,
        conflicts=format_number(snapshot.conflicts, words.language),
    )
    if snapshot.since is None or snapshot.state in {"idle", "stopped"}:
        return said
    return words("since", state=said, span=span_of(now - snapshot.since, words))


def counts_of(snapshot: Snapshot) -> pd.DataFrame:
    """Count calls by method and outcome: a row a method."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(_OUTCOMES, 0))
    for (method, outcome), many in snapshot.outcomes.items():
        found[method][outcome] = found[method].get(outcome, 0) + many
    rows = [{"method": method, **many} for method, many in sorted(found.items())]
    return pd.DataFrame(rows, columns=["method", *_OUTCOMES])


def steps_of(snapshot: Snapshot) -> pd.DataFrame:
    """List the last calls, the newest first."""
    rows = [
        {
            "key": key_of(step),
            "at": step.at,
            "method": step.method,
            "payment_id": step.payment_id,
            "bill_id": step.bill_id,
            "outcome": step.outcome,
            "seconds": step.seconds,
        }
        for step in reversed(snapshot.last)
    ]
    names = ["key", "at", "method", "payment_id", "bill_id", "outcome", "seconds"]
    return pd.DataFrame(rows, columns=names)


def key_of(step: Step) -> str:
    """Name a call on the page."""
    return f"{step.at.timestamp():.6f} {step.uuid or step.method}"


def exchange_html(step: Step, words: Words) -> str:
    """Write what was asked and what was answered, side by side."""

    def block(key: str, value: Any) -> str:
        text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
        return (
            f'<div class="qerko-side"><h4>{escape(words(key))}</h4>'
            f'<pre class="qerko-json" tabindex="0">{escape(text)}</pre></div>'
        )

    asked = {"method": step.method, "args": step.args, "uuid": step.uuid}
    answered = block("answer", step.answer)
    return f'<div class="qerko-sides">{block("request", asked)}{answered}</div>'
