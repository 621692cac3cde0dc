"""Frames as files: Parquet that reads back equal, CSV for machines and for people."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qerko_recon.errors import ConfigError, QerkoReconError
from qerko_recon.money import unit_to_decimal
from qerko_recon.recon.sentences import kind_name
from qerko_recon.report import write_frames
from qerko_recon.report.frames.people import _amount, safe
from qerko_recon.report.frames.tables import tables_of
from qerko_recon.wording import LANGUAGES

FRAMES = {"matches", "breaks", "bridge", "payments", "parts", "tenders", "others", "problems"}
SUMMARY = {"totals", "sources", "readings"}


def rows_of(path, delimiter=","):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def test_every_frame_is_there_in_both_formats(faulty, nothing, tmp_path):
    for number, result in enumerate((faulty, nothing)):
        folder = tmp_path / "new" / str(number)
        written = faulty.to_frames(folder) if result is faulty else write_frames(result, folder)
        names = {path.stem for path in written}
        assert names >= FRAMES | SUMMARY
        assert {path.name for path in folder.iterdir()} == {path.name for path in written}
        assert len(written) == 2 * len(names)


def test_parquet_reads_back_equal(faulty, nothing, tmp_path):
    for number, result in enumerate((faulty, nothing)):
        folder = tmp_path / str(number)
        write_frames(result, folder, formats=["parquet"])
        for name, table in tables_of(result).items():
            back = pq.read_table(folder / f"{name}.parquet")
            assert back.schema == table.schema, name
            assert back.equals(table), name
        for name in FRAMES:
            frame = getattr(result, name)
            back = pd.read_parquet(folder / f"{name}.parquet", dtype_backend="pyarrow")
            pd.testing.assert_frame_equal(back, frame.reset_index(drop=True))


def test_machines_read_amounts_times_and_lists_as_they_are(faulty, tmp_path):
    write_frames(faulty, tmp_path, formats=["csv"])
    text = (tmp_path / "breaks.csv").read_bytes()
    assert not text.startswith(b"\xef\xbb\xbf")
    rows = rows_of(tmp_path / "breaks.csv")
    assert list(rows[0]) == list(faulty.breaks.columns)
    for row, variance, ids, bill in zip(
        rows,
        faulty.breaks["variance"],
        faulty.breaks["tender_ids"],
        faulty.breaks["bill_id"],
        strict=True,
    ):
        assert Decimal(row["variance"]) == variance
        assert json.loads(row["tender_ids"]) == list(ids)
        assert row["bill_id"] == ("" if pd.isna(bill) else bill)
    times = {row["paid_at"] for row in rows_of(tmp_path / "tenders.csv")}
    assert {datetime.fromisoformat(one) for one in times} == {
        datetime(2026, 11, 20, 19, 30, tzinfo=UTC)
    }
    totals = rows_of(tmp_path / "totals.csv")
    assert [Decimal(one["settled"]) for one in totals] == [
        total.settled for total in faulty.summary.totals
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_people_read_their_own_language(faulty, tmp_path, language):
    write_frames(faulty, tmp_path, formats=["csv"], language=language)
    delimiter, mark = (",", ".") if language == "en" else (";", ",")
    assert (tmp_path / "breaks.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    rows = rows_of(tmp_path / "breaks.csv", delimiter)
    kinds = {kind_name(one, language) for one in faulty.breaks["kind"]}
    column = {"cs": "Druh", "de": "Art", "en": "Kind", "sk": "Druh"}[language]
    assert {row[column] for row in rows} == kinds
    amounts = [list(row.values()) for row in rows]
    assert any(f"77{mark}125" in row for row in amounts)
    paid = rows_of(tmp_path / "tenders.csv", delimiter)[0]
    shown = "2026-11-20 20:30:00" if language == "en" else "20.11.2026 20:30:00"
    assert shown in paid.values()
    assert any("Europe/Prague" in heading for heading in paid)
    for name in tables_of(faulty):
        headings = list(rows_of(tmp_path / f"{name}.csv", delimiter)[:1][0])
        assert not any("_" in heading for heading in headings), headings


def test_no_cell_for_people_starts_a_formula_and_ids_keep_their_zeros(made, tmp_path):
    lines = [
        made.posted("007", "10", bill_id="=1+1", tender_type="@x", provider="-cmd"),
        made.posted("12/5", "10", bill_id="+420", provider="\tx"),
        made.posted("1048", "10", bill_id="1e5", provider="plain"),
    ]
    result = made([made.paid("007", "10")], lines)
    write_frames(result, tmp_path, formats=["csv"], language="cs")
    for path in tmp_path.iterdir():
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.reader(file, delimiter=";"):
                for cell in row:
                    assert cell[:1] not in {"=", "+", "@", "\t", "\r"}
                    assert not cell.startswith("-") or cell[1:].replace(",", "").isdigit()
    own = rows_of(tmp_path / "tenders.csv", ";")
    assert [one["Platba"] for one in own] == ["'007", "'12/5", "1048"]
    assert [one["Účet"] for one in own] == ["'=1+1", "'+420", "'1e5"]
    plain = write_frames(result, tmp_path / "plain", formats=["csv"])
    assert len(plain) > 5
    machine = rows_of(tmp_path / "plain" / "tenders.csv")
    assert [one["payment_id"] for one in machine] == ["007", "12/5", "1048"]
    assert [one["bill_id"] for one in machine] == ["=1+1", "+420", "1e5"]


def test_text_with_delimiters_quotes_and_line_breaks_stays_one_cell(made, tmp_path):
    bill = 'a;b,"c"\r\nd'
    result = made([made.paid("1", "10", bill_id=bill)], [])
    for language, delimiter in ((None, ","), ("de", ";")):
        folder = tmp_path / str(language)
        write_frames(result, folder, formats=["csv"], language=language)
        (row,) = rows_of(folder / "payments.csv", delimiter)
        assert bill in row.values()


@given(st.integers(-(10**18) + 1, 10**18 - 1), st.sampled_from(",."))
def test_amounts_for_people_lose_nothing(units, mark):
    text = _amount(units, mark)
    assert Decimal(text.replace(mark, ".")) == unit_to_decimal(units)
    assert len(text.partition(mark)[2]) >= 2


@given(st.text(max_size=12))
def test_what_is_made_safe_is_whole_behind_its_apostrophe(text):
    shown = safe(text)
    assert shown in {text, f"'{text}"}
    assert shown[:1] not in {"=", "+", "-", "@"}


def test_unknown_formats_and_languages_are_refused_before_anything_is_written(clean, tmp_path):
    with pytest.raises(ConfigError, match=r"'xml'; it can be csv, parquet"):
        write_frames(clean, tmp_path / "a", formats=["csv", "xml"])
    with pytest.raises(ConfigError, match="not spoken"):
        write_frames(clean, tmp_path / "a", language="fr")
    assert not (tmp_path / "a").exists()


def test_a_file_in_the_folders_place_is_named(clean, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(QerkoReconError, match=r"taken cannot be made: .*Name another folder"):
        write_frames(clean, tmp_path / "taken")


def test_columns_that_are_not_in_the_contract_are_kept(clean, tmp_path):
    from dataclasses import replace

    frame = clean.breaks.assign(novel=pd.array([], pd.ArrowDtype(pa.string())))
    write_frames(replace(clean, breaks=frame), tmp_path, language="cs")
    assert "novel" in pq.read_table(tmp_path / "breaks.parquet").column_names
    assert "novel" in (tmp_path / "breaks.csv").read_text("utf-8-sig")
