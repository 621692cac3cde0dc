"""A line's own ID: made of what the line says, and of nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from unittest import mock

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qerko_recon.pos import digests
from qerko_recon.pos.naming import name_lines
from qerko_recon.schema import TENDERS

SAYS = ("payment_id", "bill_id", "amount", "tip", "currency", "paid_at", "provider")
WORDS = st.one_of(st.none(), st.sampled_from(["", "4711", "Ž" * 40, "x" * 64, "x" * 65, "\0"]))
LINES = st.fixed_dictionaries(
    {
        "payment_id": WORDS | st.text(max_size=20),
        "bill_id": WORDS,
        "provider": WORDS,
        "amount": st.none() | st.decimals(-1000, 1000, places=2),
        "tip": st.sampled_from([None, Decimal(0), Decimal("1.5")]),
        "currency": st.sampled_from([None, "CZK"]),
        "paid_at": st.none()
        | st.datetimes(timezones=st.just(UTC), min_value=datetime(2020, 1, 1)),  # noqa: DTZ001
    }
)


def named(lines, own=None):
    lines = [{**line, "tender_id": None if own is None else own} for line in lines]
    rows = [{name: line.get(name) for name in TENDERS.names} for line in lines]
    return name_lines(pa.Table.from_pylist(rows, schema=TENDERS))[0]["tender_id"].to_pylist()


def said(line):
    return tuple(line[name] for name in SAYS)


ALIKE = [{**dict.fromkeys(SAYS), "bill_id": "x" * 65, "currency": one} for one in ("CZK", None)]


@example(ALIKE, 1 << 16)
@settings(deadline=None)
@given(st.lists(LINES, min_size=1, max_size=12), st.sampled_from([1, 3, 1 << 16]))
def test_company_changes_no_name(lines, block):
    with mock.patch.object(digests, "_BLOCK", block):
        names = named(lines)
    assert len(set(names)) == len(lines)
    first = {}
    for line, name in zip(lines, names, strict=True):
        first.setdefault(said(line), name)
    for line in lines:
        assert [first[said(line)]] == named([line])
    assert len(set(first.values())) == len(first)
    repeats = [name for name in names if name not in first.values()]
    assert all(name.rpartition("-")[0] in first.values() for name in repeats)


@settings(deadline=None)
@given(st.lists(LINES, min_size=2, max_size=8))
def test_an_id_given_twice_is_told_apart_by_what_the_lines_say(lines):
    names = named(lines, own="T1")
    assert len(set(names)) == len(lines)
    assert all(name.startswith("T1~") for name in names)


def test_a_name_that_the_till_gave_is_not_given_again():
    line = {"bill_id": "B1", "amount": Decimal(5)}
    (name,) = named([line])
    rows = [{**line, "tender_id": None}, {"tender_id": name, "bill_id": "B2"}]
    rows = [{key: row.get(key) for key in TENDERS.names} for row in rows]
    (table,) = name_lines(pa.Table.from_pylist(rows, schema=TENDERS))
    assert table["tender_id"].to_pylist() == [f"{name}~", name]
