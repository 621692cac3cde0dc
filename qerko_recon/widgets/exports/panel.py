"""The panel of POS exports: how each file was understood, and what a person corrects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import ipywidgets

from qerko_recon.closing import ExportFile, Exports
from qerko_recon.pos import Profile
from qerko_recon.report.labels import LABELS, term
from qerko_recon.report.problems import problem_text
from qerko_recon.widgets.exports.mapping import MappingForm
from qerko_recon.widgets.exports.saying import WORDS, said_of, why_html
from qerko_recon.widgets.parts import (
    Column,
    Disclosure,
    FileDrop,
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
    row,
)
from qerko_recon.widgets.parts.showing import as_money, as_text, as_time, line_html

__all__ = ["ExportsPanel"]

_ACCEPT: Final = ".csv,.txt,.tsv,.xlsx,.xls,.xlsb,.ods,.json,.jsonl,.parquet,.zip,.html"
_LINES: Final = (
    ("source_row", "row"),
    ("payment_id", "payment"),
    ("bill_id", "bill"),
    ("amount", "amount"),
    ("tip", "tip"),
    ("total", "total"),
    ("currency", "currency"),
    ("state", "state"),
    ("tender_type", "tender_type"),
    ("provider", "provider"),
    ("paid_at", "paid_at"),
)
_NOTHING: Final = ""
_MONEY: Final = frozenset({"amount", "tip", "total"})


class ExportsPanel(Panel):
    """POS exports: chosen or dropped, each shown as understood, corrected, kept as a profile.

    Parameters
    ----------
    exports
        What it fills; ``Exports()`` by default.
    paths
        Exports that are there from the beginning.
    language
        ``cs``, ``de``, ``en`` or ``sk``.
    on_change
        Called after each change, on the thread that read.

    Attributes
    ----------
    exports
        The files and how they are understood.
    drop, path, add
        Where files come in.
    file, remove
        Which file is looked at.
    form, again
        The correction, and the button that reads by it.
    profile, use
        A profile by its name, and the button that reads by it.
    name, keep
        Under which name a correction is kept.
    lines, problems
        The first lines as read, and what could not be.
    """

    def __init__(
        self,
        exports: Exports | None = None,
        *,
        paths: Iterable[str | Path] = (),
        language: str = "en",
        on_change: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__(WORDS, language)
        self.exports = exports or Exports()
        self._on_change = on_change
        self._worker = Worker(self.status.fail, self._lock)
        words = self.words
        self.drop = FileDrop(self._arrive, accept=_ACCEPT, language=self.language)
        self.path = field(words("path"), hint=words("path_hint"), width="36em")
        self.add = button(words("add"), self._add)
        self.file = choice(words("file"), [(words("no_file"), _NOTHING)], _NOTHING)
        self.file.layout.width = "36em"
        self.file.observe(lambda _: self._show(), "value")
        self.remove = button(words("remove"), self._remove)
        self.said = html()
        self.why = Disclosure(words("why.title"))
        self._reasons = html()
        self.why.hold(self._reasons)
        self.lines = Table(
            words("lines_read"),
            [self._column(name, label) for name, label in _LINES],
            key="tender_id",
            language=self.language,
            page_size=5,
        )
        self.problems = Table(
            words("problems_title"),
            [
                Column("source_row", LABELS.say("column.row", self.language), as_text),
                Column("column", LABELS.say("column.column", self.language), as_text),
                Column("value", LABELS.say("column.value", self.language), as_text),
                Column(
                    "problem",
                    LABELS.say("column.problem", self.language),
                    self._problem,
                    is_wide=True,
                ),
            ],
            key="key",
            language=self.language,
            page_size=10,
        )
        self._read = ipywidgets.VBox((note(words("lines_read")), self.lines))
        self._unread = ipywidgets.VBox((note(words("problems_title")), self.problems))
        self.form = MappingForm(words)
        self.again = button(words("again"), self._again, style="primary")
        self.profile = choice(words("profile"), self._profiles(), _NOTHING)
        self.profile.layout.width = "36em"
        self.use = button(words("use"), self._use)
        self.name = field(words("name"), hint=words("name_hint"), width="28em", is_instant=True)
        self.replaces = ipywidgets.Checkbox(
            description=words("replaces"), indent=False, layout={"width": "max-content"}
        )
        self.keep = button(words("keep"), self._keep)
        self.correct = Disclosure(
            words("correct"),
            note(words("correct_note")),
            self.form,
            self.again,
            row(self.profile, self.use),
            row(self.name, self.keep, self.replaces),
        )
        self._detail = ipywidgets.VBox(
            (self.said, self.why, self._read, self._unread, self.correct)
        )
        self.lay_out(
            heading(words("title")),
            self.drop,
            row(self.path, self.add),
            row(self.file, self.remove),
            self._detail,
        )
        self._controls: tuple[Any, ...] = (
            *(self.path, self.add, self.file, self.remove, self.again, self.profile, self.use),
            *(self.name, self.keep, self.replaces, self.drop, *self.form.controls),
        )
        for path in paths:
            self._take(Path(path))
        self._show()

    @property
    def picked(self) -> ExportFile | None:
        """The file that is looked at."""
        return None if self.file.value == _NOTHING else self.exports.file(self.file.value)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until what was begun is done."""
        return self._worker.wait(seconds)

    def lock(self, is_locked: bool) -> None:
        """Take no input for a while."""
        for one in self._controls:
            one.disabled = is_locked

    def _lock(self, is_busy: bool) -> None:
        self.lock(is_busy)

    @guarded
    def _arrive(self, path: Path) -> None:
        self._take(path)

    @guarded
    def _add(self) -> None:
        if given := self.path.value.strip():
            self._take(Path(given).expanduser())
            self.path.value = ""

    def _take(self, path: Path) -> None:
        self._do(path, lambda: self.exports.add(path))

    @guarded
    def _remove(self) -> None:
        seen = self.picked
        if seen is not None:
            self.exports.remove(seen.path)
            self._list(None)
            self.status.say(self.words("removed", name=seen.path.name))
            self._on_change()

    @guarded
    def _again(self) -> None:
        seen = self.picked
        if seen is not None:
            profile = self.form.profile()
            self._do(seen.path, lambda: self.exports.use(seen.path, profile))

    @guarded
    def _use(self) -> None:
        seen, name = self.picked, self.profile.value or None
        if seen is not None:
            self._do(seen.path, lambda: self.exports.use(seen.path, name))

    @guarded
    def _keep(self) -> None:
        profile = self.form.profile()
        path = self.exports.profiles.save(profile, self.name.value, replaces=self.replaces.value)
        self.profile.options = self._profiles()
        self.replaces.value = False
        self.status.say(self.words("kept", name=path.stem, path=path), "good")

    def _do(self, path: Path, read: Callable[[], ExportFile]) -> None:
        def work() -> None:
            self.status.say(self.words("reading", name=path.name))
            seen = read()
            self._list(seen.path)
            if seen.error is not None:
                self.correct.is_open = True
                self.status.say(seen.error, "warning")
            else:
                self.status.say(self.words("read", name=path.name), "good")
            self._on_change()

        self._worker.queue(work)

    def _list(self, picked: Path | None) -> None:
        """List the files anew and look at one of them: else the last."""
        files = self.exports.files
        options: list[tuple[str, Any]] = [
            (self.words("file_named" if one.error is None else "file_unread", name=name), one.path)
            for one, name in zip(files, _names(files), strict=True)
        ]
        self.file.options = options or [(self.words("no_file"), _NOTHING)]
        if picked is None and files:
            picked = files[-1].path
        self.file.value = picked or _NOTHING
        self._show()

    def _show(self) -> None:
        """Show the file that is looked at."""
        seen = self.picked
        self._detail.layout.display = "none" if seen is None else None
        self.remove.layout.display = "none" if seen is None else None
        self.form.show(seen)
        if seen is None:
            return
        warns = seen.error is not None
        said = said_of(seen, self.words) + (f" {seen.error}" if seen.error else "")
        self.said.value = line_html(said, "warning" if warns else "plain")
        self._reasons.value = why_html(seen, self.words)
        self.why.layout.display = None if seen.sniffed else "none"
        self._read.layout.display = None if seen.export is not None else "none"
        self.lines.put(seen.first_rows)
        has_problems = seen.export is not None and len(seen.export.problems) > 0
        self._unread.layout.display = None if has_problems else "none"
        if seen.export is not None:
            problems = seen.export.problems
            self.problems.put(problems.assign(key=[str(n) for n in range(len(problems))]))
        names = {value for _, value in self.profile.options}
        self.profile.value = seen.profile_name if seen.profile_name in names else _NOTHING

    def _profiles(self) -> list[tuple[str, str]]:
        own = self.exports.profiles.names()
        others = (one for one in Profile.names() if one not in own)
        return [
            (self.words("profile_none"), _NOTHING),
            *((self.words("profile_own", name=one), one) for one in own),
            *((one, one) for one in others),
        ]

    def _column(self, name: str, label: str) -> Column:
        zone = {"zone": self.exports.time_zone}
        said = LABELS.say(f"column.{label}", self.language, zone)
        if name in _MONEY:
            return Column(name, said, lambda value: as_money(value, self.language), is_number=True)
        shows = {
            "paid_at": lambda value: as_time(value, self.exports.time_zone),
            "state": lambda value: term("tender_state", value, self.language),
        }
        return Column(name, said, shows.get(name, as_text), is_number=name == "source_row")

    def _problem(self, text: object) -> str:
        return problem_text(str(text), self.language)


def _names(files: Iterable[ExportFile]) -> list[str]:
    """Name files by their names, those of the same name by their paths."""
    held = [one.path for one in files]
    names = [one.name for one in held]
    return [one.name if names.count(one.name) == 1 else str(one) for one in held]
