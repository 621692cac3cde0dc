"""Settings one by one: what people wrote in, what can be used out, or one sentence why not.

No sentence repeats what may be a key put in another setting's place.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from datetime import time
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from qerko_recon.errors import ConfigError, shorten

__all__ = [
    "checked_cutoff",
    "checked_pos_id",
    "checked_url",
    "checked_version",
    "checked_zone",
    "did_you_mean",
    "is_loopback",
    "quoted",
    "text",
]

_EXAMPLE = "https://sandbox.qerko.com"


def quoted(value: str) -> str:
    """Quote a setting; a key that was put in its place by mistake is blotted out."""
    return shorten(re.sub(r"\w{4}(-\w{4}){4,}", "****", value))


def did_you_mean(word: str, known: list[str]) -> str:
    """Give the known word that a misspelt one may have meant."""
    close = difflib.get_close_matches(word, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def text(setting: str, value: object) -> str:
    """Refuse what is no text."""
    if not isinstance(value, str):
        raise ConfigError(f"{setting} is {type(value).__name__}; it is text")
    return value


def checked_pos_id(pos_id: str) -> str:
    """Check a Pos-Id: what no header can hold is none."""
    pos_id = pos_id.strip()
    if not re.fullmatch(r"[\x21-\x7e]+", pos_id):
        raise ConfigError(
            "the Pos-Id is empty or holds a space, a line break or a letter that no header can "
            "have; it is the UUID that Qerko gave your integration"
        )
    return pos_id


def checked_url(url: str) -> str:
    """Check an address: nothing but scheme and host, and no key in clear text."""
    if "@" in url:
        raise ConfigError("base_url holds a user name or password; give https://host alone")
    shown = quoted(url)
    try:
        parts = urlsplit(url.rstrip("/"))
        is_address = parts.port != 0 and _is_host(parts.hostname or "")
    except ValueError:
        is_address = False
    if not is_address or parts.scheme not in {"http", "https"}:
        raise ConfigError(f"base_url {shown!r} is no address; it is like {_EXAMPLE}")
    if parts.path or parts.query or parts.fragment:
        raise ConfigError(f"base_url {shown!r} has a path; give https://host alone")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ConfigError(
            f"base_url {shown!r} would send the API key unencrypted; use https "
            "(http is for this machine alone)"
        )
    # One address is written one way, so that what is kept under it is found again.
    standard = {"https": ":443", "http": ":80"}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(standard)}"


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


def checked_version(version: str) -> str:
    """Check the version that is part of every path."""
    if not re.fullmatch(r"v\d+", version, re.ASCII):
        raise ConfigError(
            f"api_version cannot be {quoted(version)!r}; it is v2, or another version that "
            "Qerko names"
        )
    return version


def checked_zone(name: str) -> str:
    """Check a time zone against those that this machine knows."""
    if not _is_zone(name):
        close = did_you_mean(name, list(available_timezones()))
        raise ConfigError(
            f"time_zone {quoted(name)!r} is not known{close}; it is like Europe/Prague"
        )
    return name


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_cutoff(given: time | str) -> time:
    """Check the hour until which the night belongs to the day before."""
    try:
        cutoff = given if isinstance(given, time) else time.fromisoformat(given)
    except (ValueError, TypeError):
        raise ConfigError(
            f"business_day_cutoff cannot be {quoted(str(given))!r}; it is a time such as 04:00"
        ) from None
    if cutoff.tzinfo is not None:
        raise ConfigError("business_day_cutoff is local time; give it without an offset")
    return cutoff
