"""Evidence keeps what was answered and says places in the reader's language."""

from __future__ import annotations

import pytest

from qerko_recon.report.evidence import evidence_text


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ("day.csv, row 5", "day.csv, Zeile 5"),
        ("a, b, row 12", "a, b, Zeile 12"),
        ("POS line t7", "Kassenbuchung t7"),
        ("evening.jsonl, record 41: 409", "evening.jsonl, Eintrag 41: 409"),
        ("evening.jsonl, record 41", "evening.jsonl, Eintrag 41"),
        ("e.jsonl, records 4 to 9: gap", "e.jsonl, Einträge 4 bis 9: gap"),
        ("GET payment 1048: PAID", "GET payment 1048: PAID"),
        ("row 5", "row 5"),
    ],
)
def test_known_forms_are_said_anew(evidence, said):
    assert evidence_text([evidence], "de") == said
    assert evidence_text([evidence]) == evidence


def test_several_stand_on_one_line_and_none_is_nothing():
    assert evidence_text(["a.csv, row 1", "b\nc"], "cs") == "a.csv, řádek 1; b c"
    assert evidence_text(None) == ""
