"""A venue's settings: where Qerko is, who asks, and how the venue counts its days."""

from qerko_recon.settings.venue import SANDBOX, Venue

__all__ = ["SANDBOX", "Venue"]
