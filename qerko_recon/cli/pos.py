"""Commands that look at POS exports."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qerko_recon.cli.group import BREAKS, CLEAN, cli
from qerko_recon.cli.options import file_in, file_out, json_option
from qerko_recon.cli.show import print_frame, print_json, rows, say

if TYPE_CHECKING:
    from qerko_recon.pos import PosExport, Sniffed

__all__ = ["pos", "pos_check", "pos_sniff"]

_PROBLEMS = ["source_file", "source_row", "column", "value", "problem"]
_profile_option = click.option(
    "--profile", type=file_in, help="How the till writes its exports: a TOML file or a name."
)


@cli.group()
def pos() -> None:
    """Look at POS exports."""


@pos.command("sniff")
@click.argument("files", nargs=-1, required=True, type=file_in)
@_profile_option
@click.option("--write-profile", type=file_out, help="Write the reading as a profile (TOML).")
@json_option
def pos_sniff(
    files: tuple[Path, ...], profile: Path | None, write_profile: Path | None, as_json: bool
) -> int:
    """Say how an export is understood, sheet by sheet: columns, numbers, dates, and why.

    Example: qerko-recon pos sniff export.xlsx --write-profile till.toml
    """
    from qerko_recon.pos import read_pos

    export = read_pos(list(files), profile)
    if write_profile is not None:
        export.profile.write(write_profile)
        say(f"Written: {write_profile}")
    if as_json:
        print_json(_reading(export))
    else:
        for one in export.all_sniffed:
            click.echo(f"{one}\n  confidence: {one.confidence}")
        click.echo(_count(export))
        print_frame(export.problems, _PROBLEMS)
    return BREAKS if len(export.problems) else CLEAN


def _reading(export: PosExport) -> dict[str, Any]:
    """Give all that was found out, as JSON holds it."""
    return {
        "reading": export.profile,
        "files": [_sniffed(one) for one in export.all_sniffed],
        "sources": [one._asdict() for one in export.sources],
        "rows": export.rows,
        "problems": rows(export.problems),
    }


def _sniffed(one: Sniffed) -> dict[str, Any]:
    findings = [finding._asdict() for finding in one.findings]
    return asdict(one) | {"confidence": one.confidence, "findings": findings}


def _count(export: PosExport) -> str:
    words = [
        f"{len(export.tenders)} Qerko lines",
        f"{len(export.others)} of other tenders",
        f"{len(export.problems)} problems",
    ]
    if repeats := export.rows["repeats"]:
        words.insert(2, f"{repeats} that repeat another file's")
    return ", ".join(words)


@pos.command("check")
@click.argument("files", nargs=-1, required=True, type=file_in)
@click.option(
    "--expected", type=file_in, help="The lines that reading must give (CSV, any columns)."
)
@_profile_option
@click.option(
    "--write-golden", type=file_out, help="Write what was read, to be corrected by hand."
)
@click.option("--write-profile", type=file_out, help="Write the profile, if the check passes.")
@click.option("--time-zone", default="Europe/Prague", show_default=True, help="The venue's.")
@json_option
def pos_check(
    files: tuple[Path, ...],
    expected: Path | None,
    profile: Path | None,
    write_golden: Path | None,
    write_profile: Path | None,
    time_zone: str,
    as_json: bool,
) -> int:
    """Compare what is read of an export with the lines that should be, row by row.

    To begin: --write-golden golden.csv writes what was read; correct it by hand and keep both.

    Example: qerko-recon pos check export.csv --expected golden.csv --profile till.toml
    """
    from qerko_recon import pos as reading

    if expected is None and write_golden is None:
        raise click.UsageError(
            "nothing to check against: give --expected golden.csv, or make one with "
            "--write-golden golden.csv"
        )
    if expected is None:
        if write_profile is not None:
            raise click.UsageError("--write-profile needs a check that passes; add --expected")
        export = reading.read_pos(list(files), profile, time_zone=time_zone)
        found = None
    else:
        found = reading.check_profile(list(files), expected, profile, time_zone=time_zone)
        export = found.export
    if write_golden is not None:
        reading.write_golden(export, write_golden)
        say(f"Written: {write_golden}; correct it by hand and keep it")
    if found is None:
        return CLEAN
    if found.passed and write_profile is not None:
        export.profile.write(write_profile)
        say(f"Written: {write_profile}")
    if as_json:
        print_json(
            {
                "passed": found.passed,
                "checked": found.checked,
                "columns": found.columns,
                "mismatches": rows(found.mismatches),
                **_reading(export),
            }
        )
    else:
        print_frame(found.mismatches, list(found.mismatches.columns))
        click.echo(f"{'PASSED' if found.passed else 'FAILED'}: {found.verdict}")
    return CLEAN if found.passed else BREAKS
