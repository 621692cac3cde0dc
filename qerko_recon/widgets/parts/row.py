"""Widgets beside each other, which go on below where the page is too narrow."""

from __future__ import annotations

import ipywidgets

__all__ = ["row"]


def row(*children: ipywidgets.Widget, align: str = "center") -> ipywidgets.HBox:
    """Put widgets beside each other."""
    box = ipywidgets.HBox(children)
    box.layout.flex_flow = "row wrap"
    box.layout.align_items = align
    box.layout.gap = "4px 10px"
    return box
