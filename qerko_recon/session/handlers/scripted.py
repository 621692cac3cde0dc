"""A handler that answers as a file says, or as a recorded log did.

A script is TOML or JSON: a list ``answers``, tried in order, of which the first that fits and is
not used up answers::

    [[answers]]
    method = "getBill"
    args = ["7"]            # the first arguments, where they matter; "*" is any
    result = { id = "7", currency = "CZK", items = [] }

    [[answers]]
    method = "paymentStart"
    times = 1               # then the next one that fits
    after = 2.5             # seconds
    error = { message = "sold out", code = "BILL_CLOSED" }

    [[answers]]
    method = "*"            # neither result nor error: null
"""

from __future__ import annotations

import threading
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec

from qerko_recon.errors import ConfigError, shorten
from qerko_recon.model import ErrorBody, MethodCallRequest
from qerko_recon.session.handlers.answering import CallRefused

if TYPE_CHECKING:
    from qerko_recon.session.log import Entry

__all__ = ["ScriptedAnswer", "ScriptedHandler"]

_ANY: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedAnswer:
    """One answer of a script.

    Attributes
    ----------
    method
        The call it is for; ``*`` is any.
    args
        What the call's first arguments must be; ``*`` is any.
    result, error
        The answer; an error has a ``message`` and perhaps a ``code``.
    after
        Seconds that the POS takes.
    times
        How often it is given; ``None`` is always.
    """

    method: str
    args: tuple[Any, ...] = ()
    result: Any = None
    error: ErrorBody | None = None
    after: float = 0.0
    times: int | None = None

    def fits(self, call: MethodCallRequest) -> bool:
        """Whether it is meant for a call."""
        if self.method not in {_ANY, call.method} or len(self.args) > len(call.args):
            return False
        return all(
            want in (_ANY, given) for want, given in zip(self.args, call.args, strict=False)
        )


class ScriptedHandler:
    """Answers calls from a list; a call that nothing in it fits is refused.

    Parameters
    ----------
    script
        A TOML or JSON file, or the answers themselves.
    wait
        In place of :func:`time.sleep`.

    Raises
    ------
    ConfigError
        The file cannot be read, or says something that a script does not.

    Examples
    --------
    >>> handler = ScriptedHandler([ScriptedAnswer(method="getTableList", result=[])])
    >>> handler(MethodCallRequest(method="getTableList", uuid="u"))
    []
    """

    def __init__(
        self,
        script: str | PathLike[str] | Iterable[ScriptedAnswer],
        *,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        if isinstance(script, str | PathLike):
            self._name = str(script)
            self.answers = _read(Path(script))
        else:
            self._name = "a list"
            self.answers = tuple(script)
        self._wait = wait
        self._given: Counter[int] = Counter()
        self._lock = threading.Lock()

    @classmethod
    def from_log(cls, entries: Iterable[Entry]) -> Self:
        """Answer as a POS did that was recorded: the same call gets the answer it got then.

        A call that came several times gets the answers in their order, and the last of them from
        then on.

        Parameters
        ----------
        entries
            Those of a :class:`~qerko_recon.session.log.SessionLog`.
        """
        calls: dict[str, tuple[str, tuple[Any, ...]]] = {}
        answers: list[ScriptedAnswer] = []
        for entry in entries:
            uuid = entry.payload.get("uuid")
            if not isinstance(uuid, str):
                continue
            if entry.kind == "call":
                calls[uuid] = (
                    str(entry.payload.get("method")),
                    tuple(entry.payload.get("args") or ()),
                )
            elif entry.kind in {"result", "error"} and uuid in calls:
                method, args = calls.pop(uuid)
                error = entry.payload.get("error")
                answers.append(
                    ScriptedAnswer(
                        method=method,
                        args=args,
                        result=entry.payload.get("result"),
                        error=None if error is None else msgspec.convert(error, ErrorBody),
                        times=1,
                    )
                )
        return cls([*answers, *(_for_ever(one) for one in reversed(answers))])

    def __call__(self, call: MethodCallRequest) -> Any:
        """Give the answer that fits."""
        found = self._take(call)
        if found is None:
            raise CallRefused(f"the script says nothing of {call.method} with these arguments")
        if found.after:
            self._wait(found.after)
        if found.error is not None:
            raise CallRefused(found.error.message or "", found.error.code)
        return found.result

    def _take(self, call: MethodCallRequest) -> ScriptedAnswer | None:
        with self._lock:
            for place, answer in enumerate(self.answers):
                is_left = answer.times is None or self._given[place] < answer.times
                if is_left and answer.fits(call):
                    self._given[place] += 1
                    return answer
        return None

    def __repr__(self) -> str:
        return f"ScriptedHandler({self._name}, {len(self.answers)} answers)"


def _for_ever(answer: ScriptedAnswer) -> ScriptedAnswer:
    return ScriptedAnswer(
        method=answer.method, args=answer.args, result=answer.result, error=answer.error
    )


def _read(path: Path) -> tuple[ScriptedAnswer, ...]:
    try:
        content = path.read_bytes()
        said = tomllib.loads(content.decode()) if path.suffix == ".toml" else _json(content)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"script {path} cannot be read: {reason}. Check the name") from error
    except ValueError as error:
        raise ConfigError(
            f"script {path} is no {path.suffix[1:].upper() or 'JSON'}: {error}"
        ) from error
    given = said.get("answers") if isinstance(said, dict) else said
    if not isinstance(given, list) or (isinstance(said, dict) and set(said) != {"answers"}):
        raise ConfigError(f"script {path} is a list named `answers`, and nothing else")
    return tuple(_answer(path, place, one) for place, one in enumerate(given, start=1))


def _json(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    method: str
    args: tuple[Any, ...] = ()
    result: Any = None
    error: ErrorBody | None = None
    after: float = 0.0
    times: int | None = None


def _answer(path: Path, place: int, given: object) -> ScriptedAnswer:
    try:
        read = msgspec.convert(given, _Answer)
    except msgspec.ValidationError as error:
        raise ConfigError(f"script {path}, answer {place}: {shorten(error, 200)}") from error
    has_both = isinstance(given, Mapping) and {"result", "error"} <= set(given)
    if has_both:
        raise ConfigError(f"script {path}, answer {place} has a result and an error; keep one")
    if read.after < 0 or (read.times is not None and read.times < 1):
        raise ConfigError(f"script {path}, answer {place}: after is 0 or more, times 1 or more")
    return ScriptedAnswer(**msgspec.structs.asdict(read))
