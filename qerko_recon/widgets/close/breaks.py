"""The breaks of a close on the page: filtered and sorted in a table, one of them told in full."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from html import escape
from typing import Any, Final

import ipywidgets

from qerko_recon.closing import GIVEN_STATUSES, BreakList, ToldBreak
from qerko_recon.errors import QerkoReconError
from qerko_recon.money import parse_amount
from qerko_recon.recon.sentences import kind_name, severity_name
from qerko_recon.report import Result
from qerko_recon.report.labels import LABELS, signed
from qerko_recon.widgets.parts import Column, Disclosure, Table, button, choice, field, html, row
from qerko_recon.widgets.parts.showing import as_money, as_text, facts_html, line_html
from qerko_recon.widgets.parts.speaking import Words
from qerko_recon.wording import format_date, format_number

__all__ = ["BreaksView"]

_ALL: Final = ""


class BreaksView(ipywidgets.VBox):
    """A table of breaks with its filters, and what is known of the picked one.

    Parameters
    ----------
    words
        The panel's.
    on_save
        Gets the ID, status and note of a break when they are to be kept; gives whether they were.
    on_error
        Gets what went wrong.

    Attributes
    ----------
    kind, status, at_least, text
        The filters.
    table
        The breaks.
    previous, next
        From one break to the next.
    told
        The picked break in words.
    new_status, note, save
        What a person says of it.
    """

    def __init__(
        self,
        words: Words,
        *,
        on_save: Callable[[str, str, str], bool],
        on_error: Callable[[Exception], object],
    ) -> None:
        self._words, self._on_save, self._on_error = words, on_save, on_error
        self._breaks: BreakList | None = None
        self._result: Result | None = None
        self._amount: Decimal | None = None
        every = [(words("filter.all"), _ALL)]
        self.kind = choice(words("filter.kind"), every, _ALL)
        self.status = choice(words("filter.status"), every, _ALL)
        self.at_least = field(words("filter.at_least"), width="13em", is_instant=True)
        self.text = field(
            words("filter.text"), hint=words("filter.text_hint"), width="24em", is_instant=True
        )
        for one in (self.kind, self.status, self.at_least, self.text):
            one.observe(lambda _: self._filter(), "value")
        self.counted = html()
        self.table = Table(
            words("breaks_title"), self._columns(), key="break_id", tone="severity",
            language=words.language, page_size=10,
        )  # fmt: skip
        self.table.observe(lambda _: self._show(), "selected")
        self.previous = button(words("previous"), lambda: self.table.step(-1))
        self.next = button(words("next"), lambda: self.table.step(1))
        self.told = html()
        self.evidence = Disclosure(words("evidence"))
        self._evidence = html()
        self.evidence.hold(self._evidence)
        self.story = Disclosure(words("story"))
        self._story = html()
        self.story.hold(self._story)
        self.story.toggle.observe(lambda _: self._tell_story(), "is_open")
        statuses = [(words(f"status.{one}"), one) for one in GIVEN_STATUSES]
        self.new_status = choice(words("say_status"), statuses, GIVEN_STATUSES[0])
        self.note = ipywidgets.Textarea(
            description=words("say_note"),
            placeholder=words("say_note_hint"),
            rows=2,
            layout={"width": "48em"},
            style={"description_width": "initial"},
        )
        self.save = button(words("save"), self._save, style="primary")
        self.one = ipywidgets.VBox(
            (
                row(self.previous, self.next),
                self.told,
                self.evidence,
                self.story,
                row(self.new_status, self.note, self.save, align="flex-end"),
            )
        )
        self.one.layout.display = "none"
        super().__init__(
            (
                row(self.kind, self.status, self.at_least, self.text, align="flex-end"),
                self.counted,
                self.table,
                self.one,
            )
        )

    @property
    def controls(self) -> tuple[Any, ...]:
        """What takes input."""
        return (self.new_status, self.note, self.save)

    def put(self, result: Result) -> None:
        """Show a result's breaks; filters and the picked break stay where they still fit."""
        self._result = result
        self._breaks = breaks = BreakList(result, self._words.language)
        language = self._words.language
        kinds = [
            (self._words("filter.counted", name=name, n=format_number(many, language)), kind)
            for kind, name, many in breaks.kinds()
        ]
        kept = self.kind.value
        self.kind.options = [(self._words("filter.all"), _ALL), *kinds]
        self.kind.value = kept if kept in {kind for _, kind in kinds} else _ALL
        self._offer_statuses()
        self.table.put(breaks.table)
        self._filter()
        self._show()

    def _offer_statuses(self) -> None:
        if self._breaks is None:
            return
        counts, kept = self._breaks.statuses(), self.status.value
        named = [
            (
                self._words(
                    "filter.counted",
                    name=self._words(f"status.{one}"),
                    n=format_number(counts[one], self._words.language),
                ),
                one,
            )
            for one in (*GIVEN_STATUSES, "closed")
            if counts[one] or one == kept
        ]
        self.status.options = [(self._words("filter.all"), _ALL), *named]
        self.status.value = kept

    def _filter(self) -> None:
        breaks = self._breaks
        if breaks is None:
            return
        language = self._words.language
        try:
            given = self.at_least.value.strip()
            amount = abs(parse_amount(given)) if given else None
        except QerkoReconError as error:
            self.counted.value = line_html(str(error), "warning")
            return
        kept = breaks.mask(
            kinds=(self.kind.value,) if self.kind.value else (),
            at_least=amount,
            status=self.status.value or None,
            text=self.text.value,
        )
        self.table.filter(kept)
        sums = ", ".join(
            signed(one, code, language) for code, one in breaks.variances(kept).items()
        )
        self.counted.value = line_html(
            self._words(
                "counted",
                shown=format_number(int(kept.sum()), language),
                all=self._words.count("breaks", len(breaks)),
                sums=sums or None,
            )
        )

    def _show(self) -> None:
        """Tell the picked break."""
        picked = self.table.selected
        told = self._breaks.told(picked) if self._breaks is not None and picked else None
        self.one.layout.display = "none" if told is None else None
        self.story.is_open = False
        if told is None:
            return
        self.told.value = self._told(told)
        self._evidence.value = self._seen(told)
        self.evidence.layout.display = None if told.evidence or told.row["log_records"] else "none"
        self.new_status.value = told.status if told.status in GIVEN_STATUSES else GIVEN_STATUSES[0]
        self.note.value = told.note

    def _told(self, told: ToldBreak) -> str:
        one, language = told.row, self._words.language

        def label(name: str) -> str:
            return LABELS.say(f"column.{name}", language)

        def amount(name: str) -> str:
            value = one[name]
            if value is None:
                return ""
            said = signed(value, one["currency"], language)
            return said if name == "variance" else said.lstrip("+")

        facts = [
            (label("cause"), told.cause),
            (label("action"), told.action),
            (label("settled"), amount("settled")),
            (label("posted"), amount("posted")),
            (label("variance"), amount("variance")),
            (label("payment"), one["payment_id"] or ""),
            (label("bill"), one["bill_id"] or ""),
            (label("break"), one["break_id"]),
        ]
        head = (
            f"{kind_name(one['kind'], language)} · {severity_name(one['severity'], language)}"
            f" · {self._words(f'status.{told.status}')}"
        )
        return (
            f'<h4>{escape(head)}</h4><p class="qerko-sentence">{escape(told.sentence)}</p>'
            f"{facts_html(facts)}"
        )

    def _seen(self, told: ToldBreak) -> str:
        parts = [part for part in told.evidence.split("; ") if part]
        if told.row["log_records"]:
            numbers = ", ".join(map(str, told.row["log_records"]))
            parts.append(self._words("log_records", numbers=numbers))
        return "<ul>" + "".join(f"<li>{escape(part)}</li>" for part in parts) + "</ul>"

    def _tell_story(self) -> None:
        """Tell all that happened to the break's payment, once somebody asks."""
        if not self.story.is_open or self._result is None:
            return
        try:
            told = self._result.explain(self.table.selected, self._words.language)
            self._story.value = told._repr_html_()
        except QerkoReconError as error:
            self._story.value = line_html(str(error), "warning")

    def _save(self) -> None:
        """Keep what a person says of the picked break."""
        picked, breaks = self.table.selected, self._breaks
        if not picked or breaks is None:
            return
        status, note = self.new_status.value, self.note.value.strip()
        try:
            if self._on_save(picked, status, note):
                breaks.say(picked, status=status, note=note)
                page = self.table.page
                self.table.put(breaks.table)
                self._offer_statuses()
                self._filter()
                self.table.page = min(page, self.table.pages - 1)
                self._show()
        except Exception as error:  # noqa: BLE001 - all of it is told
            self._on_error(error)

    def _columns(self) -> list[Column]:
        language, words = self._words.language, self._words

        def label(name: str) -> str:
            return LABELS.say(f"column.{name}", language)

        return [
            Column("severity", label("severity"), lambda one: severity_name(one, language)),
            Column("kind", label("kind"), lambda one: kind_name(one, language)),
            Column("payment_id", label("payment"), as_text),
            Column("variance", label("variance"), self._variance, is_number=True),
            Column("currency", label("currency"), as_text),
            Column(
                "business_date", label("business_date"), lambda one: format_date(one, language)
            ),
            Column("age", label("age"), str, is_number=True),
            Column("status", label("status"), lambda one: words(f"status.{one}")),
            Column("break_id", label("sentence"), self._sentence, is_wide=True, is_sortable=False),
        ]

    def _variance(self, value: Decimal) -> str:
        text = as_money(value, self._words.language)
        return f"+{text}" if value > 0 else text

    def _sentence(self, break_id: str) -> str:
        return "" if self._breaks is None else self._breaks.sentence(break_id)
