"""The methods that Qerko is known to call, and what their positional arguments are.

A method that is not named here has arguments of which nothing is known: they stay as they came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from qerko_recon.errors import UnexpectedResponse
from qerko_recon.model.calls import ErrorBody, MethodCallRequest
from qerko_recon.model.decode import decode_payment
from qerko_recon.model.payment import Payment

__all__ = ["METHODS", "typed_arguments"]

_Reader = Callable[[Any], Any]


def typed_arguments(call: MethodCallRequest) -> tuple[Any, ...]:
    """Give a call's arguments as what they are; those beyond the known ones stay as they came.

    An argument that Qerko left out is ``None`` where it may be.

    >>> typed_arguments(MethodCallRequest(method="getBill", uuid="u", args=("7",)))
    ('7', None)

    Raises
    ------
    UnexpectedResponse
        One is missing, or is not what the method's documentation says.
    """
    known = METHODS.get(call.method)
    if known is None:
        return call.args
    given = [*call.args, *[None] * (len(known) - len(call.args))]
    read = []
    for place, (reader, value) in enumerate(zip(known, given, strict=False)):
        try:
            read.append(reader(value))
        except (TypeError, ValueError, UnexpectedResponse) as error:
            msg = f"argument {place + 1} of {call.method} is not as documented: {error}"
            raise UnexpectedResponse(msg, field=f"args[{place}]") from error
    return (*read, *given[len(known) :])


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    msg = f"a text is expected, not {type(value).__name__}"
    raise TypeError(msg)


def _perhaps_text(value: Any) -> str | None:
    return None if value is None else _text(value)


def _payment(value: Any) -> Payment:
    return decode_payment(msgspec.json.encode(value))


def _error(value: Any) -> ErrorBody:
    return msgspec.convert(value, ErrorBody) if isinstance(value, dict) else ErrorBody()


METHODS: Final[Mapping[str, tuple[_Reader, ...]]] = MappingProxyType(
    {
        "error": (_error, _perhaps_text),
        "getBill": (_text, _perhaps_text),
        "getPostponedReceipt": (_text,),
        "getTableContents": (_text, _perhaps_text),
        "getTableList": (),
        "noop": (),
        "paymentClosed": (_text, _text),
        "paymentProcessed": (_text, _perhaps_text),
        "paymentStart": (_payment,),
        "searchBills": (_text, _perhaps_text),
    }
)
"""How the arguments of a method are read, in order: a bill's or table's or payment's ID, a
guest's (deprecated and always null), a state, a payment, an error."""
