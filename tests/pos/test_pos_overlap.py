"""Several files at once: lines of overlapping windows count once, where that is sure."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qerko_recon.pos import read_pos
from qerko_recon.pos.overlap import find_overlap
from qerko_recon.schema import TENDERS

HEADER = "Účet;Datum;Částka;Typ platby\n"


def column(frame, name):
    return frame[name].array._pa_array.to_pylist()


def read_all(desk, *texts):
    return read_pos([desk.write(text, name=f"{n}.csv") for n, text in enumerate(texts)])


def notes_on(pos, word):
    return [note for note in pos.notes if word in note]


def test_overlapping_windows_by_bill_and_second(desk):
    a = HEADER + "B1;20.11.2026 18:00:01;10,00;Qerko\nB2;20.11.2026 19:00:02;20,00;Qerko\n"
    b = HEADER + "B2;20.11.2026 19:00:02;20,00;Qerko\nB3;20.11.2026 20:00:03;30,00;Qerko\n"
    pos = read_all(desk, a, b)
    assert column(pos.tenders, "bill_id") == ["B1", "B2", "B3"]
    assert column(pos.tenders, "source_file") == ["0.csv", "0.csv", "1.csv"]
    assert pos.rows["repeats"] == 1
    assert sum(pos.rows.values()) == sum(one.rows for one in pos.sources)
    (note,) = notes_on(pos, "did not count again")
    assert note.startswith("1.csv: 1 line repeats one of 0.csv")
    assert "row 2" in note
    assert note in pos.all_sniffed[1].notes


def test_other_tenders_repeat_too(desk):
    lines = "B1;20.11.2026 18:00:01;10,00;Hotově\nB2;20.11.2026 19:00:02;20,00;Qerko\n"
    more = "B3;20.11.2026 20:00:03;30,00;Qerko\n"
    pos = read_all(desk, HEADER + lines, HEADER + lines + more)
    assert len(pos.others) == 1
    assert len(pos.tenders) == 2
    assert "2 lines repeat those of 0.csv and did not count again (rows 2 to 3)" in str(pos.notes)


@pytest.mark.parametrize(
    "line",
    [
        "B2;20.11.2026 19:00:02;20,01;Qerko\n",
        "B2;20.11.2026 19:00:03;20,00;Qerko\n",
        "B9;20.11.2026 19:00:02;20,00;Qerko\n",
        "B2;20.11.2026 19:00:02;-20,00;Qerko\n",
        "B2;20.11.2026 19:00:02;20,00;Qerko 2\n",
    ],
)
def test_what_says_anything_else_counts(desk, line):
    pos = read_all(desk, HEADER + "B2;20.11.2026 19:00:02;20,00;Qerko\n", HEADER + line)
    assert len(pos.tenders) == 2
    assert not notes_on(pos, "repeat")


@pytest.mark.parametrize("when", ["20.11.2026 19:00", "20.11.2026", "20.11.26"])
def test_without_seconds_both_count_and_it_is_said(desk, when):
    line = f"B2;{when};20,00;Qerko\n"
    pos = read_all(desk, HEADER + line, HEADER + line + "B3;20.11.2026;1,00;Qerko\n")
    assert len(pos.tenders) == 3
    (note,) = notes_on(pos, "both count")
    assert note.startswith("1.csv: 1 line is like one of 0.csv")


def test_a_line_repeated_in_one_file_is_data(desk):
    line = "B2;20.11.2026 19:00:02;20,00;Qerko\n"
    assert len(read_all(desk, HEADER + line * 3).tenders) == 3
    assert len(read_all(desk, HEADER + line * 3, HEADER + line * 2).tenders) == 3
    assert len(read_all(desk, HEADER + line * 2, HEADER + line * 3).tenders) == 3
    three = [HEADER + line, HEADER + line + "\n", HEADER + line * 2]
    assert len(read_all(desk, *three).tenders) == 2


def test_ids_of_the_pos_need_no_time(desk):
    header = "ID;Účet;Částka;Typ platby\n"
    a = header + "815;B1;10,00;Qerko\n816;B2;20,00;Qerko\n"
    pos = read_all(desk, a, header + "816;B2;20,00;Qerko\n817;B2;20,00;Qerko\n")
    assert column(pos.tenders, "tender_id") == ["815", "816", "817"]


def test_numbers_of_rows_are_no_ids(desk):
    header = "ID;Částka;Typ platby\n"
    a = header + "1;10,00;Qerko\n2;20,00;Qerko\n"
    pos = read_all(desk, a, header + "2;20,00;Qerko\n1;30,00;Qerko\n")
    assert len(pos.tenders) == 4


def test_a_line_that_changed_between_exports_is_a_problem(desk):
    header = "ID;Účet;Částka;Stav;Typ platby\n"
    a = header + "815;B1;10,00;Otevřeno;Qerko\n"
    pos = read_all(desk, a, header + "815;B1;12,00;Zaplaceno;Qerko\n815;B7;5,00;Zaplaceno;Qerko\n")
    assert len(pos.tenders) == 3
    assert column(pos.problems, "source_row") == [2]
    assert column(pos.problems, "value") == ["815"]
    assert "stands in 0.csv, row 2, too and says something else" in pos.problems["problem"][0]


def test_files_of_different_formats(desk):
    moment = datetime(2026, 11, 20, 19, 0, 2)  # noqa: DTZ001 - a sheet has no zones
    text = HEADER + "B2;20.11.2026 19:00:02;20,00;Qerko\n"
    book = desk.book({"A": [HEADER.strip().split(";"), ["B2", moment, 20, "Qerko"]]})
    held = [{"Účet": "B2", "Datum": moment.isoformat(), "Částka": 20.0, "Typ platby": "Qerko"}]
    paths = [desk.write(text), book, desk.write(json.dumps(held), name="day.json")]
    for order in (paths, paths[::-1]):
        pos = read_pos(order)
        assert column(pos.tenders, "bill_id") == ["B2"]
        assert column(pos.tenders, "source_file") == [order[0].name]
        assert len(notes_on(pos, "did not count again")) == 2


def test_sheets_of_one_book_are_one_file(desk):
    moment = datetime(2026, 11, 20, 19, 0, 2)  # noqa: DTZ001
    rows = [HEADER.strip().split(";"), ["B2", moment, 20, "Qerko"]]
    path = desk.book({"A": rows, "B": [*rows, ["B3", moment, 1, "Qerko"]]})
    assert len(read_pos(path).tenders) == 3


def test_an_amount_that_cannot_be_read_repeats_nothing(desk):
    a = HEADER + "B2;20.11.2026 19:00:02;2O,00;Qerko\n"
    pos = read_all(desk, a, a + "B3;20.11.2026 19:00:02;1,00;Qerko\n")
    assert len(pos.tenders) == 3
    assert len(pos.problems) == 2


def test_tips_on_lines_of_their_own_repeat_with_their_bill(desk):
    day = "B2;20.11.2026 19:00:02;20,00;Qerko\nB2;20.11.2026 19:00:02;2,00;Dýško\n"
    pos = read_all(desk, HEADER + day, HEADER + day + "B3;20.11.2026 20:00:00;1,00;Qerko\n")
    assert column(pos.tenders, "total") == [Decimal(22), Decimal(1)]
    assert pos.rows["tips"] == 1


@given(st.lists(st.lists(st.integers(0, 4), max_size=8), min_size=2, max_size=4))
def test_each_line_stays_as_often_as_one_file_has_it(files):
    lines = [(number, bill) for number, bills in enumerate(files) for bill in bills]
    rows = [
        {"bill_id": f"B{bill}", "amount": Decimal(bill), "tender_type": "Qerko"}
        for _, bill in lines
    ]
    table = pa.Table.from_pylist(rows, schema=TENDERS)
    numbers = np.array([number for number, _ in lines], dtype=np.int64)
    yes, no = np.ones(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    found = find_overlap(table, numbers, yes, no, [f"{n}.csv" for n in range(len(files))])
    kept = [bill for (_, bill), stays in zip(lines, found.kept, strict=True) if stays]
    for bill in range(5):
        assert kept.count(bill) == max(one.count(bill) for one in files)
