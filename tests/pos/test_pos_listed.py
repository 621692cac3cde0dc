"""Cells that list several payments: what is fetched are the single IDs, and no invented one."""

from __future__ import annotations

import pyarrow as pa
import pytest

from qerko_recon.pos.listed import single_ids


@pytest.mark.parametrize(
    ("cells", "ids"),
    [
        (["4711", "4712, 4713"], "4711 4712 4713"),
        (["4711,4712"], "4711 4712"),
        (["4711;4712", "4712"], "4711 4712"),
        (["4711", "4712+4713", "4714 / 4715", "4716 4717"], "4711 4712 4713 4714 4715 4716 4717"),
        (["4711", "4712\n4713"], "4711 4712 4713"),
        # Most IDs have the mark, so it is part of them.
        (["2026/1", "2026/2", "2026/3"], "2026/1 2026/2 2026/3"),
        (["2026/1, 2026/2", "2026/3"], "2026/1 2026/2 2026/3"),
        (["4711 + 4712", "4713 + 4714"], "4711 4712 4713 4714"),
        (["A+1", "B+22"], "A+1 B+22"),
        # Pieces that look unlike each other and unlike the others are one ID.
        (["4711", "QR/4712"], "4711 QR/4712"),
        # Nothing tells: whichever it is, it is asked for.
        (["4711/4712"], "4711/4712 4711 4712"),
    ],
)
def test_what_is_fetched(cells, ids):
    assert single_ids(pa.array(cells)) == tuple(ids.split())


def test_ids_with_spaces_stay_whole():
    assert single_ids(pa.array(["QR 1", "QR 2", None])) == ("QR 1", "QR 2")
    assert single_ids(pa.array(["QR 1", "QR 2", "QR 3, QR 4"])) == ("QR 1", "QR 2", "QR 3", "QR 4")


def test_a_line_keeps_the_text_of_its_cell(desk):
    pos = desk.read(
        'Účet;ID platby;Částka\nB1;4711;5\nB2;"4712, 4713";6\nB3;"4714;4715";7\nB4;4716+4717;8\n'
    )
    assert pos.tenders["payment_id"].tolist() == ["4711", "4712, 4713", "4714;4715", "4716+4717"]
    assert pos.payment_ids == ("4711", "4712", "4713", "4714", "4715", "4716", "4717")
    assert not len(pos.problems)
