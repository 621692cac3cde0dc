"""The daily close as a panel: exports in, breaks gone through, workbook and page out."""

from qerko_recon.widgets.close.panel import DailyClosePanel

__all__ = ["DailyClosePanel"]
