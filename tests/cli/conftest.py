from __future__ import annotations

import pytest

from qerko_recon.cli import main
from qerko_recon.simulator import Simulator, TradingDay


@pytest.fixture(scope="session")
def day():
    return TradingDay.generate(seed=7, payments=60)


@pytest.fixture(scope="session")
def box(day):
    with Simulator(day) as simulator:
        yield simulator


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command in an empty folder without settings; give code, output and errors."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "API_KEY",
        "POS_ID",
        "BASE_URL",
        "CONFIG",
        "VENUE",
        "LANGUAGE",
        "AUDIT_TRAIL",
        "HISTORY",
    ):
        monkeypatch.delenv(f"QERKO_{name}", raising=False)

    def run(*arguments):
        with pytest.raises(SystemExit) as leaving:
            main([str(one) for one in arguments])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err + captured.out
        return leaving.value.code, captured.out, captured.err

    return run


@pytest.fixture
def settings(box, monkeypatch, run):
    for name, value in box.environment.items():
        monkeypatch.setenv(name, value)
    return box


@pytest.fixture
def export(day, tmp_path):
    return day.write_pos_export(tmp_path / "export.csv", "czech_semicolon")
