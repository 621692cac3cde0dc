"""What a panel is to those who do not see it: its tree of roles and names, kept beside the tests.

``QERKO_WRITE_GOLDENS=1`` writes them anew, to be read before they are kept.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_FOLDER = Path(__file__).parent / "browser" / "goldens"
# What differs from run to run: ports, folders, times, IDs of histories.
_CHANGING = (
    (re.compile(r"http://127\.0\.0\.1:\d+"), "http://HERE"),
    (re.compile(r"(?<![\w/:<])/(?:[^\n\"/]+/)+(?=[\w.-]+\.(?:jsonl|csv|db))"), "FOLDER/"),
    (re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}(?::\d{2})?"), "TIME"),
    (re.compile(r"session_\d{4}-\d{2}-\d{2}"), "session_DAY"),
)


def check_golden(name, locator):
    """Compare a panel's tree with the one that is kept."""
    said = locator.aria_snapshot()
    for form, instead in _CHANGING:
        said = form.sub(instead, said)
    path = _FOLDER / f"{name}.yaml"
    if os.environ.get("QERKO_WRITE_GOLDENS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(said + "\n", encoding="utf-8")
    assert said + "\n" == path.read_text(encoding="utf-8")


def nameless(page):
    """List controls without a name."""
    return page.evaluate(
        """() => [...document.querySelectorAll(
            ".qerko-panel button, .qerko-panel input, .qerko-panel select, .qerko-panel textarea"
        )].filter((one) => one.offsetParent !== null && !(
            one.textContent.trim() || one.getAttribute("aria-label") || one.labels?.length
            || one.title || one.closest("label")
            || one.parentElement.querySelector("label, .widget-label")?.textContent.trim()
        )).map((one) => one.outerHTML.slice(0, 120))"""
    )
