"""The result shows and writes itself, and loads what that takes only then."""

from __future__ import annotations

import subprocess
import sys

import openpyxl
import pandas as pd
import pytest
from matplotlib.figure import Figure

from qerko_recon import report
from qerko_recon.recon import Policy, Reconciliation, reconcile
from qerko_recon.report import Result, html_face, render_html, verdict


def test_it_is_the_reconciliation_with_a_face(faulty):
    assert isinstance(faulty, Reconciliation)
    assert repr(faulty) == verdict(faulty) == faulty.verdict()
    assert faulty.verdict("de") == verdict(faulty, "de")
    assert faulty._repr_html_() == html_face(faulty)


def test_it_holds_what_recon_found():
    payments = pd.DataFrame(
        {"payment_id": ["1"], "state": ["PAID"], "currency": ["CZK"], "parts_total": ["245"]}
    )
    tenders = pd.DataFrame({"payment_id": ["1"], "amount": ["240"]})
    policy = Policy(venue="Lípa", tip_basis="net")
    plain = reconcile(payments, tenders, policy)
    result = report.reconcile(payments, tenders, policy=policy)
    assert type(result) is Result
    assert result.summary == plain.summary
    assert result.policy == plain.policy
    pd.testing.assert_frame_equal(result.breaks, plain.breaks)


def test_it_writes_and_draws_itself(tmp_path, clean):
    clean.to_excel(tmp_path / "close.xlsx", language="cs")
    assert openpyxl.load_workbook(tmp_path / "close.xlsx").sheetnames[0] == "Souhrn"
    clean.to_html(tmp_path / "close.html", language="sk")
    assert (tmp_path / "close.html").read_text("utf-8") == render_html(clean, "sk")
    figure = clean.plot.bridge(currency="CZK", language="de")
    assert isinstance(figure, Figure)
    assert figure.axes[0].get_title(loc="left").startswith("Qerko und Kasse stimmen überein")


def test_a_notebook_sees_the_verdict_the_totals_and_how_many_more(faulty):
    face = html_face(faulty, breaks=2)
    assert face.count("<li>") == 2
    assert f"and {len(faulty.breaks) - 2} more breaks" in face
    assert "<script" not in face
    assert "\x1b" not in face
    assert html_face(faulty, breaks=10_000).count("<li>") == len(faulty.breaks)
    assert "more break" not in html_face(faulty, breaks=10_000)


def test_a_notebook_sees_nothing_where_there_is_nothing(nothing, clean):
    assert "<table" not in html_face(nothing)
    assert "<ol>" not in html_face(clean, "cs")


def test_heavy_libraries_load_when_a_report_is_made():
    code = (
        "import sys, qerko_recon.report as report\n"
        "assert report.reconcile and report.Result and report.verdict\n"
        "heavy = {'matplotlib', 'xlsxwriter', 'jinja2', 'rich', 'babel'}\n"
        "loaded = heavy & set(sys.modules)\n"
        "assert not loaded, loaded\n"
        "report.bridge_chart, report.write_workbook, report.render_html, report.print_report\n"
        "assert {'matplotlib', 'xlsxwriter', 'jinja2', 'rich'} <= set(sys.modules)\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_all_names_are_there_and_sorted():
    assert list(report.__all__) == sorted(report.__all__)
    for name in report.__all__:
        assert getattr(report, name) is not None
        assert name in dir(report)
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        report.nope  # noqa: B018 - the access is what is tested


def test_one_id_is_not_taken_for_its_letters(faulty):
    payment_id = faulty.payments["payment_id"][0]
    tender_id = faulty.tenders["tender_id"][0]
    result = faulty.exclude(payment_ids=payment_id, tender_ids=tender_id)
    ruled = [(*one.payment_ids, *one.tender_ids) for one in result.policy.rules]
    assert ruled == [(payment_id,), (tender_id,)]


def test_matches_are_taken_from_a_column_as_they_stand(faulty):
    chosen = faulty.matches.loc[faulty.matches["kind"] == "one_to_one", "match_id"].head(2)
    rules = faulty.reject(chosen).policy.rules
    assert [one.kind for one in rules] == ["reject_match"] * 2


def test_a_number_names_a_payment_as_its_text_does(faulty):
    payment_id = next(one for one in faulty.breaks["payment_id"] if str(one).isdecimal())
    assert str(faulty.explain(int(payment_id))) == str(faulty.explain(payment_id))


def test_a_format_of_frames_may_be_one(faulty, tmp_path):
    written = faulty.to_frames(tmp_path, formats="csv")
    assert {file.suffix for file in written} == {".csv"}
