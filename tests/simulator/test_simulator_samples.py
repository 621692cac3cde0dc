from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from qerko_recon.model import decode_payment
from qerko_recon.schema import TENDERS
from qerko_recon.simulator import STYLES, payment_json
from qerko_recon.simulator.samples import (
    SPEC_PAYMENT,
    expected_tenders,
    main,
    sample_day,
    write_samples,
)

COMMITTED = Path(__file__).parents[2] / "data_samples"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    write_samples(folder)
    return folder


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_committed_samples_are_those_that_are_generated(fresh):
    committed, generated = files_in(COMMITTED), files_in(fresh)
    drifted = [name for name in generated if generated[name] != committed.get(name)]
    assert not drifted, (
        f"{', '.join(drifted)} drifted; run python -m qerko_recon.simulator.samples data_samples"
    )


def test_the_payment_of_the_spec_is_written_as_the_spec_has_it(fresh):
    body = (fresh / "payment_of_the_spec.json").read_bytes()
    payment = decode_payment(body)
    assert body == SPEC_PAYMENT
    assert payment.unknown == {}
    served = json.loads(payment_json(payment))
    assert served == json.loads(body)
    assert list(served) == list(json.loads(body))
    assert list(served["items"][0]) == list(json.loads(body)["items"][0])
    assert list(served["parts"][0]["provider"]) == ["id", "name", "type"]


def test_payments_are_json_lines(fresh):
    lines = (fresh / "payments_day.jsonl").read_bytes().splitlines()
    day = sample_day()
    assert [decode_payment(line).id for line in lines] == [one.id for one in day.payments]
    assert (fresh / "ids.txt").read_text().split() == list(day.payment_ids)


@pytest.mark.parametrize("style", STYLES)
def test_expected_tenders_are_the_qerko_lines_of_the_export(fresh, style):
    day = sample_day()
    with (fresh / "pos" / style / "tenders.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == expected_tenders(day, style)
    assert list(rows[0]) == [name for name in TENDERS.names if name != "tender_id"]
    assert len(rows) == len(day.tenders)
    encoding = {"czech_semicolon": "cp1250", "slovak_tab": "utf-16"}.get(style, "utf-8-sig")
    text = (fresh / "pos" / style / "day.csv").read_text(encoding=encoding)
    lines = text.splitlines()
    for row in rows:
        assert row["bill_id"] in lines[int(row["source_row"]) - 1]
        assert row["payment_id"] in lines[int(row["source_row"]) - 1]
    assert sum(row["amount"] == row["total"] == "" for row in rows) == 1


def test_discrepancies_are_listed(fresh):
    with (fresh / "discrepancies.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["note"] for row in rows] == [one.note for one in sample_day().discrepancies]


def test_the_readme_names_every_file(fresh):
    readme = (fresh / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in readme for name in files_in(fresh) if name != "README.md")
    assert "{" not in readme


def test_the_command_writes_the_folder_and_fails_with_a_sentence(tmp_path, capsys):
    assert main([str(tmp_path / "new")]) == 0
    assert "14 files written" in capsys.readouterr().out
    (tmp_path / "file").write_text("in the way")
    assert main([str(tmp_path / "file")]) == 2
    assert "could not be written" in capsys.readouterr().err


def test_the_module_runs_without_a_warning(tmp_path):
    command = [sys.executable, "-W", "error", "-m", "qerko_recon.simulator.samples"]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
