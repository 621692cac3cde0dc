"""Controls as panels have them: labels and values in, widgets named and not cut off out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Literal

import ipywidgets

__all__ = ["button", "choice", "column", "field", "heading", "html", "note"]

_WIDE = {"width": "max-content"}
_LABEL = {"description_width": "initial"}


def button(
    label: str,
    do: Callable[[], object],
    *,
    style: Literal["", "primary", "success", "info", "warning", "danger"] = "",
    disabled: bool = False,
) -> ipywidgets.Button:
    """Make a button with text, as wide as its text; ``do`` is called with nothing."""
    made = ipywidgets.Button(
        description=label, button_style=style, disabled=disabled, layout=_WIDE
    )
    made.on_click(lambda _: do())
    return made


def field(
    label: str, value: str = "", *, width: str = "24em", hint: str = "", is_instant: bool = False
) -> ipywidgets.Text:
    """Make a text field; its value comes when it is left or Enter is pressed, or as one types."""
    return ipywidgets.Text(
        value=value,
        description=label,
        placeholder=hint,
        continuous_update=is_instant,
        layout={"width": width},
        style=_LABEL,
    )


def choice(
    label: str,
    options: Sequence[tuple[str, Any]],
    value: Any = None,
    *,
    width: str = "max-content",
) -> ipywidgets.Dropdown:
    """Make a dropdown of shown texts and what they stand for."""
    return ipywidgets.Dropdown(
        options=options, value=value, description=label, layout={"width": width}, style=_LABEL
    )


def heading(text: str) -> ipywidgets.HTML:
    """Make a heading."""
    return ipywidgets.HTML(f"<h3>{escape(text)}</h3>")


def note(text: str) -> ipywidgets.HTML:
    """Make a paragraph of quiet text."""
    return ipywidgets.HTML(f'<p class="qerko-note">{escape(text)}</p>')


def html(value: str = "") -> ipywidgets.HTML:
    """Make a place for HTML, whose text from outside the caller has escaped."""
    return ipywidgets.HTML(value)


def column(*children: ipywidgets.Widget) -> ipywidgets.VBox:
    """Put widgets under each other."""
    return ipywidgets.VBox(children)
