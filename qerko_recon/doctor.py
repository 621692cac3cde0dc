"""Find out, step by step, why a venue cannot be reached: settings in, findings for people out.

Nothing here raises, and nothing changes anything at Qerko: the credentials are tried by reading a
payment that cannot exist.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal
from urllib.parse import urlsplit

from qerko_recon.api import Answer, ApiClient, Timeouts, payment_path
from qerko_recon.errors import QerkoReconError
from qerko_recon.settings import Venue

__all__ = ["Finding", "examine", "exit_code"]

Verdict = Literal["ok", "warning", "failed", "skipped"]

_STEPS: Final = ("settings", "key", "Pos-Id", "DNS", "TLS", "HTTP", "credentials", "clock")
_WAIT: Final = 10.0
_CLOCK: Final = 120.0  # seconds; a cancel is possible for three hours only
_NOBODY: Final = "qerko-recon-doctor-no-such-payment"
_MONTH: Final = 30


@dataclass(frozen=True, slots=True)
class Finding:
    """What one step found; ``sentence`` says what to do where there is something to do."""

    step: str
    verdict: Verdict
    sentence: str


def examine(
    name: str | None = None,
    config: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[Finding, ...]:
    """Examine a venue: settings, key, Pos-Id, DNS, TLS, HTTP, credentials, clock.

    Parameters
    ----------
    name, config, environ
        As for :meth:`qerko_recon.Venue.load`.

    Returns
    -------
    tuple of Finding
        In the order of the steps; those after a failed one that they need are ``skipped``.
    """
    findings = list(_steps(name, config, environ))
    done = {finding.step for finding in findings}
    rest = [
        Finding(step, "skipped", "an earlier step failed") for step in _STEPS if step not in done
    ]
    return (*findings, *rest)


def exit_code(findings: Sequence[Finding]) -> int:
    """Give 0 where nothing failed, 2 where the settings did, 3 where Qerko was not reached."""
    failed = {finding.step for finding in findings if finding.verdict == "failed"}
    if not failed:
        return 0
    return 2 if "settings" in failed else 3


def _steps(
    name: str | None, config: str | os.PathLike[str] | None, environ: Mapping[str, str] | None
) -> Iterator[Finding]:
    try:
        venue = Venue.load(name, config=config, environ=environ)
    except QerkoReconError as error:
        yield Finding("settings", "failed", str(error))
        return
    yield Finding("settings", "ok", _settings(venue))
    yield _key(venue)
    yield _pos_id(venue)
    dns = _dns(venue)
    yield dns
    if dns.verdict == "failed":
        return
    tls = _tls(venue)
    yield tls
    if tls.verdict == "failed":
        return
    yield from _http(venue)


def _settings(venue: Venue) -> str:
    """Name every setting and where it came from; secrets masked."""
    shown = {
        "api_key": str(venue.api_key),
        "pos_id": "****",
        "base_url": venue.base_url,
        "api_version": venue.api_version,
        "time_zone": venue.time_zone,
        "business_day_cutoff": venue.business_day_cutoff.isoformat("minutes"),
    }
    parts = [f"{key} = {text} ({venue.sources[key]})" for key, text in shown.items()]
    return (f"venue {venue.name}: " if venue.name else "") + "; ".join(parts)


def _key(venue: Venue) -> Finding:
    if not venue.api_key.is_well_formed:
        return Finding(
            "key", "warning", "not of the published form, six groups of four: is it whole?"
        )
    if not venue.api_key.has_valid_checksum:
        return Finding("key", "warning", "the checksum does not fit: is there a typing error?")
    return Finding("key", "ok", "form and checksum are right")


def _pos_id(venue: Venue) -> Finding:
    if venue.has_uuid_pos_id:
        return Finding("Pos-Id", "ok", "a UUID, as Qerko asks for")
    return Finding("Pos-Id", "warning", "not a UUID, which Qerko's newer documentation asks for")


def _dns(venue: Venue) -> Finding:
    host = urlsplit(venue.base_url).hostname or ""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        return Finding(
            "DNS",
            "failed",
            f"{host} has no address ({error.strerror or error}): check the base URL and whether "
            "this machine is online",
        )
    addresses = sorted({str(one[4][0]) for one in found})
    return Finding("DNS", "ok", f"{host} is {', '.join(addresses[:3])}")


def _tls(venue: Venue) -> Finding:
    """Open a connection, and its TLS where the address asks for it."""
    parts = urlsplit(venue.base_url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((host, port), timeout=_WAIT) as raw:
            if parts.scheme == "http":
                return Finding(
                    "TLS", "ok", f"port {port} is open; no TLS, which is right on this machine"
                )
            context = ssl.create_default_context()
            with context.wrap_socket(raw, server_hostname=host) as secured:
                return _certificate(secured)
    except ssl.SSLCertVerificationError as error:
        return Finding(
            "TLS",
            "failed",
            f"the certificate of {host} is not to be trusted ({error.verify_message}): a proxy "
            "may stand in between; ask who runs the network",
        )
    except OSError as error:
        return Finding(
            "TLS",
            "failed",
            f"no connection to {host}, port {port} ({error.strerror or error}): a firewall may "
            "be in the way, or the base URL is wrong",
        )


def _certificate(secured: ssl.SSLSocket) -> Finding:
    certificate = secured.getpeercert() or {}
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    left = (until - datetime.now(UTC)).days
    verdict: Verdict = "ok" if left >= _MONTH else "warning"
    return Finding(
        "TLS", verdict, f"{secured.version()}; the certificate is valid for {left} more days"
    )


def _http(venue: Venue) -> Iterator[Finding]:
    """Ask for a payment that nobody has: the status says whether the credentials are accepted."""
    path = payment_path(venue.api_version, _NOBODY)
    waits = Timeouts(connect=_WAIT, read=_WAIT, write=_WAIT, pool=_WAIT)
    began = time.monotonic()
    try:
        with ApiClient(venue, timeouts=waits) as client:
            answer = client.send("GET", path, payment_id=_NOBODY)
    except QerkoReconError as error:
        yield Finding("HTTP", "failed", str(error))
        return
    took = time.monotonic() - began
    yield Finding("HTTP", "ok", f"an answer ({answer.status}) in {took * 1000:.0f} ms")
    yield _credentials(answer)
    yield _clock(answer)


def _credentials(answer: Answer) -> Finding:
    if answer.status in {200, 403, 404}:
        return Finding("credentials", "ok", "Qerko accepts the API key and the Pos-Id")
    if answer.status == 401:  # noqa: PLR2004
        return Finding(
            "credentials",
            "failed",
            "Qerko does not accept the API key or the Pos-Id: compare the key with Qerko's "
            "Restaurant Admin, and the Pos-Id with what Qerko gave your integration",
        )
    return Finding(
        "credentials",
        "failed",
        f"Qerko answered {answer.status}, which says nothing of the credentials: check the base "
        "URL and the API version, or try again later",
    )


def _clock(answer: Answer) -> Finding:
    said = answer.headers.get("date")
    try:
        theirs = parsedate_to_datetime(said or "")
    except ValueError:
        return Finding("clock", "skipped", "Qerko did not say what time it has")
    off = (datetime.now(UTC) - theirs.astimezone(UTC)).total_seconds()
    if abs(off) <= _CLOCK:
        return Finding("clock", "ok", "this machine's clock agrees with Qerko's")
    way = "ahead" if off > 0 else "behind"
    return Finding(
        "clock",
        "warning",
        f"this machine's clock is {abs(off) / 60:.0f} minutes {way}: set it, since a payment can "
        "be cancelled for three hours only",
    )
