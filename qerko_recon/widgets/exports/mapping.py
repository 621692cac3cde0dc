"""The form that corrects how an export is read: a file in, a profile out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import ipywidgets

from qerko_recon.closing import SHOWN_IDEAS, ExportFile, corrected
from qerko_recon.pos import Profile
from qerko_recon.widgets.exports.saying import row_choices
from qerko_recon.widgets.parts import choice
from qerko_recon.widgets.parts.speaking import Words

__all__ = ["MappingForm"]

_WIDE: Final = "31em"
_LABELS: Final = "12em"
_FOUND: Final = "found"
_NONE: Final = "none"


class MappingForm(ipywidgets.VBox):
    """Dropdowns: one for what each column means, and for how numbers, dates and tips are written.

    Parameters
    ----------
    words
        The panel's.

    Attributes
    ----------
    columns
        The dropdown of each idea, by its name.
    header_row, decimal_mark, date_order, tip_layout
        The other dropdowns.
    """

    def __init__(self, words: Words) -> None:
        self._words = words
        self._seen: ExportFile | None = None
        self.columns = {
            idea: choice(words(f"idea.{idea}"), [(words("choice.auto"), _FOUND)], _FOUND)
            for idea in SHOWN_IDEAS
        }
        self.header_row = choice(
            words("form.header_row"), [(words("choice.auto"), _FOUND)], _FOUND
        )
        self.decimal_mark = self._of("form.decimal_mark", "decimal_mark", (",", "."))
        self.date_order = self._of("form.date_order", "date_order", ("dmy", "mdy", "ymd"))
        self.tip_layout = self._of("form.tips", "tips", ("beside", "inside", "line", "none"))
        for one in (*self.columns.values(), self.decimal_mark, self.date_order, self.tip_layout):
            one.layout.width = _WIDE
            one.style.description_width = _LABELS
        self.header_row.layout.width = "47em"
        self.header_row.style.description_width = _LABELS
        self.header_row.observe(self._rename, "value")
        super().__init__(
            (
                self.header_row,
                _rows(*self.columns.values()),
                _rows(self.decimal_mark, self.date_order, self.tip_layout),
            )
        )

    @property
    def controls(self) -> tuple[Any, ...]:
        """All of its dropdowns."""
        others = (self.header_row, self.decimal_mark, self.date_order, self.tip_layout)
        return (*others, *self.columns.values())

    def show(self, seen: ExportFile | None) -> None:
        """Show how a file is read now; what nobody stated stands as found out."""
        self._seen = seen
        stated = Profile() if seen is None else seen.stated
        self.header_row.unobserve(self._rename, "value")
        rows = [] if seen is None else row_choices(seen, self._words)
        self.header_row.options = [(self._words("choice.auto"), _FOUND), *rows]
        _choose(self.header_row, stated.header_row)
        self.header_row.observe(self._rename, "value")
        self._offer(() if seen is None else seen.header, keeps=False)
        for name in ("decimal_mark", "date_order", "tip_layout"):
            _choose(getattr(self, name), getattr(stated, name))

    def profile(self) -> Profile:
        """Give what is stated now, upon what the file's profile says."""
        base = Profile() if self._seen is None else self._seen.stated
        chosen: dict[str, Any] = {idea: one.value for idea, one in self.columns.items()}
        kept = {
            idea: headers for idea, headers in base.columns.items() if chosen.get(idea) != _FOUND
        }
        return corrected(
            _without(base, kept),
            columns={
                idea: None if value == _NONE else value[1]
                for idea, value in chosen.items()
                if value != _FOUND
            },
            decimal_mark=_chosen(self.decimal_mark),
            date_order=_chosen(self.date_order),
            tip_layout=_chosen(self.tip_layout),
            header_row=_chosen(self.header_row),
        )

    def _of(self, label: str, table: str, values: tuple[str, ...]) -> ipywidgets.Dropdown:
        names = {",": "comma", ".": "point"}
        said = [(self._words(f"{table}.{names.get(one, one)}"), one) for one in values]
        return choice(self._words(label), [(self._words("choice.auto"), _FOUND), *said], _FOUND)

    def _rename(self, _: object) -> None:
        """Offer the columns of another header row."""
        seen, row = self._seen, _chosen(self.header_row)
        if seen is not None and row is not None and seen.peek is not None:
            self._offer(seen.peek.header(row), keeps=True)
        elif seen is not None:
            self._offer(seen.header, keeps=True)

    def _offer(self, header: tuple[str, ...], *, keeps: bool) -> None:
        """Offer columns, as pairs, so that a column named "none" is not taken for none."""
        seen = self._seen
        found = {} if seen is None else seen.columns
        stated = {} if seen is None else seen.stated.columns
        for idea, dropdown in self.columns.items():
            auto = (
                self._words("choice.found", column=found[idea])
                if idea in found
                else (self._words("choice.found_none" if found else "choice.auto"))
            )
            options: list[tuple[str, Any]] = [(auto, _FOUND), (self._words("choice.none"), _NONE)]
            options += [(one, ("column", one)) for one in header]
            wanted: Any = dropdown.value
            if not keeps:
                wanted = _FOUND
                if idea in stated:
                    first = seen.stated.headers_of(idea)[:1] if seen is not None else ()
                    wanted = ("column", first[0]) if first else _NONE
            dropdown.options = options
            dropdown.value = wanted if wanted in {value for _, value in options} else _FOUND


def _choose(dropdown: ipywidgets.Dropdown, value: object) -> None:
    known = {one for _, one in dropdown.options}
    dropdown.value = value if value in known else _FOUND


def _chosen(dropdown: ipywidgets.Dropdown) -> Any:
    return None if dropdown.value == _FOUND else dropdown.value


def _without(base: Profile, columns: dict[str, Any]) -> Profile:
    return replace(
        base,
        columns=columns,
        decimal_mark=None,
        date_order=None,
        tip_layout=None,
        header_row=None,
    )


def _rows(*widgets: ipywidgets.Widget) -> ipywidgets.Box:
    box = ipywidgets.HBox(widgets)
    box.layout.flex_flow = "row wrap"
    return box
