"""Qerko's REST interface: the four calls, with typed errors and one request each."""

from qerko_recon.api.client import ApiClient, check_payment_id, payment_of
from qerko_recon.api.status import error_of, retry_after
from qerko_recon.api.transport import (
    Answer,
    Timeouts,
    Transport,
    payment_path,
    tls_context,
)

__all__ = [
    "Answer",
    "ApiClient",
    "Timeouts",
    "Transport",
    "check_payment_id",
    "error_of",
    "payment_of",
    "payment_path",
    "retry_after",
    "tls_context",
]
