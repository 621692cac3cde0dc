"""A venue's settings: where Qerko is, who asks, and how the venue counts its days.

Takes in the environment, a TOML file and what the caller states; gives out a frozen
:class:`Venue` that knows where each setting came from. Secrets are :class:`ApiKey`, which shows
itself to nobody but the request that carries it. What sees a key in clear text hides it before
anything can raise, so that no traceback leads to it.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import time
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from qerko_recon.errors import ConfigError, shorten
from qerko_recon.keys import ApiKey

__all__ = ["SANDBOX", "Venue"]

SANDBOX: Final = "https://sandbox.qerko.com"
"""The only documented host; Qerko names the production host to the integrations it certifies."""

_FILE: Final = "qerko.toml"
_VARIABLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "api_key": "QERKO_API_KEY",
        "pos_id": "QERKO_POS_ID",
        "base_url": "QERKO_BASE_URL",
        "api_version": "QERKO_API_VERSION",
        "time_zone": "QERKO_TIME_ZONE",
        "business_day_cutoff": "QERKO_BUSINESS_DAY_CUTOFF",
    }
)
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
            "pos_id": _checked_pos_id(_text("pos_id", pos_id)),
            "base_url": _checked_url(_text("base_url", base_url)),
            "api_version": _checked_version(_text("api_version", api_version)),
            "time_zone": _checked_zone(_text("time_zone", time_zone)),
            "business_day_cutoff": _checked_cutoff(business_day_cutoff),
            "name": name,
            "sources": sources,
        }
        for attribute, value in checked.items():
            object.__setattr__(self, attribute, value)

    @property
    def is_loopback(self) -> bool:
        """Whether Qerko's address is on this machine."""
        return _is_loopback(urlsplit(self.base_url).hostname or "")

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
        file = _find_file(config, told.get("QERKO_CONFIG"))
        from_file, name = ({}, name) if file is None else _read_file(file, name)
        if name is not None and file is None:
            raise ConfigError(
                f"venue {_shown(name)!r} is asked for, and there is no settings file: "
                f"write {_FILE} with a table [venues.{_shown(name)}], or name it with --config"
            )
        return cls._gather(stated, told, from_file, name, file)

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
        for setting, variable in _VARIABLES.items():
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
        places = "the environment" + (f" and {file}" if file else f" and {_FILE} (not there)")
        if "api_key" not in values:
            raise ConfigError(
                f"no API key: looked for QERKO_API_KEY in {places}. "
                "Generate one in Qerko's Restaurant Admin and set QERKO_API_KEY"
            )
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
    names = (*_VARIABLES.values(), "QERKO_VENUE", "QERKO_CONFIG")
    told: dict[str, Any] = {name: environ[name] for name in names if environ.get(name)}
    if "QERKO_API_KEY" in told:
        told["QERKO_API_KEY"] = ApiKey.hidden(told["QERKO_API_KEY"])
    return told


def _known(stated: dict[str, Any]) -> dict[str, Any]:
    """Hide the key among stated settings; what is no setting is refused, not left aside."""
    unknown = next((one for one in stated if one not in _VARIABLES), None)
    if unknown is None:
        return _hide_key(stated)
    stated.clear()  # the misspelt one may be the key, and a traceback shows arguments
    raise ConfigError(_unknown(unknown))


def _unknown(setting: str) -> str:
    close = _did_you_mean(setting, list(_VARIABLES))
    return f"unknown setting {_shown(setting)!r}{close}; known are {', '.join(_VARIABLES)}"


def _hide_key(settings: Mapping[str, Any]) -> dict[str, Any]:
    hidden = dict(settings)
    if hidden.get("api_key") is not None:
        hidden["api_key"] = ApiKey.hidden(hidden["api_key"])
    return hidden


def _find_file(config: str | os.PathLike[str] | None, told: str | None) -> Path | None:
    given = config or told
    if given:
        return Path(given)
    here = Path(_FILE)
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


def _read_file(file: Path, name: str | None) -> tuple[dict[str, Any], str | None]:
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
            f"{file} has no venue {_shown(name)!r}{_did_you_mean(name, list(venues))}; "
            f"it has: {', '.join(sorted(venues)) or 'none'}"
        )
    settings: dict[str, Any] = {}
    for table in (top, venues[name]) if name is not None else (top,):
        if isinstance(table, str):
            raise ConfigError(table)
        settings |= table
    return settings, name


def _table(file: Path, content: Mapping[str, object]) -> _Table:
    """Check a table's settings and hide its key, or say what is wrong with it, without values."""
    table: dict[str, Any] = {}
    for key, value in content.items():
        if key not in _VARIABLES:
            return f"{file}: {_unknown(key)}"
        if not isinstance(value, str | time):
            return f"{file}: {key} is text in quotes"
        text = value.isoformat("minutes") if isinstance(value, time) else value
        if text.strip():
            table[key] = text
    return _hide_key(table)


def _shown(value: str) -> str:
    """Quote a setting; a key that was put in its place by mistake is blotted out."""
    return shorten(re.sub(r"\w{4}(-\w{4}){4,}", "****", value))


def _did_you_mean(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _text(setting: str, value: object) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{setting} is {type(value).__name__}; it is text")
    return value


def _checked_pos_id(pos_id: str) -> str:
    pos_id = pos_id.strip()
    if not re.fullmatch(r"[\x21-\x7e]+", pos_id):
        raise ConfigError(
            "the Pos-Id is empty or holds a space, a line break or a letter that no header can "
            "have; it is the UUID that Qerko gave your integration"
        )
    return pos_id


def _checked_url(url: str) -> str:
    if "@" in url:
        raise ConfigError("base_url holds a user name or password; give https://host alone")
    shown = _shown(url)
    try:
        parts = urlsplit(url.rstrip("/"))
        is_address = parts.port != 0 and _is_host(parts.hostname or "")
    except ValueError:
        is_address = False
    if not is_address or parts.scheme not in {"http", "https"}:
        raise ConfigError(f"base_url {shown!r} is no address; it is like {SANDBOX}")
    if parts.path or parts.query or parts.fragment:
        raise ConfigError(f"base_url {shown!r} has a path; give https://host alone")
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise ConfigError(
            f"base_url {shown!r} would send the API key unencrypted; use https "
            "(http is for this machine alone)"
        )
    return f"{parts.scheme}://{parts.netloc}"


def _is_host(host: str) -> bool:
    """Whether this is a name or an address that a connection can be asked for."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        try:
            return re.fullmatch(r"[\w.-]+", host.encode("idna").decode("ascii")) is not None
        except UnicodeError:
            return False
    return True


def _checked_version(version: str) -> str:
    if not re.fullmatch(r"v\d+", version, re.ASCII):
        raise ConfigError(
            f"api_version cannot be {_shown(version)!r}; it is v2, or another version that "
            "Qerko names"
        )
    return version


def _checked_zone(name: str) -> str:
    if not _is_zone(name):
        close = _did_you_mean(name, list(available_timezones()))
        raise ConfigError(
            f"time_zone {_shown(name)!r} is not known{close}; it can be, for example, "
            "Europe/Prague"
        )
    return name


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _checked_cutoff(given: time | str) -> time:
    try:
        cutoff = given if isinstance(given, time) else time.fromisoformat(given)
    except (ValueError, TypeError):
        raise ConfigError(
            f"business_day_cutoff cannot be {_shown(str(given))!r}; it is a time such as 04:00"
        ) from None
    if cutoff.tzinfo is not None:
        raise ConfigError("business_day_cutoff is local time; give it without an offset")
    return cutoff
