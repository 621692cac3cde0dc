"""Numbers of what rows say: equal for equal rows, however the columns lie in memory."""

from __future__ import annotations

from unittest import mock

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from qerko_recon.pos import digests
from qerko_recon.pos.digests import any_twice, digests_of

TEXTS = st.one_of(st.none(), st.text(alphabet="ab0Čř€\0", max_size=3), st.text("x", min_size=60))


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=12), st.sampled_from([1, 2, 1 << 16]), st.data())
def test_rows_have_the_same_number_where_they_say_the_same(texts, block, data):
    column = pa.array(texts, pa.string())
    cut = data.draw(st.integers(0, len(texts)))
    pieces = pa.chunked_array([column.slice(0, cut), column.slice(cut)], pa.string())
    with mock.patch.object(digests, "_BLOCK", block):
        found = digests_of(column).tolist()
        assert digests_of(pieces).tolist() == found
    for place, text in enumerate(texts):
        # A row's number is its own: not its neighbours', its place's or its column's.
        assert digests_of(pa.array([text], pa.string())).tolist() == [found[place]]
    assert len(set(found)) == len(set(texts))
    assert any_twice(digests_of(column)) == (len(set(texts)) < len(texts))


def test_the_order_of_columns_tells():
    one, other = pa.array(["a"]), pa.array(["b"])
    assert digests_of(one, other) != digests_of(other, one)
    assert digests_of(one, one) != digests_of(other, other)
