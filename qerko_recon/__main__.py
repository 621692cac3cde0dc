"""Run the command line as ``python -m qerko_recon``."""

from __future__ import annotations

from qerko_recon.cli import main

if __name__ == "__main__":
    main()
