"""A venue's settings: where Qerko is, who asks, and how the venue counts its days.

Takes in the environment, a TOML file and what the caller states; gives out a frozen
:class:`Venue` that knows where each setting came from. Secrets are :class:`ApiKey`, which shows
itself to nobody but the request that carries it.
"""

from __future__ import annotations

import difflib
import hashlib
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from types import MappingProxyType
from typing import Final, NoReturn
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from qerko_recon.errors import ConfigError, shorten

__all__ = ["SANDBOX", "ApiKey", "Venue"]

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
_KEY_LENGTH: Final = 29
_CHECKSUM: Final = 4


class ApiKey:
    """An API key that never shows itself.

    ``str``, ``repr`` and formatting give a mask and a fingerprint by which two keys can be told
    apart; it cannot be pickled. :meth:`reveal` is for the request's header alone.

    Raises
    ------
    ConfigError
        The key is empty or holds what no HTTP header can: the message does not repeat it.

    Examples
    --------
    >>> key = ApiKey("eeeu-g786-zp54-3v1c-db02-e4e1")
    >>> print(key, key.has_valid_checksum)
    **** (fingerprint 144aee) True
    """

    __slots__ = ("__key",)

    def __init__(self, key: str) -> None:
        key = key.strip()
        if not key:
            raise ConfigError("the API key is empty; copy it from Qerko's Restaurant Admin")
        if not re.fullmatch(r"[\x21-\x7e]+", key):
            raise ConfigError(
                "the API key holds a space, a line break or a letter that no key has; "
                "copy it again from Qerko's Restaurant Admin (it is not shown here)"
            )
        self.__key = key

    def reveal(self) -> str:
        """Give the key itself."""
        return self.__key

    @property
    def fingerprint(self) -> str:
        """Six hex digits that tell keys apart and do not lead back to them."""
        return hashlib.sha256(b"qerko_recon:" + self.__key.encode()).hexdigest()[:6]

    @property
    def is_well_formed(self) -> bool:
        """Whether it has the published form: six groups of four joined by dashes."""
        return len(self.__key) == _KEY_LENGTH and all(
            len(group) == _CHECKSUM for group in self.__key.split("-")
        )

    @property
    def has_valid_checksum(self) -> bool:
        """Whether the last group is the published checksum of the others: SHA-1, four digits."""
        body, given = self.__key[:-_CHECKSUM], self.__key[-_CHECKSUM:]
        digest = hashlib.sha1(body.encode(), usedforsecurity=False).hexdigest()
        return digest[:_CHECKSUM] == given

    def __repr__(self) -> str:
        return f"ApiKey(fingerprint={self.fingerprint!r})"

    def __str__(self) -> str:
        return f"**** (fingerprint {self.fingerprint})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ApiKey) and other.reveal() == self.__key

    def __hash__(self) -> int:
        return hash((ApiKey, self.fingerprint))

    def __reduce__(self) -> NoReturn:
        raise TypeError("an API key cannot be pickled or copied: it would end in a file")


