"""A poll session in a real browser: run while guests pay, and found again by a second cell."""

from __future__ import annotations

from page_goldens import check_golden, nameless
from playwright.sync_api import expect

SETUP = """
import os, tempfile
from pathlib import Path
import qerko_recon as qr
from qerko_recon.session_samples.guests import Visitors
from qerko_recon.simulator import Simulator

folder = Path(tempfile.mkdtemp())
os.environ["QERKO_LOCKS"] = str(folder / "locks")
box = Simulator().start()
visitors = Visitors(box, every=0.3).start()
client = qr.Client(base_url=box.base_url, api_key=box.api_key, pos_id=box.pos_id)
"""
PANEL = """
panel = qr.PollPanel(client, log=folder / "session.jsonl")
panel
"""


def test_a_session_is_started_watched_and_stopped(show):
    page = show(SETUP, PANEL)
    expect(page.get_by_role("heading", name="Poll session")).to_be_visible()
    check_golden("poll_begin", page.locator(".qerko-panel").first)
    start, stop = (page.get_by_role("button", name=one, exact=True) for one in ("Start", "Stop"))
    start.focus()
    page.keyboard.press("Enter")
    calls = page.get_by_role("grid", name="The last calls")
    expect(calls.get_by_text("paymentClosed").first).to_be_visible()
    counts = page.get_by_role("grid", name="Calls by method")
    expect(counts.get_by_text("paymentProcessed")).to_be_visible()
    calls.get_by_role("row").nth(1).click()
    expect(page.get_by_role("heading", name="Qerko asked")).to_be_visible()
    expect(page.get_by_role("img", name="when the connection was open")).to_be_visible()
    expect(start).to_be_disabled()
    stop.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Stopped: as asked").first).to_be_visible()
    expect(start).to_be_enabled()
    assert nameless(page) == []


def test_a_cell_that_is_run_again_keeps_one_connection(run_in_lab, request):
    look = "print('connections:', sum(1 for one in box.journal if one.status == 409), 'refused')"
    page = run_in_lab("if 'box' not in globals():\n" + SETUP.replace("\n", "\n    "), PANEL, look)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("paymentClosed").first).to_be_visible()
    run_in_lab.again(page, f"{request.node.name}.ipynb")
    expect(page.get_by_text("runs already").first).to_be_visible()
    expect(page.get_by_text("connections: 0 refused")).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("Stopped: as asked").first).to_be_visible()
