"""What may be given as a session log: one that is open, a path, or several of these."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from qerko_recon.errors import ReconciliationError

if TYPE_CHECKING:
    from qerko_recon.session.log import SessionLog

__all__ = ["LogLike", "open_log"]

_OneLog: TypeAlias = "SessionLog | str | os.PathLike[str]"
LogLike: TypeAlias = "_OneLog | Iterable[_OneLog]"
"""An open log, a file, a folder or a pattern; or several of these."""


def open_log(log: LogLike | None) -> SessionLog | None:
    """Open what was given as a session log; several become one.

    Raises
    ------
    ReconciliationError
        It is something else.
    SessionLogError
        There is no such log.
    """
    if log is None:
        return None
    # Not above: who has no log need not wait for what reads one.
    from qerko_recon.session.log import SessionLog

    if isinstance(log, SessionLog):
        return log
    if isinstance(log, str | os.PathLike):
        return SessionLog(log)
    if not isinstance(log, Iterable):
        raise ReconciliationError(
            f"log cannot be a {type(log).__name__}; give a SessionLog, a file, a folder, "
            "a pattern, or a list of these"
        )
    files: list[str | os.PathLike[str]] = []
    for one in log:
        opened = open_log(one)
        files += [] if opened is None else opened.files
    if not files:
        raise ReconciliationError("log is an empty list; give a session log, or None")
    return SessionLog(files)
