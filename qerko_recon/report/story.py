"""The story of a payment or a bill as people read it: a frame, a text, a page."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cached_property
from html import escape
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa

from qerko_recon.recon import Reconciliation
from qerko_recon.recon.causes.words import CATALOG, Values
from qerko_recon.recon.sentences import action, cause, sentence
from qerko_recon.recon.story import Event, Story, tell
from qerko_recon.report.evidence import evidence_text
from qerko_recon.report.labels import term
from qerko_recon.report.saving import saved_at
from qerko_recon.schema import STORY, to_frame
from qerko_recon.wording import format_date, language_of, one_line

__all__ = ["PaymentStory", "explain"]

_WIDTH: Final = 100
_NARROWEST: Final = 60
_LONG: Final = 400
_GRAVE: Final = frozenset({"failed", "unanswered", "unheard", "complained", "no_reply"})
_STYLE: Final = """
body{margin:0 auto;max-width:70rem;padding:1rem;font:1rem/1.45 system-ui,"Segoe UI",Roboto,
"DejaVu Sans",sans-serif;color:#1a1a1a;background:#fff}
""".strip()
_CELL: Final = "padding:3px 14px 3px 0;vertical-align:top;text-align:left"
_RULE: Final = "border-top:1px solid #d9d9d9"
_FAINT: Final = "opacity:.65"
_BAD: Final = "color:#c8443a;font-weight:600"
_CLOCK: Final = "white-space:nowrap;font-variant-numeric:tabular-nums"


class PaymentStory:
    """The whole story of one payment or bill, in order of time.

    What Qerko asked, what the POS answered, what the POS asked of Qerko itself, when there was no
    connection, what the export has and what Qerko says now; and what is concluded. In a notebook
    it shows itself; ``str`` is its text.

    Attributes
    ----------
    story
        The events and breaks as they are, before they are put into words.
    language
        ``cs``, ``de``, ``en`` or ``sk``.
    """

    def __init__(self, story: Story, language: str = "en") -> None:
        self.story = story
        self.language = language_of(language)
        self._zone = ZoneInfo(story.time_zone)

    @property
    def title(self) -> str:
        """What it is about."""
        named = self.story.named
        bills = one_line(", ".join(named.bill_ids)) or None
        if not named.payment_ids:
            return self._say("story.bill", {"bill": bills or one_line(named.name)})
        payments = one_line(", ".join(named.payment_ids))
        return self._say("story.payment", {"payment": payments, "bill": bills})

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row an event; columns of :data:`qerko_recon.schema.STORY`.

        What is concluded comes last: the breaks, each with what is wrong, why, and what to do.
        """
        rows = [
            {
                "at": event.at,
                "source": event.source,
                "what": event.what,
                "payment_id": event.payment_id,
                "detail": self._detail(event),
                "evidence": event.evidence,
            }
            for event in self.story.events
        ]
        for row in self.story.breaks:
            for what, text in self._conclusions(row):
                about = {"payment_id": row["payment_id"], "evidence": row["break_id"]}
                rows.append({"source": "break", "what": what, "detail": text, **about})
        return to_frame(pa.Table.from_pylist(rows, schema=STORY))

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write it as a page that needs no server.

        Raises
        ------
        QerkoReconError
            The file cannot be written.
        """
        page = (
            f'<!doctype html>\n<html lang="{self.language}">\n<head><meta charset="utf-8">'
            f"<title>{escape(self.title)}</title><style>{_STYLE}</style></head>\n"
            f"<body>{self._repr_html_()}</body>\n</html>\n"
        )
        with saved_at(path) as draft:
            draft.write_text(page, encoding="utf-8", newline="\n")

    def text(self, width: int = _WIDTH) -> str:
        """Write it as text, in lines of a width at most."""
        return "\n".join(self._lines(max(width, _NARROWEST)))

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"PaymentStory({self.title}, {len(self.story.events)} events)"

    # As text

    def _lines(self, width: int) -> Iterator[str]:
        yield self.title
        yield f"{self._say('story.clock', {'zone': self.story.time_zone})}"
        day: date | None = None
        wide = max((len(self._who(event.source)) for event in self.story.events), default=0)
        for event in self.story.events:
            local = self._local(event.at)
            if local is not None and local.date() != day:
                day = local.date()
                yield ""
                yield format_date(day, self.language)
            if local is None and day is not None:
                day = None
                yield ""
            clock = f"{local:%H:%M:%S}" if local is not None else self._say("story.nowhen")
            lead = f"{clock:8}  {self._who(event.source):{wide}}  "
            text = f"{self._about(event)}{self._detail(event)}  [{self._place(event)}]"
            yield textwrap.fill(
                text, width, initial_indent=lead, subsequent_indent=" " * len(lead),
                break_on_hyphens=False,
            )  # fmt: skip
        for note in self._notes():
            yield from ("", textwrap.fill(note, width))
        for row in self.story.breaks:
            yield ""
            for what, text in self._conclusions(row):
                yield textwrap.fill(
                    f"{self._say(f'story.{what}')}: {text}", width, subsequent_indent="  ",
                    break_on_hyphens=False,
                )  # fmt: skip

    # As a page

    def _repr_html_(self) -> str:
        heads = "".join(
            f'<th style="{_CELL}">{escape(self._say(f"story.{name}"))}</th>'
            for name in ("at", "source", "detail", "evidence")
        )
        rows = "".join(self._html_row(event, before) for event, before in self._with_days())
        notes = "".join(f"<p>{escape(note)}</p>" for note in self._notes())
        clock = escape(self._say("story.clock", {"zone": self.story.time_zone}))
        return (
            f'<div style="max-width:70em"><h2 style="margin:.5em 0 0">{escape(self.title)}</h2>'
            f'<p style="margin:0 0 .5em;{_FAINT}">{clock}</p>{self._html_breaks()}'
            f'<table style="border-collapse:collapse"><thead><tr>{heads}</tr></thead>'
            f"<tbody>{rows}</tbody></table>{notes}</div>"
        )

    def _with_days(self) -> Iterator[tuple[Event, date | None]]:
        """Give each event with the day that it is the first of."""
        last: date | None = None
        for event in self.story.events:
            local = self._local(event.at)
            day = None if local is None else local.date()
            yield event, day if day != last else None
            last = day or last

    def _html_row(self, event: Event, day: date | None) -> str:
        local = self._local(event.at)
        clock = "–" if local is None else f"{local:%H:%M:%S}"
        head = ""
        if day is not None:
            said = escape(format_date(day, self.language))
            head = f'<tr><td colspan="4" style="{_CELL};{_RULE};{_FAINT}">{said}</td></tr>'
        detail = escape(self._about(event) + self._detail(event))
        style = f"{_CELL};{_RULE}"
        grave = _BAD if event.what in _GRAVE or event.what == "gap" else ""
        return (
            f'{head}<tr><td style="{style};{_CLOCK}">{clock}</td>'
            f'<td style="{style};white-space:nowrap">{escape(self._who(event.source))}</td>'
            f'<td style="{style};{grave}">{detail}</td>'
            f'<td style="{style};{_FAINT};white-space:nowrap">'
            f"{escape(self._place(event))}</td></tr>"
        )

    def _html_breaks(self) -> str:
        found = []
        for row in self.story.breaks:
            lines = "".join(
                f'<dt style="{_FAINT}">{escape(self._say(f"story.{what}"))}</dt>'
                f'<dd style="margin:0 0 .4em">{escape(text)}</dd>'
                for what, text in self._conclusions(row)
            )
            box = "border:1px solid #d9d9d9;border-left:4px solid #c8443a;padding:.5em .8em"
            found.append(f'<dl style="{box};margin:.6em 0;max-width:60em">{lines}</dl>')
        return "".join(found)

    # Words

    def _notes(self) -> Iterator[str]:
        if not self.story.has_log:
            yield self._say("story.no_log")
        elif not any(", record" in event.evidence for event in self.story.events):
            yield self._say("story.silent_log")
        if not self.story.breaks:
            yield self._say("story.no_breaks")

    def _conclusions(self, row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        yield "wrong", sentence(row, self.language)
        yield "why", cause(row, self.language)
        yield "do", action(row, self.language)

    def _detail(self, event: Event) -> str:
        key = f"events.{event.what}"
        facts = dict(event.facts)
        if "rule" in facts:
            facts["rule"] = term("rule", facts["rule"], self.language)
        if event.source == "export" and "state" in facts:
            facts["state"] = term("tender_state", facts["state"], self.language)
        local = self._local(event.at)
        values = Values(facts, self.language, None if local is None else local.date())
        return self._say(key, values.all_of(CATALOG.slots(key, self.language)))

    def _about(self, event: Event) -> str:
        """Name the payment where the story has several."""
        if len(self.story.named.payment_ids) < 2 or event.payment_id is None:  # noqa: PLR2004
            return ""
        return f"{one_line(event.payment_id)}: "

    def _place(self, event: Event) -> str:
        return evidence_text([event.evidence], self.language)

    def _who(self, source: str) -> str:
        return self._say(f"who.{source}")

    def _local(self, at: datetime | None) -> datetime | None:
        return None if at is None else at.astimezone(self._zone)

    def _say(self, key: str, values: Mapping[str, object] | None = None) -> str:
        return CATALOG.say(key, self.language, values or {})


def explain(result: Reconciliation, name: str, language: str = "en") -> PaymentStory:
    """Tell the whole story of a payment or a bill.

    Parameters
    ----------
    result
        What ``reconcile`` returned.
    name
        The ID of a break, a payment or a bill.
    language
        ``cs``, ``de``, ``en`` or ``sk``.

    Raises
    ------
    ReconciliationError
        Nothing of this name is known; the message names what is alike.
    """
    return PaymentStory(tell(result, name), language)
