"""Files that a reconciliation writes beside what it prints."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pandas as pd
import pytest

SAMPLES = Path(__file__).parents[2] / "data_samples"
PAYMENTS = SAMPLES / "payments_day.jsonl"
EXPORT = SAMPLES / "pos" / "czech_semicolon" / "day.csv"


@pytest.mark.parametrize(("language", "delimiter"), [("en", ","), ("cs", ";")])
def test_a_mail_and_the_frames_are_written_in_the_language_asked_for(
    run, tmp_path, language, delimiter
):
    code, _, err = run(
        "reconcile",
        "--payments",
        PAYMENTS,
        "--pos",
        EXPORT,
        "--eml",
        "close.eml",
        "--frames",
        "frames",
        "--language",
        language,
    )
    assert code == 1
    written = {"en": "Written", "cs": "Zapsáno"}[language]
    assert f"{written}: close.eml\n" in err
    assert f"{written}: frames, " in err
    mail = message_from_bytes((tmp_path / "close.eml").read_bytes(), policy=default)
    assert f'lang="{language}"' in mail.get_body(("html",)).get_content()
    breaks = pd.read_csv(
        tmp_path / "frames" / "breaks.csv", sep=delimiter, encoding="utf-8-sig", dtype=str
    )
    exact = pd.read_parquet(tmp_path / "frames" / "breaks.parquet", dtype_backend="pyarrow")
    assert len(breaks) == len(exact) > 20
    assert ("break_id" in breaks.columns) is (language == "en")


def test_a_file_where_the_frames_shall_go_is_refused(run, tmp_path):
    (tmp_path / "frames").write_text("")
    code, _, err = run("reconcile", "--payments", PAYMENTS, "--pos", EXPORT, "--frames", "frames")
    assert code == 2
    assert "frames" in err
