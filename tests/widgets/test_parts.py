"""What panels are made of, without a kernel: status, guard, throttle, worker, table, files."""

from __future__ import annotations

import threading
import time
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qerko_recon.errors import ConfigError
from qerko_recon.money import MONEY
from qerko_recon.widgets.parts import (
    Column,
    Disclosure,
    Download,
    FileDrop,
    Panel,
    Status,
    Table,
    Throttle,
    Worker,
    button,
    guarded,
)
from qerko_recon.widgets.parts.download import Made
from qerko_recon.widgets.parts.speaking import PARTS


class Failing(Panel):
    def __init__(self, error):
        super().__init__(PARTS, "cs")
        self._error = error
        self.go = button("Go", self.work)
        self.lay_out(self.go)

    @guarded
    def work(self):
        raise self._error


def test_an_error_of_ours_is_said_in_its_own_words():
    panel = Failing(ConfigError("no API key: set <QERKO_API_KEY>"))
    panel.go.click()
    assert panel.status.tone == "error"
    assert panel.status.text == "no API key: set <QERKO_API_KEY>"
    assert "&lt;QERKO_API_KEY&gt;" in panel.status.line.value
    assert 'role="status"' in panel.status.line.value
    assert panel.status.details not in panel.status.children


def test_any_other_error_is_told_with_closed_details():
    panel = Failing(ZeroDivisionError("<b>"))
    panel.go.click()
    assert "ZeroDivisionError" in panel.status.text
    assert "Stalo se něco nečekaného" in panel.status.text
    assert panel.status.details in panel.status.children
    assert not panel.status.details.is_open
    assert "test_parts.py" in panel.status.details.content.children[0].value
    assert "<b>" not in panel.status.details.content.children[0].value
    panel.status.say("jde to dál", "good")
    assert panel.status.details not in panel.status.children


def test_a_trace_shows_no_values():
    secret = "a-key-nobody-may-see"

    class Secretive(Panel):
        @guarded
        def work(self):
            hidden = secret
            raise LookupError(len(hidden))

    panel = Secretive(PARTS)
    panel.work()
    assert secret not in panel.status.details.content.children[0].value


def test_tones_are_told_by_words_too():
    status = Status("de")
    for tone, mark in (("good", "✓"), ("warning", "Hinweis"), ("error", "Fehler")):
        status.say("so ist es", tone)
        assert mark in status.line.value


def test_the_last_snapshot_is_always_drawn():
    seen, drawn = [], threading.Event()

    def render(number):
        seen.append(number)
        if number == 99:
            drawn.set()

    throttle = Throttle(render, every=0.05)
    for number in range(100):
        throttle(number)
    assert drawn.wait(10)
    assert seen[0] == 0
    assert seen[-1] == 99
    assert seen == sorted(seen)
    assert len(seen) < 100


def test_a_closed_throttle_draws_nothing():
    seen = []
    throttle = Throttle(seen.append, every=60)
    throttle(1)
    throttle(2)
    throttle.close()
    throttle(3)
    throttle.flush()
    assert seen == [1]


