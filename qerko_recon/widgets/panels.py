"""Several panels on one page: their names in, one under another, each opened by its title."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import ipywidgets

from qerko_recon.client import Client
from qerko_recon.errors import ConfigError
from qerko_recon.session.handlers import Handler
from qerko_recon.settings import Venue
from qerko_recon.widgets.actions import CancelPanel, CapturePanel
from qerko_recon.widgets.close import DailyClosePanel
from qerko_recon.widgets.log import LogPanel
from qerko_recon.widgets.parts import Disclosure, Panel
from qerko_recon.widgets.poll import PollPanel
from qerko_recon.wording import Catalog, language_of

__all__ = ["PANELS", "Panels", "panels"]

WORDS: Final = Catalog("qerko_recon.widgets")

PANELS: Final[Mapping[str, type[Panel]]] = MappingProxyType(
    {
        "daily_close": DailyClosePanel,
        "poll": PollPanel,
        "log": LogPanel,
        "cancel": CancelPanel,
        "capture": CapturePanel,
    }
)
"""The panels there are, by name."""

PathLike = str | os.PathLike[str]


class Panels(ipywidgets.VBox):
    """Panels one under another, each shown or hidden by its title.

    Attributes
    ----------
    held
        The panels by name.
    titles
        The button of each, by name.
    """

    def __init__(self, held: Mapping[str, Panel], language: str) -> None:
        self.held = dict(held)
        self.titles = {
            name: Disclosure(WORDS.say(f"panels.{name}", language), panel, is_open=not place)
            for place, (name, panel) in enumerate(held.items())
        }
        super().__init__(tuple(self.titles.values()))
        self.add_class("qerko-panels")

    def __getitem__(self, name: str) -> Any:
        return self.held[name]

    def close(self) -> None:
        """Let all of them go."""
        for panel in self.held.values():
            panel.close()
        super().close()


def panels(
    *names: str,
    client: Client | None = None,
    venue: Venue | str | None = None,
    config: PathLike | None = None,
    exports: Iterable[PathLike] = (),
    ids: Iterable[str] = (),
    log: PathLike | Sequence[PathLike] | None = None,
    handler: Handler | None = None,
    history: PathLike | None = None,
    allow_actions: bool = False,
    language: str = "en",
) -> Panels:
    """Put panels on one page; nothing happens before somebody presses a button.

    Parameters
    ----------
    names
        Of :data:`PANELS`: ``daily_close``, ``poll``, ``log``, ``cancel``, ``capture``; all of
        them where none is named.
    client, venue, config
        Whose venue: a client, a venue or its name, the settings file.
    exports, ids, history
        Laid into the daily close: POS exports, payment IDs, the history's file.
    log
        A session log, or several: looked through, and searched for causes of breaks.
    handler
        Who answers a session's calls, and is asked again.
    allow_actions
        Whether money may be moved on anything but the sandbox and this machine.
    language
        ``cs``, ``de``, ``en`` or ``sk``.

    Returns
    -------
    Panels
        ``page["log"]`` is one of them.

    Raises
    ------
    ConfigError
        There is no panel of that name.

    Examples
    --------
    >>> page = panels("log", "cancel", log="data_samples/sessions/incident.jsonl")
    >>> list(page.held), page.titles["log"].is_open, page.titles["cancel"].is_open
    (['log', 'cancel'], True, False)
    """
    language = language_of(language)
    for name in names:
        if name not in PANELS:
            raise ConfigError(f"there is no panel {name!r}; there are {', '.join(PANELS)}")
    whose: dict[str, Any] = {"venue": venue, "config": config, "language": language}
    logs = [] if log is None else [log] if isinstance(log, str | os.PathLike) else list(log)
    acting = {**whose, "allow_actions": allow_actions}
    makers: dict[str, Callable[[], Panel]] = {
        "daily_close": lambda: DailyClosePanel(
            client, exports=exports, logs=logs, ids=ids, history=history, **whose
        ),
        "poll": lambda: PollPanel(client, handler=handler, **whose),
        "log": lambda: LogPanel(log, handler=handler, language=language),
        "cancel": lambda: CancelPanel(client, **acting),
        "capture": lambda: CapturePanel(client, **acting),
    }
    return Panels({name: makers[name]() for name in names or PANELS}, language)
