"""A button that makes a file and gives it to the browser, piece by piece as it asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

from qerko_recon.widgets.parts.speaking import PARTS, Words
from qerko_recon.widgets.parts.worker import Worker

__all__ = ["Download", "Made"]

_HERE: Final = Path(__file__).parent
_PIECE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Made:
    """A file to be downloaded: its name, and what is in it."""

    name: str
    content: bytes


class Download(anywidget.AnyWidget):
    """A button that downloads what ``make`` makes when it is pressed.

    Parameters
    ----------
    label
        What the button says.
    make
        Makes the file, on a thread of its own.
    on_error
        Gets what ``make`` raised.
    language
        Of its own words.

    Attributes
    ----------
    text
        How it goes.
    disabled
        Whether it can be pressed.
    made
        What was made last.

    Examples
    --------
    >>> download = Download("Save", lambda: Made("note.txt", b"all of it explained"), print)
    >>> download.press()
    >>> download.wait()
    >>> download.made.name
    'note.txt'
    """

    _esm = _HERE / "download.js"
    _css = _HERE / "download.css"

    label = traitlets.Unicode().tag(sync=True)
    text = traitlets.Unicode("").tag(sync=True)
    disabled = traitlets.Bool(default_value=False).tag(sync=True)
    is_busy = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(
        self,
        label: str,
        make: Callable[[], Made],
        on_error: Callable[[Exception], object],
        *,
        language: str = "en",
    ) -> None:
        self._words = Words(PARTS, language)
        self._make = make
        self._tell = on_error
        self._worker = Worker(self._fail)
        self.made: Made | None = None
        super().__init__(label=label)
        self.on_msg(self._take)

    def press(self) -> None:
        """Make the file and give it to the browser, as a press of the button does."""
        if not self.disabled:
            self._worker.start(self._do)

    def wait(self, seconds: float | None = None) -> None:
        """Wait until what is being made is made."""
        self._worker.wait(seconds)

    def _take(self, _: object, said: Mapping[str, Any], __: Sequence[Any]) -> None:
        if said.get("kind") == "wanted":
            self.press()
        elif said.get("kind") == "more" and self.made is not None:
            at = int(said.get("at", 0))
            piece = self.made.content[at : at + _PIECE]
            self.send({"kind": "piece", "at": at}, [piece])
        elif said.get("kind") == "saved" and self.made is not None:
            self.text = self._words("download.ready", name=self.made.name)

    def _do(self) -> None:
        self.is_busy = True
        self.text = self._words("download.preparing", name=self.label)
        try:
            self.made = self._make()
        finally:
            self.is_busy = False
            self.text = ""
        self.send({"kind": "begin", "name": self.made.name, "size": len(self.made.content)})

    def _fail(self, error: Exception) -> None:
        self.made = None
        self._tell(error)
