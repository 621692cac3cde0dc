"""Looking through a log of any size: opened once, filtered at once, one call at a time in full."""

from qerko_recon.session.viewing.look import Look
from qerko_recon.session.viewing.view import Exchange, LogView

__all__ = ["Exchange", "LogView", "Look"]
