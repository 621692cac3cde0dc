"""What a simulated day lays out for the pages to try: the command writes, each page reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

import msgspec

__all__ = ["VARIABLE", "Demo"]

VARIABLE: Final = "QERKO_DEMO"
"""The environment variable that names the file."""


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to try.

    Attributes
    ----------
    export, ids
        The day's POS export, and the file of its payments' IDs.
    log
        A session log of an evening on which much went wrong.
    cancel, capture
        Payments that were made just now: some to cancel, one that waits to be captured.
    """

    export: str
    ids: str
    log: str
    cancel: tuple[str, ...]
    capture: str

    def write(self, path: Path) -> None:
        """Keep it where :meth:`read` finds it, once :data:`VARIABLE` names the file."""
        path.write_bytes(msgspec.json.encode(self))

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Self | None:
        """Give what is laid out, or ``None`` where the pages work on a venue.

        >>> Demo.read({}) is None
        True
        """
        path = (os.environ if environ is None else environ).get(VARIABLE)
        return msgspec.json.decode(Path(path).read_bytes(), type=cls) if path else None
