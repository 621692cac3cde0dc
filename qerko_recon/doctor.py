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

from qerko_recon.api import (
    Answer,
    ApiClient,
    Request,
    Timeouts,
    environment_proxy,
    payment_path,
    tls_context,
)
from qerko_recon.errors import QerkoReconError, shorten
from qerko_recon.settings import Venue

__all__ = ["Finding", "examine", "exit_code"]

Verdict = Literal["ok", "warning", "failed", "skipped"]

_STEPS: Final = ("settings", "key", "Pos-Id", "DNS", "TLS", "HTTP", "credentials", "clock")
_WAIT: Final = 10.0
_CLOCK: Final = 120.0  # seconds; a cancel is possible for three hours only
_NOBODY: Final = "qerko-recon-doctor-no-such-payment"
_MONTH: Final = 30
_IDENTITY: Final = ("api_key", "pos_id", "base_url")


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
    findings: list[Finding] = []
    try:
        for finding in _steps(name, config, environ):
            findings.append(finding)  # noqa: PERF402 - those before a fault count
    except Exception as error:  # noqa: BLE001 - the doctor reports what it did not foresee too
        done = {finding.step for finding in findings}
        step = next((one for one in _STEPS if one not in done), _STEPS[-1])
        sentence = f"could not be examined ({type(error).__name__}: {shorten(error, 200)})"
        findings.append(Finding(step, "failed", sentence))
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
    yield Finding("settings", *_settings(venue))
    yield _key(venue)
    yield _pos_id(venue)
    if proxy := _proxy(venue):
        for step in ("DNS", "TLS"):
            yield Finding(step, "skipped", f"the way leads through the proxy {proxy}")
    else:
        for look in (_dns, _tls):
            finding = look(venue)
            yield finding
            if finding.verdict == "failed":
                return
    yield from _http(venue)


def _proxy(venue: Venue) -> str | None:
    """Name the proxy that the environment sets for a venue, without its password."""
    proxy = environment_proxy(venue)
    return None if proxy is None else proxy.rpartition("@")[2].rpartition("://")[2]


def _settings(venue: Venue) -> tuple[Verdict, str]:
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
    sentence = (f"venue {venue.name}: " if venue.name else "") + "; ".join(parts)
    by_variable = [name for name in _IDENTITY if venue.sources[name].startswith("environment")]
    if venue.name and by_variable:
        return "warning", (
            f"{sentence}. Of these, {' and '.join(by_variable)} come from the environment, "
            f"whatever the file says of venue {venue.name}: is this meant?"
        )
    return "ok", sentence


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
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        return Finding(
            "DNS",
            "failed",
            f"{host} has no address ({reason}): check the base URL and whether "
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
            with tls_context().wrap_socket(raw, server_hostname=host) as secured:
                return _certificate(secured)
    except ssl.SSLCertVerificationError as error:
        return Finding(
            "TLS",
            "failed",
            f"the certificate of {host} is not to be trusted ({error.verify_message}): a proxy "
            "may stand in between; ask who runs the network, or name its certificates with "
            "SSL_CERT_FILE",
        )
    except QerkoReconError as error:
        return Finding("TLS", "failed", str(error))
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
        "TLS",
        verdict,
        f"{secured.version()}; the certificate of {_subject(certificate)} is valid until "
        f"{until:%Y-%m-%d}, {left} more days",
    )


def _subject(certificate: Mapping[str, object]) -> str:
    """Name whom a certificate is for; newer ones name hosts and no subject."""
    hosts = certificate.get("subjectAltName")
    named = [str(pair[1]) for pair in hosts] if isinstance(hosts, tuple) else []
    return shorten(", ".join(named) or "a name that it does not tell")


def _http(venue: Venue) -> Iterator[Finding]:
    """Ask for a payment that nobody has: the status says whether the credentials are accepted."""
    path = payment_path(venue.api_version, _NOBODY)
    waits = Timeouts(connect=_WAIT, read=_WAIT, write=_WAIT, pool=_WAIT)
    began = time.monotonic()
    try:
        with ApiClient(venue, timeouts=waits) as client:
            answer = client.send(Request("GET", path, payment_id=_NOBODY))
    except QerkoReconError as error:
        yield Finding("HTTP", "failed", str(error))
        return
    took = time.monotonic() - began
    yield Finding("HTTP", "ok", f"an answer ({answer.status}) in {took * 1000:.0f} ms")
    yield _credentials(answer)
    yield _clock(answer)


def _credentials(answer: Answer) -> Finding:
    if answer.is_page and answer.status < 500:  # noqa: PLR2004
        return Finding(
            "credentials",
            "failed",
            f"a web page came ({answer.status}), not Qerko's answer: a proxy or sign-in page may "
            "stand between, or the base URL is another site's",
        )
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
    except (ValueError, TypeError, OverflowError):
        return Finding("clock", "skipped", "Qerko did not say what time it has")
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
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
