"""The command that tells the whole story of one payment or bill."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from qerko_recon.cli.group import CLEAN, cli
from qerko_recon.cli.history import opened
from qerko_recon.cli.options import (
    Policing,
    Reading,
    file_in,
    file_out,
    gathered,
    json_option,
    language_option,
    logs_option,
    policy_options,
    pos_options,
)
from qerko_recon.cli.payments import payments_in
from qerko_recon.cli.recording import history_option
from qerko_recon.cli.show import print_json, rows, say_written

if TYPE_CHECKING:
    from qerko_recon.report import Result
    from qerko_recon.session.log import SessionLog

__all__ = ["explain"]

_WIDEST: Final = 100


@dataclass(frozen=True, slots=True)
class _Source:
    """What a story is told from: files, or a run that was recorded."""

    payments_file: Path | None
    run: str | None
    history_file: Path | None

    def result(self, reading: Reading, policing: Policing, log: SessionLog | None) -> Result:
        """Reconcile the files, or show the run again."""
        if self.run is not None:
            with opened(self.history_file) as history:
                return replace(history.show(self.run), log=log)
        if self.payments_file is None:
            raise click.UsageError(
                "give payments and a POS export with --payments and --pos, or a recorded run "
                "with --run"
            )
        from qerko_recon.report import reconcile

        reading.need()
        pos = reading.read(None)
        return reconcile(
            payments_in(self.payments_file), pos, log=log, policy=policing.policy(None)
        )


_source_options = gathered(
    "source",
    _Source,
    click.option(
        "--payments",
        "payments_file",
        type=file_in,
        help="What `fetch` wrote with --out or --store, or payments as JSON.",
    ),
    click.option("--run", help="In place of files: a run of the history, by ID or number."),
    history_option,
)


@cli.command()
@click.argument("name", metavar="ID")
@_source_options
@pos_options
@logs_option
@policy_options
@click.option("--html", "html_out", type=file_out, help="Write the story as a page here.")
@language_option
@json_option
def explain(
    name: str,
    source: _Source,
    reading: Reading,
    logs: tuple[str, ...],
    policing: Policing,
    html_out: Path | None,
    language: str,
    as_json: bool,
) -> int:
    """Tell all that happened to a payment or bill, in order of time, and what is concluded.

    ID is that of a break (from the workbook), of a payment, or of a bill.

    Example: qerko-recon explain 4021 --payments payments.jsonl --pos export.csv --log sessions/
    """
    from rich.console import Console

    from qerko_recon.recon.logs import open_log

    story = source.result(reading, policing, open_log(logs or None)).explain(name, language)
    if html_out is not None:
        story.to_html(html_out)
        say_written(html_out, language)
    if as_json:
        print_json({"title": story.title, "events": rows(story.frame)})
    else:
        click.echo(story.text(min(Console().width, _WIDEST)))
    return CLEAN
