"""The panel of a poll session: it starts one, or shows the one that runs, and stops it."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import ipywidgets

from qerko_recon.client import Client
from qerko_recon.errors import QerkoReconError
from qerko_recon.report import swimlane_chart
from qerko_recon.session.handlers import Handler
from qerko_recon.session.log import SessionLog
from qerko_recon.session.rules import PollRules
from qerko_recon.session.session import PollSession, needs_take_over, running_session
from qerko_recon.session.snapshot import Snapshot
from qerko_recon.settings import Venue
from qerko_recon.widgets.parts import (
    Column,
    Disclosure,
    HandlerChoice,
    Panel,
    Table,
    VenueChoice,
    Worker,
    button,
    field,
    guarded,
    heading,
    html,
    note,
    picture_html,
    row,
)
from qerko_recon.widgets.parts.showing import as_text, as_time, line_html
from qerko_recon.widgets.poll.saying import (
    WORDS,
    counts_of,
    exchange_html,
    key_of,
    span_of,
    state_of,
    steps_of,
)
from qerko_recon.wording import format_number

__all__ = ["PollPanel"]

_EVERY: Final = 0.5
_DRAWN_EVERY: Final = 10  # of those looks
_SHOWN: Final = timedelta(minutes=15)
_ODD: Final = re.compile(r"[^\w-]+")


class PollPanel(Panel):
    """Answer Qerko's calls with buttons, and see what is said.

    Nothing begins before Start is pressed. A session belongs to the program, not to the panel: a
    second panel of the same venue, or a cell that is run again, shows the one that runs. It ends
    with Stop, or with the program. On a live venue it takes the connection away from the POS,
    which a typed word must allow.

    Parameters
    ----------
    client
        In place of one made from settings.
    venue
        A venue, or the name of one in the settings file.
    config
        The settings file.
    handler
        Who answers, beside those that can be chosen.
    log
        Where it is recorded; else a file of the day in the working folder.
    rules
        See :class:`~qerko_recon.session.rules.PollRules`.
    time_zone
        Of the times that are shown; the venue's by default.
    language
        ``cs``, ``de``, ``en`` or ``sk``.

    Attributes
    ----------
    venue, handler, log_file
        What is to be run.
    word
        Where the word is typed that allows to take a live restaurant's connection.
    start, stop
        The buttons.
    state, figures, counts, calls, exchange, picture
        What is going on.
    session
        The session that is shown; ``None`` before there is one.
    """

    def __init__(
        self,
        client: Client | None = None,
        *,
        venue: Venue | str | None = None,
        config: str | os.PathLike[str] | None = None,
        handler: Handler | None = None,
        log: str | os.PathLike[str] | None = None,
        rules: PollRules | None = None,
        time_zone: str | None = None,
        language: str = "en",
    ) -> None:
        super().__init__(WORDS, language)
        words = self.words
        self._rules, self._zone = rules, time_zone
        self._has_own_log = log is not None
        self.session: PollSession | None = None
        self._looks = 0
        self._told: Snapshot | None = None
        self._is_closed = threading.Event()
        self._worker = Worker(self.status.fail, self._lock)
        self._drawer = Worker(self.status.fail)
        self.venue = VenueChoice(
            client,
            venue=venue,
            config=config,
            language=self.language,
            on_change=self._venue_changed,
        )
        self.handler = HandlerChoice(handler, language=self.language)
        self.log_file = field(words("log"), "" if log is None else str(log), width="48em")
        self.word = field(words("word_label"), width="24em", is_instant=True)
        self.word.observe(lambda _: self._ready(), "value")
        self.warning = ipywidgets.VBox(
            (html(line_html(words("warning", word=words("word")), "warning")), self.word)
        )
        self.start = button(words("start"), self._start, style="primary")
        self.stop = button(words("stop"), self._stop, disabled=True)
        self.state = html()
        self.figures = html()
        self.counts = Table(
            words("counts"), self._count_columns(), key="method", language=self.language
        )
        self.calls = Table(
            words("calls"), self._call_columns(), key="key", language=self.language, page_size=10
        )
        self.calls.observe(lambda _: self._show_exchange(), "selected")
        self.exchange = html()
        self._picture = html()
        self.picture = Disclosure(words("picture"), self._picture, is_open=True)
        self.seen = ipywidgets.VBox(
            (
                self.figures,
                note(words("counts")),
                self.counts,
                note(words("calls")),
                self.calls,
                self.exchange,
                self.picture,
            )
        )
        self.seen.layout.display = "none"
        self.lay_out(
            heading(words("title")),
            note(words("note")),
            self.venue,
            self.handler,
            self.log_file,
            self.warning,
            row(self.start, self.stop),
            self.state,
            self.seen,
        )
        self._venue_changed()

    def render(self, snapshot: Snapshot, now: datetime | None = None) -> None:
        """Show what a session is doing."""
        moment = now or datetime.now(UTC)
        words, language = self.words, self.language
        tone: Any = {"backing_off": "warning", "waiting": "good"}.get(snapshot.state, "plain")
        self.state.value = line_html(state_of(snapshot, moment, words), tone)
        uptime = None
        if snapshot.started_at is not None and snapshot.is_running:
            uptime = span_of(moment - snapshot.started_at, words)
        said = words(
            "figures",
            uptime=uptime,
            polls=format_number(snapshot.polls, language),
            calls=format_number(snapshot.calls, language),
            errors=format_number(snapshot.errors, language) if snapshot.errors else None,
            conflicts=format_number(snapshot.conflicts, language) if snapshot.conflicts else None,
            log=None if snapshot.log is None else str(snapshot.log),
        )
        trouble = line_html(snapshot.trouble, "error") if snapshot.trouble else ""
        self.figures.value = line_html(said) + trouble
        if self._told is None or snapshot.calls != self._told.calls:
            self.counts.put(counts_of(snapshot))
            self.calls.put(steps_of(snapshot))
        self._told = snapshot
        self.stop.disabled = not snapshot.is_running
        self._ready()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until what was begun with a button is done; a session goes on."""
        return self._worker.wait(seconds)

    def close(self) -> None:
        """Let the panel go; the session goes on until somebody stops it."""
        self._is_closed.set()
        super().close()

    @property
    def is_taking_over(self) -> bool:
        """Whether the venue is live, so that the word must be typed."""
        try:
            return needs_take_over(self.venue.picked)
        except QerkoReconError:
            return False

    @guarded
    def _start(self) -> None:
        client, handler = self.venue.client, self.handler.chosen()
        path = Path(self.log_file.value.strip() or self._default_log()).expanduser()
        takes_over = self.is_taking_over
        if takes_over and not self._is_allowed():
            self.status.say(self.words("word_wanted", word=self.words("word")), "warning")
            return

        def work() -> None:
            path.parent.mkdir(parents=True, exist_ok=True)
            session = PollSession(
                client, handler, log=path, rules=self._rules, take_over_connection=takes_over
            )
            self._watch(session.start())
            self.status.say(self.words("started"), "good")
            self.word.value = ""

        self._worker.start(work)

    @guarded
    def _stop(self) -> None:
        session = self.session
        if session is None:
            return
        self.status.say(self.words("stopping"))

        def work() -> None:
            session.stop()
            self.render(session.snapshot)
            self._draw()
            self.status.say(self.words("stopped"), "good")

        self._worker.start(work)

    def _watch(self, session: PollSession) -> None:
        """Show a session for as long as it runs."""
        self.session = session
        self._told = None
        self.seen.layout.display = None
        self.render(session.snapshot)
        threading.Thread(target=self._look, args=(session,), daemon=True).start()

    def _look(self, session: PollSession) -> None:
        while not self._is_closed.wait(_EVERY):
            if self.session is not session:
                return
            self._guard(lambda: self.render(session.snapshot))
            self._looks += 1
            if self._looks % _DRAWN_EVERY == 1 and self.picture.is_open:
                self._drawer.start(self._draw)
            if not session.snapshot.is_running and session.wait(0):
                self._guard(lambda: self._tell_end(session))
                return

    def _tell_end(self, session: PollSession) -> None:
        self.render(session.snapshot)
        self._draw()
        if session.error is not None:
            self.status.fail(session.error)

    def _guard(self, show: Callable[[], object]) -> None:
        try:
            show()
        except Exception as error:  # noqa: BLE001 - all of it is told
            self.status.fail(error)

    def _draw(self) -> None:
        """Draw the last minutes of the log."""
        session = self.session
        path = None if session is None else session.snapshot.log
        if path is None:
            return
        log = SessionLog(path).where(since=datetime.now(UTC) - _SHOWN)
        if not len(log.spans) and not len(log.calls):
            return  # an axis of no time says nothing
        figure = swimlane_chart(log, time_zone=self._time_zone(), language=self.language)
        self._picture.value = picture_html(figure, self.words("picture_alt"))

    def _show_exchange(self) -> None:
        """Show the request and the answer of the picked call."""
        session, picked = self.session, self.calls.selected
        steps = () if session is None else session.snapshot.last
        step = next((one for one in steps if key_of(one) == picked), None)
        if step is not None:
            self.exchange.value = exchange_html(step, self.words)
        elif not picked:
            self.exchange.value = ""

    def _venue_changed(self) -> None:
        """Ask for the word where it is needed, and show the session that runs, if one does."""
        self.warning.layout.display = None if self.is_taking_over else "none"
        if not self._has_own_log:
            self.log_file.value = str(self._default_log())
        self.word.value = ""
        self._ready()
        try:
            running = running_session(self.venue.picked)
        except QerkoReconError:
            running = None
        if running is not None and running is not self.session:
            self._watch(running)
            place = running.snapshot.log
            self.status.say(self.words("runs_already", log=place), "warning")

    def _ready(self) -> None:
        is_running = self.session is not None and self.session.snapshot.is_running
        blocked = self.is_taking_over and not self._is_allowed()
        self.start.disabled = is_running or blocked or self._worker.is_busy

    def _is_allowed(self) -> bool:
        return str(self.word.value).strip().casefold() == self.words("word").casefold()

    def _lock(self, is_busy: bool) -> None:
        for one in (*self.handler.controls, self.log_file, self.venue.choice, self.word):
            one.disabled = is_busy
        if is_busy:
            self.start.disabled = self.stop.disabled = True
        else:
            is_running = self.session is not None and self.session.snapshot.is_running
            self.stop.disabled = not is_running
            self.start.disabled = is_running or (self.is_taking_over and not self._is_allowed())

    def _default_log(self) -> Path:
        """Name a file of the day, so that a program that is started again goes on in it."""
        try:
            name = self.venue.picked.name or ""
        except QerkoReconError:
            name = ""
        parts = [
            "session",
            _ODD.sub("_", name).strip("_"),
            f"{datetime.now().astimezone():%Y-%m-%d}",
        ]
        return Path("_".join(part for part in parts if part) + ".jsonl")

    def _time_zone(self) -> str:
        return self._zone or self.venue.picked.time_zone

    def _count_columns(self) -> list[Column]:
        words = self.words
        return [
            Column("method", words("method"), as_text),
            *(
                Column(one, words(f"outcome.{one}"), str, is_number=True)
                for one in ("ok", "error", "not_wanted", "repeated")
            ),
        ]

    def _call_columns(self) -> list[Column]:
        words = self.words

        def time(value: datetime) -> str:
            return as_time(value, self._time_zone(), seconds=True)

        return [
            Column("at", words("at"), time),
            Column("method", words("method"), as_text),
            Column("payment_id", words("payment"), as_text),
            Column("bill_id", words("bill"), as_text),
            Column("outcome", words("outcome_title"), lambda one: words(f"outcome.{one}")),
            Column("seconds", words("seconds"), lambda one: f"{one:.3f}", is_number=True),
        ]