def test_renders_never_overlap():
    inside, most = [0], [0]

    def render(_):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.001)
        inside[0] -= 1

    throttle = Throttle(render, every=0)
    threads = [threading.Thread(target=lambda: [throttle(n) for n in range(20)]) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    throttle.flush()
    assert most == [1]


def test_one_piece_of_work_at_a_time():
    go, errors = threading.Event(), []
    worker = Worker(errors.append)
    assert worker.start(lambda: go.wait(10))
    assert worker.is_busy
    assert not worker.start(lambda: None)
    go.set()
    assert worker.wait(10)
    assert worker.start(lambda: 1 / 0)
    assert worker.wait(10)
    assert [type(one) for one in errors] == [ZeroDivisionError]


def frame(amounts):
    return pa.table(
        {
            "id": [f"B-{place}" for place in range(len(amounts))],
            "amount": pa.array(amounts, MONEY),
            "kinds": pa.array([["a"]] * len(amounts), pa.list_(pa.string())),
        }
    )


def a_table(amounts, **options):
    columns = [
        Column("id", "Break"),
        Column("amount", "Amount", show=lambda value: f"{value:.2f}", is_number=True),
        Column("kinds", "Kinds", show=", ".join, is_sortable=False),
    ]
    table = Table("Breaks", columns, key="id", **options)
    table.put(frame(amounts))
    return table


amounts = st.lists(
    st.none() | st.decimals(-(10**6), 10**6, places=2, allow_nan=False), max_size=30
)


@settings(deadline=None)
@given(amounts, st.booleans())
def test_rows_are_sorted_exactly_and_nulls_come_last(values, is_descending):
    table = a_table(values, page_size=100)
    table.sorted_by, table.is_descending = "amount", is_descending
    shown = [Decimal(row[1]) for row in table.rows if row[1]]
    known = sorted((one for one in values if one is not None), reverse=is_descending)
    assert shown == known
    assert [row[1] for row in table.rows[len(known) :]] == [""] * (len(values) - len(known))
    assert sorted(table.row_keys) == sorted(f"B-{n}" for n in range(len(values)))


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(1, 7), st.data())
def test_pages_hold_every_row_that_is_kept_once(size, page_size, data):
    table = a_table([Decimal(n) for n in range(size)], page_size=page_size)
    kept = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    table.filter(np.array(kept, dtype=bool))
    seen = []
    for page in range(table.pages):
        table.page = page
        seen += table.row_keys
    assert seen == [f"B-{n}" for n in range(size) if kept[n]]
    assert table.count == sum(kept)


def test_the_picked_row_stays_picked_while_it_is_there():
    table = a_table([Decimal(n) for n in range(100)], page_size=10)
    assert table.turn_to("B-55")
    assert (table.page, table.selected) == (5, "B-55")
    table.sorted_by, table.is_descending = "amount", True
    assert (table.page, table.selected) == (4, "B-55")
    table.filter(np.arange(100) != 55)
    assert (table.page, table.selected) == (0, "")
    assert not table.turn_to("B-55")
    assert not table.turn_to("nothing")


def test_steps_go_over_pages_and_end_at_the_edges():
    table = a_table([Decimal(n) for n in range(5)], page_size=2)
    walked = [table.step(1) for _ in range(6)]
    assert walked == ["B-0", "B-1", "B-2", "B-3", "B-4", ""]
    assert table.selected == "B-4"
    assert table.page == 2
    table.selected = ""
    assert table.step(-1) == "B-4"
    assert Table("Empty", [Column("id", "Break")], key="id").step(1) == ""


def test_a_page_that_is_not_there_is_the_nearest_one():
    table = a_table([Decimal(n) for n in range(5)], page_size=2)
    table.page = 99
    assert (table.page, table.row_keys) == (2, ["B-4"])
    table.page = -3
    assert (table.page, table.row_keys) == (0, ["B-0", "B-1"])


def test_a_column_that_is_not_there_and_tones():
    table = Table("T", [Column("id", "A"), Column("novel", "B")], key="id", tone="severity")
    table.put(pd.DataFrame({"id": ["x"], "severity": ["high"]}))
    assert table.rows == [["x", ""]]
    assert table.tones == ["high"]
    table.put(pd.DataFrame({"id": []}))
    assert table.range_text == "No rows"


class Browser:
    """Speaks to a widget as its page does: files in pieces, as they are asked for."""

    def __init__(self, widget):
        self.widget, self.heard = widget, []
        widget.send = lambda content, buffers=None: self.heard.append((content, buffers))

    def say(self, content, *buffers):
        self.widget._handle_custom_msg(content, list(buffers))


def drop(seen, **options):
    box = FileDrop(seen.append, **options)
    return box, Browser(box)


