"""Files that a person chooses or drops in, files in a folder of this machine out.

A file comes in pieces, each asked for from here, so that neither its size nor a slow line matters
and what has arrived is known exactly.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import anywidget
import traitlets

from qerko_recon.errors import shorten
from qerko_recon.widgets.parts.speaking import PARTS, Words

__all__ = ["FileDrop"]

_HERE: Final = Path(__file__).parent
_PIECE: Final = 512 * 1024
_MOST: Final = 1 << 30
_LONGEST: Final = 120
_FORBIDDEN: Final = re.compile(r'[<>:"|?*\x00-\x1f]')


@dataclass(slots=True)
class _Arriving:
    """A file of which a part is here."""

    path: Path
    name: str
    size: int
    have: int = 0


class FileDrop(anywidget.AnyWidget):
    """A place to choose files, or to drop them.

    Parameters
    ----------
    on_file
        Gets the path of each file that has arrived; it bears the name it had.
    label
        What it says.
    accept
        Endings to offer, as ``.csv,.xlsx``; others can be dropped all the same.
    language
        Of its own words.
    most
        Bytes of the largest file that is taken.

    Attributes
    ----------
    text
        How it goes with the file that is coming in.
    files
        The paths of those that have arrived.
    """

    _esm = _HERE / "drop.js"
    _css = _HERE / "drop.css"

    label = traitlets.Unicode().tag(sync=True)
    accept = traitlets.Unicode("").tag(sync=True)
    text = traitlets.Unicode("").tag(sync=True)
    disabled = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(
        self,
        on_file: Callable[[Path], object],
        *,
        label: str | None = None,
        accept: str = "",
        language: str = "en",
        most: int = _MOST,
    ) -> None:
        self._words = Words(PARTS, language)
        self._on_file = on_file
        self._most = most
        self._folder = Path(tempfile.mkdtemp(prefix="qerko-files-"))
        self._clean = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._arriving: dict[str, _Arriving] = {}
        self.files: tuple[Path, ...] = ()
        super().__init__(label=label or self._words("drop.label"), accept=accept)
        self.on_msg(self._take)

    def _take(self, _: object, said: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Take a message of the page: a file begins, or a piece of one comes."""
        what, number = said.get("kind"), str(said.get("id", ""))
        if what == "begin":
            self._begin(number, str(said.get("name", "")), int(said.get("size", 0)))
        elif what == "piece" and number in self._arriving:
            self._go_on(number, int(said.get("at", -1)), b"".join(map(bytes, buffers)))

    def _begin(self, number: str, name: str, size: int) -> None:
        name = _safe(name)
        if size > self._most:
            limit = f"{self._most // 2**20} MiB"
            self._end(number, self._words("drop.too_large", name=name, limit=limit))
            return
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        one = self._arriving[number] = _Arriving(folder / name, name, size)
        one.path.touch()
        self._ask(number, one)

    def _go_on(self, number: str, at: int, piece: bytes) -> None:
        one = self._arriving[number]
        if at != one.have or not piece or one.have + len(piece) > one.size:
            self._end(number, self._words("drop.broken", name=one.name))
            return
        with one.path.open("ab") as file:
            file.write(piece)
        one.have += len(piece)
        self._ask(number, one)

    def _ask(self, number: str, one: _Arriving) -> None:
        """Ask for the next piece, or give the file on where it is whole."""
        if one.have < one.size:
            percent = 100 * one.have // one.size
            self.text = self._words("drop.reading", name=one.name, percent=percent)
            self.send({"kind": "more", "id": number, "at": one.have, "most": _PIECE})
            return
        self.files = (*self.files, one.path)
        self._end(number, self._words("drop.taken", name=one.name))
        self._on_file(one.path)

    def _end(self, number: str, text: str) -> None:
        self._arriving.pop(number, None)
        self.text = text
        self.send({"kind": "done", "id": number})

    def close(self) -> None:
        """Take the files away that arrived."""
        self._clean()
        super().close()


def _safe(name: str) -> str:
    """Give the last part of a name, with what a file's name can hold on any system."""
    last = PurePosixPath(name.replace("\\", "/")).name
    shown = _FORBIDDEN.sub("_", last).rstrip(". ") or "file"
    if len(shown) <= _LONGEST:
        return shown
    ending = PurePosixPath(shown).suffix[:10]
    return shorten(shown, _LONGEST).partition("…")[0] + ending
