"""Write the sample sessions into a folder."""

from __future__ import annotations

import sys
from pathlib import Path

from qerko_recon.session_samples import write_bad_evening, write_session_samples

__all__: list[str] = []

if __name__ == "__main__":
    root = Path(sys.argv[1])
    written = [
        *write_session_samples(root / "sessions"),
        *write_bad_evening(root / "bad_evening"),
    ]
    for file in written:
        sys.stdout.write(f"{file}\n")
