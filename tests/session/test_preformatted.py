"""Text in a notebook keeps its columns."""

from __future__ import annotations

from pathlib import Path

import qerko_recon as qr

SESSIONS = Path(__file__).parents[2] / "data_samples" / "sessions"


def test_stats_and_comparisons_keep_their_columns_in_a_notebook():
    log = qr.SessionLog(SESSIONS / "incident.jsonl")
    for shown in (qr.session_stats(log), qr.compare_logs(log, log)):
        page = shown._repr_html_()
        assert page.startswith('<pre style="font-family:monospace">')
        assert page.count("\n") == str(shown).count("\n")
