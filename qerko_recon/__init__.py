"""Find, explain and settle the differences between Qerko payments and a POS."""

from __future__ import annotations

__version__ = "0.1.0"
