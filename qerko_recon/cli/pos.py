"""Commands that look at POS exports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from qerko_recon.cli.group import BREAKS, CLEAN, cli
from qerko_recon.cli.options import file_in, file_out, json_option
from qerko_recon.cli.show import print_frame, print_json, rows, say

if TYPE_CHECKING:
    from qerko_recon.pos import PosExport, ProfileCheck, Sniffed

__all__ = ["pos", "pos_check", "pos_profiles", "pos_sniff"]

_PROBLEMS: Final = ["source_file", "source_row", "column", "value", "problem"]
_profile_option = click.option(
    "--profile", type=file_in, help="How the till writes its exports: a TOML file or a name."
)
_zone_option = click.option(
    "--time-zone", default="Europe/Prague", show_default=True, help="The venue's."
)


@cli.group()
def pos() -> None:
    """Look at POS exports."""


@pos.command("sniff")
@click.argument("files", nargs=-1, required=True, type=file_in)
@_profile_option
@click.option("--write-profile", type=file_out, help="Write the reading as a profile (TOML).")
@_zone_option
@json_option
def pos_sniff(
    files: tuple[Path, ...],
    profile: Path | None,
    write_profile: Path | None,
    time_zone: str,
    as_json: bool,
) -> int:
    """Say how an export is understood, sheet by sheet: columns, numbers, dates, and why.

    Example: qerko-recon pos sniff export.xlsx --write-profile till.toml
    """
    from qerko_recon.errors import PosExportError
    from qerko_recon.pos import read_pos

    try:
        export = read_pos(list(files), profile, time_zone=time_zone)
    except PosExportError:
        if not as_json:  # how far it was understood helps to see why
            _show_sniffed(files, profile, time_zone)
        raise
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


def _show_sniffed(files: tuple[Path, ...], profile: Path | None, time_zone: str) -> None:
    """Show what of files is understood, where they cannot be read to the end."""
    from qerko_recon.errors import PosExportError
    from qerko_recon.pos import sniff_pos

    for file in files:
        try:
            sniffed = sniff_pos(file, profile, time_zone=time_zone)
        except PosExportError:
            continue
        click.echo(f"{sniffed}\n  confidence: {sniffed.confidence}")


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
    "--write-golden",
    type=click.Path(path_type=Path),
    help="Write what was read, to be corrected by hand: a CSV, or a folder for the whole pair.",
)
@click.option("--write-profile", type=file_out, help="Write the profile, if the check passes.")
@_zone_option
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

    FILES are an export, or folders that each have one beside its expected lines (tenders.csv)
    and its profile (profile.toml), if it needs one.

    To begin: --write-golden till/ keeps the export, what was read and the profile; correct
    till/tenders.csv by hand, and "pos check till/" compares from then on.

    Example: qerko-recon pos check export.csv --expected golden.csv --profile till.toml
    """
    _refuse_check(files, expected, write_golden, write_profile)
    if expected is None and write_golden is not None:
        from qerko_recon.pos import read_pos

        export = read_pos(list(files), profile, time_zone=time_zone)
        _write_golden(export, files, write_golden)
        return CLEAN
    found = dict(_checks(files, expected, profile, time_zone))
    passed = all(one.passed for one in found.values())
    if write_golden is not None:
        _write_golden(next(iter(found.values())).export, files, write_golden)
    if passed and write_profile is not None:
        next(iter(found.values())).export.profile.write(write_profile)
        say(f"Written: {write_profile}")
    if as_json:
        checks = [_checked(name, one) for name, one in found.items()]
        print_json({"passed": passed, "checks": checks})
    else:
        for name, one in found.items():
            print_frame(one.mismatches, list(one.mismatches.columns))
            click.echo(f"{'PASSED' if one.passed else 'FAILED'} {name}: {one.verdict}")
    return CLEAN if passed else BREAKS


def _refuse_check(
    files: tuple[Path, ...],
    expected: Path | None,
    write_golden: Path | None,
    write_profile: Path | None,
) -> None:
    """Refuse what makes no sense together."""
    folders = sum(file.is_dir() for file in files)
    if folders:
        if folders < len(files) or expected is not None or write_golden is not None:
            raise click.UsageError(
                "a folder is a golden pair of its own; give it without files, --expected and "
                "--write-golden"
            )
        if write_profile is not None and folders > 1:
            raise click.UsageError("--write-profile is for one pair alone")
    elif expected is None and write_golden is None:
        raise click.UsageError(
            "nothing to check against: give --expected golden.csv, or make a pair with "
            "--write-golden FOLDER"
        )
    elif expected is None and write_profile is not None:
        raise click.UsageError("--write-profile needs a check that passes; add --expected")
    if write_golden is not None:
        lines = write_golden if _is_csv(write_golden) else write_golden / "tenders.csv"
        if lines.exists():
            raise click.UsageError(
                f"{lines} is there already, perhaps corrected by hand; delete it or name another"
            )


def _is_csv(path: Path) -> bool:
    return bool(path.suffix) and not path.is_dir()


def _checks(
    files: tuple[Path, ...], expected: Path | None, profile: Path | None, time_zone: str
) -> Iterator[tuple[str, ProfileCheck]]:
    from qerko_recon.pos import check_pair, check_profile

    if expected is not None:
        name = ", ".join(file.name for file in files)
        yield name, check_profile(list(files), expected, profile, time_zone=time_zone)
        return
    for folder in files:
        yield str(folder), check_pair(folder, profile, time_zone=time_zone)


def _checked(name: str, one: ProfileCheck) -> dict[str, Any]:
    return {
        "export": name,
        "passed": one.passed,
        "checked": one.checked,
        "columns": one.columns,
        "mismatches": rows(one.mismatches),
        **_reading(one.export),
    }


def _write_golden(export: PosExport, files: tuple[Path, ...], place: Path) -> None:
    from qerko_recon.pos import write_golden, write_pair

    if _is_csv(place):
        write_golden(export, place)
        say(f"Written: {place}; correct it by hand and keep it")
    else:
        write_pair(export, files, place)
        say(f"Written: {place}; correct its tenders.csv by hand and keep the folder")


@pos.command("profiles")
@click.argument("name", required=False)
@json_option
def pos_profiles(name: str | None, as_json: bool) -> int:
    """List the profiles that come along, or show one as TOML to begin your own with.

    Example: qerko-recon pos profiles storyous-cs > till.toml
    """
    from qerko_recon.pos import Profile

    if name is not None:
        profile = Profile.named(name)
        if as_json:
            print_json(profile)
        else:
            click.echo(profile.to_toml(), nl=False)
        return CLEAN
    held = {one: Profile.named(one) for one in Profile.names()}
    if as_json:
        print_json(held)
        return CLEAN
    width = max(map(len, held))
    for one, profile in held.items():
        backing = "described in public" if profile.attested else "a guess, check what is read"
        click.echo(f"{one:<{width}}  {profile.name} ({backing})")
    return CLEAN
