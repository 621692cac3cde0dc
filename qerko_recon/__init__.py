"""Find, explain and settle the differences between Qerko payments and a restaurant's POS.

>>> import qerko_recon as qr
>>> payments = qr.Payments.read("data_samples/payments_day.jsonl")
>>> pos = qr.read_pos("data_samples/pos/czech_semicolon/day.csv")
>>> qr.reconcile(payments, pos).unexplained
Decimal('0.00')
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from qerko_recon.errors import (
    ActionError,
    AmountError,
    ApiError,
    AuditTrailError,
    AuthenticationFailed,
    BadRequest,
    CancelWindowClosed,
    ConfigError,
    ConnectionInUse,
    ForeignPayment,
    HistoryError,
    InvalidPaymentId,
    OutcomeUnknown,
    PaymentNotFound,
    PosExportError,
    QerkoReconError,
    ReconciliationError,
    ServerRestarting,
    SessionLogError,
    StoreError,
    TransportError,
    UnexpectedResponse,
)

if TYPE_CHECKING:
    from qerko_recon.actions import AuditTrail, CancelAction, CancelMany, CaptureAction
    from qerko_recon.client import AsyncClient, Client
    from qerko_recon.closing import DailyClose, Exports
    from qerko_recon.frames import Payments
    from qerko_recon.history import History
    from qerko_recon.keys import ApiKey
    from qerko_recon.model import Receipt
    from qerko_recon.pos import PosExport, Profile, read_pos, sniff_pos
    from qerko_recon.receipts import check_receipt
    from qerko_recon.recon import Policy, Readings, Ruling, infer_policy, infer_readings
    from qerko_recon.report import Result, reconcile, swimlane_chart
    from qerko_recon.session.compare import compare_logs
    from qerko_recon.session.handlers import CallRefused, DemoPos, RefusingHandler, ScriptedHandler
    from qerko_recon.session.log import SessionLog
    from qerko_recon.session.proxy import RecordingProxy
    from qerko_recon.session.replay import replay
    from qerko_recon.session.rules import PollRules
    from qerko_recon.session.session import PollSession
    from qerko_recon.session.stats import session_stats
    from qerko_recon.session.writer import LogSettings
    from qerko_recon.settings import Venue
    from qerko_recon.store import PaymentStore
    from qerko_recon.widgets.actions import CancelPanel, CapturePanel
    from qerko_recon.widgets.close import DailyClosePanel
    from qerko_recon.widgets.log import LogPanel
    from qerko_recon.widgets.panels import panels
    from qerko_recon.widgets.poll import PollPanel

__all__ = [
    "ActionError",
    "AmountError",
    "ApiError",
    "ApiKey",
    "AsyncClient",
    "AuditTrail",
    "AuditTrailError",
    "AuthenticationFailed",
    "BadRequest",
    "CallRefused",
    "CancelAction",
    "CancelMany",
    "CancelPanel",
    "CancelWindowClosed",
    "CaptureAction",
    "CapturePanel",
    "Client",
    "ConfigError",
    "ConnectionInUse",
    "DailyClose",
    "DailyClosePanel",
    "DemoPos",
    "Exports",
    "ForeignPayment",
    "History",
    "HistoryError",
    "InvalidPaymentId",
    "LogPanel",
    "LogSettings",
    "OutcomeUnknown",
    "PaymentNotFound",
    "PaymentStore",
    "Payments",
    "Policy",
    "PollPanel",
    "PollRules",
    "PollSession",
    "PosExport",
    "PosExportError",
    "Profile",
    "QerkoReconError",
    "Readings",
    "Receipt",
    "ReconciliationError",
    "RecordingProxy",
    "RefusingHandler",
    "Result",
    "Ruling",
    "ScriptedHandler",
    "ServerRestarting",
    "SessionLog",
    "SessionLogError",
    "StoreError",
    "TransportError",
    "UnexpectedResponse",
    "Venue",
    "__version__",
    "check_receipt",
    "compare_logs",
    "infer_policy",
    "infer_readings",
    "panels",
    "read_pos",
    "reconcile",
    "replay",
    "session_stats",
    "sniff_pos",
    "swimlane_chart",
]

__version__ = "0.1.0"

# Loaded when first asked for, so that `import qerko_recon` costs next to nothing.
_WHERE: Final = {
    "ApiKey": "qerko_recon.keys",
    "AsyncClient": "qerko_recon.client",
    "AuditTrail": "qerko_recon.actions",
    "CallRefused": "qerko_recon.session.handlers",
    "CancelAction": "qerko_recon.actions",
    "CancelMany": "qerko_recon.actions",
    "CancelPanel": "qerko_recon.widgets.actions",
    "CaptureAction": "qerko_recon.actions",
    "CapturePanel": "qerko_recon.widgets.actions",
    "Client": "qerko_recon.client",
    "DailyClose": "qerko_recon.closing",
    "DailyClosePanel": "qerko_recon.widgets.close",
    "DemoPos": "qerko_recon.session.handlers",
    "Exports": "qerko_recon.closing",
    "History": "qerko_recon.history",
    "LogPanel": "qerko_recon.widgets.log",
    "LogSettings": "qerko_recon.session.writer",
    "PaymentStore": "qerko_recon.store",
    "Payments": "qerko_recon.frames",
    "Policy": "qerko_recon.recon",
    "PollPanel": "qerko_recon.widgets.poll",
    "PollRules": "qerko_recon.session.rules",
    "PollSession": "qerko_recon.session.session",
    "PosExport": "qerko_recon.pos",
    "Profile": "qerko_recon.pos",
    "Readings": "qerko_recon.recon",
    "Receipt": "qerko_recon.model",
    "RecordingProxy": "qerko_recon.session.proxy",
    "RefusingHandler": "qerko_recon.session.handlers",
    "Result": "qerko_recon.report",
    "Ruling": "qerko_recon.recon",
    "ScriptedHandler": "qerko_recon.session.handlers",
    "SessionLog": "qerko_recon.session.log",
    "Venue": "qerko_recon.settings",
    "check_receipt": "qerko_recon.receipts",
    "compare_logs": "qerko_recon.session.compare",
    "infer_policy": "qerko_recon.recon",
    "infer_readings": "qerko_recon.recon",
    "panels": "qerko_recon.widgets.panels",
    "read_pos": "qerko_recon.pos",
    "reconcile": "qerko_recon.report",
    "replay": "qerko_recon.session.replay",
    "session_stats": "qerko_recon.session.stats",
    "sniff_pos": "qerko_recon.pos",
    "swimlane_chart": "qerko_recon.report",
}

_OF_NOTEBOOKS: Final = ("anywidget", "ipywidgets", "traitlets")


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'qerko_recon' has no attribute {name!r}")
    try:
        value = getattr(importlib.import_module(_WHERE[name]), name)
    except ModuleNotFoundError as error:
        if error.name not in _OF_NOTEBOOKS:
            raise
        raise ImportError(
            f'{name} is for notebooks and needs {error.name}: pip install "qerko-recon[notebook]"'
        ) from error
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
