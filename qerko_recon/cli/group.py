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


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 90})
@click.version_option(__version__, prog_name="qerko-recon")
def cli() -> None:
    """Find, explain and settle the differences between Qerko payments and a POS."""
