"""A mail that every program opens: parsed back as they do, safe against what it names."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser
from io import BytesIO

import openpyxl
import pytest

from qerko_recon.errors import ConfigError, QerkoReconError
from qerko_recon.report import build_mail, verdict, write_eml
from qerko_recon.report.rows import breaks_by_kind
from qerko_recon.wording import LANGUAGES

MORE = {"en": "more break", "cs": "dalš", "sk": "ďalš", "de": "weitere Unstimmigkeit"}


@pytest.fixture(scope="module")
def path(faulty, tmp_path_factory):
    target = tmp_path_factory.mktemp("mail") / "close.eml"
    write_eml(faulty, target, to=['"Účetní, hlavní" <ucetni@example.com>'], sender="a@example.com")
    return target


def read(path):
    return message_from_bytes(path.read_bytes(), policy=default)


def content(message, kind):
    return message.get_body((kind,)).get_content()


class Words(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.text, self.tags, self.attributes = "", [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def test_it_is_text_html_chart_and_workbook(path):
    message = read(path)
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ]
    assert all(not part.defects for part in message.walk())
    assert message["To"].addresses[0].display_name == "Účetní, hlavní"
    assert message["From"].addresses[0].addr_spec == "a@example.com"
    assert message["Date"] is None
    assert message["X-Unsent"] == "1"


def test_the_html_shows_the_chart_inside_the_message_and_nothing_from_outside(path):
    message = read(path)
    page = content(message, "html")
    (image,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    (source,) = re.findall(r'src="([^"]*)"', page)
    assert source == f"cid:{image['Content-ID'][1:-1]}"
    assert image.get_content().startswith(b"\x89PNG")
    assert image.get_content_disposition() == "inline"
    assert not re.search(r"https?://|<script|@import|url\(", page)
    names = {name for name, _ in Words(page).attributes}
    assert not any(name.startswith("on") for name in names)


def test_the_attached_workbook_opens(path):
    (book,) = read(path).iter_attachments()
    assert book.get_filename() == "close.xlsx"
    assert "Breaks" in openpyxl.load_workbook(BytesIO(book.get_content())).sheetnames


def test_text_and_html_say_the_same(path, faulty):
    message = read(path)
    text = " ".join(content(message, "plain").split())
    page = " ".join(Words(content(message, "html")).text.split())
    rows = [row for kind in breaks_by_kind(faulty) for row in kind.rows]
    for said in (verdict(faulty), *(row["sentence"] for row in rows)):
        words = " ".join(said.split())
        assert words in text
        assert words in page
    assert "<script>" not in content(message, "html")


def test_the_subject_names_venue_day_and_outcome_and_keeps_its_spaces(faulty):
    subject = build_mail(faulty, "cs", attached=None)["Subject"]
    assert str(subject).startswith(
        "Odsouhlasení Qerka s pokladnou, U <b>&amp; Lípy</b>, 20. 11. 2026: "
    )
    back = message_from_bytes(build_mail(faulty, "cs", attached=None).as_bytes(), policy=default)
    assert back["Subject"] == subject
    assert "536,125 Kč, 10 nesrovnalostí" in back["Subject"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_and_the_empty_day(nothing, clean, faulty, language):
    for result in (nothing, clean, faulty):
        message = build_mail(result, language)
        back = message_from_bytes(message.as_bytes(), policy=default)
        assert f'lang="{language}"' in content(back, "html")
        assert " ".join(verdict(result, language).split()) in " ".join(
            content(back, "plain").split()
        )
        assert bool(result.summary.totals) == (
            "image/png" in {p.get_content_type() for p in back.walk()}
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_many_breaks_are_counted_and_not_all_spelled_out(made, language):
    result = made([made.paid(str(number), "10") for number in range(40)], [])
    message = build_mail(result, language, attached=None)
    for kind in ("plain", "html"):
        text = content(message, kind)
        assert "15" in text
        assert MORE[language] in text
    assert content(message, "html").count("→") == 25


def test_the_same_result_gives_the_same_bytes_with_lines_as_mail_has_them(faulty, path, tmp_path):
    write_eml(
        faulty,
        tmp_path / "close.eml",
        to=['"Účetní, hlavní" <ucetni@example.com>'],
        sender="a@example.com",
    )
    data = (tmp_path / "close.eml").read_bytes()
    assert data == path.read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n")
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 998


def test_a_date_is_written_where_given(clean):
    message = build_mail(clean, date=datetime(2026, 11, 21, 5, tzinfo=UTC), attached=None)
    assert message["Date"] == "Sat, 21 Nov 2026 05:00:00 +0000"


@pytest.mark.parametrize("text", ["a\r\nBcc: x@example.com", "a\nb", "a\u2028b", "a\x00b"])
def test_no_header_takes_another_one_in(clean, tmp_path, text):
    for given in ({"subject": text}, {"to": text}, {"to": [text]}, {"sender": text}):
        with pytest.raises(ConfigError, match="line break or control character"):
            write_eml(clean, tmp_path / "close.eml", **given)
    assert list(tmp_path.iterdir()) == []


def test_a_venue_with_a_line_break_brings_no_header_in(clean):
    summary = replace(clean.summary, venue="U Lípy\r\nBcc: x@example.com")
    message = build_mail(replace(clean, summary=summary), attached=None)
    back = message_from_bytes(message.as_bytes(), policy=default)
    assert back["Bcc"] is None
    assert "U Lípy Bcc: x@example.com" in back["Subject"]


@pytest.mark.parametrize("address", ["", "nobody", "a@", "a@b, c", "<>", "a@exämple.cz"])
def test_what_is_no_address_is_named(clean, address):
    with pytest.raises(ConfigError, match=r"the mail's to .* is no address; write it"):
        build_mail(clean, to=address, attached=None)


def test_nobody_at_all_is_named(clean):
    with pytest.raises(ConfigError, match="the mail's to is empty"):
        build_mail(clean, to=[], attached=None)


def test_several_addresses_and_a_long_subject_come_back(clean):
    subject = "Žluťoučký kůň úpěl ďábelské ódy " * 5
    message = build_mail(
        clean, to=["a@example.com, B <b@example.com>", "ž <c@example.com>"], subject=subject
    )
    back = message_from_bytes(message.as_bytes(), policy=default)
    assert [one.addr_spec for one in back["To"].addresses] == [
        "a@example.com",
        "b@example.com",
        "c@example.com",
    ]
    assert back["Subject"] == subject.strip()


def test_a_missing_folder_is_named(tmp_path, clean):
    with pytest.raises(QerkoReconError, match=r"the folder .*gone does not exist; create it"):
        clean.to_eml(tmp_path / "gone" / "close.eml", workbook=False)
