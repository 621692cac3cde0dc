"""Decide: match payments with POS lines, find and explain every break, tie out the variance."""

from qerko_recon.recon.engine import reconcile
from qerko_recon.recon.infer import infer_policy, infer_readings
from qerko_recon.recon.policy import Policy
from qerko_recon.recon.readings import Candidate, Readings
from qerko_recon.recon.remark import Remark
from qerko_recon.recon.result import ControlTotal, Reading, Reconciliation, Source, Summary
from qerko_recon.recon.rulings import Ruling

__all__ = [
    "Candidate",
    "ControlTotal",
    "Policy",
    "Reading",
    "Readings",
    "Reconciliation",
    "Remark",
    "Ruling",
    "Source",
    "Summary",
    "infer_policy",
    "infer_readings",
    "reconcile",
]
