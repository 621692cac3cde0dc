"""The panel of exports without a kernel: what is shown of a file, and what a correction does."""

from __future__ import annotations

import pytest

from qerko_recon.closing import Exports, OwnProfiles
from qerko_recon.widgets.exports import ExportsPanel

ODD = (
    "Směna večer 20.11.2026;;;;\r\n"
    ";;;;\r\n"
    "Kdy;Lístek;Stvrzenka;Kolik dal;Jak\r\n"
    "20.11.2026 18:04;11;4711;1 245,50;Qerko\r\n"
    "20.11.2026 18:09;12;4712;240,00;<b>Qerko</b>\r\n"
)


@pytest.fixture
def odd(tmp_path):
    path = tmp_path / "smena.csv"
    path.write_bytes(ODD.encode("cp1250"))
    return path


@pytest.fixture
def panel(tmp_path):
    changes = []
    made = ExportsPanel(
        Exports(profiles=OwnProfiles(tmp_path / "own")), on_change=lambda: changes.append(1)
    )
    made.changes = changes
    return made


def take(panel, path):
    panel.path.value = str(path)
    panel.add.click()
    assert panel.wait(20)


def test_nothing_is_shown_before_there_is_a_file(panel):
    assert panel.said.value == ""
    assert panel.remove.layout.display == "none"
    assert panel.picked is None
    panel.add.click()  # an empty path is nothing to read
    panel.again.click()
    assert panel.exports.files == ()
    assert panel.status.tone == "plain"


def test_a_known_export_is_told_in_words_and_rows(panel):
    take(panel, "data_samples/pos/czech_semicolon/day.csv")
    assert "cp1250" in panel.said.value
    assert "decimal comma" in panel.said.value
    assert panel.lines.rows
    assert panel.lines.rows[0][0].isdigit()
    assert "ID platby" in panel.why.content.children[0].value
    assert not panel.correct.is_open
    labels = dict(panel.form.columns["payment_id"].options)
    assert "found out: ID platby" in labels
    assert panel.status.tone == "good"
    assert panel.changes == [1]


def test_one_that_cannot_be_read_is_corrected_by_dropdowns_and_kept(panel, odd, tmp_path):
    take(panel, odd)
    assert panel.status.tone == "warning"
    assert "smena.csv" in panel.status.text
    assert panel.correct.is_open
    form = panel.form
    form.header_row.value = 3
    assert ("Kolik dal", ("column", "Kolik dal")) in form.columns["amount"].options
    for idea, column in (
        ("amount", "Kolik dal"),
        ("payment_id", "Stvrzenka"),
        ("bill_id", "Lístek"),
    ):
        form.columns[idea].value = ("column", column)
    form.columns["tip"].value = "none"
    panel.again.click()
    assert panel.wait(20)
    assert panel.status.tone == "good"
    assert panel.exports.read().payment_ids == ("4711", "4712")
    assert panel.lines.rows[0][1:4] == ["4711", "11", "1,245.50"]

    panel.name.value = "Kasa bar"
    panel.keep.click()
    assert "Kasa_bar" in panel.status.text
    panel.keep.click()
    assert panel.status.tone == "error"
    panel.replaces.value = True
    panel.keep.click()
    assert panel.status.tone == "good"

    tomorrow = tmp_path / "zitra.csv"
    tomorrow.write_bytes(ODD.replace("4711", "4811").encode("cp1250"))
    take(panel, tomorrow)
    assert panel.picked.profile_name == "Kasa_bar"
    assert panel.profile.value == "Kasa_bar"
    assert panel.form.columns["amount"].value == ("column", "Kolik dal")


def test_going_back_to_found_out_forgets_a_correction(panel):
    take(panel, "data_samples/pos/english_comma/day.csv")
    panel.form.columns["tip"].value = "none"
    panel.again.click()
    assert panel.wait(20)
    assert "tip" not in panel.picked.columns
    panel.form.columns["tip"].value = "found"
    panel.again.click()
    assert panel.wait(20)
    assert panel.picked.columns["tip"] == "Tip"
    panel.profile.value = "storyous-en"
    panel.use.click()
    assert panel.wait(20)
    panel.profile.value = ""
    panel.use.click()
    assert panel.wait(20)
    assert panel.picked.error is None


def test_files_are_picked_and_left_out(panel, odd):
    take(panel, "data_samples/pos/czech_semicolon/day.csv")
    take(panel, odd)
    assert [label for label, _ in panel.file.options] == [
        "day.csv",
        "⚠ smena.csv (cannot be read)",
    ]
    panel.file.value = panel.exports.files[0].path
    assert "day.csv" in panel.said.value
    panel.file.value = odd
    panel.remove.click()
    assert [one.path.name for one in panel.exports.files] == ["day.csv"]
    assert panel.picked.path.name == "day.csv"
    panel.remove.click()
    assert panel.picked is None


def test_what_stands_in_a_file_is_text(panel, tmp_path):
    path = tmp_path / "<img src=x>.csv"
    path.write_text("Payment ID,Bill,Amount\n1,<script>alert(1)</script>,12.50\n2,B,oops<b>\n")
    take(panel, path)
    assert "<script>alert(1)</script>" in [cell for row in panel.lines.rows for cell in row]
    assert "<img" not in panel.said.value
    assert "&lt;img" in panel.said.value
    assert "oops<b>" in panel.problems.rows[0]
    assert "<b>" not in panel.why.content.children[0].value


def test_no_control_answers_while_a_file_is_read(panel, odd):
    seen = []
    panel.exports.add = lambda path: seen.append(panel.again.disabled) or Exports().add(path)
    take(panel, odd)
    assert seen == [True]
    assert not panel.again.disabled


@pytest.mark.parametrize("language", ["cs", "sk", "de"])
def test_it_speaks(language, tmp_path):
    panel = ExportsPanel(Exports(profiles=OwnProfiles(tmp_path)), language=language)
    take(panel, "data_samples/pos/czech_semicolon/day.csv")
    assert "Qerk" in panel.said.value
    assert "lines of" not in panel.said.value
