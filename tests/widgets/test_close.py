"""The daily close with buttons, without a kernel, against a Qerko in a box and a real history."""

from __future__ import annotations

import io
import threading

import openpyxl
import pandas as pd
import pytest

import qerko_recon as qr
from qerko_recon.history import History
from qerko_recon.simulator import Simulator, TradingDay
from qerko_recon.widgets.close import DailyClosePanel
from qerko_recon.widgets.close.breaks import BreaksView
from qerko_recon.widgets.close.saying import WORDS
from qerko_recon.widgets.parts import Words


@pytest.fixture(scope="module")
def day():
    return TradingDay.generate(seed=3, payments=60)


@pytest.fixture
def box(day):
    with Simulator(day) as running:
        yield running


@pytest.fixture
def client(box):
    with qr.Client(base_url=box.base_url, api_key=box.api_key, pos_id=box.pos_id) as made:
        yield made


@pytest.fixture
def make(client, day, tmp_path, monkeypatch):
    monkeypatch.setenv("QERKO_PROFILES", str(tmp_path / "profiles"))
    made = []

    def one(**options):
        settings = {
            "exports": [day.write_pos_export(tmp_path / "day.csv", "czech_semicolon")],
            "ids": day.payment_ids,
            "history": tmp_path / "history.db",
        }
        made.append(DailyClosePanel(client, **{**settings, **options}))
        assert made[-1].wait(20)
        return made[-1]

    yield one
    for panel in made:
        panel.close()


def run(panel):
    panel.run.click()
    assert panel.wait(60)


def test_nothing_is_asked_for_before_run_is_pressed(make, box):
    panel = make()
    assert box.journal == ()
    assert panel.found.layout.display == "none"
    assert panel.stop.disabled
    assert "trial" in panel.venue.said.value


def test_a_day_is_closed_and_told_in_words(make, day):
    panel = make(language="cs")
    run(panel)
    assert len(panel.result.breaks) == len(day.discrepancies)
    assert panel.result.unexplained == 0
    assert "zaúčtováno" in panel.verdict.value
    assert f"Hotovo: {len(day.discrepancies)}" in panel.status.text
    assert panel.bar.value == panel.bar.max
    assert "data:image/png;base64," in panel.chart.value
    assert panel.breaks.table.count == len(day.discrepancies)
    assert not panel.run.disabled
    assert panel.stop.disabled


def test_breaks_are_filtered_sorted_and_stepped_through(make):
    panel = make()
    run(panel)
    view = panel.breaks
    kinds = [value for _, value in view.kind.options if value]
    view.kind.value = kinds[0]
    wanted = int((panel.result.breaks["kind"] == kinds[0]).sum())
    assert view.table.count == wanted
    assert f"{wanted} of {len(panel.result.breaks)}" in view.counted.value
    view.kind.value = ""
    view.at_least.value = "500,00"
    large = panel.result.breaks["variance"].abs() >= 500
    assert view.table.count == int(large.sum())
    view.at_least.value = "oops"
    assert "oops" in view.counted.value
    assert "warning" in view.counted.value
    view.at_least.value = ""
    view.next.click()
    first = view.table.selected
    assert first == panel.result.breaks["break_id"].iloc[0]
    view.next.click()
    view.previous.click()
    assert view.table.selected == first
    assert first in view.told.value
    view.story.is_open = True
    assert "Payment" in view._story.value
    view.text.value = first
    assert view.table.count == 1


def test_what_is_said_of_a_break_stays_over_a_second_run_and_is_in_the_files(make, tmp_path):
    panel = make()
    run(panel)
    view = panel.breaks
    view.next.click()
    chosen = view.table.selected
    view.save.click()
    assert "Write a note" in panel.status.text
    view.note.value = "=the bank <b>confirms</b> it"
    view.new_status.value = "explained"
    view.save.click()
    assert panel.status.tone == "good"
    with History(tmp_path / "history.db") as history:
        told = history.open_breaks().set_index("break_id").loc[chosen]
        assert (told["status"], told["note"]) == ("explained", "=the bank <b>confirms</b> it")
    panel.workbook.press()
    panel.workbook.wait(60)
    book = openpyxl.load_workbook(io.BytesIO(panel.workbook.made.content))
    cells = [
        cell for sheet in book for row in sheet.iter_rows() for cell in row
        if isinstance(cell.value, str) and "the bank" in cell.value
    ]  # fmt: skip
    assert cells
    assert {cell.data_type for cell in cells} == {"s"}  # text, never a formula
    run(panel)
    assert view.table.selected == chosen
    assert view.note.value == "=the bank <b>confirms</b> it"
    assert view.new_status.value == "explained"
    view.status.value = "explained"
    assert view.table.count == 1
    other = make()
    run(other)
    assert other.breaks.table.turn_to(chosen)
    assert other.breaks.new_status.value == "explained"


