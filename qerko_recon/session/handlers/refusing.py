"""A handler that refuses every call, for watching what Qerko asks."""

from __future__ import annotations

from typing import Any, Final

from qerko_recon.model import MethodCallRequest
from qerko_recon.session.handlers.answering import CallRefused

__all__ = ["RefusingHandler"]

_MESSAGE: Final = "this POS takes no payments now: a diagnostics session is connected in its place"


class RefusingHandler:
    """Answers every call with a clear error.

    A refused ``paymentStart`` or ``paymentProcessed`` makes Qerko cancel the payment: the guest is
    not charged.

    Parameters
    ----------
    message
        What Qerko is told.
    """

    def __init__(self, message: str = _MESSAGE) -> None:
        self.message = message

    def __call__(self, _: MethodCallRequest) -> Any:
        """Refuse a call."""
        raise CallRefused(self.message)

    def __repr__(self) -> str:
        return "RefusingHandler()"
