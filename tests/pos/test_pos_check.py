"""A golden pair: what differs is named by row and column, and a spreadsheet may have saved it."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from qerko_recon.errors import PosExportError
from qerko_recon.pos import (
    Profile,
    check_pair,
    check_profile,
    read_pos,
    write_golden,
    write_pair,
)

SAMPLES = Path(__file__).parents[2] / "data_samples" / "pos"
DAY = "Účet;ID platby;Částka;Typ platby\nB1;4711;12,50;Qerko\nB2;4712;8,00;Qerko\nB3;;9;Hotově\n"


def differences(found):
    names = ["source_row", "line", "column", "expected", "read"]
    return [
        tuple(None if cell is None else cell for cell in row)
        for row in zip(
            *(found.mismatches[name].array._pa_array.to_pylist() for name in names), strict=True
        )
    ]


@pytest.fixture
def check(desk):
    def check(golden, day=DAY, profile=None, *, encoding="utf-8"):
        path = desk.write(golden, name="golden.csv", encoding=encoding)
        return check_profile(desk.write(day), path, profile)

    return check


def test_lines_as_expected(check):
    found = check("payment_id,bill_id,amount,tip\n4711,B1,12.5,\n4712,B2,8,\n")
    assert found.passed
    assert found.checked == 2
    assert repr(found) == (
        "ProfileCheck: 2 lines read as expected (payment_id, bill_id, amount, tip)"
    )
    assert found._repr_html_() == f"<p>{found.verdict}</p>"


def test_a_cell_that_differs_is_named(check):
    found = check("payment_id,amount,tip\n4711,12.05,1.00\n4712,8.00,\n")
    assert differences(found) == [
        ("2", "payment_id 4711", "amount", "12.05", "12.50"),
        ("2", "payment_id 4711", "tip", "1.00", ""),
    ]
    assert not found.passed
    assert found.verdict.startswith("2 things differ from the 2 lines expected")
    assert "12.05" in found._repr_html_()


def test_lines_that_are_missing_set_aside_or_too_many(check):
    found = check("bill_id,amount\nB1,12.50\nB3,9\nB4,1\n")
    assert differences(found) == [
        (None, "bill_id B3", None, "amount 9.00", "(set aside: its tender is not Qerko's)"),
        (None, "bill_id B4", None, "amount 1.00", "(no such line was read)"),
        ("3", "bill_id B2", None, "(a line that is not expected)", "amount 8.00"),
    ]


def test_of_several_lines_of_one_payment_the_most_alike_is_meant(check):
    day = "Účet;ID platby;Částka\nB1;4711;3,00\nB1;4711;12,50\nB2;4712;8,00\n"
    found = check("payment_id,bill_id,amount\n4711,B1,12.50\n4712,B2,8\n", day)
    assert differences(found) == [
        (
            "2",
            "payment_id 4711",
            None,
            "(a line that is not expected)",
            "bill_id B1, amount 3.00",
        )
    ]


def test_a_spreadsheet_may_have_saved_it(check):
    day = "Účet;ID platby;Částka;Datum\nB1;0042;1234,50;20.11.2026 21:33:39\n"
    golden = (
        "payment_id;amount;paid_at;source_row\r\n"
        '"=""0042""";1 234,50;20.11.2026 21:33:39;2\r\n;;;\r\n'
    )
    assert check(golden, day).passed
    assert check(golden.replace(";", "\t"), day, encoding="utf-16").passed
    assert check(golden, day, encoding="cp1250").passed


@pytest.mark.parametrize(
    ("golden", "says"),
    [
        ("payment_id,ammount\n4711,1\n", "there is no column 'ammount' in what is read; the col"),
        ("payment_id,amount\n4711,1\n4712,8,9\n", "row 3: the row has not as many cells"),
        ("payment_id,amount\n4711,1x\n", "row 2, amount: '1x' is not an amount"),
        ("payment_id,paid_at\n4711,noon\n", "row 2, paid_at: 'noon' is no date and time"),
        ("source_row,amount\ntwo,1\n", "row 2, source_row: 'two' is no row number"),
        ("payment_id,amount\n4.7E+05,1\n", "row 2, payment_id: Excel has rounded this ID"),
        ("amount,tip\n1,2\n", "nothing tells its lines apart; add a column source_row"),
        ("bill_id,amount\nB1,2\nB1,2\n", "nothing tells its lines apart"),
        ("payment_id,amount\n,2\n", "nothing tells its lines apart"),
        ("\n\n", "has only blank lines"),
        ("<html>", "is no CSV; save the expected lines as"),
        ("{}", "is no CSV; save the expected lines as"),
    ],
)
def test_expected_lines_that_cannot_be_read(check, golden, says):
    with pytest.raises(PosExportError) as caught:
        check(golden)
    assert says in str(caught.value)
    assert caught.value.file == "golden.csv"