@settings(deadline=None)
@given(st.binary(max_size=3000))
def test_a_file_arrives_as_it_was(content):
    seen = []
    box, page = drop(seen)
    page.say({"kind": "begin", "id": "1", "name": "den.csv", "size": len(content)})
    while page.heard[-1][0]["kind"] == "more":
        at = page.heard[-1][0]["at"]
        page.say({"kind": "piece", "id": "1", "at": at}, memoryview(content[at : at + 1000]))
    assert page.heard[-1][0] == {"kind": "done", "id": "1"}
    assert [path.read_bytes() for path in seen] == [content]
    assert seen[0].name == "den.csv"
    assert box.files == tuple(seen)
    box.close()
    assert not seen[0].exists()


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Eva\\Uzávěrka 20.11.csv", "Uzávěrka 20.11.csv"),
        ('a<b>:"|?*.csv', "a_b______.csv"),
        ("..", "file"),
        ("", "file"),
        ("x" * 300 + ".xlsx", "x" * 120 + ".xlsx"),
    ],
)
def test_a_name_leads_nowhere(given_name, kept):
    seen = []
    box, page = drop(seen)
    page.say({"kind": "begin", "id": "1", "name": given_name, "size": 0})
    assert seen[0].name == kept
    assert seen[0].is_relative_to(Path(box._folder))
    box.close()


def test_what_does_not_arrive_whole_is_not_taken():
    seen = []
    box, page = drop(seen)
    begin = {"kind": "begin", "name": "day.csv", "size": 4}
    for number, (at, piece) in enumerate([(1, b"abcd"), (0, b""), (0, b"abcde"), (-1, b"a")]):
        page.say({**begin, "id": str(number)})
        page.say({"kind": "piece", "id": str(number), "at": at}, piece)
        assert "choose it again" in box.text
        page.say({"kind": "piece", "id": str(number), "at": 0}, b"abcd")  # too late
    assert seen == []
    box.close()


def test_a_file_that_is_too_large_is_refused_before_it_comes():
    seen = []
    box, page = drop(seen, most=2**20, language="cs")
    page.say({"kind": "begin", "id": "1", "name": "rok.csv", "size": 2**20 + 1})
    assert page.heard == [({"kind": "done", "id": "1"}, None)]
    assert "rok.csv je větší než 1 MiB" in box.text
    box.close()


def test_a_download_goes_out_in_pieces_as_it_was():
    content = bytes(range(256)) * 10_000
    errors = []
    download = Download("Save", lambda: Made("close.xlsx", content), errors.append)
    page = Browser(download)
    page.say({"kind": "wanted"})
    download.wait(10)
    begin = page.heard[-1][0]
    assert begin == {"kind": "begin", "name": "close.xlsx", "size": len(content)}
    have = b""
    while len(have) < begin["size"]:
        page.say({"kind": "more", "at": len(have)})
        said, buffers = page.heard[-1]
        assert said == {"kind": "piece", "at": len(have)}
        have += bytes(buffers[0])
    page.say({"kind": "saved"})
    assert have == content
    assert "close.xlsx" in download.text
    assert errors == []


def test_a_file_that_cannot_be_made_is_told():
    errors = []
    download = Download("Save", lambda: 1 / 0, errors.append)
    download.press()
    download.wait(10)
    assert [type(one) for one in errors] == [ZeroDivisionError]
    assert not download.is_busy
    download.disabled = True
    download.press()
    assert len(errors) == 1


def test_what_is_disclosed_is_hidden_until_asked_for():
    inside = button("Inside", lambda: None)
    more = Disclosure("More", inside)
    assert more.content.layout.display == "none"
    more.is_open = True
    assert more.content.layout.display is None
    assert more.content.children == (inside,)
    more.title = "Less"
    assert more.toggle.title == "Less"
    other = button("Other", lambda: None)
    more.hold(other)
    assert more.content.children == (other,)
