"""Remarks are said in every language, with counts and lists as it writes them."""

from __future__ import annotations

import pytest

from qerko_recon.recon import Remark
from qerko_recon.recon.sentences import CATALOG
from qerko_recon.wording import LANGUAGES

KEYS = sorted(key for key in CATALOG.keys("en") if key.startswith("remarks."))


@pytest.mark.parametrize("key", KEYS)
def test_each_says_its_facts_in_every_language(key):
    facts = {name: f"<{name}>" for name in CATALOG.slots(key)}
    said = {Remark(key.removeprefix("remarks."), facts).say(language) for language in LANGUAGES}
    assert len(said) == len(LANGUAGES)
    for text in said:
        named = {name for name in facts if f"<{name}>" in text}
        assert facts.keys() - named <= {"line"}  # said where no file is known
        assert "?" not in text


def test_a_line_is_named_where_no_file_is_known():
    facts = {"file": None, "row": None, "line": "t1", "currency": "EUR", "count": 2}
    said = Remark("unknown_currency", facts | {"known": "CZK"}).say("cs")
    assert said.startswith("Řádek pokladny t1, měna EUR: ")


def test_long_lists_are_cut_and_counted():
    ids = tuple(f"p{number}" for number in range(1205))
    said = Remark("not_found", {"ids": ids}).say("en")
    assert said.endswith("p0, p1, p2, p3, p4 and 1,200 more.")
    assert Remark("not_found", {"ids": ids[:2]}).say("de").endswith(": p0, p1.")


def test_what_came_from_outside_stays_on_its_line():
    said = Remark("unknown_state", {"state": "a\n\x1b[31m" + "b" * 500, "count": 1}).say()
    assert "\n" not in said
    assert "\x1b" not in said
    assert len(said) < 300
