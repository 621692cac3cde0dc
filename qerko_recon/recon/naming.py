"""Names that stay the same when a run is repeated."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

__all__ = ["match_id"]


def match_id(payment_ids: Sequence[str], tender_ids: Sequence[str]) -> str:
    """Name a match that its payment alone does not name."""
    about = "\x1f".join((*sorted(payment_ids), "\x1e", *sorted(tender_ids)))
    return f"M-{hashlib.sha256(about.encode()).hexdigest()[:12]}"
