"""The command line's root and how commands end.

Exit codes: 0 clean, 1 breaks found or a check failed, 2 wrong use or bad input, 3 Qerko or the
network failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from qerko_recon import __version__
from qerko_recon.errors import shorten

__all__ = ["BREAKS", "CLEAN", "STOPPED", "UNREACHED", "WRONG_USE", "cli"]

CLEAN: Final = 0
BREAKS: Final = 1
WRONG_USE: Final = 2
UNREACHED: Final = 3
STOPPED: Final = 130
_SENTENCE: Final = 200


class Command(click.Command):
    """A command that says which option a file belongs to that stands alone."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, and name the options where a file has none before it."""
        allowed, ctx.allow_extra_args = ctx.allow_extra_args, True
        rest = super().parse_args(ctx, args)
        ctx.allow_extra_args = allowed
        if rest and not allowed and not ctx.resilient_parsing:
            ctx.fail(_unexpected(rest, list(self._file_options())))
        return rest

    def _file_options(self) -> Iterator[str]:
        """Give the options that take a file to be read."""
        for one in self.params:
            if isinstance(one.type, click.Path) and one.type.dir_okay and one.type.file_okay:
                yield from (name for name in one.opts[:1] if name.startswith("--"))


def _unexpected(rest: Sequence[str], options: Sequence[str]) -> str:
    if options and Path(rest[0]).exists():
        *others, last = options
        names = f"{', '.join(others)} or {last}" if others else last
        return f"no option stands before {shorten(rest[0])}; say what it is: {names}"
    many = "s" if len(rest) > 1 else ""
    return f"unexpected extra argument{many} ({' '.join(map(shorten, rest))})"


class Commands(click.Group):
    """A group that lists its commands with the whole of their first sentences."""

    group_class = type
    command_class = Command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write a line or more for each command."""
        shown = sorted(self.commands.items())
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.get_short_help_str(_SENTENCE)) for name, one in shown])


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 90},
)
@click.version_option(__version__, prog_name="qerko-recon")
def cli() -> None:
    """Find, explain and settle the differences between Qerko payments and a POS.

    To begin, see the whole job on a simulated day: qerko-recon demo
    """
