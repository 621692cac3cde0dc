"""The daily close in a real browser, as an accountant does it, mouse and keyboard."""

from __future__ import annotations

import re

import openpyxl
from page_goldens import check_golden, nameless
from playwright.sync_api import expect

SETUP = """
import os, tempfile
from pathlib import Path
import msgspec
import qerko_recon as qr
from qerko_recon.simulator import Simulator, TradingDay

folder = Path(tempfile.mkdtemp())
os.environ["QERKO_PROFILES"] = str(folder / "profiles")
day = TradingDay.generate(seed=3, payments=60)
box = Simulator(day).start()
client = qr.Client(base_url=box.base_url, api_key=box.api_key, pos_id=box.pos_id)
"""
PANEL = """
panel = qr.DailyClosePanel(client, ids=day.payment_ids, history=folder / "history.db")
panel
"""
LAID_IN = """
panel.exports.path.value = str(day.write_pos_export(folder / "pos.csv", "czech_semicolon"))
panel.exports.add.click()
"""


def messy(tmp_path):
    """Write the day's export as a till that nobody knows would."""
    from qerko_recon.simulator import TradingDay

    day = TradingDay.generate(seed=3, payments=60)
    path = day.write_pos_export(tmp_path / "day.csv", "czech_semicolon")
    text = path.read_bytes().decode("cp1250")
    for known, odd in (("Částka", "Kolik dal"), ("ID platby", "Stvrzenka"), ("Celkem", "X1"),
                       ("Spropitné", "X2")):  # fmt: skip
        text = text.replace(known, odd)
    messy = tmp_path / "Směna <b>20.11..csv"
    messy.write_bytes(text.encode("cp1250"))
    return day, messy


def pick(page, label, option):
    page.get_by_label(label, exact=True).select_option(label=option)


def test_a_messy_export_is_corrected_by_dropdowns_and_kept(open_page, tmp_path):
    _, export = messy(tmp_path)
    page = open_page(SETUP, PANEL)
    panel = page.locator(".qerko-panel").first
    expect(page.get_by_role("heading", name="Daily close")).to_be_visible()
    check_golden("close_begin", panel)
    assert nameless(page) == []

    page.get_by_label("Choose files, or drop them here").set_input_files(export)
    expect(page.get_by_text("cannot be read yet").first).to_be_visible()
    assert page.locator(".qerko-panel b").count() == 0  # the file's name is text
    pick(page, "Qerko payment ID", "Stvrzenka")
    pick(page, "Amount", "Kolik dal")
    pick(page, "Total with tip", "X1")
    pick(page, "Tip", "X2")
    page.get_by_role("button", name="Read again so").click()
    expect(page.get_by_text("70 lines of Qerko").or_(page.get_by_text("lines of Qerko")).first
           ).to_be_visible()  # fmt: skip
    page.get_by_label("Name", exact=True).fill("Evening till")
    page.get_by_role("button", name="Keep as a profile").click()
    expect(page.get_by_text("The profile Evening_till is kept")).to_be_visible()
    assert nameless(page) == []


def test_breaks_are_filtered_annotated_and_downloaded(open_page):
    page = open_page(SETUP, PANEL, LAID_IN, "print(len(day.discrepancies), 'planted')")
    expect(page.get_by_text("lines of Qerko").first).to_be_visible()
    many = int(page.locator("pre", has_text=re.compile(r"^\d+ planted")).inner_text().split()[0])
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("all of it explained").first).to_be_visible()
    expect(page.get_by_text(f"Done: {many} breaks")).to_be_visible()
    grid = page.get_by_role("grid", name="Breaks")
    expect(grid.get_by_role("row")).to_have_count(11)

    page.get_by_label("From amount").fill("500")
    expect(page.get_by_text(f" of {many} breaks, together")).to_be_visible()
    page.get_by_label("From amount").fill("")
    grid.get_by_role("row").nth(1).click()
    expect(page.get_by_role("button", name="The whole story of the payment")).to_be_visible()
    page.get_by_role("button", name="The whole story of the payment").press("Enter")
    expect(page.get_by_role("heading", name="Payment ").first).to_be_visible()
    page.get_by_label("Status", exact=True).last.select_option(label="explained")
    page.get_by_label("Note").fill("=HYPERLINK(1) <img src=x onerror=alert(1)>")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text("it stays over later runs")).to_be_visible()

    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text(f"Done: {many} breaks")).to_be_visible()
    expect(page.get_by_label("Note")).to_have_value("=HYPERLINK(1) <img src=x onerror=alert(1)>")
    assert page.locator("img[src=x]").count() == 0
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the workbook").click()
    assert download.value.suggested_filename == "close_2026-11-20.xlsx"
    with download.value.path().open("rb") as file:
        book = openpyxl.load_workbook(file)
    notes = [
        cell for sheet in book for row in sheet.iter_rows() for cell in row
        if isinstance(cell.value, str) and cell.value.startswith("=HYPERLINK(1)")
    ]  # fmt: skip
    assert notes
    assert {cell.data_type for cell in notes} == {"s"}
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the page").click()
    content = download.value.path().read_text(encoding="utf-8")
    assert "&lt;img src=x" in content
    assert "<img src=x" not in content
    assert nameless(page) == []


def test_the_keyboard_alone_suffices(show):
    page = show(SETUP, PANEL, LAID_IN)
    expect(page.get_by_text("lines of Qerko")).to_be_visible()
    page.get_by_role("button", name="Run", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("all of it explained").first).to_be_visible()
    reached = set()
    page.get_by_role("button", name="Run", exact=True).focus()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                """() => {
                    const one = document.activeElement;
                    return one.getAttribute("aria-label") || one.textContent.trim().slice(0, 40)
                        || one.parentElement?.querySelector("label")?.textContent || one.tagName;
                }"""
            )
        )
    text = " ".join(reached)
    for name in (
        "Download the workbook",
        "Since the last run",
        "Kind",
        "From amount",
        "Next page",
    ):
        assert name in text, sorted(reached)
