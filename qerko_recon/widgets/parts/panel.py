"""What every panel is: a column of controls with its words, its style and its status line."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib.resources import files
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import ipywidgets

from qerko_recon.widgets.parts.speaking import Words
from qerko_recon.widgets.parts.status import Status
from qerko_recon.wording import Catalog, language_of

__all__ = ["Panel", "guarded"]

_STYLE: Final = files("qerko_recon.widgets.parts") / "panel.css"


P = TypeVar("P", bound="Panel")
A = ParamSpec("A")


class Panel(ipywidgets.VBox):
    """A panel: its children, and under them the status line.

    Parameters
    ----------
    catalog
        Of its words.
    language
        ``cs``, ``de``, ``en`` or ``sk``.

    Attributes
    ----------
    words
        Its catalog in its language.
    status
        Where it says what goes on and what failed.
    """

    def __init__(self, catalog: Catalog, language: str = "en") -> None:
        self.language = language_of(language)
        self.words = Words(catalog, self.language)
        self.status = Status(self.language)
        self._style = ipywidgets.HTML(f"<style>{_STYLE.read_text('utf-8')}</style>")
        self._style.layout.display = "contents"
        super().__init__((self._style, self.status))
        self.add_class("qerko-panel")

    def lay_out(self, *children: ipywidgets.Widget) -> None:
        """Show these, in this order, and the status line under them."""
        self.children = (self._style, *children, self.status)


def guarded(
    callback: Callable[Concatenate[P, A], Any],
) -> Callable[Concatenate[P, A], None]:
    """Say in the status line what goes wrong in a callback, which would be shown nowhere else."""

    @wraps(callback)
    def call(panel: P, /, *args: A.args, **named: A.kwargs) -> None:
        try:
            callback(panel, *args, **named)
        except Exception as error:  # noqa: BLE001 - all of it is told
            panel.status.fail(error)

    return call
