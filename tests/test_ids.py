"""ID lists as people keep them: blanks, duplicates, marks, and files that are no lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qerko_recon.errors import QerkoReconError
from qerko_recon.ids import read_ids, split_ids


def test_blanks_duplicates_and_comments_are_left_out_and_order_is_kept(tmp_path):
    file = tmp_path / "ids.txt"
    file.write_bytes(b"\xef\xbb\xbfpayment_id\r\n\r\n 3 \r\n# night\r\n'1',\r\n3\r\n\"2\"\r\n\r\n")
    assert read_ids(file) == ["3", "1", "2"]


def test_a_very_long_line_is_one_id(tmp_path):
    file = tmp_path / "ids.txt"
    file.write_text("x" * 10_000)
    assert read_ids(file) == ["x" * 10_000]


def test_the_unicode_text_of_excel_is_read(tmp_path):
    file = tmp_path / "ids.txt"
    file.write_text("1\n2\n", encoding="utf-16")
    assert read_ids(file) == ["1", "2"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no payment ID"),
        (b"\n \n", "no payment ID"),
        (b"1\n\xe8\n", "line 2: not UTF-8"),
        (b"PK\x03\x04\0\0", "line 1: the file is not text"),
    ],
)
def test_a_file_that_is_no_list_is_refused_by_name(tmp_path, content, message):
    file = tmp_path / "ids.txt"
    file.write_bytes(content)
    with pytest.raises(QerkoReconError, match=message) as error:
        read_ids(file)
    assert "ids.txt" in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(QerkoReconError, match=r"none\.txt cannot be read"):
        read_ids(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("cell", "ids"),
    [
        ("", ()),
        (" \t\u00a0", ()),
        (" ,;", ()),
        ("4711", ("4711",)),
        (" a1b2-c3_d4 ", ("a1b2-c3_d4",)),
        ("4711, 4712", ("4711", "4712")),
        ("4711;4712;", ("4711", "4712")),
        ("4711+4712", ("4711", "4712")),
        ("4711 / 4712|4713", ("4711", "4712", "4713")),
        ("4711 & 4712", ("4711", "4712")),
        ("4711\u00a04712\r\n4713", ("4711", "4712", "4713")),
        ("4711, 4711 ,4712", ("4711", "4712")),
        ("4711 a 4712 und 4713", ("4711", "4712", "4713")),
        ("a, b", ("a", "b")),
        ("A/1, A/2", ("A/1", "A/2")),
        ("QR 1 + QR 2", ("QR 1", "QR 2")),
        ("4711/4712 4713", ("4711", "4712", "4713")),
        ("=cmd|x", ("=cmd", "x")),
    ],
)
def test_a_cell_of_several_ids_is_taken_apart(cell, ids):
    assert split_ids(cell) == ids


IDS = st.lists(st.text("0123456789", min_size=1, max_size=8), min_size=1, max_size=5, unique=True)


@given(IDS, st.sampled_from([",", "; ", "+", " / ", "|", " & ", " ", "\n", "\t"]))
def test_ids_of_digits_come_back_whatever_parts_them(ids, mark):
    assert split_ids(mark.join(ids)) == tuple(ids)


@given(st.text(max_size=40))
def test_any_text_gives_ids_without_spaces_around_each_once(text):
    ids = split_ids(text)
    assert len(set(ids)) == len(ids)
    assert all(one and one == one.strip() for one in ids)
