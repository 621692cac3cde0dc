"""Values in, what JSON on Qerko's wire can say out: wire names, decimals as plain strings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from qerko_recon.model.payment import Wire

__all__ = ["to_wire"]


def to_wire(value: object) -> Any:
    """Name fields as the wire does and write decimals without exponents (``1E+2`` is ``100``).

    Fields of a wire structure that hold nothing are left out; what has no meaning on the wire is
    given back as it is, for the encoder to refuse.

    >>> to_wire({"price": Decimal("1E+2"), "tags": ("food",)})
    {'price': '100', 'tags': ['food']}
    """
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Wire):
        pairs = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        named = ((wire, getattr(value, name)) for wire, name in pairs if not wire.startswith("("))
        return {wire: to_wire(inner) for wire, inner in named if inner is not None}
    if isinstance(value, Mapping):
        return {str(name): to_wire(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [to_wire(inner) for inner in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value
