"""What the reading of an export says is wrong is said in the reader's language."""

from __future__ import annotations

import openpyxl
import pytest

from qerko_recon.pos import Profile, read_pos
from qerko_recon.report.labels import LABELS
from qerko_recon.report.problems import problem_text
from qerko_recon.wording import LANGUAGES

ADVICE = "; correct it in the POS or in the file, and read it again"
HEADER = "Payment ID;Bill;Date;Amount;Tip;Total;Currency\n"
GOOD = "4711;b1;20.11.2026 18:00;100,00;10,00;110,00;CZK\n"
SUMS = "the totals line says 1210.50, the rows above add up to 1200; "

TEXTS = {
    "amount": "'1x' is not an amount" + ADVICE,
    "amount_comma": "'45O,00' is not an amount with ',' as the decimal mark" + ADVICE,
    "amount_point": "'45,00' is not an amount with '.' as the decimal mark",
    "too_long": "'1,1234567' does not fit: at most 12 digits before and 6 after the decimal mark "
    "are held, and nothing is rounded",
    "too_large": "amount and tip together do not fit: at most 12 digits before the decimal mark",
    "empty": "the amount is empty, so what this line posts is not known; fill it in",
    "totals_unread": SUMS + "the 10.50 between them may be the 2 rows whose amount cannot be read",
    "totals_gap": SUMS + "10.50 is not accounted for: a row may be missing from the export",
    "total": "amount 100.00 and tip 10.00 make 110.00, yet the total is 120.00; amount and tip "
    "were taken, so check the row in the POS",
    "total_inside": "the amount 100.00 contains the tip in this file, yet the total is 120.00; "
    "amount and tip were taken, so check the row in the POS",
    "moment": "this is no date and time that can be read" + ADVICE,
    "currency": "this is no currency code of three letters such as CZK or EUR" + ADVICE,
    "currency_beside": "the amount beside is in EUR; the currency column was taken",
    "broken": "the row has 9 cells, the header has 7; payment 4711 is in it, but not what it posts"
    + ADVICE,
    "id_rounded": "Excel has rounded this ID and its digits are lost; export again and do not "
    "save the file from Excel",
    "id_cut": "spreadsheets keep 15 digits of a number, so the last digits of this ID are lost; "
    "format the column as text before the IDs are put in, or give the POS's own export",
    "id_decimals": "the spreadsheet made a number with decimals of this, perhaps of two IDs with "
    "a comma between; write it anew in a cell formatted as text",
    "id_date": "the spreadsheet made a date of this ID; write it anew in a cell formatted as text",
    "id_formula": "the formula here gives an error, so the ID is not known; correct the formula "
    "and read the file again",
    "formula": "the formula here gives #REF!; correct it and read the file again",
    "several": "this line is of Qerko and of another tender, so what of it is Qerko's is not "
    "known; all of it was taken",
    "overlap": "line 4711 stands in a.csv, row 3, too and says something else there, so both "
    "count; take the older one out",
}


def test_every_form_is_tried():
    keys = {key for key in LABELS.keys("en") if key.startswith("problem.")}
    assert keys == {f"problem.{name}" for name in TEXTS} | {"problem.advice"}


@pytest.mark.parametrize("name", TEXTS)
def test_each_form_is_said_in_every_language(name):
    said = {language: problem_text(TEXTS[name], language) for language in LANGUAGES}
    assert len(set(said.values())) == len(LANGUAGES)
    assert not any("{" in one or "[" in one for one in said.values())
    assert said["cs"].endswith(LABELS.say("problem.advice", "cs")) is TEXTS[name].endswith(ADVICE)
    if name not in {"amount", "amount_comma", "amount_point", "too_long"}:
        assert said["en"].replace(",", "").startswith(TEXTS[name][:20].replace(",", ""))


def test_amounts_and_counts_are_written_as_the_language_does():
    assert problem_text(TEXTS["totals_unread"], "cs") == (
        "řádek součtů uvádí 1\xa0210,50, řádky nad ním dávají 1\xa0200,00; rozdíl 10,50 mohou být "
        "řádky, jejichž částku nelze přečíst (je jich 2)"
    )
    one = SUMS + "the 10.50 between them may be the row whose amount cannot be read"
    assert problem_text(one).endswith("the 10.50 between them may be the row whose amount cannot "
                                      "be read")  # fmt: skip


def test_what_is_of_no_known_form_stays_as_it_is():
    assert problem_text("a duck\nwalked over the keys", "cs") == "a duck walked over the keys"
    assert problem_text(None, "cs") == ""


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        ("1;b;20.11.2026 18:00;45O,00;;;CZK\n", "amount_comma"),
        ("1;b;20.11.2026 18:00;1\u00a025O,00;;;CZK\n", "amount_comma"),
        ("1;b;20.11.2026 18:00;1,1234567;;;CZK\n", "too_long"),
        ("1;b;20.11.2026 18:00;;;;CZK\n", "empty"),
        ("1;b;20.11.2026 18:00;100,00;10,00;120,00;CZK\n", "total"),
        ("1;b;20.11.2026 18:00;x00,00;10,00;120,00;CZK\nCelkem;;;777,00;;;\n", "totals_unread"),
        ("1;b;20.11.2026 18:00;100,00;10,00;110,00;CZK\nCelkem;;;777,00;;;\n", "totals_gap"),
        ("1;b;99.99.2026;100,00;;;CZK\n", "moment"),
        ("1;b;20.11.2026 18:00;100,00;;;korun\n", "currency"),
        ("1;b;20.11.2026 18:00;100,00;;;CZK;x;y\n", "broken"),
        ("4.7E+05;b;20.11.2026 18:00;100,00;;;CZK\n", "id_rounded"),
    ],
)
def test_what_reading_says_is_of_a_known_form(tmp_path, rows, name):
    file = tmp_path / "day.csv"
    file.write_text(HEADER + GOOD * 3 + rows, encoding="utf-8")
    problems = read_pos(file, Profile(decimal_mark=",", qerko_tenders=("*",))).problems
    assert "\\xa0" not in "".join(problems["problem"])
    said = [problem_text(one, "cs") for one in problems["problem"]]
    start = LABELS.say(f"problem.{name}", "cs", dict.fromkeys(
        LABELS.slots(f"problem.{name}"), "\0"
    )).partition("\0")[0]  # fmt: skip
    assert any(one.startswith(start) for one in said), said
    assert all(one != text for one, text in zip(said, problems["problem"], strict=True))


def test_what_a_spreadsheet_did_to_an_id_is_of_a_known_form(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["Payment ID", "Amount", "Currency"])
    for name in (4711, 12345678901234567, 4711.4712):
        book.active.append([name, 100, "CZK"])
    book.save(tmp_path / "day.xlsx")
    problems = read_pos(tmp_path / "day.xlsx", Profile(qerko_tenders=("*",))).problems["problem"]
    said = {problem_text(one, "sk") for one in problems}
    assert {LABELS.say(f"problem.{name}", "sk") for name in ("id_cut", "id_decimals")} <= said
