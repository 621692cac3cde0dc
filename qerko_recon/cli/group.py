"""The command line's root and how commands end.

Exit codes: 0 clean, 1 breaks found or a check failed, 2 wrong use or bad input, 3 Qerko or the
network failed.
"""

from __future__ import annotations

from typing import Final

import click

from qerko_recon import __version__

__all__ = ["BREAKS", "CLEAN", "STOPPED", "UNREACHED", "WRONG_USE", "cli"]

CLEAN: Final = 0
BREAKS: Final = 1
WRONG_USE: Final = 2
UNREACHED: Final = 3
STOPPED: Final = 130
_SENTENCE: Final = 200


class Commands(click.Group):
    """A group that lists its commands with the whole of their first sentences."""

    group_class = type

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
