"""The command that finds out why a venue cannot be reached."""

from __future__ import annotations

import click

from qerko_recon.cli.group import cli
from qerko_recon.cli.options import Whose, json_option, venue_options
from qerko_recon.cli.show import print_json

__all__ = ["doctor"]


@cli.command()
@venue_options
@json_option
def doctor(whose: Whose, as_json: bool) -> int:
    """Check settings, key, network, credentials and clock, step by step.

    Example: qerko-recon doctor --venue old-town
    """
    from qerko_recon.doctor import examine, exit_code

    findings = examine(whose.venue, whose.config)
    if as_json:
        print_json(findings)
    else:
        for one in findings:
            click.echo(f"{one.verdict.upper():8}{one.step}: {one.sentence}")
    return exit_code(findings)
