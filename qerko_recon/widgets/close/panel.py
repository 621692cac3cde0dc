"""The daily close: exports in, fetched and reconciled, breaks gone through, files out."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from html import escape
from pathlib import Path
from typing import Any, Final, Literal

import ipywidgets

from qerko_recon.client import Client
from qerko_recon.closing import CloseSnapshot, DailyClose, Exports
from qerko_recon.errors import ConfigError
from qerko_recon.history import History
from qerko_recon.history.telling import news_sections
from qerko_recon.recon import Policy
from qerko_recon.report import Result
from qerko_recon.settings import Venue
from qerko_recon.widgets.close.breaks import BreaksView
from qerko_recon.widgets.close.files import made_of
from qerko_recon.widgets.close.saying import WORDS, gathered_of, progress_of, stage_of
from qerko_recon.widgets.exports import ExportsPanel
from qerko_recon.widgets.parts import (
    Disclosure,
    Download,
    FileDrop,
    Panel,
    Throttle,
    VenueChoice,
    Worker,
    button,
    field,
    guarded,
    heading,
    html,
    picture_html,
    row,
)
from qerko_recon.widgets.parts.showing import line_html

__all__ = ["DailyClosePanel"]

PathLike = str | os.PathLike[str]

_LABELS: Final = {"description_width": "initial"}


class DailyClosePanel(Panel):
    """Close a business day with buttons.

    Nothing is asked for before Run is pressed, and only reading is: no request of this panel
    moves money.

    Parameters
    ----------
    client
        In place of one made from settings.
    venue
        A venue, or the name of one in the settings file.
    business_day
        The day; where none is chosen, the days of the export count.
    config
        The settings file.
    exports, logs, ids, id_files
        What is laid in from the beginning: paths of POS exports, of session logs, payment IDs,
        and files that hold some.
    history
        The file of the history, by which notes and open breaks stay; ``None`` takes the one that
        ``QERKO_HISTORY`` names, else this user's, ``False`` none.
    store
        The file of a payment store; else one that lives as long as the panel.
    policy
        Settings of the reconciliation.
    language
        ``cs``, ``de``, ``en`` or ``sk``.

    Attributes
    ----------
    venue, business_day, exports, logs, ids
        What is closed: a VenueChoice, a date picker, an ExportsPanel, two text fields.
    run, stop, bar
        The buttons, and the bar of the fetch.
    verdict, chart, breaks
        What came of it; ``breaks`` is a BreaksView.
    workbook, page
        The downloads.
    result
        The last result, with its notes; ``None`` before there is one.
    """

    def __init__(
        self,
        client: Client | None = None,
        *,
        venue: Venue | str | None = None,
        business_day: date | str | None = None,
        config: PathLike | None = None,
        exports: Iterable[PathLike] = (),
        logs: Sequence[PathLike] = (),
        ids: Iterable[str] = (),
        id_files: Sequence[PathLike] = (),
        history: PathLike | Literal[False] | None = None,
        store: PathLike | None = None,
        policy: Policy | None = None,
        language: str = "en",
    ) -> None:
        super().__init__(WORDS, language)
        words = self.words
        self._history = history
        self._store = store
        self._policy = policy
        self._close: DailyClose | None = None
        self.result: Result | None = None
        self._throttle = Throttle(self.render)
        self._worker = Worker(self._fail, self._lock)
        self.venue = VenueChoice(client, venue=venue, config=config, language=self.language)
        day = date.fromisoformat(business_day) if isinstance(business_day, str) else business_day
        self.business_day = ipywidgets.DatePicker(
            description=words("business_day"), value=day, style=_LABELS
        )
        self._day_note = html(
            f'<span class="qerko-note">{escape(words("business_day_note"))}</span>'
        )
        self.exports = ExportsPanel(
            Exports(time_zone=self._zone()), paths=map(Path, exports), language=self.language
        )
        self.logs = field(
            words("logs"), "; ".join(map(str, logs)), hint=words("logs_hint"), width="48em"
        )
        self.log_drop = FileDrop(
            self._take_log,
            label=words("log_drop"),
            accept=".jsonl,.gz,.zst",
            language=self.language,
        )
        self.ids = ipywidgets.Textarea(
            value="\n".join(ids),
            description=words("ids"),
            placeholder=words("ids_hint"),
            rows=3,
            layout={"width": "48em"},
            style=_LABELS,
        )
        self.id_files = field(
            words("id_files"), "; ".join(map(str, id_files)), hint=words("logs_hint"), width="48em"
        )
        self.more = Disclosure(
            words("more"),
            self.logs,
            self.log_drop,
            self.ids,
            self.id_files,
            is_open=bool(logs or ids or id_files),
        )
        self.run = button(words("run"), self._run, style="primary")
        self.stop = button(words("stop"), self._stop, disabled=True)
        self.bar = ipywidgets.IntProgress(
            description=words("fetched"), style=_LABELS, layout={"width": "24em"}
        )
        self.bar.layout.display = "none"
        self.progress = html()
        self.verdict = html()
        self.news = Disclosure(words("news"))
        self._news = html()
        self.news.hold(self._news)
        self.chart = html()
        self.breaks = BreaksView(words, on_save=self._say, on_error=self.status.fail)
        self.workbook = self._download("workbook", "xlsx")
        self.page = self._download("page", "html")
        self.found = ipywidgets.VBox(
            (
                heading(words("found")),
                self.verdict,
                row(self.workbook, self.page),
                self.news,
                self.chart,
                heading(words("breaks_title")),
                self.breaks,
            )
        )
        self.found.layout.display = "none"
        self.lay_out(
            heading(words("title")),
            self.venue,
            row(self.business_day, self._day_note),
            self.exports,
            self.more,
            row(self.run, self.stop, self.bar, self.progress),
            self.found,
        )

    def render(self, snapshot: CloseSnapshot) -> None:
        """Show how far a close is."""
        self.stop.disabled = snapshot.stage != "fetching"
        progress = snapshot.progress
        self.bar.layout.display = None if progress is not None else "none"
        parts = [stage_of(snapshot, self.words)]
        if snapshot.gathered is not None and progress is None:
            parts.append(gathered_of(snapshot.gathered, self.words))
        if progress is not None:
            self.bar.max, self.bar.value = progress.total or 1, progress.done
            parts.append(progress_of(progress, self.words))
        self.progress.value = line_html(" ".join(part for part in parts if part))

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until what was begun is done."""
        return self.exports.wait(seconds) and self._worker.wait(seconds)

    def close(self) -> None:
        """Stop what is going on and let the panel go."""
        self._stop()
        self._throttle.close()
        super().close()

    def _zone(self) -> str:
        try:
            return self.venue.picked.time_zone
        except ConfigError:  # said beside the venue
            return "Europe/Prague"

    @guarded
    def _take_log(self, path: Path) -> None:
        self.logs.value = "; ".join([*_parts(self.logs.value), str(path)])
        self.status.say(self.words("log_taken", name=path.name), "good")

    @guarded
    def _run(self) -> None:
        venue = self.venue.picked
        self.exports.exports.time_zone = venue.time_zone
        self._close = close = DailyClose(
            venue,
            self.exports.exports,
            client=self.venue.client,
            logs=_parts(self.logs.value),
            ids=self.ids.value.replace(",", " ").replace(";", " ").split(),
            id_files=_parts(self.id_files.value),
            business_day=self.business_day.value,
            policy=self._policy,
            history=self._history_file(),
            store=self._store or self._own_store(),
            on_change=self._throttle,
        )

        def work() -> None:
            self.status.say(self.words("working"))
            ended = close.run()
            self._throttle.flush()
            if ended.stage == "stopped":
                self.status.say(self.words("stopped"), "warning")
            elif ended.result is not None:
                self._put(ended)

        if not self._worker.start(work):
            self.status.say(self.words("at_work"), "warning")

    @guarded
    def _stop(self) -> None:
        if self._close is not None:
            self._close.stop()

    def _put(self, ended: CloseSnapshot) -> None:
        """Show what was found."""
        result = ended.result
        if result is None:
            return
        self.result = result
        said = result.verdict(self.language)
        self.verdict.value = f'<p class="qerko-verdict">{escape(said)}</p>'
        if ended.payments is not None and len(ended.payments.failures):
            many = self.words.count("not_had", len(ended.payments.failures))
            self.verdict.value += line_html(many, "warning")
        self._tell_news(ended)
        self.chart.value = picture_html(result.plot.bridge(language=self.language), said)
        self.breaks.put(result)
        self.found.layout.display = None
        tone: Literal["good", "warning"] = "warning" if len(result.breaks) else "good"
        self.status.say(self.words.count("ended", len(result.breaks)), tone)

    def _tell_news(self, ended: CloseSnapshot) -> None:
        self.news.layout.display = "none" if ended.run is None else None
        if ended.run is None:
            return
        parts = []
        for title, lines in news_sections(ended.run, self.language):
            parts += [f"<h4>{escape(title)}</h4>"] if title else []
            parts.append("<ul>" + "".join(f"<li>{escape(one)}</li>" for one in lines) + "</ul>")
        self._news.value = "".join(parts)

    def _say(self, break_id: str, status: str, note: str) -> bool:
        """Keep in the history what a person says of a break."""
        if self._history is False:
            self.status.say(self.words("no_history"), "warning")
            return False
        if not note:
            self.status.say(self.words("note_wanted"), "warning")
            return False
        with History(self._history_file()) as history:
            history.note(break_id, note, status=status, venue=self._venue_of_result())
        self._annotate(break_id, status, note)
        self.status.say(self.words("said", break_id=break_id), "good")
        return True

    def _venue_of_result(self) -> str | None:
        return None if self.result is None else self.result.summary.venue or ""

    def _annotate(self, break_id: str, status: str, note: str) -> None:
        """Put it into the result too, so that the files that are downloaded have it."""
        result = self.result
        if result is None:
            return
        breaks = result.breaks.copy()
        at = breaks["break_id"] == break_id
        breaks.loc[at, "status"], breaks.loc[at, "note"] = status, note
        self.result = replace(result, breaks=breaks)

    def _history_file(self) -> PathLike | None:
        if self._history is False:
            return None
        if self._history is None:
            from qerko_recon.history.file import default_path

            return default_path()
        return self._history

    def _own_store(self) -> Path:
        """Give a store of the panel's own, so that a second run asks for what may have changed."""
        if self._store is None:
            folder = Path(tempfile.mkdtemp(prefix="qerko-store-"))
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            self._store = folder / "payments.db"
        return Path(self._store)

    def _download(self, label: str, ending: Literal["xlsx", "html"]) -> Download:
        def make() -> Any:
            if self.result is None:
                raise ConfigError(self.words("nothing_yet"))
            return made_of(self.result, ending, self.language)

        return Download(self.words(label), make, self.status.fail, language=self.language)

    def _lock(self, is_busy: bool) -> None:
        self.exports.lock(is_busy)
        for one in (
            *(self.run, self.business_day, self.logs, self.log_drop, self.ids, self.id_files),
            *(self.venue.choice, self.workbook, self.page, *self.breaks.controls),
        ):
            one.disabled = is_busy
        if not is_busy:
            self.stop.disabled = True

    def _fail(self, error: Exception) -> None:
        self._throttle.flush()
        self.progress.value = ""
        self.bar.layout.display = "none"
        self.status.fail(error)


def _parts(text: str) -> list[str]:
    """Take the paths of a field apart."""
    return [str(Path(one.strip()).expanduser()) for one in text.split(";") if one.strip()]
