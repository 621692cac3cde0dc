"""A session log in a real browser: opened, zoomed, stepped through, asked again, taken along."""

from __future__ import annotations

import json
from pathlib import Path

from page_goldens import check_golden, nameless
from playwright.sync_api import expect

INCIDENT = Path(__file__).parents[2] / "data_samples" / "sessions" / "incident.jsonl"
PANEL = """
import qerko_recon as qr
panel = qr.LogPanel()
panel
"""


def odd(tmp_path):
    """Give the sample's evening with a guest who writes HTML."""
    path = tmp_path / "evening.jsonl"
    content = INCIDENT.read_text(encoding="utf-8")
    path.write_text(content.replace("Svíčková", "<img src=x onerror=alert(1)>"), encoding="utf-8")
    return path


def test_a_log_is_gone_through(open_page, tmp_path):
    page = open_page(PANEL)
    page.get_by_label("or drop a session log here").set_input_files(odd(tmp_path))
    expect(page.get_by_text("27 calls, ")).to_be_visible()
    expect(page.get_by_role("img", name="the stretch of time")).to_be_visible()
    page.get_by_role("button", name="Next problem").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("paymentProcessed · error")).to_be_visible()
    expect(page.get_by_role("heading", name="The POS answered")).to_be_visible()
    page.get_by_role("button", name="Zoom in").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(" of 27 calls")).not_to_have_text("27 of 27 calls")
    page.get_by_role("button", name="Whole log").click()
    page.get_by_label("Method").select_option(label="getBill (8)")
    expect(page.get_by_text("8 of 27 calls")).to_be_visible()
    page.get_by_role("grid", name="Calls").get_by_role("row").nth(1).click()
    expect(page.get_by_text("<img src=x onerror=alert(1)>").first).to_be_visible()
    assert page.locator("img[src=x]").count() == 0

    page.get_by_role("button", name="Replay").click()
    page.get_by_role("button", name="Ask again").click()
    expect(page.get_by_text("answered as recorded")).to_be_visible()
    page.get_by_role("button", name="Take the exchanges along").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as HAR").click()
    entries = json.loads(download.value.path().read_text(encoding="utf-8"))["log"]["entries"]
    assert entries
    assert nameless(page) == []


def test_it_is_told_to_those_who_do_not_see_it(show):
    page = show(PANEL.replace("LogPanel()", f"LogPanel({str(INCIDENT)!r})"))
    expect(page.get_by_role("img", name="the stretch of time")).to_be_visible()
    check_golden("log_open", page.locator(".qerko-panel").first)
