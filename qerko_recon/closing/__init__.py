"""Closing a business day: exports understood, payments fetched, reconciled, annotated, kept."""

from qerko_recon.closing.break_list import GIVEN_STATUSES, BreakList, ToldBreak
from qerko_recon.closing.daily import CloseSnapshot, DailyClose, policy_of_venue
from qerko_recon.closing.exports import SHOWN_IDEAS, ExportFile, Exports, corrected
from qerko_recon.closing.ids import GatheredIds, gather_ids, ids_of_log
from qerko_recon.closing.profiles import OwnProfiles
from qerko_recon.closing.recording import reconcile_and_record

__all__ = [
    "GIVEN_STATUSES",
    "SHOWN_IDEAS",
    "BreakList",
    "CloseSnapshot",
    "DailyClose",
    "ExportFile",
    "Exports",
    "GatheredIds",
    "OwnProfiles",
    "ToldBreak",
    "corrected",
    "gather_ids",
    "ids_of_log",
    "policy_of_venue",
    "reconcile_and_record",
]
