"""Templates say what is known and leave out what is not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import qerko_recon
from qerko_recon.errors import ConfigError
from qerko_recon.report.labels import LABELS
from qerko_recon.wording import (
    LANGUAGES,
    Catalog,
    _fill,
    _parse,
    format_date,
    format_money,
    format_number,
    language_of,
    one_line,
)


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("plain", {}, "plain"),
        ("a {b}", {"b": "[c]{d}"}, "a [c]{d}"),
        ("a {b}", {"b": None}, "a ?"),
        ("a[ {b}]", {}, "a"),
        ("a[ {b}]", {"b": 0}, "a 0"),
        ("[{b}|{c}|none]", {"c": "C"}, "C"),
        ("[{b}|{c}|none]", {}, "none"),
        ("[{b}|{c}]", {}, ""),
        ("[a {b}[ and {c}]]", {"b": 1}, "a 1"),
        ("[a {b}[ and {c}]]", {"c": 1}, ""),
        ("a | b", {}, "a | b"),
    ],
)
def test_templates(template, values, text):
    assert _fill(_parse(template), values) == text


@pytest.mark.parametrize("template", ["[a", "a]", "{A}", "{", "a}", "[a|b"])
def test_what_is_no_template_is_refused(template):
    with pytest.raises(ValueError, match=r"bracket|not a template"):
        _parse(template)


PACKAGE = Path(qerko_recon.__file__).parent
SPEAKERS = sorted(
    ".".join(("qerko_recon", *folder.parent.relative_to(PACKAGE).parts))
    for folder in PACKAGE.rglob("words")
    if folder.is_dir()
)


def _base(key):
    """Take the form of a count off a key: languages have more or fewer of them."""
    name, _, form = key.rpartition(".")
    return name if form in {"one", "few", "many", "other"} else key


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("speaker", SPEAKERS)
def test_every_language_says_everything_with_the_same_values(speaker, language):
    catalog = Catalog(speaker)
    own, english = catalog.keys(language), catalog.keys("en")
    assert set(map(_base, own)) == set(map(_base, english))
    for key in own & english:
        if _base(key) == key:
            assert catalog.slots(key, language) == catalog.slots(key), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_sheet_names_and_summed_headings_are_what_excel_takes(language):
    sheets = [key for key in LABELS.keys("en") if key.startswith("sheet.")]
    names = [LABELS.say(key, language) for key in sheets]
    assert len(set(names)) == len(names)
    for name in names:
        assert len(name) <= 31
        assert not set(name) & set("[]:*?/\\'")
    for heading in ("settled", "posted", "variance", "currency", "kind"):
        assert LABELS.say(f"column.{heading}", language).isalpha()


def test_counts_take_their_form():
    assert [LABELS.count("breaks", n, "cs") for n in (0, 1, 3, 5, 1200)] == [
        "0 nesrovnalostí",
        "1 nesrovnalost",
        "3 nesrovnalosti",
        "5 nesrovnalostí",
        "1\xa0200 nesrovnalostí",
    ]
    assert LABELS.count("breaks", 1) == "1 break"


def test_languages_are_found_by_region_or_refused():
    assert [language_of(one) for one in ("cs", "CS_cz", "de-AT", " sk ")] == [
        "cs",
        "cs",
        "de",
        "sk",
    ]
    with pytest.raises(ConfigError, match="'xx' is not spoken here; it can be cs, de, en, sk"):
        language_of("xx")


def test_dates_numbers_and_money_are_written_as_the_language_does():
    day = date(2026, 11, 20)
    assert [format_date(day, one) for one in LANGUAGES] == [
        "20. 11. 2026",
        "20.11.2026",
        "20 Nov 2026",
        "20. 11. 2026",
    ]
    assert format_number(1234567, "cs") == "1\xa0234\xa0567"
    assert format_money(Decimal("1234.5"), "CZK", "de") == "1.234,50\xa0CZK"
    assert format_money(Decimal("-1234.5"), "PLN", "en") == "−PLN\xa01,234.50"
    assert format_money(Decimal(1), None) == format_money(Decimal(1), "XXX") == "1.00"


def test_text_from_outside_is_one_printable_line():
    assert one_line("a\u2028b\tc\x00\u202e\ud800", 80) == "a b c���"
    assert one_line("x" * 100, 10) == "xxxxxxxxxx… (100 characters)"
