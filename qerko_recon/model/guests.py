"""Where a guest's ID stands on the wire, for those who must not write it down."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["GUEST_ARGUMENTS", "GUEST_FIELDS"]

GUEST_FIELDS: Final = frozenset({"idCustomer"})
"""Fields that hold a guest's ID, in whatever structure."""

GUEST_ARGUMENTS: Final[Mapping[str, int]] = MappingProxyType(
    {"getTableContents": 1, "getBill": 1, "searchBills": 1, "pairCustomer": 1}
)
"""Methods with a guest's ID among their arguments, and its place, from 0."""
