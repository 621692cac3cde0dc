"""How exports come in, are understood, corrected and kept: real files, as people have them."""

from __future__ import annotations

from decimal import Decimal

import pytest
import xlsxwriter

from qerko_recon.closing import Exports, OwnProfiles, corrected
from qerko_recon.errors import ConfigError, PosExportError
from qerko_recon.pos import Profile

# A till whose words nobody knows: no column says amount, and two could be the bill.
ODD = (
    "Směna večer 20.11.2026;;;;\r\n"
    ";;;;\r\n"
    "Kdy;Lístek;Stvrzenka;Kolik dal;Jak\r\n"
    "20.11.2026 18:04;11;4711;1 245,50;Qerko\r\n"
    "20.11.2026 18:09;12;4712;240,00;Qerko\r\n"
)
COLUMNS = {"amount": "Kolik dal", "payment_id": "Stvrzenka", "bill_id": "Lístek", "paid_at": "Kdy"}


@pytest.fixture
def odd(tmp_path):
    path = tmp_path / "smena.csv"
    path.write_bytes(ODD.encode("cp1250"))
    return path


def test_a_known_export_is_understood_at_once(exports, export_file, day):
    seen = exports.add(export_file)
    assert seen.error is None
    assert seen.columns["payment_id"] == "ID platby"
    assert seen.sniffed[0].encoding == "cp1250"
    assert len(seen.first_rows) == 5
    assert exports.read() is seen.export
    assert set(seen.export.payment_ids) <= {*day.payment_ids, *seen.export.payment_ids}


def test_one_that_cannot_be_read_is_kept_with_why_and_its_rows(exports, odd):
    seen = exports.add(odd)
    assert seen.export is None
    assert "smena.csv" in seen.error
    assert seen.peek.rows[1] == (3, ("Kdy", "Lístek", "Stvrzenka", "Kolik dal", "Jak"))
    assert seen.header == ("Kdy", "Lístek", "Stvrzenka", "Kolik dal", "Jak")
    assert exports.files == (seen,)
    with pytest.raises(PosExportError, match=r"smena\.csv"):
        exports.read()


def test_a_correction_reads_it_and_what_is_saved_reads_tomorrow_s(exports, odd, own, tmp_path):
    exports.add(odd)
    profile = corrected(Profile(), columns=COLUMNS, header_row=3)
    seen = exports.use(odd, profile)
    assert seen.error is None
    assert seen.export.payment_ids == ("4711", "4712")
    assert [str(one) for one in seen.export.tenders["amount"]] == ["1245.500000", "240.000000"]

    own.save(profile, "Kasa na zahrádce")
    tomorrow = tmp_path / "smena2.csv"
    tomorrow.write_bytes(ODD.replace("4711", "4811").encode("cp1250"))
    again = Exports(profiles=OwnProfiles(own.folder)).add(tomorrow)
    assert again.profile_name == "Kasa_na_zahrádce"
    assert again.export.payment_ids == ("4811", "4712")


def test_a_decimal_mark_is_corrected(exports, tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text("Payment ID,Amount\n4711,1.500\n4712,2.500\n")
    profile = corrected(Profile(), columns={}, decimal_mark=".")
    assert exports.add(path).export.tenders["amount"].sum() == Decimal(4000)
    assert exports.use(path, profile).export.tenders["amount"].sum() == Decimal(4)
    assert exports.use(path, None).export.tenders["amount"].sum() == Decimal(4000)


def test_several_files_each_by_its_own_profile_become_one(exports, odd, tmp_path):
    other = tmp_path / "bar.xlsx"
    with xlsxwriter.Workbook(other) as book:
        sheet = book.add_worksheet("Bar")
        for row, cells in enumerate([["Payment ID", "Amount", "Currency"], ["5001", 90.5, "CZK"]]):
            sheet.write_row(row, 0, cells)
    exports.add(other)
    exports.add(odd, corrected(Profile(), columns=COLUMNS, header_row=3))
    pos = exports.read()
    assert sorted(pos.payment_ids) == ["4711", "4712", "5001"]
    assert {one.format for one in pos.all_sniffed} == {"csv", "xlsx"}
    exports.remove(odd)
    assert exports.read().payment_ids == ("5001",)


def test_without_a_file_there_is_nothing_to_read(exports, tmp_path):
    with pytest.raises(PosExportError, match="choose at least one"):
        exports.read()
    seen = exports.add(tmp_path / "none.csv")
    assert "does not exist" in seen.error
    assert (seen.peek, seen.header) == (None, ())


def test_a_profile_is_not_replaced_unasked(own):
    own.save(Profile(columns={"amount": "A"}), "till")
    with pytest.raises(ConfigError, match="already"):
        own.save(Profile(columns={"amount": "B"}), "till")
    own.save(Profile(columns={"amount": "B"}), "till", replaces=True)
    assert own.get("till").columns["amount"] == "B"


@pytest.mark.parametrize("name", ["", "  ", "../..", "///", "x" * 200])
def test_a_name_is_one_for_a_file_in_the_folder(own, name):
    with pytest.raises(ConfigError, match="name"):
        own.save(Profile(), name)
    assert not own.folder.exists()


def test_a_broken_profile_fits_nothing_and_says_why_when_it_is_asked_for(own):
    own.save(Profile(columns={"amount": "A", "tip": "B"}), "good")
    (own.folder / "bad.toml").write_text("columns = 1\n")
    assert own.fitting(["a", "b"]) == ("good",)
    with pytest.raises(ConfigError, match=r"bad\.toml"):
        own.get("bad")


def test_the_environment_names_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("QERKO_PROFILES", str(tmp_path / "mine"))
    assert OwnProfiles().folder == tmp_path / "mine"
    monkeypatch.delenv("QERKO_PROFILES")
    assert OwnProfiles().folder.name == "profiles"
