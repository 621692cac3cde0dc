"""The command line: each command is a thin hand over a function that a notebook calls too.

What is for people goes to standard output, progress and errors to standard error; ``--json`` puts
what a machine may read on standard output instead.
"""

from qerko_recon.cli.group import cli
from qerko_recon.cli.main import main

__all__ = ["cli", "main"]
