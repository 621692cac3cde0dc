"""Write the sample sessions into a folder."""

from __future__ import annotations

import sys
from pathlib import Path

from qerko_recon.session_samples import write_session_samples

__all__: list[str] = []

if __name__ == "__main__":
    for written in write_session_samples(Path(sys.argv[1]) / "sessions"):
        sys.stdout.write(f"{written}\n")
