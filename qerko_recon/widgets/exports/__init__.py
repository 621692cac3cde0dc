"""The panel of POS exports: files in, each shown as it was understood, and corrected."""

from qerko_recon.widgets.exports.panel import ExportsPanel

__all__ = ["ExportsPanel"]
