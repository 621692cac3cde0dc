"""Draws the pictures of the README anew from `data_samples/bad_evening`.

    python data_samples/pictures/draw.py

needs Chromium for the page, LibreOffice and pdftoppm for the workbook; it says which is missing.
"""  # noqa: INP001 - a script

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import qerko_recon as qr
from qerko_recon.report import render_html

HERE = Path(__file__).parent
EVENING = HERE.parent / "bad_evening"
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Draw them all."""
    result = qr.reconcile(
        qr.Payments.read(EVENING / "payments.jsonl"),
        qr.read_pos(EVENING / "export.csv"),
        log=EVENING / "session.jsonl",
        policy=qr.Policy(venue="Hostinec U Zlatého haléře"),
    )
    result.plot.bridge().savefig(HERE / "bridge.png", dpi=110)
    with tempfile.TemporaryDirectory() as folder:
        page, book = Path(folder) / "close.html", Path(folder) / "close.xlsx"
        page.write_text(only_breaks(render_html(result)), encoding="utf-8")
        result.to_excel(book)
        run(
            program(*BROWSERS),
            *QUIET,
            "--window-size=1000,862",
            f"--screenshot={HERE / 'breaks.png'}",
            page.as_uri(),
        )
        run(program("soffice"), "--headless", "--convert-to", "pdf", "--outdir", folder, book)
        cut = ("-x", "0", "-y", "0", "-W", "1300", "-H", "490")
        pages = ("-f", "2", "-l", "2", "-r", "111", "-singlefile")
        target = HERE / "workbook"
        run(program("pdftoppm"), "-png", *pages, *cut, book.with_suffix(".pdf"), target)


def only_breaks(page: str) -> str:
    """Leave out of a page all but its breaks."""
    allowed = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    style = "<style>header, main > section:not(#breaks) { display: none }</style>"
    return allowed.replace("</head>", f"{style}</head>")


def program(*names: str) -> str:
    """Find a program by one of its names."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        sys.exit(f"{names[0]} is not installed, and the pictures cannot be drawn without it")
    return found


def run(*command: str | Path) -> None:
    """Run a program whose talk nobody wants."""
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own


if __name__ == "__main__":
    main()
