"""The Excel workbook: a reconciliation in, one file that ties back to its control totals out."""

from qerko_recon.report.workbook.write import write_workbook

__all__ = ["write_workbook"]
