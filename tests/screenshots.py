"""Pictures of every panel in its main states, to be looked at: ``make screenshots``.

1280 pixels wide, in light and dark, English and Czech; a file each in ``build/screenshots``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from browser_servers import quiet_environment, voila
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
_FLAGS = ["--no-sandbox", "--disable-gpu"]
_HEIGHT = 900

SETUP = """
import os, tempfile, time
from datetime import UTC, datetime
from pathlib import Path
import msgspec
import qerko_recon as qr
from qerko_recon.session_samples.guests import Visitors
from qerko_recon.settings import Venue
from qerko_recon.simulator import Fault, Simulator, TradingDay

folder = Path(tempfile.mkdtemp())
os.environ["QERKO_PROFILES"] = str(folder / "profiles")
os.environ["QERKO_LOCKS"] = str(folder / "locks")
day = TradingDay.generate(seed=1)
now = datetime.now(UTC).isoformat()
paid = [msgspec.structs.replace(one, timestamp=now, id=f"9{one.id}") for one in day.payments
        if one.state == "PAID"][:5]
box = Simulator(day).start()
for one in paid:
    box.add(one, capture="manual" if one is paid[-1] else "auto")
client = qr.Client(base_url=box.base_url, api_key=box.api_key, pos_id=box.pos_id)
live = Venue.load(environ={}, api_key="k" * 40, pos_id="11111111-2222-3333-4444-555555555555",
                  base_url="https://live.example.com")
export = day.write_pos_export(folder / "pos_export.csv", "czech_semicolon")
odd = folder / "till.csv"
odd.write_bytes(b"Evening;;;\\nWhen;Slip;Receipt;How much\\n20.11.2026 18:04;11;4711;1 245,50\\n")
trail = folder / "actions.jsonl"
"""
CLOSE = """
panel = qr.DailyClosePanel(client, exports=[export], ids=day.payment_ids,
                           history=folder / "history.db", language=LANGUAGE)
panel.wait(60)
"""
POLL = """
visitors = Visitors(box, every=0.4).start()
panel = qr.PollPanel(client, log=folder / "session.jsonl", language=LANGUAGE)
"""
CANCEL = """
panel = qr.CancelPanel(client, trail=trail, ids=[one.id for one in paid[:3]], language=LANGUAGE)
"""
CAPTURE = """
panel = qr.CapturePanel(client, trail=trail, payment_id=paid[4].id, language=LANGUAGE)
"""
ARM = """
panel.look_up.click(); panel.wait(20)
panel.reason.value = "the guest paid twice"
panel.arm.click(); panel.wait(20)
"""

STATES = {
    "close_begin": CLOSE,
    "close_export_unread": CLOSE + "panel.exports._take(odd); panel.wait(20)",
    "close_done": CLOSE + "panel.run.click(); panel.wait(60); panel.breaks.next.click()\n"
    "panel.breaks.evidence.is_open = panel.breaks.story.is_open = True",
    "poll_begin": POLL,
    "poll_live": "panel = qr.PollPanel(venue=live, language=LANGUAGE)",
    "poll_running": POLL + "panel.start.click(); panel.wait(20); time.sleep(6)\n"
    "panel.calls.step(1); panel._draw()",
    "poll_restart": POLL + "panel.start.click(); panel.wait(20); box.wait_for_poll()\n"
    "box.restart(); time.sleep(2)",
    "cancel_armed": CANCEL + ARM,
    "cancel_done": CANCEL
    + "box.inject(Fault(kind='status', status=410, route='cancel', payment_id=paid[1].id))\n"
    + ARM
    + "panel.confirm.click(); panel.wait(20); panel.audit.is_open = True",
    "cancel_unknown": CANCEL
    + ARM
    + "box.inject(Fault(kind='drop', route='cancel', moment='read', times=1))\n"
    "panel.confirm.click(); panel.wait(20)",
    "capture_wrong": CAPTURE + "panel.look_up.click(); panel.wait(20)\n"
    "panel.receipt.taxes.put(rate='12', base='100', tax='13', total='112')\n"
    "panel.receipt.as_json.is_open = True",
    "log_open": f"panel = qr.LogPanel({str(ROOT / 'data_samples/sessions/incident.jsonl')!r},"
    " language=LANGUAGE)\npanel.wait(60); panel.next_problem.click(); panel.wait(20)\n"
    "panel.ask_again.click(); panel.wait(20)\n"
    "for one in panel.seen.children[-3:]: one.is_open = True",
    "panels": "panel = qr.panels(client=client, language=LANGUAGE)",
}


def main():
    """Draw all, or those whose names are given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(STATES)}")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "screenshots")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    wanted = {name: STATES[name] for name in asked.names or STATES}
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        folder = Path(made)
        for language in ("en", "cs"):
            for name, code in wanted.items():
                write(folder / f"{name}_{language}.ipynb", code, language)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=_FLAGS
        )
        for theme, language in (("light", "en"), ("light", "cs"), ("dark", "en")):
            with voila(folder, quiet_environment(folder / theme), theme=theme) as server:
                for name in wanted:
                    page = browser.new_page(
                        viewport={"width": 1280, "height": _HEIGHT}, color_scheme=theme
                    )
                    page.goto(server.url(f"{name}_{language}.ipynb"))
                    page.get_by_text("panel is ready").wait_for(state="attached", timeout=120_000)
                    page.wait_for_timeout(1500)  # pictures of the page come a little later
                    high = page.evaluate(
                        "() => Math.max(...[...document.querySelectorAll('*')]"
                        ".map((one) => one.scrollHeight))"
                    )
                    page.set_viewport_size({"width": 1280, "height": min(high + 40, 6000)})
                    page.screenshot(path=asked.out / f"{name}_{language}_{theme}.png")
                    page.close()
        browser.close()
    sys.stdout.write(f"{len(list(asked.out.glob('*.png')))} pictures in {asked.out}\n")


def write(path, code, language):
    """Write a notebook that shows a state."""
    cells = [SETUP, code.replace("LANGUAGE", repr(language)), "panel", "print('panel is ready')"]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(one) for one in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    path.write_text(json.dumps(notebook))


if __name__ == "__main__":
    main()
