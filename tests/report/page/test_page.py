"""One file, whole by itself, safe against what guests type."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser

import pandas as pd
import pytest

from qerko_recon.errors import QerkoReconError
from qerko_recon.report import render_html, write_html
from qerko_recon.report.rows import break_rows

VOID = {"meta", "img", "input", "br", "link"}
SHAPES = {"line", "rect"}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.stack, self.tags, self.ids, self.texts, self.urls = [], [], [], [], []
        self.attributes = []
        self.feed(text)
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name in {"src", "href", "action"}:
                self.urls.append(value)
            if name == "id":
                self.ids.append(value)
            assert not name.startswith("on")
            assert name != "style"
        self.attributes.append(dict(attrs))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in SHAPES
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def page(faulty):
    return render_html(faulty)


def test_it_is_well_formed_and_holds_every_break(page, faulty):
    parsed = Page(page)
    text = " ".join(" ".join(parsed.texts).split())
    for row in break_rows(faulty):
        assert " ".join(row["sentence"].split()) in text
        assert row["break_id"] in parsed.ids
    assert len(parsed.ids) == len(set(parsed.ids))


def test_it_asks_for_nothing_outside_itself(page):
    assert all(url.startswith("#") for url in Page(page).urls)
    assert not re.search(r"https?://|@import|url\(", page)
    assert "default-src 'none'" in page


@pytest.mark.parametrize(("tag", "rule"), [("script", "script-src"), ("style", "style-src")])
def test_only_our_own_script_and_style_count(page, tag, rule):
    own = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    assert len(own) == 1
    digest = base64.b64encode(hashlib.sha256(own[0].encode()).digest()).decode()
    assert f"{rule} 'sha256-{digest}'" in page


def test_it_reads_without_scripts(page):
    parsed = Page(page)
    hidden = [one.get("id") for one in parsed.attributes if "hidden" in one]
    assert hidden == ["filter", "ordered"]


def test_each_step_of_the_bridge_leads_to_its_breaks(page, faulty):
    parsed = Page(page)
    assert {url.removeprefix("#") for url in parsed.urls} <= set(parsed.ids)
    steps = faulty.bridge[~faulty.bridge["step"].isin(["settled", "posted"])]["step"]
    for step in set(steps):
        # Once in the drawing and once in the table, for each currency.
        assert parsed.urls.count(f"#kind-{step}") == 2 * list(steps).count(step)


def test_cards_carry_what_they_are_filtered_and_ordered_by(page, faulty):
    cards = {one["id"]: one for one in Page(page).attributes if "data-units" in one}
    for row in break_rows(faulty):
        card = cards[row["break_id"]]
        assert card["class"] == f"break {row['severity']}"
        assert card["data-kind"] == row["kind"]
        assert Decimal(card["data-units"]).scaleb(-6) == row["variance"]
        assert card["data-currency"] == row["currency"]


def test_many_breaks_are_bound_in_sheaves(made):
    payments = [made.paid(str(number), "10") for number in range(120)]
    page = Page(render_html(made(payments, [])))
    assert [one.get("class") for one in page.attributes].count("sheaf") == 3


def test_suggestions_are_shown_and_said_not_to_count(made, page):
    assert "Suggested matches" not in page
    result = made([made.paid("77", "123", bill_id=None)], [made.posted(None, "123", bill_id=None)])
    (match,) = result.matches["match_id"]
    text = render_html(result)
    assert "Suggested matches" in text
    assert match in text
    assert "not counted" in text


def test_days_are_shown_where_there_are_several(made, clean):
    assert "Bridge by business day" not in render_html(clean)
    later = datetime(2026, 11, 22, 19, tzinfo=UTC)
    payments = [made.paid("1", "10"), made.paid("2", "20", created_at=later)]
    text = render_html(made(payments, [made.posted("1", "10"), made.posted("2", "20")]))
    assert "Bridge by business day" in text
    assert "22 Nov 2026" in text


def test_a_note_on_a_break_is_shown(faulty):
    notes = pd.Series(["<i>seen</i>"] * len(faulty.breaks))
    text = render_html(
        replace(faulty, breaks=faulty.breaks.assign(note=pd.array(notes, "string[pyarrow]")))
    )
    assert text.count("&lt;i&gt;seen&lt;/i&gt;") == len(faulty.breaks)


def test_what_guests_typed_is_text(page, made):
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert "U &lt;b&gt;&amp;amp; Lípy&lt;/b&gt;" in page
    assert "\x1b" not in page
    assert "\x07" not in page
    assert made.hostile not in page


def test_readings_sources_and_problems_are_named(page):
    assert "ab" * 32 in page
    assert "Tip the POS books" in page
    assert "value “=1+1�”: not an amount" in page


def test_the_same_result_gives_the_same_page(faulty, page):
    assert render_html(faulty) == page


@pytest.mark.parametrize("language", ["en", "cs", "de", "sk"])
def test_every_language_and_the_empty_day(nothing, clean, faulty, language):
    for result in (nothing, clean, faulty):
        text = render_html(result, language)
        assert f'<html lang="{language}">' in text
        Page(text)


def test_it_is_written_whole(tmp_path, clean):
    target = tmp_path / "close.html"
    write_html(clean, target)
    assert target.read_text("utf-8") == render_html(clean)
    assert [one.name for one in tmp_path.iterdir()] == ["close.html"]


def test_a_missing_folder_is_named(tmp_path, clean):
    with pytest.raises(QerkoReconError, match=r"the folder .*gone does not exist; create it"):
        write_html(clean, tmp_path / "gone" / "close.html")
