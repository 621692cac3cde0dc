"""Commands that look at POS exports."""

from __future__ import annotations

from pathlib import Path

import click

from qerko_recon.cli.group import BREAKS, CLEAN, cli
from qerko_recon.cli.options import file_in, file_out, json_option
from qerko_recon.cli.show import print_frame, print_json, rows, say

__all__ = ["pos", "pos_sniff"]


@cli.group()
def pos() -> None:
    """Look at POS exports."""


@pos.command("sniff")
@click.argument("files", nargs=-1, required=True, type=file_in)
@click.option("--write-profile", type=file_out, help="Write the reading as a profile (TOML).")
@json_option
def pos_sniff(files: tuple[Path, ...], write_profile: Path | None, as_json: bool) -> int:
    """Say how an export is understood: encoding, columns, number and date style, and why.

    Example: qerko-recon pos sniff export.csv --write-profile till.toml
    """
    from qerko_recon.pos import read_pos

    export = read_pos(list(files))
    if write_profile is not None:
        export.profile.write(write_profile)
        say(f"Written: {write_profile}")
    if as_json:
        problems = rows(export.problems)
        print_json({"reading": export.profile, "problems": problems})
    else:
        click.echo(str(export.sniffed))
        click.echo(
            f"{len(export.tenders)} Qerko lines, {len(export.others)} of other tenders, "
            f"{len(export.problems)} problems"
        )
        print_frame(export.problems, ["source_file", "source_row", "column", "value", "problem"])
    return BREAKS if len(export.problems) else CLEAN
