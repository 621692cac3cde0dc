"""Two values of JSON in, the fields in which they differ out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal

__all__ = ["Difference", "differences"]

_NOTHING: Final = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is not alike.

    Attributes
    ----------
    path
        Where: ``result.items[0].price``.
    kind
        ``changed``, ``added``, ``missing``, or ``written`` where two texts are the same number.
    first, second
        The values; ``None`` where there is none.
    """

    path: str
    kind: Literal["changed", "added", "missing", "written"]
    first: Any
    second: Any

    def __str__(self) -> str:
        if self.kind == "added":
            return f"{self.path}: added {self.second!r}"
        if self.kind == "missing":
            return f"{self.path}: missing, was {self.first!r}"
        rest = ", the same number" if self.kind == "written" else ""
        return f"{self.path}: {self.first!r} became {self.second!r}{rest}"


def differences(
    first: Any, second: Any, *, ignored: frozenset[str] = frozenset()
) -> list[Difference]:
    """Compare two values of JSON field by field.

    Parameters
    ----------
    ignored
        Paths, or names of fields wherever they stand, that may differ.

    >>> [str(one) for one in differences({"a": ["1.0"]}, {"a": ["1.00", 2]})]
    ["a[0]: '1.0' became '1.00', the same number", 'a[1]: added 2']
    """
    found: list[Difference] = []
    _compare(first, second, "", ignored, found)
    return found


def _compare(
    first: Any, second: Any, path: str, ignored: frozenset[str], found: list[Difference]
) -> None:
    if path in ignored or path.rpartition(".")[2] in ignored:
        return
    if isinstance(first, dict) and isinstance(second, dict):
        for name in {**first, **second}:
            where = f"{path}.{name}" if path else str(name)
            _compare(first.get(name, _NOTHING), second.get(name, _NOTHING), where, ignored, found)
    elif isinstance(first, list) and isinstance(second, list):
        for place in range(max(len(first), len(second))):
            one = first[place] if place < len(first) else _NOTHING
            two = second[place] if place < len(second) else _NOTHING
            _compare(one, two, f"{path}[{place}]", ignored, found)
    elif first is _NOTHING:
        found.append(Difference(path, "added", None, second))
    elif second is _NOTHING:
        found.append(Difference(path, "missing", first, None))
    elif type(first) is not type(second) or first != second:
        is_same = _number(first) is not None and _number(first) == _number(second)
        found.append(Difference(path, "written" if is_same else "changed", first, second))


def _number(value: Any) -> Decimal | None:
    """Read a text as a number, where it is one."""
    if not isinstance(value, str) or not value[-1:].isdigit():
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        return None