@dataclass(frozen=True, kw_only=True)
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

    def __post_init__(self) -> None:
        object.__setattr__(self, "pos_id", _checked_pos_id(self.pos_id))
        object.__setattr__(self, "base_url", _checked_url(self.base_url))
        if not re.fullmatch(r"v\d+", self.api_version):
            raise ConfigError(
                f"api_version cannot be {shorten(self.api_version)!r}; it is v2, or another "
                "version that Qerko names"
            )
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ConfigError(
                f"time_zone {shorten(self.time_zone)!r} is not known; it can be, for example, "
                "Europe/Prague"
            ) from error

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
        **stated: str | None,
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
            A setting is missing or malformed; the message says where it was looked for.
        """
        environ = os.environ if environ is None else environ
        name = name or environ.get("QERKO_VENUE")
        file = _find_file(config, environ)
        from_file, name = ({}, name) if file is None else _read_file(file, name)
        if name is not None and file is None:
            raise ConfigError(
                f"venue {shorten(name)!r} is asked for, and there is no settings file: "
                f"write {_FILE} with a table [venues.{shorten(name)}], or name it with --config"
            )
        values: dict[str, str] = {}
        sources: dict[str, str] = {}
        for setting, variable in _VARIABLES.items():
            given = (
                (stated.get(setting), "stated"),
                (environ.get(variable), f"environment variable {variable}"),
                (from_file.get(setting), f"{file}"),
                (_DEFAULTS.get(setting), "default"),
            )
            for value, source in given:
                if value is not None and value.strip():
                    values[setting], sources[setting] = value.strip(), source
                    break
        return cls._of(values, sources, name, file)

    @classmethod
    def _of(
        cls,
        values: dict[str, str],
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
            api_key=ApiKey(values["api_key"]),
            pos_id=values["pos_id"],
            base_url=values["base_url"],
            api_version=values["api_version"],
            time_zone=values["time_zone"],
            business_day_cutoff=_checked_cutoff(values["business_day_cutoff"]),
            name=name,
            sources=MappingProxyType(sources),
        )


def _find_file(config: str | os.PathLike[str] | None, environ: Mapping[str, str]) -> Path | None:
    given = config or environ.get("QERKO_CONFIG")
    if given:
        return Path(given)
    here = Path(_FILE)
    return here if here.is_file() else None


def _read_file(file: Path, name: str | None) -> tuple[dict[str, str], str | None]:
    """Read a venue's table over the file's own settings."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"settings file {file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"settings file {file} is not TOML: {error}") from error
    venues = content.pop("venues", {})
    if not isinstance(venues, dict) or not all(isinstance(one, dict) for one in venues.values()):
        raise ConfigError(f"{file}: `venues` holds tables, one a venue, as [venues.old-town]")
    if name is None and len(venues) == 1:
        name = next(iter(venues))
    if name is None and venues:
        raise ConfigError(
            f"{file} has the venues {', '.join(sorted(venues))}; say which with --venue"
        )
    if name is not None and name not in venues:
        raise ConfigError(
            f"{file} has no venue {shorten(name)!r}{_did_you_mean(name, list(venues))}; "
            f"it has: {', '.join(sorted(venues)) or 'none'}"
        )
    settings = dict(content) | (venues[name] if name is not None else {})
    return {key: _text(file, key, value) for key, value in settings.items()}, name


def _text(file: Path, key: str, value: object) -> str:
    if key not in _VARIABLES:
        raise ConfigError(
            f"{file}: unknown setting {shorten(key)!r}{_did_you_mean(key, list(_VARIABLES))}; "
            f"known are {', '.join(_VARIABLES)}"
        )
    if isinstance(value, time):
        return value.isoformat("minutes")
    if not isinstance(value, str):
        raise ConfigError(f"{file}: {key} is text in quotes")
    return value


def _did_you_mean(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _checked_pos_id(pos_id: str) -> str:
    pos_id = pos_id.strip()
    if not re.fullmatch(r"[\x21-\x7e]+", pos_id):
        raise ConfigError(
            "the Pos-Id is empty or holds a space, a line break or a letter that no header can "
            "have; it is the UUID that Qerko gave your integration"
        )
    return pos_id


def _checked_url(url: str) -> str:
    parts = urlsplit(url.rstrip("/"))
    try:
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        port_is_fine = False
    if "@" in parts.netloc:
        raise ConfigError("base_url holds a user name or password; give https://host alone")
    shown = shorten(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_fine:
        raise ConfigError(f"base_url {shown!r} is no address; it is like {SANDBOX}")
    if parts.path or parts.query or parts.fragment:
        raise ConfigError(f"base_url {shown!r} has a path; give https://host alone")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ConfigError(
            f"base_url {shown!r} would send the API key unencrypted; use https "
            "(http is for this machine alone)"
        )
    return f"{parts.scheme}://{parts.netloc}"


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _checked_cutoff(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"business_day_cutoff cannot be {shorten(text)!r}; it is a time such as 04:00"
        ) from error
