"""Cancel and capture in a real browser: a double click is one request, wrong taxes are none."""

from __future__ import annotations

from page_goldens import check_golden, nameless
from playwright.sync_api import expect

SETUP = """
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
import ipywidgets
import msgspec
import qerko_recon as qr
from qerko_recon.model import PaymentItem
from qerko_recon.simulator import Simulator, TradingDay

folder = Path(tempfile.mkdtemp())
day = TradingDay.generate(seed=1, payments=60, discrepancies=False)
now = datetime.now(UTC).isoformat(timespec="seconds")
paid = [msgspec.structs.replace(one, timestamp=now) for one in day.payments if one.state == "PAID"]
box = Simulator(payments=paid[:2]).start()
odd = PaymentItem(
    name="<img src=x onerror=alert(1)>", price=Decimal(100), quantity=Decimal(1)
)
box.add(msgspec.structs.replace(paid[2], items=(odd,)), capture="manual")
client = qr.Client(base_url=box.base_url, api_key=box.api_key, pos_id=box.pos_id)

def seen(route):
    return sum(1 for one in box.journal if one.route == route)
counter = ipywidgets.HTML("no request yet")
count = ipywidgets.Button(description="Count requests", layout={"width": "max-content"})
count.on_click(lambda _: setattr(counter, "value",
    f"cancels: {seen('cancel')}, captures: {seen('capture')}"))
"""
CANCEL = """
panel = qr.CancelPanel(client, trail=folder / "t.jsonl", ids=[paid[0].id, paid[1].id])
ipywidgets.VBox([panel, count, counter])
"""
CAPTURE = """
panel = qr.CapturePanel(client, trail=folder / "t.jsonl", payment_id=paid[2].id)
ipywidgets.VBox([panel, count, counter])
"""


def count(page):
    page.get_by_role("button", name="Count requests").click()
    return page.locator(".widget-html-content", has_text="cancels:")


def test_a_double_click_is_one_request(open_page):
    page = open_page(SETUP, CANCEL)
    page.get_by_role("button", name="Look up", exact=True).click()
    expect(page.get_by_text("2 of 2 can be cancelled")).to_be_visible()
    page.get_by_label("Reason").fill("the guest paid twice")
    page.get_by_role("button", name="Arm", exact=True).click()
    confirm = page.get_by_role("button", name="Yes, return")
    expect(confirm).to_be_visible()
    expect(page.get_by_text("disarms itself in")).to_be_visible()
    expect(count(page)).to_have_text("cancels: 0, captures: 0")
    confirm.dblclick()
    expect(page.get_by_text("2 done")).to_be_visible()
    expect(count(page)).to_have_text("cancels: 2, captures: 0")  # two payments, one request each
    expect(confirm).to_be_hidden()
    page.get_by_role("button", name="Audit trail").click()
    expect(page.get_by_role("grid", name="Audit trail").get_by_role("row")).to_have_count(5)
    assert nameless(page) == []


def test_the_panels_are_told_to_those_who_do_not_see_them(show):
    page = show(SETUP, CANCEL, CAPTURE)
    expect(page.get_by_role("heading", name="Capture a payment")).to_be_visible()
    check_golden("cancel_begin", page.locator(".qerko-panel").nth(0))
    check_golden("capture_begin", page.locator(".qerko-panel").nth(1))


def test_wrong_taxes_are_refused_before_sending_and_right_ones_go_by_keyboard_alone(show):
    page = show(SETUP, CAPTURE)
    look_up = page.get_by_role("button", name="Look up", exact=True)
    look_up.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Add a tax line")).to_be_visible()
    assert page.locator("img[src=x]").count() == 0
    page.get_by_role("button", name="Add a tax line").focus()
    page.keyboard.press("Enter")
    for label, value in (("Rate in %", "12"), ("Base", "89.29"), ("Tax", "11.71")):
        page.get_by_label(label, exact=True).last.focus()
        page.keyboard.type(value)
    page.keyboard.press("Tab")
    expect(page.get_by_text("the tax lines come to 101.00, not to the items")).to_be_visible()
    page.get_by_label("Reason").focus()
    page.keyboard.type("the guests have gone")
    page.keyboard.press("Tab")
    arm = page.get_by_role("button", name="Arm", exact=True)
    expect(arm).to_be_disabled()
    expect(count(page)).to_have_text("cancels: 0, captures: 0")
    tax = page.get_by_label("Tax", exact=True).last
    tax.focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("10,71")
    page.keyboard.press("Tab")
    expect(page.get_by_text("the tax lines come to")).to_be_hidden()
    expect(arm).to_be_enabled()
    arm.focus()
    page.keyboard.press("Enter")
    confirm = page.get_by_role("button", name="Yes, capture")
    expect(confirm).to_be_visible()
    confirm.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_text("done: Qerko accepted the receipt")).to_be_visible()
    expect(count(page)).to_have_text("cancels: 0, captures: 1")
    assert nameless(page) == []
