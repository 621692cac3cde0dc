"""A frame in, a table to read, sort and pick rows from out: a page of it at a time.

The page is cut here and sent as text, so that fifty thousand rows weigh on the browser as fifty
do, and nothing that came from outside is ever taken for HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anywidget
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import traitlets

from qerko_recon.widgets.parts.speaking import PARTS, Words
from qerko_recon.wording import format_number

__all__ = ["Column", "Table"]

_HERE: Final = Path(__file__).parent
_PAGE: Final = 50

Mask = np.typing.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a :class:`Table`.

    Attributes
    ----------
    name
        The frame's column.
    label
        Its heading.
    show
        Writes a value; nothing is asked of it for a null.
    is_number
        Whether it stands to the right.
    is_wide
        Whether its text may wrap over several lines.
    is_sortable
        Whether rows can be sorted by it; lists cannot.
    """

    name: str
    label: str
    show: Callable[[Any], str] = str
    is_number: bool = False
    is_wide: bool = False
    is_sortable: bool = True


class Table(anywidget.AnyWidget):
    """Rows of a frame, fifty a page, sorted by any column, one of them picked.

    Parameters
    ----------
    caption
        What the rows are; read aloud with the table.
    columns
        What of the frame is shown, from left to right.
    key
        The frame's column that names a row.
    tone
        A column whose value (``high``, ``medium``, ``low``) marks the row's edge; never the only
        thing to tell it.
    language
        Of its own words.
    page_size
        How many rows a page holds.

    Attributes
    ----------
    selected
        The key of the picked row, or ``""``; ``observe`` it.
    page, pages
        Which page is shown, from 0, and how many there are.
    sorted_by, is_descending
        How rows are sorted; ``""`` leaves them in the frame's order.
    rows, row_keys, tones
        What is shown now, as text.

    Examples
    --------
    >>> table = Table("Breaks", [Column("kind", "Kind"), Column("age", "Days", is_number=True)],
    ...               key="id")
    >>> table.put(pd.DataFrame({"id": ["a", "b"], "kind": ["rounding", None], "age": [3, 1]}))
    >>> table.sorted_by = "age"
    >>> table.rows
    [['', '1'], ['rounding', '3']]
    """

    _esm = _HERE / "table.js"
    _css = _HERE / "table.css"

    caption = traitlets.Unicode().tag(sync=True)
    columns: traitlets.List[Any] = traitlets.List().tag(sync=True)
    rows: traitlets.List[Any] = traitlets.List().tag(sync=True)
    row_keys: traitlets.List[Any] = traitlets.List().tag(sync=True)
    tones: traitlets.List[Any] = traitlets.List().tag(sync=True)
    page = traitlets.Int(0).tag(sync=True)
    pages = traitlets.Int(1).tag(sync=True)
    sorted_by = traitlets.Unicode("").tag(sync=True)
    is_descending = traitlets.Bool(default_value=False).tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    range_text = traitlets.Unicode("").tag(sync=True)
    texts = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        caption: str,
        columns: Sequence[Column],
        *,
        key: str,
        tone: str | None = None,
        language: str = "en",
        page_size: int = _PAGE,
    ) -> None:
        self._words = Words(PARTS, language)
        self._columns = tuple(columns)
        self._key, self._tone, self._page_size = key, tone, page_size
        self._held = pa.table({})
        self._kept: Mask | None = None
        self._shown = np.zeros(0, dtype=np.int64)
        super().__init__(
            caption=caption,
            columns=[self._told(one) for one in columns],
            texts={name: self._words(f"table.{name}") for name in ("previous", "next", "empty")},
        )
        self.observe(self._cut, ["page"])
        self.observe(self._arrange, ["sorted_by", "is_descending"])
        self._arrange()

    @property
    def count(self) -> int:
        """How many rows are left by the filter."""
        return len(self._shown)

    def put(self, frame: pd.DataFrame | pa.Table) -> None:
        """Show other rows; how they are sorted stays, and the picked one if it is there."""
        if isinstance(frame, pd.DataFrame):
            frame = pa.Table.from_pandas(frame, preserve_index=False)
        self._held, self._kept = frame.combine_chunks(), None
        self._arrange()

    def filter(self, kept: Mask | None) -> None:
        """Show only some rows, by a mask over the frame; ``None`` shows all."""
        self._kept = kept
        self._arrange()

    def turn_to(self, key: str) -> bool:
        """Pick a row and turn to its page; tell whether it is among those shown."""
        if not self._held.num_columns:
            return False
        place = pc.index(self._held[self._key], key).as_py()
        found = np.flatnonzero(self._shown == place)
        if place < 0 or not len(found):
            return False
        self.page = int(found[0]) // self._page_size
        self.selected = key
        return True

    def step(self, by: int) -> str:
        """Pick the row so many further on, or back; its key, or ``""`` where there is none."""
        place = self._place()
        at = (0 if by > 0 else len(self._shown) - 1) if place is None else place + by
        if not 0 <= at < len(self._shown):
            return ""
        key = str(self._held[self._key][int(self._shown[at])].as_py())
        self.turn_to(key)
        return key

    def _place(self) -> int | None:
        if not self.selected or not self._held.num_columns:
            return None
        row = pc.index(self._held[self._key], self.selected).as_py()
        found = np.flatnonzero(self._shown == row)
        return int(found[0]) if row >= 0 and len(found) else None

    def _told(self, column: Column) -> Mapping[str, object]:
        return {
            "name": column.name,
            "label": column.label,
            "number": column.is_number,
            "wide": column.is_wide,
            "sortable": column.is_sortable,
            "sort_label": self._words("table.sort", column=column.label),
        }

    def _arrange(self, _: object = None) -> None:
        """Sort and filter anew, and show the first page, or the one with the picked row."""
        order = np.arange(self._held.num_rows)
        if self.sorted_by in self._held.column_names:
            way = "descending" if self.is_descending else "ascending"
            order = pc.sort_indices(self._held, sort_keys=[(self.sorted_by, way)]).to_numpy()
        self._shown = order if self._kept is None else order[self._kept[order]]
        pages = max(1, -(-len(self._shown) // self._page_size))
        place = self._place()
        with self.hold_sync():
            self.pages = pages
            if place is None:
                self.selected = ""
            self.unobserve(self._cut, ["page"])
            self.page = 0 if place is None else place // self._page_size
            self.observe(self._cut, ["page"])
            self._cut()

    def _cut(self, _: object = None) -> None:
        """Write the rows of the page."""
        page = min(max(self.page, 0), self.pages - 1)
        first = page * self._page_size
        places = self._shown[first : first + self._page_size]
        part = self._held.take(pa.array(places, pa.int64()))
        cells = [self._texts(part, one) for one in self._columns]
        with self.hold_sync():
            self.page = page
            self.rows = [list(row) for row in zip(*cells, strict=True)]
            self.row_keys = self._plain(part, self._key)
            self.tones = self._plain(part, self._tone)
            self.range_text = self._range(first, len(places))

    def _texts(self, part: pa.Table, column: Column) -> list[str]:
        if column.name not in part.column_names:
            return [""] * part.num_rows
        values = part[column.name].to_pylist()
        return ["" if value is None else column.show(value) for value in values]

    def _plain(self, part: pa.Table, name: str | None) -> list[str]:
        if name is None or name not in part.column_names:
            return [""] * part.num_rows
        return ["" if value is None else str(value) for value in part[name].to_pylist()]

    def _range(self, first: int, size: int) -> str:
        if not size:
            return self._words("table.empty")
        numbers = {"first": first + 1, "last": first + size, "all": len(self._shown)}
        language = self._words.language
        told = {name: format_number(one, language) for name, one in numbers.items()}
        return self._words("table.range", **told)
