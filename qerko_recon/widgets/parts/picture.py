"""A chart on a page: a figure and what it shows in, an image with that as its text out."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from io import BytesIO
from typing import Any, Final

__all__ = ["picture_html"]

_DOTS: Final = 110


def picture_html(figure: Any, alt: str) -> str:
    """Write a figure as an image.

    Parameters
    ----------
    figure
        A matplotlib figure.
    alt
        What it shows, for those who do not see it.
    """
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=_DOTS, bbox_inches="tight")
    data = b64encode(buffer.getvalue()).decode("ascii")
    return (
        f'<img class="qerko-picture" alt="{escape(alt, quote=True)}" '
        f'src="data:image/png;base64,{data}">'
    )
