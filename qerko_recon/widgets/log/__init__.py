"""A session log on the page: zoomed, filtered, stepped through, replayed."""

from qerko_recon.widgets.log.panel import LogPanel

__all__ = ["LogPanel"]
