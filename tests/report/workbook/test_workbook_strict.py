"""What Excel is strict about, read from the file's own XML: it repairs, or refuses, the rest."""

from __future__ import annotations

import re
import zipfile
from xml.etree import ElementTree as ET

import openpyxl
import pytest

from qerko_recon.report import write_workbook
from qerko_recon.wording import LANGUAGES

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
CELL = re.compile(r"([A-Z]+)(\d+)")


@pytest.fixture(scope="module", params=LANGUAGES)
def parts(request, faulty, nothing, tmp_path_factory):
    """Give each part of two workbooks in one language, parsed."""
    folder = tmp_path_factory.mktemp("strict")
    found = []
    for number, result in enumerate((faulty, nothing)):
        path = folder / f"{number}.xlsx"
        write_workbook(result, path, request.param)
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith((".xml", ".rels"))]
            found.append((path, {name: ET.fromstring(archive.read(name)) for name in names}))
    return found


def of_kind(roots, folder):
    return [root for name, root in roots.items() if re.fullmatch(rf"xl/{folder}\d+\.xml", name)]


def test_table_names_and_columns_are_unique_and_stand_in_their_cells(parts):
    for path, roots in parts:
        tables = of_kind(roots, "tables/table")
        names = [root.get("displayName") for root in tables]
        assert len({name.lower() for name in names}) == len(names)
        assert len({root.get("id") for root in tables}) == len(names)
        book = openpyxl.load_workbook(path)
        cells = {one.name: (sheet, one.ref) for sheet in book for one in sheet.tables.values()}
        for root in tables:
            sheet, ref = cells[root.get("displayName")]
            declared = [one.get("name") for one in root.iter(f"{MAIN}tableColumn")]
            assert len({one.lower() for one in declared}) == len(declared)
            assert [cell.value for cell in sheet[ref][0]] == declared
            assert len(sheet[ref]) >= 2
            assert all(len(one) <= 255 for one in declared)


def test_tables_do_not_overlap_each_other_or_merged_cells(parts):
    for path, _ in parts:
        for sheet in openpyxl.load_workbook(path):
            taken = set()
            areas = [one.ref for one in sheet.tables.values()]
            for area in [*areas, *map(str, sheet.merged_cells.ranges)]:
                cells = {cell.coordinate for row in as_rows(sheet[area]) for cell in row}
                assert not cells & taken
                taken |= cells


def as_rows(block):
    return block if isinstance(block, tuple) else ((block,),)


def test_sheet_names_are_short_and_plain(parts):
    for path, _ in parts:
        names = openpyxl.load_workbook(path).sheetnames
        assert len({name.lower() for name in names}) == len(names)
        for name in names:
            assert 0 < len(name) <= 31
            assert not re.search(r"[\[\]:*?/\\']", name)


def test_links_are_few_enough_and_lead_to_cells_that_are_there(parts):
    for path, roots in parts:
        book = openpyxl.load_workbook(path)
        for root in of_kind(roots, "worksheets/sheet"):
            links = list(root.iter(f"{MAIN}hyperlink"))
            assert len(links) <= 65_530
            assert len({one.get("ref") for one in links}) == len(links)
            for one in links:
                sheet, _, ref = one.get("location").rpartition("!")
                assert len(one.get("location")) <= 255
                last = CELL.fullmatch(ref.rpartition(":")[2])
                assert int(last[2]) <= book[sheet.strip("'")].max_row


def test_formulas_are_written_as_files_have_them(parts):
    for _, roots in parts:
        for root in of_kind(roots, "worksheets/sheet"):
            for cell in root.iter(f"{MAIN}c"):
                formula = cell.find(f"{MAIN}f")
                if formula is not None:
                    assert len(formula.text) <= 8192
                    assert ";" not in formula.text
                    assert cell.find(f"{MAIN}v").text  # previews show it
                    float(cell.find(f"{MAIN}v").text)
                    for name in re.findall(r"[A-Z]+(?=\()", formula.text):
                        assert name in {"SUMPRODUCT", "EXACT", "ROUND", "ABS", "MAX", "MIN", "IF"}


def test_cells_hold_what_cells_can(parts):
    for path, roots in parts:
        for sheet in openpyxl.load_workbook(path):
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.data_type == "s":
                        assert len(cell.value.encode("utf-16-le")) // 2 <= 32_767
        for root in of_kind(roots, "worksheets/sheet"):
            for cell in root.iter(f"{MAIN}c"):
                value = cell.find(f"{MAIN}v")
                if cell.get("t") is None and value is not None:
                    assert float(value.text) == float(value.text)  # no NaN
            heights = [float(row.get("ht")) for row in root.iter(f"{MAIN}row") if row.get("ht")]
            assert all(0 < height <= 409 for height in heights)
            widths = [float(one.get("width")) for one in root.iter(f"{MAIN}col")]
            assert all(0 < width <= 255 for width in widths)


def test_charts_name_ranges_that_hold_numbers(parts):
    for path, roots in parts:
        book = openpyxl.load_workbook(path, data_only=True)
        charts = of_kind(roots, "charts/chart")
        for root in charts:
            for formula in root.iter("{http://schemas.openxmlformats.org/drawingml/2006/chart}f"):
                sheet, _, ref = formula.text.rpartition("!")
                cells = [
                    one
                    for row in as_rows(book[sheet.strip("'")][ref.replace("$", "")])
                    for one in row
                ]
                assert all(cell.value is not None for cell in cells)
        assert sum(len(sheet._charts) for sheet in openpyxl.load_workbook(path)) == len(charts)
