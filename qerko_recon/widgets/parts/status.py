"""The status line of a panel: sentences and errors in, one line that is read aloud out."""

from __future__ import annotations

import traceback
from html import escape
from typing import Final, Literal

import ipywidgets

from qerko_recon.errors import QerkoReconError, shorten
from qerko_recon.widgets.parts.disclosure import Disclosure
from qerko_recon.widgets.parts.speaking import PARTS, Words

__all__ = ["Status"]

Tone = Literal["plain", "good", "warning", "error"]

_MARKS: Final = {"plain": "", "good": "✓ ", "warning": "⚠ ", "error": "✕ "}
_MOST_DETAILS: Final = 20_000


class Status(ipywidgets.VBox):
    """One line of what goes on, and closed details where something failed.

    Parameters
    ----------
    language
        Of its own words.

    Attributes
    ----------
    line, details
        The widgets: HTML with ``role="status"``, and a :class:`Disclosure` that is there after
        an error.
    text, tone
        What it says, plain; ``plain``, ``good``, ``warning`` or ``error``.

    Examples
    --------
    >>> status = Status("en")
    >>> status.say("3 files were read")
    >>> status.text, status.tone
    ('3 files were read', 'plain')
    """

    def __init__(self, language: str = "en") -> None:
        self._words = Words(PARTS, language)
        self.line = ipywidgets.HTML()
        self._trace = ipywidgets.HTML()
        self.details = Disclosure(self._words("status.details"), self._trace)
        self.text = ""
        self.tone: Tone = "plain"
        super().__init__()
        self.add_class("qerko-status")
        self.say("")

    def say(self, text: str, tone: Tone = "plain") -> None:
        """Say a sentence; what failed before is forgotten."""
        self._show(text, tone)
        self._hold(self.line)

    def fail(self, error: BaseException) -> None:
        """Say what went wrong: an error of this package in its own words, any other by its kind.

        What the details hold is for support: where it happened, never a value of a variable.
        """
        is_ours = isinstance(error, QerkoReconError)
        what = f"{type(error).__name__}: {shorten(error, 300)}"
        self._show(str(error) if is_ours else self._words("status.unexpected", what=what), "error")
        if is_ours:
            self._hold(self.line)
            return
        trace = "".join(traceback.format_exception(error))[-_MOST_DETAILS:]
        self._trace.value = f"<pre>{escape(trace)}</pre>"
        self.details.is_open = False
        self._hold(self.line, self.details)

    def _hold(self, *children: ipywidgets.Widget) -> None:
        self.children = children

    def _show(self, text: str, tone: Tone) -> None:
        self.text, self.tone = text, tone
        words = {"warning": "status.warning", "error": "status.error"}
        named = f"<strong>{escape(self._words(words[tone]))}:</strong> " if tone in words else ""
        self.line.value = (
            f'<div role="status" aria-live="polite" class="qerko-line qerko-{tone}">'
            f"{_MARKS[tone]}{named}{escape(text)}</div>"
        )
