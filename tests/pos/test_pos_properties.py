"""Properties: amounts read back exactly, no row is lost, order does not matter."""

from __future__ import annotations

import csv
import io
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qerko_recon.pos import read_pos
from qerko_recon.pos.encoding import Decoded
from qerko_recon.pos.records import _Body, _careful, _fast, _Place

GROUPS = ["", " ", "\u00a0", "\u202f", "'", "’", "other"]
SIGNS = ["{}", "{} Kč", "Kč {}", "€{}", "{} EUR", "{}\u00a0zł"]
MINUSES = ["-{}", "−{}", "({})", "{}-"]


@st.composite
def written_amounts(draw):
    """Draw an amount with a style: (value, text, decimal mark)."""
    mark = draw(st.sampled_from([",", "."]))
    group = draw(st.sampled_from(GROUPS))
    sign = draw(st.sampled_from(SIGNS))
    minus = draw(st.sampled_from(MINUSES))
    places = draw(st.sampled_from([2, 2, 2, 0, 1, 4, 6]))
    values = draw(
        st.lists(
            st.decimals(-(10**11), 10**11, places=places, allow_nan=False), min_size=1, max_size=8
        )
    )
    group = {",": ".", ".": ","}[mark] if group == "other" else group
    texts = []
    for value in values:
        text = f"{abs(value):,.{places}f}".replace(",", "G").replace(".", mark)
        text = text.replace("G", group)
        texts.append(sign.format(minus.format(text) if value < 0 else text))
    return values, texts, mark


def write(path, rows, delimiter=";", encoding="utf-8"):
    held = io.StringIO(newline="")
    csv.writer(held, delimiter=delimiter).writerows(rows)
    path.write_bytes(held.getvalue().encode(encoding))
    return path


def cells(frame, name):
    return frame[name].array._pa_array.to_pylist()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("exports")


@settings(max_examples=150, deadline=None)
@given(written_amounts(), st.sampled_from([";", ",", "\t"]))
def test_amounts_of_any_style_read_back_exactly(folder, written, delimiter):
    values, texts, mark = written
    # One amount with two decimals shows the mark, as any evening's export does.
    rows = [["Účet", "ID platby", "Částka"], ["A", "1", f"12{mark}50"]]
    rows += [[f"B{n}", str(n + 2), text] for n, text in enumerate(texts)]
    pos = read_pos(write(folder / "amounts.csv", rows, delimiter))
    assert cells(pos.tenders, "amount") == [Decimal("12.50"), *values]
    assert not len(pos.problems)


LINES = st.tuples(
    st.sampled_from(["B1", "B2", "B3"]),
    st.sampled_from(["", "4711", "4712", "4713"]),
    st.sampled_from(["Qerko", "Hotově", "Kartou", "Stravenky", "Spropitné", "Bitcoin", ""]),
    st.sampled_from(["5,00", "1 234,50", "-5,00", "x1", "", "12.5"]),
    st.sampled_from(["Zaplaceno", "Storno", "?", ""]),
)
ODD = st.sampled_from(
    [
        ["B9"],
        ["B9", "4711", "Qerko", "5", "00", "Zaplaceno"],
        ["Celkem", "", "", "5,00", ""],
        ["Celkem", "1,00"],
        ["", "", "", "", ""],
        ["Účet", "ID platby", "Typ platby", "Částka", "Stav"],
    ]
)
HEADER = ["Účet", "ID platby", "Typ platby", "Částka", "Stav"]
FIRST = ["B0", "4710", "Qerko", "7,50", "Zaplaceno"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(LINES.map(list), ODD), max_size=12))
def test_every_row_is_accounted_for_once(folder, rows):
    pos = read_pos(write(folder / "rows.csv", [HEADER, FIRST, *rows]))
    filled = [row for row in rows if any(row)]
    assert sum(pos.rows.values()) == 1 + len(filled)
    assert pos.rows["tenders"] == len(pos.tenders)
    assert pos.rows["others"] == len(pos.others)
    assert pos.sources[0].rows == 1 + len(filled) - pos.rows["totals"]
    places = cells(pos.tenders, "source_row") + cells(pos.others, "source_row")
    assert len(set(places)) == len(places)
    broken = [
        row
        for row, name in zip(
            cells(pos.problems, "source_row"), cells(pos.problems, "column"), strict=True
        )
        if name is None
    ]
    assert len(set(broken) - set(places)) == pos.rows["broken"]
    unknown = {
        row
        for frame in (pos.tenders, pos.others)
        for row, amount in zip(cells(frame, "source_row"), cells(frame, "amount"), strict=True)
        if amount is None
    }
    tips = pos.rows["tips"]
    assert unknown <= set(cells(pos.problems, "source_row")) or tips


def _are_alike(tip, line):
    """Tell whether a tip is of the line above; other tips go where the order says."""
    return (*tip[:2], tip[4]) == (*line[:2], line[4])


@settings(max_examples=60, deadline=None)
@given(st.lists(LINES.map(list), max_size=12), st.randoms(use_true_random=False))
def test_order_of_rows_changes_no_tender(folder, rows, chance):
    # A tip on a row of its own is of the line that it stands below, so they move together.
    blocks = []
    for row in rows:
        if "Spropitné" not in row:
            blocks.append([row])
        elif blocks and len(blocks[-1]) == 1 and _are_alike(row, blocks[-1][0]):
            blocks[-1].append(row)
    mixed = blocks.copy()
    chance.shuffle(mixed)
    names = ("tender_id", "payment_id", "bill_id", "amount", "tip", "total", "state")
    read = []
    for number, order in enumerate((blocks, mixed)):
        body = [row for block in order for row in block]
        pos = read_pos(write(folder / f"order{number}.csv", [HEADER, FIRST, *body]))
        lines = zip(*(cells(pos.tenders, name) for name in names), strict=True)
        read.append(Counter(lines))
    assert read[0] == read[1]


CELLS = st.text(alphabet='ab1 ";\n,é', max_size=5)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=6), st.booleans())
def test_both_parsers_give_the_same_rows(table, well_formed):
    if well_formed:
        held = io.StringIO(newline="")
        csv.writer(held, delimiter=";").writerows(table)
        body = held.getvalue()
    else:
        body = "\n".join(";".join(row) for row in table)
    fast = _fast(_Body(Decoded(body.encode(), "utf-8", "utf-8", "", is_sure=True), 0), ";", 3)
    if fast is None:
        return
    # What the fast way takes, the careful one takes too: it would raise on an open quote.
    columns, rows, broken = _careful(body, ";", 3, _Place("x", 1), 3)
    assert not broken
    assert [one.text.to_pylist() for one in columns] == [one.text.to_pylist() for one in fast[0]]
    assert rows.tolist() == fast[1].tolist()


def test_regular_files_take_the_fast_way():
    body = 'a;"b;c";d\r\n\r\n1;2;"say ""x"""\r\n'
    source = Decoded(body.encode(), "utf-8", "utf-8", "", is_sure=True)
    columns, rows, _ = _fast(_Body(source, 0), ";", 3)
    assert [column.text.to_pylist() for column in columns] == [
        ["a", "1"],
        ["b;c", "2"],
        ["d", 'say "x"'],
    ]
    assert rows.tolist() == [0, 2]
