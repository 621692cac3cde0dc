"""One file, whole by itself, safe against what guests type."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from qerko_recon.errors import QerkoReconError
from qerko_recon.report import render_html, write_html
from qerko_recon.report.rows import break_rows

VOID = {"meta", "img", "input", "br", "link"}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.stack, self.tags, self.ids, self.texts, self.urls = [], [], [], [], []
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
        if tag not in VOID:
            self.stack.append(tag)

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
    assert all(url.startswith("data:image/png;base64,") for url in Page(page).urls)
    assert not re.search(r"https?://|@import|url\(", page)
    assert "default-src 'none'" in page


def test_only_our_own_script_may_run(page):
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page.replace("&#39;", "'")


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
