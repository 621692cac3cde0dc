"""Panels that move money: looked up, armed with a reason, confirmed once, recorded."""

from qerko_recon.widgets.actions.cancel import CancelPanel
from qerko_recon.widgets.actions.capture import CapturePanel

__all__ = ["CancelPanel", "CapturePanel"]
