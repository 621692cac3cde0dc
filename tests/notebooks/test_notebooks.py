"""Every notebook runs from top to bottom without key and network, and is kept without outputs."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from qerko_recon.actions import AuditTrail
from qerko_recon.history import History
from qerko_recon.session.log import SessionLog

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_outputs_are_kept(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert code[0].metadata.get("tags") == ["parameters"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_it_runs(path, tmp_path, monkeypatch):
    for name in ("QERKO_API_KEY", "QERKO_POS_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("QERKO_LOCKS", str(tmp_path / "locks"))
    monkeypatch.setenv("QERKO_AUDIT_TRAIL", str(tmp_path / "none.jsonl"))
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    assert not [out for out in outputs if out.output_type == "error"]
    assert path.stem == "05_cancel_and_capture" or any(
        "image/png" in out.get("data", {}) for out in outputs
    )
    said = "".join(out.get("text", "") for out in outputs)
    check = {
        "01_daily_close": _closes_the_day,
        "02_poll_session": _answers_guests,
        "03_analysis": _looks_at_weeks,
        "04_incident": _explains_the_incident,
        "05_cancel_and_capture": _moves_money_once,
    }
    check[path.stem](tmp_path, said)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_daily_close_runs_for_a_day_and_language(tmp_path, monkeypatch):
    """As papermill does: a cell after that of the parameters sets others."""
    monkeypatch.setenv("QERKO_LOCKS", str(tmp_path / "locks"))
    notebook = nbformat.read(NOTEBOOKS[0], as_version=4)
    place = next(n for n, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    said = 'business_day = "2026-11-20"\nlanguage = "cs"\nout_folder = "close-cs"'
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(said))
    last = "print(result.policy.business_day, panel.business_day.value, panel.language)"
    notebook.cells.append(nbformat.v4.new_code_cell(last))
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    assert notebook.cells[-1].outputs[0].text == "2026-11-20 2026-11-20 cs\n"
    assert (tmp_path / "close-cs" / "close.xlsx").stat().st_size > 0


def _closes_the_day(folder, _):
    assert (folder / "daily-close" / "close.xlsx").stat().st_size > 0
    with History(folder / "daily-close" / "history.db") as history:
        assert len(history.runs) == 1
        assert len(history.open_breaks()) == 56


def _answers_guests(folder, said):
    [path] = (folder / "poll-session").glob("session_*.jsonl")
    log = SessionLog(path)
    assert log.verify().is_whole
    assert "records, whole" in said
    assert "backing_off: Qerko restarts; trying again in 2 s" in said
    closed = log.calls[log.calls["method"] == "paymentClosed"]
    assert len(closed) >= 4
    assert set(closed["outcome"]) == {"ok"}


def _moves_money_once(folder, said):
    [path] = (folder / "cancel-and-capture").glob("actions_*.jsonl")
    trail = AuditTrail(path)
    assert trail.verify() == []
    sent = trail.frame[trail.frame["state"] == "confirmed"]
    assert list(sent["kind"]) == ["cancel", "cancel", "cancel", "capture"]
    assert set(trail.actions["state"]) == {"done"}
    assert "not sent: capture of payment" in said
    assert not (folder / "none.jsonl").exists()


def _explains_the_incident(_, said):
    assert "137 records, whole" in said
    assert "out of paper" in said
    assert "paymentProcessed payment 4021" in said
    assert "answered as recorded" in said


def _looks_at_weeks(folder, _):
    assert (folder / "analysis" / "weeks.xlsx").stat().st_size > 0
    assert len(list((folder / "analysis").glob("2026-11-*.csv"))) == 28
    candidates = pd.read_csv(folder / "analysis" / "candidates.csv")
    assert set(candidates.loc[candidates["chosen"], "tip_basis"].dropna()) == {"gross"}
    tips = pd.read_csv(folder / "analysis" / "tips.csv", dtype=str).dropna(subset="provider")
    assert [Decimal(one) for one in tips["tip_gross"]] == [
        Decimal(fee) + Decimal(net)
        for fee, net in zip(tips["tip_fee"], tips["tip_net"], strict=True)
    ]
