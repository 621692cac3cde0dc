"""What commands that reconcile do with a history: rulings out of it, the run into it, its news."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qerko_recon.cli.options import file_out, gathered
from qerko_recon.cli.show import rows

if TYPE_CHECKING:
    from qerko_recon.history import History, Run
    from qerko_recon.recon import Policy
    from qerko_recon.report import Result
    from qerko_recon.session.log import SessionLog

__all__ = ["Keeping", "history_option", "keeping_options", "news_json", "print_news", "recorded"]

history_option = click.option(
    "--history",
    "history_file",
    type=file_out,
    help="The history's file (default: QERKO_HISTORY, else in your user folder).",
)


@dataclass(frozen=True, slots=True)
class Keeping:
    """Whether a run is recorded, where, and by whom."""

    history_file: Path | None
    is_recorded: bool
    by: str | None

    def open(self) -> History | None:
        """Open the history, where the run is to be recorded."""
        if self.history_file is None and not self.is_recorded:
            return None
        from qerko_recon.history import History

        return History(self.history_file)


keeping_options = gathered(
    "keeping",
    Keeping,
    click.option(
        "--history",
        "history_file",
        type=file_out,
        envvar="QERKO_HISTORY",
        help="Record the run here, follow the rulings kept in it, tell what is still open.",
    ),
    click.option(
        "--record", "is_recorded", is_flag=True, help="The same, in the file of your user folder."
    ),
    click.option("--by", metavar="NAME", help="Who prepared it (default: you on this machine)."),
)


def recorded(
    payments: object,
    pos: object,
    policy: Policy,
    keeping: Keeping,
    log: SessionLog | None = None,
) -> tuple[Result, Run | None]:
    """Reconcile by the rulings of the history, and record the run, where there is a history."""
    from qerko_recon.closing import reconcile_and_record

    with keeping.open() or nullcontext() as history:
        return reconcile_and_record(payments, pos, policy, log=log, history=history, by=keeping.by)


def print_news(run: Run, language: str) -> None:
    """Print what recording a run changed: what closed, and what is still open from before."""
    from rich.console import Console

    from qerko_recon.history.telling import WORDS, news_sections
    from qerko_recon.report.text import print_lines

    console = Console(highlight=False)
    sections = [(WORDS.say("news.title", language), []), *news_sections(run, language)]
    for heading, lines in sections:
        print_lines(console, heading, lines)


def news_json(run: Run) -> dict[str, Any]:
    """Give what recording a run changed, for a machine."""
    news = run.news
    assert news is not None  # noqa: S101 - the run was just recorded
    compared = news.compared
    return {
        "run_id": run.run_id,
        "run_no": run.run_no,
        "is_again": news.is_again,
        "open_before": {name: str(one) for name, one in news.before.items()},
        "open_after": {name: str(one) for name, one in news.after.items()},
        "appeared": rows(news.appeared),
        "closed": rows(news.closed),
        "changed": rows(news.changed),
        "carried": rows(news.carried),
        "changed_since": compared and comparison_json(compared),
        "signed_off": [held.business_day.isoformat() for held in news.signed],
    }


def comparison_json(compared: Any) -> dict[str, Any]:
    """Give two runs side by side, for a machine."""
    return {
        "before": compared.before,
        "after": compared.after,
        "is_same": compared.is_same,
        "inputs": compared.inputs,
        "settings": compared.settings,
        "totals": compared.totals,
        "lines": rows(compared.lines),
        "payments": rows(compared.payments),
        "breaks": rows(compared.breaks),
    }
