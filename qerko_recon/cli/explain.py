"""The command that tells the whole story of one payment or bill."""

from __future__ import annotations

from pathlib import Path

import click

from qerko_recon.cli.group import CLEAN, cli
from qerko_recon.cli.options import (
    Policing,
    Reading,
    file_in,
    file_out,
    json_option,
    language_option,
    logs_option,
    policy_options,
    pos_options,
)
from qerko_recon.cli.payments import payments_in
from qerko_recon.cli.show import print_json, rows, say

__all__ = ["explain"]


@cli.command()
@click.argument("name", metavar="ID")
@click.option(
    "--payments",
    "payments_file",
    type=file_in,
    required=True,
    help="What `fetch` wrote with --out or --store, or payments as JSON.",
)
@pos_options
@logs_option
@policy_options
@click.option("--html", "html_out", type=file_out, help="Write the story as a page here.")
@language_option
@json_option
def explain(
    name: str,
    payments_file: Path,
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
    from qerko_recon.recon.logs import open_log
    from qerko_recon.report import reconcile

    reading.need()
    log = open_log(logs or None)
    result = reconcile(
        payments_in(payments_file), reading.read(None), log=log, policy=policing.policy(None)
    )
    story = result.explain(name, language)
    if html_out is not None:
        story.to_html(html_out)
        say(f"Written: {html_out}")
    if as_json:
        print_json({"title": story.title, "events": rows(story.frame)})
    else:
        click.echo(str(story))
    return CLEAN
