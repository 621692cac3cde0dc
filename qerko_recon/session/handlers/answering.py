"""A method call and a handler in, the answer for Qerko out; whatever a handler does is an answer.

A handler is an object with methods named as Qerko's calls (``getBill`` or ``get_bill``), which get
the call's arguments typed and in order, or a function of the whole call. What it gives back is the
result: a :class:`~qerko_recon.model.Bill`, a receipt, a list of these, or what JSON can say.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Self

import msgspec

from qerko_recon.errors import ConfigError, UnexpectedResponse, shorten
from qerko_recon.model import (
    METHODS,
    ErrorBody,
    MethodCallRequest,
    MethodCallResponse,
    to_wire,
    typed_arguments,
)

__all__ = ["Answered", "CallRefused", "Handler", "answer_call", "check_handler"]

Handler = object
"""An object with methods named as the calls, or a function of one call."""

_SILENT: Final = frozenset({"noop", "error"})
"""Calls that tell the POS something and ask nothing: one that does not care says ``null``."""
_INNER: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class CallRefused(Exception):
    """Raised by a handler to answer a call with an error of its own choice.

    Parameters
    ----------
    message
        What Qerko, and perhaps the guest, is told.
    code
        One that Qerko knows, such as ``BILL_CLOSED``, ``BILL_NOT_FOUND`` or ``QR_INVALID``.
    """

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


@dataclass(frozen=True, slots=True)
class Answered:
    """What a handler answered.

    Attributes
    ----------
    body
        For the wire; ``None`` where the call wants no answer.
    result, error
        One of them, as JSON has it.
    why, detail
        Of an error: in a word (``refused``, ``unknown_method``, ``bad_arguments``,
        ``handler_failed`` or what :meth:`given_up` was told), and what Qerko is not told.
    """

    body: bytes | None
    result: Any = None
    error: ErrorBody | None = None
    why: str | None = None
    detail: str | None = None

    @classmethod
    def of(cls, call: MethodCallRequest, result: object) -> Self:
        """Encode a result; one that JSON cannot hold is an error of the handler."""
        try:
            plain = to_wire(result)
            encoded = msgspec.json.encode(plain)
            body = None
            if call.uuid is not None:
                body = MethodCallResponse(uuid=call.uuid, result=plain).to_json()
        except Exception as error:  # noqa: BLE001 - a value may do anything when it is asked
            detail = f"its result cannot be written as JSON: {shorten(error, 300)}"
            return cls.error_of(call, _failed(call), why="handler_failed", detail=detail)
        return cls(body, result=msgspec.json.decode(encoded))

    @classmethod
    def error_of(
        cls, call: MethodCallRequest, error: ErrorBody, *, why: str, detail: str | None = None
    ) -> Self:
        """Encode an error."""
        body = None
        if call.uuid is not None:
            body = MethodCallResponse(uuid=call.uuid, error=error).to_json()
        return cls(body, error=error, why=why, detail=detail)

    @classmethod
    def failed(cls, call: MethodCallRequest, error: BaseException) -> Self:
        """Answer for a handler that raised; Qerko is not told what."""
        return cls.error_of(call, _failed(call), why="handler_failed", detail=_place_of(error))

    @classmethod
    def given_up(cls, call: MethodCallRequest, why: str, detail: str) -> Self:
        """Answer for a handler that is not waited for any longer."""
        error = ErrorBody(message=f"the POS did not answer {call.method} in time")
        return cls.error_of(call, error, why=why, detail=detail)


def answer_call(handler: Handler, call: MethodCallRequest) -> Answered:
    """Have a handler answer a call; an exception of any kind is an answer too."""
    try:
        function, arguments = _asked(handler, call)
    except UnexpectedResponse as error:
        said = ErrorBody(message=f"the POS could not read the arguments of {call.method}")
        return Answered.error_of(call, said, why="bad_arguments", detail=shorten(error, 300))
    if function is None:
        if call.method in _SILENT:
            return Answered.of(call, None)
        unknown = ErrorBody(message=f"the POS does not know the method {call.method}")
        return Answered.error_of(call, unknown, why="unknown_method")
    try:
        return Answered.of(call, _finish(function(*arguments)))
    except CallRefused as refused:
        own = ErrorBody(message=refused.message, code=refused.code)
        return Answered.error_of(call, own, why="refused")
    except Exception as error:  # noqa: BLE001 - silence would cancel a guest's payment
        return Answered.failed(call, error)


def check_handler(handler: Handler) -> None:
    """Refuse what can answer nothing.

    Raises
    ------
    ConfigError
        It is no function and has no method named as a call.
    """
    if isinstance(handler, type):
        raise ConfigError(
            f"{handler.__name__} is a class; give one that is made: {handler.__name__}()"
        )
    if callable(handler) or any(_method_of(handler, name) for name in METHODS):
        return
    known = ", ".join(sorted(set(METHODS) - _SILENT))
    raise ConfigError(
        f"{type(handler).__name__} answers no call of Qerko's: it has no method named {known}, "
        "and is no function of a call either"
    )


def _asked(
    handler: Handler, call: MethodCallRequest
) -> tuple[Callable[..., Any] | None, tuple[Any, ...]]:
    """Find who answers a call, and with what arguments; nobody may."""
    method = _method_of(handler, call.method)
    if method is not None:
        return method, _as_taken(method, typed_arguments(call))
    if callable(handler) and call.method not in _SILENT:
        return handler, (call,)
    return None, ()


def _method_of(handler: Handler, name: str) -> Callable[..., Any] | None:
    """Find the method for a call, under the call's name or as Python would spell it."""
    for one in (name, _INNER.sub("_", name).lower()):
        # Names with an underscore in front, and what every object has, are nobody's calls.
        if one.isidentifier() and not one.startswith("_"):
            found = getattr(handler, one, None)
            if callable(found):
                return found  # type: ignore[no-any-return]
    return None


def _as_taken(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Leave out the arguments that a method does not take: Qerko may add some."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return arguments
    if any(one.kind is one.VAR_POSITIONAL for one in parameters):
        return arguments
    places = [
        one for one in parameters if one.kind in {one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD}
    ]
    return arguments[: len(places)]


def _finish(result: object) -> object:
    """Run what an ``async`` method gives back."""
    if inspect.iscoroutine(result):
        return asyncio.run(result)
    return result


def _failed(call: MethodCallRequest) -> ErrorBody:
    return ErrorBody(message=f"the POS failed to answer {call.method}")


def _place_of(error: BaseException) -> str:
    """Say what was raised, and where, in a line."""
    said = shorten(f"{type(error).__name__}: {error}", 300)
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return said
    last = frames[-1]
    name = last.filename.replace("\\", "/").rpartition("/")[2]
    return f"{said} ({name}:{last.lineno}, in {last.name})"
