"""The settings file: TOML in, one venue's settings out, its key hidden on the way.

Settings at the top of the file hold for every venue; ``[venues.NAME]`` adds to them.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from qerko_recon.errors import ConfigError
from qerko_recon.keys import ApiKey
from qerko_recon.settings.checks import did_you_mean, quoted

__all__ = ["FILE", "VARIABLES", "find_file", "hide_key", "read_file", "unknown", "venue_names"]

FILE: Final = "qerko.toml"
VARIABLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "api_key": "QERKO_API_KEY",
        "pos_id": "QERKO_POS_ID",
        "base_url": "QERKO_BASE_URL",
        "api_version": "QERKO_API_VERSION",
        "time_zone": "QERKO_TIME_ZONE",
        "business_day_cutoff": "QERKO_BUSINESS_DAY_CUTOFF",
    }
)


def unknown(setting: str) -> str:
    """Say that nobody knows a setting, and which was perhaps meant."""
    close = did_you_mean(setting, list(VARIABLES))
    return f"unknown setting {quoted(setting)!r}{close}; known are {', '.join(VARIABLES)}"


def hide_key(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give settings with the key among them hidden."""
    hidden = dict(settings)
    if hidden.get("api_key") is not None:
        hidden["api_key"] = ApiKey.hidden(hidden["api_key"])
    return hidden


def find_file(config: str | os.PathLike[str] | None, told: str | None) -> Path | None:
    """Give the settings file: the one named, else the one of the working folder."""
    given = config or told
    if given:
        return Path(given)
    here = Path(FILE)
    return here if here.is_file() else None


_Table = dict[str, Any] | str
"""A table with its key hidden, or what is wrong with it."""


def _parse(file: Path) -> tuple[_Table, dict[str, _Table]] | str:
    """Read a settings file: its own settings and its venues' tables, or what is wrong with it."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        return f"settings file {file} cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        return f"settings file {file} is not UTF-8 text; save it as such"
    except tomllib.TOMLDecodeError as error:
        return f"settings file {file} is not TOML: {error}. Text stands in quotes"
    except RecursionError:
        return f"settings file {file} is nested too deeply to be settings"
    venues = content.pop("venues", {})
    if not isinstance(venues, dict) or not all(isinstance(one, dict) for one in venues.values()):
        return f"{file}: `venues` holds tables, one a venue, as [venues.old-town]"
    return _table(file, content), {name: _table(file, one) for name, one in venues.items()}


def read_file(file: Path, name: str | None) -> tuple[dict[str, Any], str | None]:
    """Read a venue's table over the file's own settings."""
    parsed = _parse(file)
    if isinstance(parsed, str):
        raise ConfigError(parsed)
    top, venues = parsed
    if name is None and len(venues) == 1:
        name = next(iter(venues))
    if name is None and venues:
        raise ConfigError(
            f"{file} has the venues {', '.join(sorted(venues))}; say which with --venue"
        )
    if name is not None and name not in venues:
        raise ConfigError(
            f"{file} has no venue {quoted(name)!r}{did_you_mean(name, list(venues))}; "
            f"it has: {', '.join(sorted(venues)) or 'none'}"
        )
    settings: dict[str, Any] = {}
    for table in (top, venues[name]) if name is not None else (top,):
        if isinstance(table, str):
            raise ConfigError(table)
        settings |= table
    return settings, name


def venue_names(config: str | os.PathLike[str] | None, told: str | None) -> tuple[str, ...]:
    """List the venues of the settings file, sorted; none where there is no file, or no table.

    Raises
    ------
    ConfigError
        The file cannot be read.
    """
    file = find_file(config, told)
    if file is None:
        return ()
    parsed = _parse(file)
    if isinstance(parsed, str):
        raise ConfigError(parsed)
    return tuple(sorted(parsed[1]))


def _table(file: Path, content: Mapping[str, object]) -> _Table:
    """Check a table's settings and hide its key, or say what is wrong with it, without values."""
    table: dict[str, Any] = {}
    for key, value in content.items():
        if key not in VARIABLES:
            return f"{file}: {unknown(key)}"
        if not isinstance(value, str | time):
            return f"{file}: {key} is text in quotes"
        text = value.isoformat("minutes") if isinstance(value, time) else value
        if text.strip():
            table[key] = text
    return hide_key(table)
