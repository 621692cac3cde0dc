"""The parts that bring scripts of their own, in a real browser: table, files in, files out."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

TABLE = """
import pandas as pd
from qerko_recon.widgets.parts import Column, Panel, Table, heading
from qerko_recon.widgets.parts.speaking import PARTS

table = Table("Breaks", [Column("kind", "Kind"), Column("age", "Days", is_number=True)], key="id")
table.put(pd.DataFrame({
    "id": [f"B-{n}" for n in range(50_000)],
    "kind": ["<img src=x onerror=alert(1)>" if n == 0 else f"kind {n}" for n in range(50_000)],
    "age": [(n * 7919) % 50_000 for n in range(50_000)],
}))
picked = heading("nothing")
table.observe(lambda change: setattr(picked, "value", f"<p>picked {change.new}</p>"), "selected")
panel = Panel(PARTS)
panel.lay_out(table, picked)
panel
"""


def test_fifty_thousand_rows_are_read_sorted_and_picked_by_keyboard(show):
    page = show(TABLE)
    grid = page.get_by_role("grid", name="Breaks")
    rows = grid.get_by_role("row")
    expect(rows).to_have_count(51)
    expect(page.get_by_text("Rows 1 to 50 of 50,000")).to_be_visible()
    expect(rows.nth(1)).to_contain_text("<img src=x onerror=alert(1)>")  # as text
    assert page.locator("table img").count() == 0

    page.get_by_role("button", name="Days").focus()
    page.keyboard.press("Enter")
    expect(grid.get_by_role("columnheader", name="Days")).to_have_attribute(
        "aria-sort", "ascending"
    )
    expect(rows.nth(1).get_by_role("gridcell").nth(1)).to_have_text("0")
    page.keyboard.press("Enter")
    expect(rows.nth(1).get_by_role("gridcell").nth(1)).to_have_text("49999")

    page.keyboard.press("Tab")  # into the rows
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(rows.nth(2)).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text("picked B-")).to_be_visible()

    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_text("Rows 51 to 100 of 50,000")).to_be_visible()


FILES = """
from pathlib import Path
from qerko_recon.widgets.parts import Download, FileDrop, Panel, heading
from qerko_recon.widgets.parts.download import Made
from qerko_recon.widgets.parts.speaking import PARTS
import hashlib

seen = heading("nothing yet")
def arrived(path):
    content = path.read_bytes()
    seen.value = f"<p>{path.name}: {len(content)} {hashlib.sha256(content).hexdigest()[:12]}</p>"
panel = Panel(PARTS)
drop = FileDrop(arrived)
def made():
    return Made("close.bin", drop.files[-1].read_bytes())
download = Download("Save", made, panel.status.fail)
panel.lay_out(drop, seen, download)
panel
"""


def test_files_of_any_size_come_in_and_go_out_whole(show, tmp_path):
    import hashlib
    import random

    content = random.Random(1).randbytes(12_345_678)
    export = tmp_path / "Uzávěrka 20.11.csv"
    export.write_bytes(content)
    page = show(FILES)
    page.get_by_label("Choose files, or drop them here").set_input_files(export)
    digest = hashlib.sha256(content).hexdigest()[:12]
    expect(page.get_by_text(f"{export.name}: {len(content)} {digest}")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save").click()
    assert download.value.suggested_filename == "close.bin"
    assert Path(download.value.path()).read_bytes() == content
    expect(page.get_by_text("close.bin is saved in the browser")).to_be_visible()


def test_files_are_dropped_onto_the_box(show):
    page = show(FILES)
    expect(page.get_by_label("Choose files, or drop them here")).to_be_visible()
    transfer = page.evaluate_handle(
        """() => {
            const held = new DataTransfer();
            held.items.add(new File(["a;b\\n1;2\\n"], "day.csv"));
            held.items.add(new File([], "empty.csv"));
            return held;
        }"""
    )
    page.locator(".qerko-drop").dispatch_event("drop", {"dataTransfer": transfer})
    expect(page.get_by_text("empty.csv: 0")).to_be_visible()


def test_a_notebook_s_own_shortcuts_do_not_act_on_a_picked_row(run_in_lab):
    """In JupyterLab the arrows move between cells and D, D deletes one, unless they are ours."""
    page = run_in_lab(TABLE, "after = 1")
    rows = page.get_by_role("grid", name="Breaks").get_by_role("row")
    expect(rows).to_have_count(51)
    rows.nth(1).click()
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(rows.nth(2)).to_have_attribute("aria-selected", "true")
    for key in "ddxa":
        page.keyboard.press(key)
    expect(page.locator(".jp-CodeCell")).to_have_count(2)
    expect(page.get_by_text("picked B-1")).to_be_visible()
