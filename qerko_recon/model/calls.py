"""Method calls of the long poll, and the body of an error.

Qerko asks the POS with a :class:`MethodCallRequest`; the POS sends a
:class:`MethodCallResponse` with its next poll. A call without a ``uuid`` wants no answer.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from qerko_recon.model.encode import to_wire
from qerko_recon.model.payment import Wire

__all__ = ["ErrorBody", "MethodCallRequest", "MethodCallResponse"]

_OF_A_PAYMENT: Final = frozenset({"paymentProcessed", "paymentClosed", "getPostponedReceipt"})


class ErrorBody(Wire, frozen=True):
    """What went wrong, in Qerko's answer to 400 and 401 or in a POS's answer to a call."""

    message: str | None = None
    code: str | None = None


class MethodCallRequest(Wire, frozen=True):
    """Qerko calls a method of the POS with positional arguments."""

    method: str
    uuid: str | None = None
    args: tuple[Any, ...] = ()

    @property
    def payment_id(self) -> str | None:
        """The payment it concerns, where it concerns one.

        ``paymentStart`` brings the payment, the others that follow name its ID first; of a method
        that Qerko's public sources do not name nobody can tell.

        >>> MethodCallRequest(method="paymentClosed", uuid="u", args=("1234", "PAID")).payment_id
        '1234'
        """
        first = self.args[0] if self.args else None
        if self.method == "paymentStart" and isinstance(first, dict):
            first = first.get("id")
        elif self.method not in _OF_A_PAYMENT:
            return None
        return first if isinstance(first, str) else None

    @property
    def bill_id(self) -> str | None:
        """The bill it concerns, where its arguments name one.

        >>> MethodCallRequest(method="getBill", uuid="u", args=("7", None)).bill_id
        '7'
        """
        first = self.args[0] if self.args else None
        if self.method == "paymentStart" and isinstance(first, dict):
            first = first.get("idBill")
        elif self.method != "getBill":
            return None
        return first if isinstance(first, str) else None


class MethodCallResponse(Wire, frozen=True):
    """The POS answers a call: a result, or an error in its place.

    A result is a wire structure, or what JSON can say with decimals in it. A method without a
    value answers ``result: null``, which is why ``to_json`` writes the null.
    """

    uuid: str
    result: Any = None
    error: ErrorBody | None = None

    def to_json(self) -> bytes:
        """Encode for the wire: ``{uuid, result}``, or ``{uuid, error}`` where there is one."""
        if self.error is not None:
            return msgspec.json.encode({"uuid": self.uuid, "error": to_wire(self.error)})
        return msgspec.json.encode({"uuid": self.uuid, "result": to_wire(self.result)})
