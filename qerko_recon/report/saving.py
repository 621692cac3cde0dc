"""Writing a report where the user wants it, or saying in one sentence why that fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qerko_recon.errors import QerkoReconError
from qerko_recon.files import replace_when_done

__all__ = ["folder_at", "saved_at"]


@contextmanager
def saved_at(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a draft's path; it appears as ``path`` once the block has succeeded.

    Raises
    ------
    QerkoReconError
        The folder does not exist, the file is open elsewhere, or the disk refuses; the message
        says which and what to do.
    """
    target = Path(path)
    try:
        with replace_when_done(target) as draft:
            yield draft
    except (FileNotFoundError, NotADirectoryError) as error:
        raise QerkoReconError(
            f"{target} cannot be written: the folder {target.parent} does not exist; create it "
            "or name another"
        ) from error
    except IsADirectoryError as error:
        raise QerkoReconError(
            f"{target} cannot be written: it is a folder; name a file in it"
        ) from error
    except PermissionError as error:
        raise QerkoReconError(
            f"{target} cannot be written: close it if it is open in Excel or another program, "
            "and check that you may write to its folder"
        ) from error
    except OSError as error:
        raise QerkoReconError(f"{target} cannot be written: {error.strerror or error}") from error


def folder_at(path: str | os.PathLike[str]) -> Path:
    """Give a folder, made where there is none.

    Raises
    ------
    QerkoReconError
        It cannot be made.
    """
    place = Path(path)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise QerkoReconError(
            f"{place} cannot be made: {error.strerror}. Name another folder"
        ) from error
    return place