def test_a_stopped_run_keeps_what_came_and_goes_on(make, box, day):
    panel = make()
    seen = threading.Event()

    def watch(change):
        if change.new >= 5 and not seen.is_set():
            seen.set()
            panel.stop.click()

    panel._throttle._every = 0
    panel.bar.observe(watch, "value")
    run(panel)
    if panel.result is None:  # it was in time
        assert panel.status.tone == "warning"
        assert "Run goes on" in panel.status.text
    run(panel)
    assert len(panel.result.breaks) == len(day.discrepancies)


def test_inputs_are_locked_while_it_works(make):
    panel = make()
    seen = []
    panel.bar.observe(lambda _: seen.append((panel.run.disabled, panel.exports.again.disabled)))
    run(panel)
    assert seen
    assert set(seen) == {(True, True)}


def test_without_a_key_it_says_what_is_missing(monkeypatch, tmp_path):
    for name in ("QERKO_API_KEY", "QERKO_POS_ID", "QERKO_CONFIG", "QERKO_VENUE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    panel = DailyClosePanel(history=tmp_path / "h.db")
    assert "no API key" in panel.venue.said.value
    panel.run.click()
    assert panel.status.tone == "error"
    assert "QERKO_API_KEY" in panel.status.text
    panel.close()


def test_an_export_that_is_missing_is_said(make):
    panel = make(exports=())
    run(panel)
    assert panel.status.tone == "error"
    assert "choose at least one" in panel.status.text
    panel.workbook.press()
    panel.workbook.wait(10)
    assert "press Run first" in panel.status.text


def test_a_venue_is_chosen_where_the_settings_have_several(tmp_path, box):
    config = tmp_path / "qerko.toml"
    config.write_text(
        f'pos_id = "{box.pos_id}"\nbase_url = "{box.base_url}"\n'
        f'[venues.bar]\napi_key = "{box.api_key}"\n[venues.old-town]\napi_key = "{"x" * 40}"\n'
        'time_zone = "Europe/London"\n'
    )
    panel = DailyClosePanel(config=config, history=False)
    assert [value for _, value in panel.venue.choice.options] == ["bar", "old-town"]
    panel.venue.choice.value = "old-town"
    assert panel.venue.picked.time_zone == "Europe/London"
    assert panel.venue.client.venue.name == "old-town"
    assert "x" * 40 not in panel.venue.said.value
    panel.close()


def test_fifty_thousand_breaks_are_shown_a_page_at_a_time():
    many = 50_000
    payments = pd.DataFrame(
        {
            "payment_id": [str(n) for n in range(many)],
            "bill_id": ["<img src=x onerror=alert(1)>"] * many,
            "state": "PAID",
            "currency": "CZK",
            "parts_total": [str(n % 900 + 1) for n in range(many)],
        }
    )
    result = qr.reconcile(payments, pd.DataFrame({"payment_id": ["none"], "amount": ["5"]}))
    assert len(result.breaks) >= many
    view = BreaksView(Words(WORDS, "en"), on_save=lambda *_: True, on_error=print)
    said = []
    tell = view._sentence
    view.table._columns = tuple(
        one if one.name != "break_id" else type(one)(
            "break_id", one.label, lambda key: said.append(key) or tell(key), is_wide=True
        )
        for one in view.table._columns
    )  # fmt: skip
    view.put(result)
    view.at_least.value = "890"
    view.text.value = "4999"
    view.text.value = ""
    view.table.sorted_by = "variance"
    assert len(view.table.rows) == 10
    assert len(said) <= 10 * 12  # a page for each change, never all of them
    view.next.click()
    assert "<img" not in view.told.value
    assert "&lt;img" in view.told.value
