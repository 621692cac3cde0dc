"""The words of a panel in its language: a catalog and a language in, finished text out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from qerko_recon.wording import Catalog

__all__ = ["PARTS", "Words"]


@dataclass(frozen=True, slots=True)
class Words:
    """A catalog that speaks one language.

    Parameters
    ----------
    catalog
        Whose words.
    language
        ``cs``, ``de``, ``en`` or ``sk``.

    Examples
    --------
    >>> Words(PARTS, "cs")("table.next")
    'Další strana'
    """

    catalog: Catalog
    language: str

    def __call__(self, key: str, /, **values: object) -> str:
        """Say a template, filled in."""
        return self.catalog.say(key, self.language, values)

    def count(self, key: str, number: int, /, **values: object) -> str:
        """Say the form of a template that the number asks for."""
        return self.catalog.count(key, number, self.language, values)


PARTS: Final = Catalog("qerko_recon.widgets.parts")
