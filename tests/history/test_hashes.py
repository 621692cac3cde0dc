"""A hash of what a table says: the same however it is held, another for any other content."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qerko_recon.history.hashes import content_sha256, hash_of
from qerko_recon.schema import TIME

KINDS = {
    "text": (pa.string(), st.text(max_size=5)),
    "long": (pa.large_string(), st.text(max_size=5)),
    "money": (pa.decimal128(18, 6), st.integers(-99, 99).map(lambda n: Decimal(n).scaleb(-2))),
    "count": (pa.int32(), st.integers(-9, 9)),
    "flag": (pa.bool_(), st.booleans()),
    "day": (pa.date32(), st.dates()),
    "share": (pa.float64(), st.floats(allow_nan=False)),
    "texts": (pa.list_(pa.string()), st.lists(st.text(max_size=3), max_size=3)),
    "nothing": (pa.null(), st.none()),
}


@st.composite
def tables(draw):
    rows = draw(st.integers(0, 6))
    columns = {"id": pa.array([f"r{n}" for n in range(rows)], pa.string())}
    for name, (kind, values) in KINDS.items():
        held = st.lists(st.one_of(st.none(), values), min_size=rows, max_size=rows)
        columns[name] = pa.array(draw(held), kind)
    return pa.table(columns)


@settings(deadline=None, max_examples=60)
@given(tables(), st.randoms())
def test_how_a_table_is_held_means_nothing(table, chance):
    asked = content_sha256(table, by=["id"])
    rows = list(range(table.num_rows))
    chance.shuffle(rows)
    shuffled = table.take(pa.array(rows, pa.int64()))
    assert content_sha256(shuffled, by=["id"]) == asked
    twice = pa.concat_tables([table, table]).slice(table.num_rows)
    assert content_sha256(twice, by=["id"]) == asked
    chunked = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    assert content_sha256(chunked, by=["id"]) == asked


@settings(deadline=None, max_examples=60)
@given(tables(), st.sampled_from(sorted(set(KINDS) - {"nothing"})), st.data())
def test_any_other_cell_makes_another_hash(table, name, data):
    if not table.num_rows:
        return
    kind, values = KINDS[name]
    place = data.draw(st.integers(0, table.num_rows - 1))
    column = table[name].to_pylist()
    other = data.draw(st.one_of(st.none(), values).filter(lambda one: one != column[place]))
    column[place] = other
    changed = table.set_column(table.column_names.index(name), name, pa.array(column, kind))
    same = changed.equals(table)
    assert (content_sha256(changed) == content_sha256(table)) == same


def test_what_lies_under_a_null_means_nothing():
    mask = pa.array([True, False])
    for values in (pa.array([1, 2]), pa.array(["a", "b"]), pa.array([Decimal(1), Decimal(2)])):
        hidden = pa.table({"x": pc.if_else(mask, values, pa.scalar(None, values.type))})
        plain = pa.table({"x": pa.array([values[0].as_py(), None], values.type)})
        assert content_sha256(hidden) == content_sha256(plain)


def test_names_types_and_times_count():
    times = pa.array([0, None], TIME)
    one = pa.table({"x": times})
    assert content_sha256(one) == content_sha256(pa.table({"x": pa.array([0, None], TIME)}))
    assert content_sha256(one) != content_sha256(pa.table({"y": times}))
    assert content_sha256(one) != content_sha256(pa.table({"x": pa.array([0, None])}))
    assert content_sha256(one, without=["x"]) == content_sha256(pa.table({}))


@pytest.mark.parametrize(("one", "other"), [([b"ab", b"c"], [b"a", b"bc"]), ([b""], [])])
def test_no_two_ways_to_cut_bytes_are_the_same(one, other):
    assert hash_of(*one) != hash_of(*other)