def test_lines_of_several_files_are_told_by_file_and_row(desk):
    first = desk.write("ID platby;Částka\n4711;1,00\n", name="a.csv")
    second = desk.write("ID platby;Částka\n4711;2,00\n", name="b.csv")
    golden = desk.write("source_file,source_row,amount\na.csv,2,1\nb.csv,2,3\n", name="golden.csv")
    found = check_profile([first, second], golden)
    assert differences(found) == [
        ("2", "source_file b.csv, source_row 2", "amount", "3.00", "2.00")
    ]
    by_row = desk.write("source_row,amount\n2,1\n", name="golden.csv")
    with pytest.raises(PosExportError, match="source_file for several files"):
        check_profile([first, second], by_row)


@pytest.mark.parametrize("header", ["ID;ID platby;Částka", "Účet;ID platby;Částka"])
def test_what_was_written_passes(desk, header):
    export = desk.write(f"{header}\n10;4711;12,50\n10;4711;12,50\n11;4712;x\n")
    pos = read_pos(export)
    golden = write_golden(pos, desk.folder / "golden.csv")
    found = check_profile(export, golden)
    assert found.passed
    assert found.verdict.endswith("; the export has 1 problem")
    # IDs that were made up would bind the file to how they are made.
    assert ("tender_id" in found.columns) == header.startswith("ID;")


def test_a_profile_is_what_is_checked(check):
    golden = "bill_id,amount\nB3,9\n"
    profile = Profile(qerko_tenders=("Hotově",), columns={"payment_id": None})
    day = DAY.replace("Qerko", "Kartou")
    assert check(golden, day, profile).passed
    assert not check(golden).passed


def test_a_folder_is_a_pair(desk):
    export = desk.write("Účet;Platidlo;Cena\nB1;Mobil;105\n", name="day.csv")
    profile = Profile(qerko_tenders=("Mobil",), name="corner")
    pos = read_pos(export, profile)
    folder = write_pair(pos, [export], desk.folder / "corner" / "till")
    assert sorted(one.name for one in folder.iterdir()) == [
        "day.csv",
        "profile.toml",
        "tenders.csv",
    ]
    (folder / "README.md").write_text("The corner's till.", encoding="utf-8")
    (folder / ".DS_Store").write_bytes(b"\0")
    found = check_pair(folder)
    assert found.passed
    assert found.export.profile.name == "corner"
    # Another profile may be tried on the same pair.
    assert not check_pair(
        folder,
        Profile(
            columns={"amount": "Cena"}, tip_layout="none", qerko_tenders=("Mobil",), currency="EUR"
        ),
    ).passed
    write_pair(pos, [folder / "day.csv"], folder)
    assert check_pair(folder).passed


def test_folders_that_are_no_pair(tmp_path):
    with pytest.raises(PosExportError, match=r"is no golden pair: it has no tenders\.csv"):
        check_pair(tmp_path)
    with pytest.raises(PosExportError, match="is no golden pair"):
        check_pair(tmp_path / "nowhere")
    (tmp_path / "tenders.csv").write_text("payment_id\n", encoding="utf-8")
    with pytest.raises(PosExportError, match=r"has no export beside tenders\.csv"):
        check_pair(tmp_path)


@pytest.mark.parametrize("folder", sorted(SAMPLES.glob("*/")), ids=lambda path: path.name)
def test_every_sample_passes_and_notices_a_change(folder, tmp_path):
    assert check_pair(folder).passed
    copy = shutil.copytree(folder, tmp_path / "pair")
    lines = (copy / "tenders.csv").read_text(encoding="utf-8").splitlines()
    place = lines[0].split(",").index("total")
    cells = lines[1].split(",")
    cells[place] = str(Decimal(cells[place]) + Decimal("0.01"))
    (copy / "tenders.csv").write_text(
        "\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n", encoding="utf-8"
    )
    (column,) = check_pair(copy).mismatches["column"]
    assert column == "total"
