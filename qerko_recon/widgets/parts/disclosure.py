"""Widgets that are shown when somebody asks for them: a button that the keyboard reaches too."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import anywidget
import ipywidgets
import traitlets

__all__ = ["Disclosure"]

_HERE: Final = Path(__file__).parent


class _Toggle(anywidget.AnyWidget):
    """The button; ipywidgets' own buttons cannot say whether something is shown."""

    _esm = _HERE / "disclosure.js"
    _css = _HERE / "disclosure.css"

    title = traitlets.Unicode().tag(sync=True)
    is_open = traitlets.Bool(default_value=False).tag(sync=True)


class Disclosure(ipywidgets.VBox):
    """A title, and under it widgets that are hidden until the title is pressed.

    Parameters
    ----------
    title
        What the button says.
    children
        What is shown or hidden, from top to bottom.
    is_open
        Whether it is shown from the beginning.

    Attributes
    ----------
    toggle
        The button's widget; ``observe`` its ``is_open``.
    content
        The box of ``children``.

    Examples
    --------
    >>> more = Disclosure("Details", ipywidgets.HTML("where it happened"))
    >>> more.is_open, more.content.layout.display
    (False, 'none')
    >>> more.is_open = True
    >>> more.content.layout.display is None
    True
    """

    def __init__(self, title: str, *children: ipywidgets.Widget, is_open: bool = False) -> None:
        self.toggle: Any = _Toggle(title=title, is_open=is_open)
        self.content = ipywidgets.VBox(children)
        self.content.add_class("qerko-disclosed")
        self.toggle.observe(self._show, ["is_open"])
        self._show()
        super().__init__((self.toggle, self.content))

    @property
    def is_open(self) -> bool:
        """Whether the children are shown."""
        return bool(self.toggle.is_open)

    @is_open.setter
    def is_open(self, shown: bool) -> None:
        self.toggle.is_open = shown

    @property
    def title(self) -> str:
        """What the button says."""
        return str(self.toggle.title)

    @title.setter
    def title(self, text: str) -> None:
        self.toggle.title = text

    def hold(self, *children: ipywidgets.Widget) -> None:
        """Hold other widgets."""
        self.content.children = children

    def _show(self, _: object = None) -> None:
        self.content.layout.display = None if self.toggle.is_open else "none"
