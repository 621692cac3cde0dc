"""Whose venue a panel works for: a client, a venue or a settings file in, a client out."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

import ipywidgets

from qerko_recon.client import Client
from qerko_recon.errors import QerkoReconError
from qerko_recon.settings import SANDBOX, Venue
from qerko_recon.widgets.parts.controls import choice, html
from qerko_recon.widgets.parts.showing import line_html
from qerko_recon.widgets.parts.speaking import PARTS, Words

__all__ = ["VenueChoice"]

_ONLY: Final = ""


class VenueChoice(ipywidgets.VBox):
    """Which venue, chosen where the settings file has several, and where its Qerko is.

    Parameters
    ----------
    client
        In place of one made from settings.
    venue
        A venue, or the name of one in the settings file.
    config
        The settings file.
    language
        ``cs``, ``de``, ``en`` or ``sk``.
    on_change
        Called when another one is chosen.

    Attributes
    ----------
    choice
        The dropdown of venues.
    said
        The line that says where requests go, or what is missing.
    """

    def __init__(
        self,
        client: Client | None = None,
        *,
        venue: Venue | str | None = None,
        config: str | os.PathLike[str] | None = None,
        language: str = "en",
        on_change: Callable[[], object] = lambda: None,
    ) -> None:
        self._words = Words(PARTS, language)
        self._given, self._config = client, config
        self._fixed = venue if isinstance(venue, Venue) else None
        self._on_change = on_change
        self._made: tuple[str, Client] | None = None
        names = self._names()
        wanted = venue if isinstance(venue, str) else os.environ.get("QERKO_VENUE")
        options = [(one, one) for one in names] or [(self._words("venue.only"), _ONLY)]
        self.choice = choice(self._words("venue.label"), options)
        self.choice.value = wanted if wanted in names else options[0][1]
        self.choice.observe(lambda _: self._change(), "value")
        self.said = html()
        super().__init__((self.choice, self.said) if len(names) > 1 else (self.said,))
        self._tell()

    @property
    def picked(self) -> Venue:
        """The venue.

        Raises
        ------
        ConfigError
            Its settings are missing or malformed; the message says which.
        """
        if self._given is not None:
            return self._given.venue
        if self._fixed is not None:
            return self._fixed
        return Venue.load(self.choice.value or None, config=self._config)

    @property
    def client(self) -> Client:
        """A client of the venue, the same one as long as the venue is."""
        if self._given is not None:
            return self._given
        if self._made is None or self._made[0] != self.choice.value:
            self._made = (self.choice.value, Client(self.picked))
        return self._made[1]

    @property
    def is_trial(self) -> bool:
        """Whether it is the sandbox or on this machine: nobody's money."""
        venue = self.picked
        return venue.is_loopback or venue.base_url == SANDBOX

    def _names(self) -> tuple[str, ...]:
        if self._given is not None or self._fixed is not None:
            return ()
        try:
            return Venue.names(self._config)
        except QerkoReconError:
            return ()  # said by _tell, which loads it

    def _change(self) -> None:
        self._tell()
        self._on_change()

    def _tell(self) -> None:
        try:
            venue = self.picked
            where = "venue.trial" if self.is_trial else "venue.live"
            text = self._words(where, name=venue.name, host=venue.base_url)
            self.said.value = line_html(text)
        except QerkoReconError as error:
            self.said.value = line_html(str(error), "warning")
