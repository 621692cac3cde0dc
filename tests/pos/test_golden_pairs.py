"""Every sample export, read without a profile, gives exactly the lines written beside it."""

from __future__ import annotations

import csv
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from qerko_recon.pos import read_pos
from qerko_recon.simulator import STYLES

SAMPLES = Path(__file__).parents[2] / "data_samples" / "pos"
PAIRS = [SAMPLES / style / "day.csv" for style in STYLES]
MONEY = ("amount", "tip", "total")


def expected_lines(path):
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            line = {name: cell or None for name, cell in row.items()}
            for name in MONEY:
                line[name] = None if line[name] is None else Decimal(line[name])
            line["source_row"] = int(line["source_row"])
            line["paid_at"] = line["paid_at"] and datetime.fromisoformat(line["paid_at"])
            yield line


def lines_read(pos):
    table = pos.tenders.drop(columns="tender_id")
    columns = {name: table[name].array._pa_array.to_pylist() for name in table.columns}
    return [
        dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)
    ]


@pytest.mark.parametrize("day", PAIRS, ids=lambda path: path.parent.name)
def test_sample_is_read_as_written(day):
    pos = read_pos(day)
    expected = list(expected_lines(day.with_name("tenders.csv")))
    assert expected
    assert lines_read(pos) == expected
    unreadable = {line["source_row"] for line in expected if line["amount"] is None}
    # The till's own total knows the amount that cannot be read, and the gap tells it.
    of_lines = ~pos.problems["problem"].str.startswith("the totals line says")
    assert set(pos.problems["source_row"][of_lines]) == unreadable
    assert all(
        pos.problems["problem"][~of_lines].str.contains("between them may be the row whose amount")
    )
    assert pos.rows["tenders"] + pos.rows["others"] == pos.sources[0].rows


@pytest.mark.parametrize("day", PAIRS, ids=lambda path: path.parent.name)
def test_profile_written_reads_the_same(day, tmp_path):
    first = read_pos(day)
    again = read_pos(day, first.profile.write(tmp_path / "till.toml"))
    assert again.tenders.equals(first.tenders)
    assert again.sniffed.columns == first.sniffed.columns


def test_every_style_tells_the_same_evening():
    totals = {
        day.parent.name: sorted(
            zip(
                *(read_pos(day).tenders[name].tolist() for name in ("bill_id", "tip")), strict=True
            )
        )
        for day in PAIRS
    }
    assert len({str(lines) for lines in totals.values()}) == 1
