"""The sample sessions: a till and a simulated Qerko in, two evenings in a folder out."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from qerko_recon.session_samples.alike import make_alike
from qerko_recon.session_samples.stage import Stage, Till
from qerko_recon.simulator import Fault

__all__ = ["write_incident", "write_quiet_evening", "write_session_samples"]

_README: Final = """# Sample session logs

Two evenings of a demo till against the built-in simulator, written by

    python -m qerko_recon.session_samples data_samples

- `quiet_evening.jsonl`: six payments, nothing goes wrong.
- `incident.jsonl`: another program takes the connection for a minute (409), the `paymentClosed` of
  payment 4021 is lost, the printer is out of paper so that payment 4028 is cancelled, the fate of
  one answer is unknown, and Qerko restarts.

Time is virtual; nobody's key, guest or restaurant is in them.
"""


def write_quiet_evening(path: Path) -> None:
    """Write an evening on which nothing goes wrong."""
    with Stage(path) as stage:
        guests = stage.guests
        guests.looks("1", 300)
        guests.pays("1001", "60", 40)
        guests.looks("2", 900)
        guests.pays("1002", "0", 30)
        guests.pays("1003", "20", 65)
        guests.looks("6", 1200)
        guests.looks("3", 2400)
        guests.pays("1004", "180", 120)
        guests.pays("1005", "30", 1800)
        guests.asks("1005", 20)
        guests.pays("1006", "10", 2700)


def write_incident(path: Path) -> None:
    """Write an evening on which much goes wrong.

    Another program takes the connection for a while, a payment's ``paymentClosed`` is lost, the
    printer is out of paper, an answer's fate is unknown, and Qerko restarts.
    """
    with Stage(path) as stage:
        guests, box, till = stage.guests, stage.box, stage.till
        assert isinstance(till, Till)  # noqa: S101 - the stage's own
        guests.pays("1001", "60", 420)
        box.inject(Fault(kind="status", status=409, route="poll", times=6))
        guests.looks("2", 600)
        guests.pays("1002", "30", 45)
        guests.pays("1003", "25", 300, loses_close=True)
        till.has_paper = False
        guests.pays("1004", "150", 1500)
        till.has_paper = True
        box.inject(Fault(kind="drop", route="poll", moment="read"))
        guests.asks("1004", 60)
        guests.pays("1004", "150", 15)
        guests.looks("4", 900)
        box.wait_for_poll()
        stage.restarts()
        guests.asks("1005", 0)
        guests.pays("1005", "20", 240)


def write_session_samples(folder: Path) -> list[Path]:
    """Write both evenings into a folder; give the files."""
    folder.mkdir(parents=True, exist_ok=True)
    quiet, incident = folder / "quiet_evening.jsonl", folder / "incident.jsonl"
    for log, write in ((quiet, write_quiet_evening), (incident, write_incident)):
        write(log)
        make_alike(log)
    readme = folder / "README.md"
    readme.write_text(_README, encoding="utf-8")
    return [quiet, incident, readme]
