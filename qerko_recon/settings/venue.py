"""A venue's settings: where Qerko is, who asks, and how the venue counts its days.

Takes in the environment, a TOML file and what the caller states; gives out a frozen
:class:`Venue` that knows where each setting came from. Secrets are :class:`ApiKey`, which shows
itself to nobody but the request that carries it. What sees a key in clear text hides it before
anything can raise, so that no traceback leads to it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import time
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from qerko_recon.errors import ConfigError
from qerko_recon.keys import ApiKey
from qerko_recon.settings import keychain
from qerko_recon.settings.checks import (
    checked_cutoff,
    checked_pos_id,
    checked_url,
    checked_version,
    checked_zone,
    is_loopback,
    quoted,
    text,
)
from qerko_recon.settings.file import (
    FILE,
    VARIABLES,
    find_file,
    hide_key,
    read_file,
    unknown,
    venue_names,
)

__all__ = ["SANDBOX", "Venue"]

SANDBOX: Final = "https://sandbox.qerko.com"
"""The only documented host; Qerko names the production host to the integrations it certifies."""

_DEFAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "base_url": SANDBOX,
        "api_version": "v2",
        "time_zone": "Europe/Prague",
        "business_day_cutoff": "04:00",
    }
)


@dataclass(frozen=True, kw_only=True, init=False)
class Venue:
    """One restaurant: its credentials, Qerko's address, its clock.

    Parameters
    ----------
    api_key
        Identifies the restaurant; generated in Qerko's Restaurant Admin.
    pos_id
        Identifies the integration: a UUID from Qerko. The sandbox takes any.
    base_url
        ``https://host``, without a path; ``http`` for this machine alone.
    api_version
        Part of every path; only ``v2`` is documented in full.
    time_zone, business_day_cutoff
        Where the venue is, and until when the night belongs to the day before.
    name
        For reports.
    sources
        Where each setting came from.

    Raises
    ------
    ConfigError
        A setting is malformed; the message names it and what it can be.
    """

    api_key: ApiKey
    pos_id: str = field(repr=False)
    base_url: str = SANDBOX
    api_version: str = "v2"
    time_zone: str = "Europe/Prague"
    business_day_cutoff: time = time(4)
    name: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __init__(
        self,
        *,
        api_key: ApiKey | str,
        pos_id: str,
        base_url: str = base_url,
        api_version: str = api_version,
        time_zone: str = time_zone,
        business_day_cutoff: time | str = business_day_cutoff,
        name: str | None = name,
        sources: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        object.__setattr__(self, "api_key", ApiKey.hidden(api_key))
        del api_key  # a traceback shows arguments, and a venue that is half made
        self.api_key.check()
        checked = {
            "pos_id": checked_pos_id(text("pos_id", pos_id)),
            "base_url": checked_url(text("base_url", base_url)),
            "api_version": checked_version(text("api_version", api_version)),
            "time_zone": checked_zone(text("time_zone", time_zone)),
            "business_day_cutoff": checked_cutoff(business_day_cutoff),
            "name": name,
            "sources": sources,
        }
        for attribute, value in checked.items():
            object.__setattr__(self, attribute, value)

    @property
    def is_loopback(self) -> bool:
        """Whether Qerko's address is on this machine."""
        return is_loopback(urlsplit(self.base_url).hostname or "")

    @property
    def has_uuid_pos_id(self) -> bool:
        """Whether the Pos-Id is a UUID, as Qerko's newer documentation asks for."""
        try:
            UUID(self.pos_id)
        except ValueError:
            return False
        return True

    @classmethod
    def load(
        cls,
        name: str | None = None,
        *,
        config: str | os.PathLike[str] | None = None,
        environ: Mapping[str, str] | None = None,
        **stated: ApiKey | str | time | None,
    ) -> Venue:
        """Gather a venue's settings: what is stated, then the environment, then the file.

        Parameters
        ----------
        name
            Which ``[venues.NAME]`` of the file; may be left out where there is one alone.
        config
            The TOML file; else ``QERKO_CONFIG``, else ``qerko.toml`` in the working folder.
        environ
            In place of the process's environment.
        stated
            Settings that win over both: ``api_key``, ``pos_id``, ``base_url``, ``api_version``,
            ``time_zone``, ``business_day_cutoff``.

        Raises
        ------
        ConfigError
            A setting is missing, malformed or unknown; the message says where it was looked for.
        """
        stated = _known(stated)
        told = _taken(os.environ if environ is None else environ)
        del environ
        if all(stated.get(one) for one in ("api_key", "pos_id", "base_url")):
            # Whom to ask is settled, so nothing of the working folder can be in the way.
            return cls._gather(stated, {}, {}, name, None)
        name = name or told.get("QERKO_VENUE")
        file = find_file(config, told.get("QERKO_CONFIG"))
        from_file, name = ({}, name) if file is None else read_file(file, name)
        if name is not None and file is None:
            raise ConfigError(
                f"venue {quoted(name)!r} is asked for, and there is no settings file: "
                f"write {FILE} with a table [venues.{quoted(name)}], or name it with --config"
            )
        return cls._gather(stated, told, from_file, name, file)

    @staticmethod
    def names(config: str | os.PathLike[str] | None = None) -> tuple[str, ...]:
        """List the venues of the settings file, as :meth:`load` finds it; none without one.

        Raises
        ------
        ConfigError
            The file cannot be read.
        """
        return venue_names(config, os.environ.get("QERKO_CONFIG"))

    def replaced(self, **stated: ApiKey | str | time | None) -> Venue:
        """Give this venue with other settings, as :meth:`load` takes them."""
        stated = _known(stated)
        given: dict[str, Any] = {name: one for name, one in stated.items() if one is not None}
        if not given:
            return self
        sources = MappingProxyType({**self.sources, **dict.fromkeys(given, "stated")})
        return replace(self, **given, sources=sources)

    @classmethod
    def _gather(
        cls,
        stated: Mapping[str, Any],
        told: Mapping[str, Any],
        from_file: Mapping[str, Any],
        name: str | None,
        file: Path | None,
    ) -> Venue:
        """Take each setting from the first place that has it; keys are hidden by now."""
        values: dict[str, Any] = {}
        sources: dict[str, str] = {}
        for setting, variable in VARIABLES.items():
            given = (
                (stated.get(setting), "stated"),
                (told.get(variable), f"environment variable {variable}"),
                (from_file.get(setting), f"{file}"),
                (_DEFAULTS.get(setting), "default"),
            )
            for value, source in given:
                kept = value.strip() if isinstance(value, str) else value
                if kept is not None and kept != "":
                    values[setting], sources[setting] = kept, source
                    break
        return cls._of(values, sources, name, file)

    @classmethod
    def _of(
        cls,
        values: dict[str, Any],
        sources: dict[str, str],
        name: str | None,
        file: Path | None,
    ) -> Venue:
        places = "the environment" + (f" and {file}" if file else f" and {FILE} (not there)")
        if "api_key" not in values:
            found = keychain.find(name)
            if not isinstance(found, ApiKey):
                raise ConfigError(
                    f"no API key: looked for QERKO_API_KEY in {places}, and in the keyring "
                    f"({found}). Generate one in Qerko's Restaurant Admin and set QERKO_API_KEY"
                )
            values["api_key"], sources["api_key"] = found, "keyring"
        if "pos_id" not in values:
            raise ConfigError(
                f"no Pos-Id: looked for QERKO_POS_ID in {places}. It is the UUID that Qerko gave "
                "your integration; the sandbox takes any UUID"
            )
        return cls(
            api_key=values["api_key"],
            pos_id=values["pos_id"],
            base_url=values["base_url"],
            api_version=values["api_version"],
            time_zone=values["time_zone"],
            business_day_cutoff=values["business_day_cutoff"],
            name=name,
            sources=MappingProxyType(sources),
        )


def _taken(environ: Mapping[str, str]) -> dict[str, Any]:
    """Take our variables out of an environment, the key hidden; one set to nothing is not set."""
    names = (*VARIABLES.values(), "QERKO_VENUE", "QERKO_CONFIG")
    told: dict[str, Any] = {name: environ[name] for name in names if environ.get(name)}
    if "QERKO_API_KEY" in told:
        told["QERKO_API_KEY"] = ApiKey.hidden(told["QERKO_API_KEY"])
    return told


def _known(stated: dict[str, Any]) -> dict[str, Any]:
    """Hide the key among stated settings; what is no setting is refused, not left aside."""
    misspelt = next((one for one in stated if one not in VARIABLES), None)
    if misspelt is None:
        return hide_key(stated)
    stated.clear()  # the misspelt one may be the key, and a traceback shows arguments
    raise ConfigError(unknown(misspelt))
