"""Formulas, worked out anew, give the result's own totals to the last digit."""

from __future__ import annotations

from decimal import Decimal

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workbook_formulas import Formulas

from qerko_recon.errors import QerkoReconError
from qerko_recon.report import write_workbook
from qerko_recon.report.labels import LABELS
from qerko_recon.report.tips import tip_totals, tips_by_provider
from qerko_recon.report.workbook import listed
from qerko_recon.wording import LANGUAGES

AMOUNTS = st.integers(-(10**6), 10**8).map(lambda units: Decimal(units).scaleb(-3))
TIPS = st.sampled_from([Decimal(0), Decimal(10), Decimal("9.5"), Decimal("0.005")])
CURRENCIES = st.sampled_from(["CZK", "CZK", "czk", "*", "<1", "=1+1"])


def worked_out(result, path, language="en"):
    """Write a workbook; give its formulas and, by cell, the values kept beside them."""
    write_workbook(result, path, language)
    kept = openpyxl.load_workbook(path, data_only=True)
    formulas = Formulas(openpyxl.load_workbook(path))
    return formulas, [(cell, kept[cell.parent.title][cell.coordinate]) for cell in formulas.all()]


def check(result, path, language="en"):
    """Compare every formula with the value kept beside it, and totals with the result's."""
    formulas, cells = worked_out(result, path, language)
    for cell, kept in cells:
        value = formulas.value(cell)
        shown = Decimal(str(kept.value))
        assert value == shown, (cell.coordinate, cell.value)
    book = formulas.book
    totals = [
        formulas.column(f"ControlTotals[{name}]") for name in headings(book, "ControlTotals")
    ]
    for place, total in enumerate(result.summary.totals):
        row = [column[place] for column in totals]
        assert row[1:4] == [total.settled, total.posted, total.variance]
        assert row[5] == 0
        assert row[6:] == [total.payments, total.tenders, total.breaks]
    amounts, running = (
        formulas.column(f"Bridge[{headings(book, 'Bridge')[at]}]") for at in (2, 3)
    )
    if len(result.bridge):
        assert amounts == list(result.bridge["amount"])
        assert running == list(result.bridge["running"])
    for table in ("Bridge", "TipTotals", "Days", "DayTotals"):
        checks = formulas.column(f"{table}[{headings(book, table)[-1]}]")
        assert set(checks) <= {Decimal(0), None}


def headings(book, name):
    for sheet in book:
        if name in sheet.tables:
            return [cell.value for cell in sheet[sheet.tables[name].ref][0]]
    raise LookupError(name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_formula_gives_the_results_own_totals(faulty, clean, nothing, tmp_path, language):
    for number, result in enumerate((faulty, clean, nothing)):
        check(result, tmp_path / f"{number}.xlsx", language)


@settings(
    max_examples=16, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_the_data(made, tmp_path, data):
    ids = st.sampled_from(["1", "2", "3", "4"])
    payments = [
        made.paid(
            one,
            data.draw(AMOUNTS),
            data.draw(TIPS),
            "0.001",
            currency=data.draw(CURRENCIES),
            provider=data.draw(st.sampled_from(["Qerko", "Edenred", ""])),
            state=data.draw(st.sampled_from(["PAID", "PAID", "CANCELLED", "NEW"])),
        )
        for one in data.draw(st.lists(ids, unique=True))
    ]
    lines = [
        made.posted(
            one,
            data.draw(AMOUNTS),
            data.draw(TIPS),
            currency=data.draw(CURRENCIES),
            state=data.draw(st.sampled_from(["paid", "paid", "open", "cancelled"])),
        )
        for one in data.draw(st.lists(ids, max_size=6))
    ]
    check(made(payments, lines), tmp_path / "any.xlsx")


def test_the_totals_of_tips_are_those_of_the_result(faulty, tmp_path):
    formulas, _ = worked_out(faulty, tmp_path / "tips.xlsx")
    for place, total in enumerate(tip_totals(tips_by_provider(faulty))):
        for name, value in (
            ("Gross tip", total.gross),
            ("Fee", total.fee),
            ("Net tip", total.net),
            ("Tip to book", total.settled),
            ("Posted tip", total.posted),
            ("Variance", total.variance),
        ):
            assert formulas.column(f"TipTotals[{name}]")[place] == value


def test_a_formula_that_lost_a_row_would_show(faulty, tmp_path):
    formulas, _ = worked_out(faulty, tmp_path / "lost.xlsx")
    sheet = formulas.book["Payments"]
    settled = next(cell.column for cell in sheet[1] if cell.value == "Settled")
    sheet.cell(2, settled).value = None
    assert Formulas(formulas.book).column("ControlTotals[Unexplained]")[0] != 0
    assert any(Formulas(formulas.book).column("Bridge[Check]"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_too_many_rows_are_summed_up_and_the_totals_stay(
    made, faulty, tmp_path, monkeypatch, language
):
    monkeypatch.setattr(listed, "_MOST_ROWS", 3)
    many = made(
        [made.paid(str(one), f"{one}.25", "0.25") for one in range(50)],
        [made.posted(str(one), f"{one}.00", "0.25") for one in range(49)],
    )
    for number, result in enumerate((faulty, many)):
        check(result, tmp_path / f"{number}.xlsx", language)
    book = openpyxl.load_workbook(tmp_path / "1.xlsx", data_only=True)
    payments = book[LABELS.say("sheet.payments", language)]
    rest, *more = [row[0].value for row in payments.iter_rows(min_row=2)][1:]
    assert "49" in rest
    assert more == []
    notes = {cell.value for cell in book.worksheets[0]["A"]}
    assert LABELS.say("workbook.left_out", language) in notes


def test_no_more_cells_are_written_than_memory_holds(faulty, tmp_path, monkeypatch):
    monkeypatch.setattr(listed, "_MOST_CELLS", 100)
    with pytest.raises(QerkoReconError, match=r"would have \d+ cells, and 100 are the most"):
        write_workbook(faulty, tmp_path / "big.xlsx")
    assert list(tmp_path.iterdir()) == []
