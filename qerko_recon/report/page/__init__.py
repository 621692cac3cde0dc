"""The page: a reconciliation in, one self-contained HTML file out."""

from qerko_recon.report.page.render import render_html, write_html

__all__ = ["render_html", "write_html"]
