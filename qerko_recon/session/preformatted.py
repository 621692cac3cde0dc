"""Text whose columns stand below each other, for a notebook."""

from __future__ import annotations

import html

__all__ = ["preformatted"]


def preformatted(text: str) -> str:
    """Make HTML of it; the letters are as wide as each other, which notebooks undo by themselves.

    >>> preformatted("a < b")
    '<pre style="font-family:monospace">a &lt; b</pre>'
    """
    return f'<pre style="font-family:monospace">{html.escape(text)}</pre>'
