"""Run the command line: arguments in, an exit code out; no traceback reaches a user."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from typing import NoReturn

import click

# Each of these puts its commands on the group.
from qerko_recon.cli import (  # noqa: F401
    actions,
    app,
    close,
    deciding,
    demo,
    doctor,
    explain,
    fetch,
    history,
    key,
    log,
    poll,
    pos,
    proxy,
)
from qerko_recon.cli.group import CLEAN, STOPPED, UNREACHED, WRONG_USE, cli
from qerko_recon.cli.show import say
from qerko_recon.errors import ApiError, QerkoReconError, TransportError, shorten

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code; no traceback reaches a user."""
    for stream in (sys.stdout, sys.stderr):
        # A Windows console may lack the minus sign or a letter of a dish.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        code = cli.main(args=arguments, prog_name="qerko-recon", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        code = WRONG_USE
    except click.ClickException as error:
        error.show()
        code = WRONG_USE
    except (click.Abort, KeyboardInterrupt):
        say("Stopped.")
        code = STOPPED
    except (ApiError, TransportError) as error:
        say(f"Error: {error}")
        code = UNREACHED
    except QerkoReconError as error:
        say(f"Error: {error}")
        code = WRONG_USE
    except Exception as error:  # noqa: BLE001 - the last net before the user
        code = _unforeseen(error)
    sys.exit(code if isinstance(code, int) else CLEAN)


def _unforeseen(error: Exception) -> int:
    """Keep the traceback of a fault of ours in a file, and say where."""
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="qerko-recon-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write("".join(traceback.format_exception(error)))
    say(
        f"Error: {type(error).__name__}: {shorten(error, 300)}\nThis is a fault of qerko-recon. "
        f"Please report it with the file {file.name} (it holds no key)."
    )
    return WRONG_USE
