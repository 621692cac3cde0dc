"""Who answers a session's calls: the handlers that can be chosen in, the chosen one out."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import ipywidgets

from qerko_recon.session.handlers import Handler, load_handler
from qerko_recon.widgets.parts.controls import choice, field
from qerko_recon.widgets.parts.speaking import PARTS, Words

__all__ = ["HandlerChoice"]

_GIVEN: Final = "given"
_OWN: Final = "own"
_SCRIPTS: Final = frozenset({".toml", ".json"})


class HandlerChoice(ipywidgets.HBox):
    """A demo till, nobody, a script or class by its path, or the handler that was given.

    Parameters
    ----------
    given
        A handler beside those that can be named.
    language
        ``cs``, ``de``, ``en`` or ``sk``.

    Attributes
    ----------
    choice, path
        The dropdown, and the field of a script or class.

    Examples
    --------
    >>> HandlerChoice(language="en").chosen()
    DemoPos(6 bills, 0 payments booked)
    """

    def __init__(self, given: Handler | None = None, *, language: str = "en") -> None:
        words = Words(PARTS, language)
        self._given = given
        offered = [
            *([(words("handler.given"), _GIVEN)] if given is not None else []),
            (words("handler.demo"), "demo"),
            (words("handler.refuse"), "refuse"),
            (words("handler.own"), _OWN),
        ]
        self.choice = choice(words("handler.label"), offered, offered[0][1])
        self.path = field(words("handler.path"), hint=words("handler.path_hint"), width="36em")
        self.choice.observe(lambda _: self._show(), "value")
        super().__init__((self.choice, self.path))
        self._show()

    @property
    def controls(self) -> tuple[ipywidgets.Widget, ...]:
        """What takes input."""
        return (self.choice, self.path)

    def chosen(self) -> Handler:
        """Give the handler.

        Raises
        ------
        ConfigError
            There is no such script or class.
        """
        if self.choice.value == _GIVEN and self._given is not None:
            return self._given
        if self.choice.value != _OWN:
            return load_handler(self.choice.value)
        given = self.path.value.strip()
        is_script = Path(given).suffix.lower() in _SCRIPTS
        return load_handler(f"script:{given}" if is_script else given)

    def _show(self) -> None:
        self.path.layout.display = None if self.choice.value == _OWN else "none"
