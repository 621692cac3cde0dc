"""Qerko's REST interface: the four calls, with typed errors and one request each."""

from qerko_recon.api.async_client import AsyncApiClient, AsyncWithAnswer
from qerko_recon.api.calls import (
    POLL_READ,
    Call,
    Reply,
    check_payment_id,
    get_payment,
    poll_request,
)
from qerko_recon.api.client import ApiClient, ConfiguredClient, WithAnswer
from qerko_recon.api.exchange import Answer, Exchange, Hooks, Request, Timeouts, payment_path
from qerko_recon.api.status import error_of, retry_after
from qerko_recon.api.transport import (
    AsyncTransport,
    Network,
    environment_proxy,
    tls_context,
)

__all__ = [
    "POLL_READ",
    "Answer",
    "ApiClient",
    "AsyncApiClient",
    "AsyncTransport",
    "AsyncWithAnswer",
    "Call",
    "ConfiguredClient",
    "Exchange",
    "Hooks",
    "Network",
    "Reply",
    "Request",
    "Timeouts",
    "WithAnswer",
    "check_payment_id",
    "environment_proxy",
    "error_of",
    "get_payment",
    "payment_path",
    "poll_request",
    "retry_after",
    "tls_context",
]
