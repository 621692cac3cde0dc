"""Who acts: what every record of what people did begins with."""

from __future__ import annotations

import getpass
import socket

__all__ = ["person"]


def person() -> str:
    """Name who acts: the user of this machine, and the machine."""
    try:
        who = getpass.getuser()
    except (OSError, KeyError):  # a container may know no users
        who = "somebody"
    return f"{who}@{socket.gethostname()}"
