"""The panel of a session log: a timeline, filters, one call at a time, gaps, replay, HAR."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import ipywidgets
import numpy as np

from qerko_recon.errors import SessionLogError
from qerko_recon.report.labels import term
from qerko_recon.report.swimlane import draw_swimlane
from qerko_recon.session.handlers import Handler
from qerko_recon.session.log import SessionLog
from qerko_recon.session.replay import replay
from qerko_recon.session.viewing import LogView, Look
from qerko_recon.widgets.log.saying import (
    WORDS,
    exchange_html,
    parse_time,
    summary_of,
    written_time,
)
from qerko_recon.widgets.parts import (
    Column,
    Disclosure,
    Download,
    FileDrop,
    HandlerChoice,
    Latest,
    Panel,
    Table,
    Worker,
    button,
    choice,
    field,
    guarded,
    heading,
    html,
    note,
    picture_html,
    row,
)
from qerko_recon.widgets.parts.download import Made
from qerko_recon.widgets.parts.showing import as_text, as_time, line_html
from qerko_recon.wording import format_number

__all__ = ["LogPanel"]

_ALL: Final = ""
_DIFFER: Final = ("timestamp", "created")  # of course
_SHORTEST: Final = timedelta(seconds=2)

Source = SessionLog | str | os.PathLike[str]


class LogPanel(Panel):
    """Go through a session log: what the connection was doing, and which calls went wrong.

    Parameters
    ----------
    log
        A log, a file, a folder or a pattern; opened at once, in the background.
    handler
        Who may be asked again, beside those that can be chosen.
    time_zone
        Of the times.
    language
        ``cs``, ``de``, ``en`` or ``sk``.

    Attributes
    ----------
    path, load, drop, stop
        Where a log comes from.
    since, until, zoom_in, zoom_out, earlier, later, whole, timeline
        The time that is looked at, and its picture.
    method, payment, outcome, text, only_problems
        The filters; ``text`` is looked for in what was said too.
    calls, previous, next, next_problem, exchange
        The calls that are left, and the picked one in full.
    gaps, har, handler, ask_again, replayed
        When there was no connection, the exchanges as a file, and the log asked again.
    view
        The opened log; ``None`` before there is one.
    look
        The filter as it stands.
    """

    def __init__(
        self,
        log: Source | Iterable[Source] | None = None,
        *,
        handler: Handler | None = None,
        time_zone: str = "Europe/Prague",
        language: str = "en",
    ) -> None:
        super().__init__(WORDS, language)
        words = self.words
        self._zone = time_zone
        self.view: LogView | None = None
        self.look = Look()
        self._kept = np.zeros(0, dtype=bool)
        self._ends = threading.Event()
        self._worker = Worker(self.status.fail, self._lock)
        self._drawer = Latest(self.status.fail)
        self._reader = Latest(self.status.fail)
        self._finder = Latest(self.status.fail)
        self._is_setting = False
        self._make_source(log)
        self._make_time()
        self._make_filters()
        self._make_calls()
        self._make_rest(handler)
        self.seen = ipywidgets.VBox(
            (
                self.summary,
                row(self.since, self.until),
                row(self.zoom_in, self.zoom_out, self.earlier, self.later, self.whole),
                self.timeline,
                row(self.method, self.outcome, self.payment, self.text, self.only_problems),
                self.counted,
                self.calls,
                row(self.previous, self.next, self.next_problem),
                self.exchange,
                Disclosure(words("gaps_title"), self.gaps),
                Disclosure(words("take_along"), note(words("har_note")), self.har),
                Disclosure(
                    words("replay_title"), note(words("replay_note")), self.handler,
                    self.ask_again, self.replay_said, self.replayed,
                ),
            )
        )  # fmt: skip
        self.seen.layout.display = "none"
        self.lay_out(
            heading(words("title")),
            row(self.path, self.load, self.stop),
            self.drop,
            self.seen,
        )
        if log is not None:
            self._begin(log)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until what was begun is done and shown."""
        return all(
            one.wait(seconds) for one in (self._worker, self._finder, self._reader, self._drawer)
        )

    def close(self) -> None:
        """Stop what is going on and let the panel go."""
        self._ends.set()
        super().close()

    # How it is made

    def _make_source(self, log: object) -> None:
        words = self.words
        given = str(log) if isinstance(log, str | os.PathLike) else ""
        self.path = field(words("path"), given, hint=words("path_hint"), width="48em")
        self.load = button(words("load"), self._load, style="primary")
        self.stop = button(words("stop"), self._ends.set, disabled=True)
        self.drop = FileDrop(
            self._arrive, label=words("drop"), accept=".jsonl,.gz,.zst", language=self.language
        )
        self.summary = html()

    def _make_time(self) -> None:
        words = self.words
        hint = words("time_hint")
        self.since = field(words("since"), hint=hint, width="19em")
        self.until = field(words("until"), hint=hint, width="19em")
        for one in (self.since, self.until):
            one.observe(lambda _: self._time_typed(), "value")
        self.zoom_in = button(words("zoom_in"), lambda: self._zoom(0.5))
        self.zoom_out = button(words("zoom_out"), lambda: self._zoom(2.0))
        self.earlier = button(words("earlier"), lambda: self._shift(-0.5))
        self.later = button(words("later"), lambda: self._shift(0.5))
        self.whole = button(words("whole"), lambda: self._look_at(None, None))
        self.timeline = html()

    def _make_filters(self) -> None:
        words = self.words
        every = [(words("all"), _ALL)]
        self.method = choice(words("method"), every, _ALL)
        self.outcome = choice(words("outcome_title"), every, _ALL)
        self.payment = field(words("payment"), width="14em", is_instant=True)
        self.text = field(words("text"), hint=words("text_hint"), width="24em")
        self.only_problems = ipywidgets.Checkbox(
            description=words("only_problems"), indent=False, layout={"width": "max-content"}
        )
        for one in (self.method, self.outcome, self.payment, self.only_problems):
            one.observe(lambda _: self._filter(), "value")
        self.text.observe(lambda _: self._search(), "value")
        self.counted = html()

    def _make_calls(self) -> None:
        words = self.words
        self.calls = Table(
            words("calls_title"), self._call_columns(), key="key", language=self.language,
            page_size=15,
        )  # fmt: skip
        self.calls.observe(lambda _: self._show(), "selected")
        self.previous = button(words("previous"), lambda: self._step(-1))
        self.next = button(words("next"), lambda: self._step(1))
        self.next_problem = button(
            words("next_problem"), lambda: self._step(1, only_problems=True)
        )
        self.exchange = html()

    def _make_rest(self, handler: Handler | None) -> None:
        words, language = self.words, self.language
        self.gaps = Table(
            words("gaps_title"), self._gap_columns(), key="key", language=language, page_size=10
        )
        self.gaps.observe(lambda _: self._look_at_gap(), "selected")
        self.har = Download(words("har"), self._make_har, self.status.fail, language=language)
        self.handler = HandlerChoice(handler, language=language)
        self.ask_again = button(words("ask_again"), self._ask_again)
        self.replay_said = html()
        self.replayed = Table(
            words("replay_title"), self._replay_columns(), key="key", language=language,
            page_size=10,
        )  # fmt: skip
        self.replayed.layout.display = "none"

    # What buttons do

    @guarded
    def _load(self) -> None:
        given = self.path.value.strip()
        if not given:
            self.status.say(self.words("path_wanted"), "warning")
            return
        self._begin(Path(given).expanduser() if "*" not in given else given)

    @guarded
    def _arrive(self, path: Path) -> None:
        self.path.value = str(path)
        self._begin(path)

    def _begin(self, log: Any) -> None:
        self._ends.clear()

        def work() -> None:
            self.status.say(self.words("reading"))
            view = LogView(log, stop=self._ends)
            self._put(view)
            self.status.say(self.words("read"), "good")

        if not self._worker.start(work):
            self.status.say(self.words("at_work"), "warning")

    def _put(self, view: LogView) -> None:
        """Show another log from the beginning."""
        self.view = view
        self.look = Look()
        self.summary.value = line_html(summary_of(view, self._zone, self.words))
        self._is_setting = True
        try:
            for control, counts, table in (
                (self.method, view.methods, None),
                (self.outcome, view.outcomes, "outcome"),
            ):
                named = [
                    (self._counted(self.words(f"{table}.{one}") if table else one, many), one)
                    for one, many in counts.items()
                ]
                control.options = [(self.words("all"), _ALL), *named]
                control.value = _ALL
            self.payment.value = self.text.value = ""
            self.only_problems.value = False
        finally:
            self._is_setting = False
        self.calls.put(view.calls)
        gaps = view.gaps
        self.gaps.put(gaps.assign(key=[str(n) for n in range(len(gaps))]))
        self.replayed.layout.display = "none"
        self.replay_said.value = self.exchange.value = ""
        self.seen.layout.display = None
        self._look_at(None, None)

    def _counted(self, name: str, many: int) -> str:
        return f"{name} ({format_number(many, self.language)})"

    def _look_at(self, since: datetime | None, until: datetime | None) -> None:
        """Look at a stretch of time, or at the whole log."""
        view = self.view
        if view is None or view.span is None:
            self._filter()
            return
        first, last = view.span
        self.look = replace(self.look, since=since, until=until)
        self._is_setting = True
        try:
            self.since.value = written_time(since or first, self._zone)
            self.until.value = written_time(until or last + timedelta(seconds=1), self._zone)
        finally:
            self._is_setting = False
        self._filter()
        self._drawer(self._draw)

    @guarded
    def _time_typed(self) -> None:
        if self._is_setting or self.view is None:
            return
        times = []
        for control in (self.since, self.until):
            moment = parse_time(control.value, self._zone)
            if moment is None:
                self.status.say(self.words("no_time", value=control.value), "warning")
                return
            times.append(moment)
        if times[0] >= times[1]:
            self.status.say(self.words("no_span"), "warning")
            return
        self.status.say("")
        self._look_at(*times)

    @guarded
    def _zoom(self, factor: float) -> None:
        self._move(factor, 0.0)

    @guarded
    def _shift(self, by: float) -> None:
        self._move(1.0, by)

    def _move(self, factor: float, by: float) -> None:
        """Look at a longer or shorter stretch around the same middle, or at one beside it."""
        if self.view is None or self.view.span is None:
            return
        first, last = self.view.span
        since, until = self.look.since or first, self.look.until or last
        length = max((until - since) * factor, _SHORTEST)
        middle = since + (until - since) / 2 + (until - since) * by
        since, until = middle - length / 2, middle + length / 2
        if since <= first and until >= last:
            self._look_at(None, None)
        else:
            self._look_at(since.astimezone(UTC), until.astimezone(UTC))

    @guarded
    def _look_at_gap(self) -> None:
        if self.view is None or not self.gaps.selected:
            return
        gap = self.view.gaps.iloc[int(self.gaps.selected)]
        began = gap["began_at"].to_pydatetime()
        length = timedelta(seconds=float(gap["seconds"]))
        around = max(length / 4, timedelta(seconds=5))
        self._look_at(began - around, began + length + around)

    @guarded
    def _filter(self) -> None:
        """Show the calls that the filters leave."""
        view = self.view
        if view is None or self._is_setting:
            return
        self.look = replace(
            self.look,
            methods=(self.method.value,) if self.method.value else (),
            outcomes=(self.outcome.value,) if self.outcome.value else (),
            payment_id=self.payment.value.strip(),
            only_problems=bool(self.only_problems.value),
        )
        self._kept = view.mask(self.look)
        self.calls.filter(self._kept)
        self.counted.value = line_html(
            self.words(
                "counted",
                shown=format_number(int(self._kept.sum()), self.language),
                all=self.words.count("calls", len(view)),
            )
        )

    @guarded
    def _search(self) -> None:
        """Look for a text, in what was said too, which takes a reading of the log."""
        if self._is_setting or self.view is None:
            return
        view, text = self.view, self.text.value.strip()

        def work() -> None:
            found: frozenset[str] = frozenset()
            if text:
                self.status.say(self.words("searching", text=text))
                found = view.find(text, self._ends)
            self.look = replace(self.look, text=text, uuids=found)
            self._filter()
            self.status.say("")

        self._finder(work)

    @guarded
    def _step(self, by: int, *, only_problems: bool = False) -> None:
        if self.view is None:
            return
        key = self.view.step(self._kept, self.calls.selected, by, only_problems=only_problems)
        if not key:
            self.status.say(self.words("no_more"), "warning")
            return
        self.status.say("")
        self.calls.turn_to(key)

    def _show(self) -> None:
        """Show the picked call in full, once its records are read."""
        view, picked = self.view, self.calls.selected
        if view is None or not picked:
            self.exchange.value = ""
            return

        def work() -> None:
            found = view.exchange(picked)
            self.exchange.value = exchange_html(found, self._zone, self.words)

        self._reader(work)

    def _draw(self) -> None:
        """Draw the stretch that is looked at."""
        view, look = self.view, self.look
        if view is None:
            return
        spans, gaps = view.spans, view.gaps
        if look.since is not None and look.until is not None:
            spans, gaps = (
                frame[
                    (frame["began_at"] < look.until)
                    & (frame["ended_at"].isna() | (frame["ended_at"] >= look.since))
                ]
                for frame in (spans, gaps)
            )
        calls = view.calls.filter(Look(since=look.since, until=look.until).mask(view.calls))
        held = calls.select(["received_at", "outcome"]).to_pandas()
        figure = draw_swimlane(
            spans,
            held,
            gaps,
            time_zone=self._zone,
            language=self.language,
            between=None if look.since is None or look.until is None else (look.since, look.until),
        )
        self.timeline.value = picture_html(figure, self.words("picture_alt"))

    def _make_har(self) -> Made:
        if self.view is None:
            raise SessionLogError(self.words("path_wanted"))
        with tempfile.TemporaryDirectory(prefix="qerko-har-") as folder:
            path = Path(folder) / "session.har"
            self.view.to_har(self._kept, path)
            return Made(path.name, path.read_bytes())

    @guarded
    def _ask_again(self) -> None:
        view, handler = self.view, self.handler.chosen()
        if view is None:
            return

        def work() -> None:
            self.status.say(self.words("asking"))
            found = replay(view.narrowed(self._kept), handler, ignored=_DIFFER)
            frame = found.frame
            self.replay_said.value = line_html(
                self.words(
                    "replayed",
                    calls=self.words.count("calls", len(frame)),
                    same=format_number(int((frame["verdict"] == "same").sum()), self.language),
                    different=format_number(len(found.different), self.language),
                ),
                "good" if found.is_same else "warning",
            )
            said = ["; ".join(one) for one in frame["differences"]]
            self.replayed.put(
                frame[["seq", "method", "payment_id", "verdict"]].assign(
                    differences=said, key=[str(n) for n in range(len(frame))]
                )
            )
            self.replayed.layout.display = None
            self.status.say(self.words("asked"), "good")

        self._worker.start(work)

    def _lock(self, is_busy: bool) -> None:
        self.stop.disabled = not is_busy
        for one in (self.path, self.load, self.drop, self.ask_again, *self.handler.controls):
            one.disabled = is_busy

    # Columns

    def _call_columns(self) -> list[Column]:
        words = self.words
        return [
            Column("received_at", words("at"), self._time),
            Column("method", words("method"), as_text),
            Column("payment_id", words("payment"), as_text),
            Column("bill_id", words("bill"), as_text),
            Column("outcome", words("outcome_title"), lambda one: words(f"outcome.{one}")),
            Column("delivery", words("delivery_title"), lambda one: words(f"delivery.{one}")),
            Column(
                "duration", words("seconds"), lambda one: f"{_seconds(one):.3f}", is_number=True
            ),
            Column("times", words("times"), str, is_number=True),
            Column("error_message", words("error"), as_text, is_wide=True),
        ]

    def _gap_columns(self) -> list[Column]:
        words = self.words
        return [
            Column("began_at", words("since"), self._time),
            Column("seconds", words("seconds"), lambda one: f"{one:.0f}", is_number=True),
            Column("reason", words("reason"), lambda one: term("gap", one, self.language)),
            Column("attempts", words("attempts"), str, is_number=True),
            Column("detail", words("detail"), as_text, is_wide=True),
        ]

    def _replay_columns(self) -> list[Column]:
        words = self.words
        return [
            Column("seq", words("record"), str, is_number=True),
            Column("method", words("method"), as_text),
            Column("payment_id", words("payment"), as_text),
            Column("verdict", words("verdict_title"), lambda one: words(f"verdict.{one}")),
            Column("differences", words("differences"), as_text, is_wide=True),
        ]

    def _time(self, value: datetime) -> str:
        return as_time(value, self._zone, seconds=True)


def _seconds(duration: Any) -> float:
    return (
        float(duration.total_seconds()) if hasattr(duration, "total_seconds") else float(duration)
    )
