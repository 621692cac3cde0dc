"""The frames as files: every table of a result in, CSV and Parquet out."""

from qerko_recon.report.frames.files import write_frames

__all__ = ["write_frames"]
