"""A poll session with buttons: started, watched, stopped."""

from qerko_recon.widgets.poll.panel import PollPanel

__all__ = ["PollPanel"]
