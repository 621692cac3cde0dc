"""What a page shows: its name in, the way to the other pages and its panel out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from qerko_recon.app.demo import Demo
from qerko_recon.app.server import ALLOWS, PAGES
from qerko_recon.widgets.parts.controls import column, html, note
from qerko_recon.wording import LANGUAGES, Catalog, language_of

__all__ = ["WORDS", "language_asked_for", "page"]

WORDS: Final = Catalog("qerko_recon.app")


_STYLE: Final = """
.qerko-pages { display: flex; flex-wrap: wrap; gap: 4px 20px; align-items: baseline;
  padding: 4px 0 8px; border-bottom: 1px solid var(--jp-border-color2, #c8c8c8); }
.qerko-pages strong { font-size: 1.15em; }
.qerko-pages a { color: var(--jp-content-link-color, #0b5cad); }
.qerko-pages .qerko-languages { margin-left: auto; display: flex; gap: 10px; }
"""


def language_asked_for(environ: Mapping[str, str] | None = None) -> str:
    """Tell a page's language: its address says it, else ``QERKO_LANGUAGE``, else it is English.

    >>> language_asked_for({"QUERY_STRING": "language=cs&token=x", "QERKO_LANGUAGE": "de"})
    'cs'
    >>> language_asked_for({"QERKO_LANGUAGE": "de"}), language_asked_for({})
    ('de', 'en')
    """
    given = os.environ if environ is None else environ
    asked = parse_qs(given.get("QUERY_STRING", "")).get("language", [""])[-1]
    if asked in LANGUAGES:  # an address is not to be trusted with more
        return asked
    return language_of(given.get("QERKO_LANGUAGE") or "en")


def page(name: str) -> Any:
    """Make a page: links to all pages and languages, and under them its panels.

    The kernel works in the folder in which the pages were started, so that a path that somebody
    types means what it means in the shell.

    Parameters
    ----------
    name
        One of :data:`qerko_recon.app.server.PAGES`.
    """
    folder = os.environ.get("QERKO_FOLDER")
    if folder and Path(folder).is_dir():
        os.chdir(folder)
    language, demo = language_asked_for(), Demo.read()
    said = [] if demo is None else [_hint(name, demo, language)]
    return column(html(_links(name, language)), *said, *_MAKERS[name](language, demo))


def _hint(name: str, demo: Demo, language: str) -> Any:
    values = {"cancel": ", ".join(demo.cancel), "capture": demo.capture}
    return note(WORDS.say(f"demo.{name}", language, values))


def _close(language: str, demo: Demo | None) -> tuple[Any, ...]:
    from qerko_recon.widgets.close import DailyClosePanel

    exports = [] if demo is None else [demo.export]
    ids = [] if demo is None else [demo.ids]
    return (DailyClosePanel(exports=exports, id_files=ids, language=language),)


def _session(language: str, _: Demo | None) -> tuple[Any, ...]:
    from qerko_recon.widgets.poll import PollPanel

    return (PollPanel(language=language),)


def _log(language: str, demo: Demo | None) -> tuple[Any, ...]:
    from qerko_recon.widgets.log import LogPanel

    return (LogPanel(None if demo is None else demo.log, language=language),)


def _actions(language: str, demo: Demo | None) -> tuple[Any, ...]:
    from qerko_recon.widgets.actions import CancelPanel, CapturePanel

    allows = os.environ.get(ALLOWS) == "yes"
    return (
        CancelPanel(
            ids=() if demo is None else demo.cancel, allow_actions=allows, language=language
        ),
        CapturePanel(
            payment_id="" if demo is None else demo.capture,
            allow_actions=allows,
            language=language,
        ),
    )


_MAKERS: Final[Mapping[str, Callable[[str, Demo | None], tuple[Any, ...]]]] = {
    "close": _close,
    "session": _session,
    "log": _log,
    "actions": _actions,
}


def _links(name: str, language: str) -> str:
    """Write the links; other pages open in tabs of their own, since a page ends with its tab."""
    query = urlencode({"language": language})
    pages = [
        f'<strong aria-current="page">{escape(WORDS.say(f"pages.{one}", language))}</strong>'
        if one == name
        else f'<a href="{one}.ipynb?{query}" target="_blank" rel="opener">'
        f"{escape(WORDS.say(f'pages.{one}', language))}</a>"
        for one in PAGES
    ]
    languages = [
        f'<a href="{name}.ipynb?language={one}" lang="{one}" hreflang="{one}">'
        f"{escape(WORDS.say('language', one))}</a>"
        for one in LANGUAGES
        if one != language
    ]
    label = escape(WORDS.say("pages.label", language), quote=True)
    return (
        f'<style>{_STYLE}</style><nav class="qerko-pages" aria-label="{label}">{"".join(pages)}'
        f'<span class="qerko-languages">{"".join(languages)}</span></nav>'
    )
