"""Cancelling and capturing payments: confirmed by a person, sent once, recorded before and after.

An action goes ``looked_up → armed → confirmed → done | refused | outcome_unknown``. Qerko does not
say what a second ``DELETE`` or capture of a payment does, so none is ever sent by itself.
"""

from qerko_recon.actions.action import Action, CancelAction, CaptureAction
from qerko_recon.actions.many import CancelMany
from qerko_recon.actions.snapshot import CancelWindow, Snapshot, State
from qerko_recon.actions.trail import AuditTrail

__all__ = [
    "Action",
    "AuditTrail",
    "CancelAction",
    "CancelMany",
    "CancelWindow",
    "CaptureAction",
    "Snapshot",
    "State",
]
