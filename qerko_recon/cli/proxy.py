"""The command that stands between a POS and Qerko and records what they say."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qerko_recon.cli.ending import asked_to_end, wait_for
from qerko_recon.cli.group import CLEAN, cli
from qerko_recon.cli.options import Logging, file_in, log_options
from qerko_recon.cli.show import on_terminal, say

if TYPE_CHECKING:
    from qerko_recon.session.proxy import ProxySnapshot

__all__ = ["proxy"]


@cli.command()
@click.option(
    "--listen",
    default="127.0.0.1:8443",
    show_default=True,
    metavar="ADDRESS:PORT",
    help="What the POS is pointed at.",
)
@click.option(
    "--upstream",
    required=True,
    metavar="URL",
    help="Where Qerko is, such as https://sandbox.qerko.com.",
)
@click.option("--certificate", type=file_in, help="To listen with TLS (PEM).")
@click.option("--certificate-key", type=file_in, help="The certificate's private key (PEM).")
@click.option("--ca-file", help="Certificates to trust upstream, in place of the usual ones.")
@click.option("--for", "seconds", type=click.FloatRange(0), help="Stop after so many seconds.")
@log_options
def proxy(
    listen: str,
    upstream: str,
    certificate: Path | None,
    certificate_key: Path | None,
    ca_file: str | None,
    seconds: float | None,
    logging: Logging,
) -> int:
    """Record a POS at work: it connects here, and all it says to Qerko is passed on unchanged.

    Where nothing can be recorded, the traffic flows on and the proxy says so.

    Example: qerko-recon proxy --upstream https://sandbox.qerko.com --log evening.jsonl
    """
    from qerko_recon.session.proxy import RecordingProxy

    failed = threading.Event()
    status = _Status(failed if logging.stops_when_not_recording else None)
    running = RecordingProxy(
        upstream,
        logging.path,
        listen=listen,
        certificate=certificate,
        certificate_key=certificate_key,
        ca_file=ca_file,
        log_settings=logging.settings(),
        on_change=status,
    )
    with asked_to_end() as asked, running:
        say(f"Point the POS at {running.address}; Qerko is {upstream}; log {logging.path}.")
        say("Ctrl-C stops.")
        wait_for(lambda left: failed.wait(left) or running.wait(0), asked, seconds)
    last = running.snapshot
    say(f"Stopped: {last.accepted} connections of {len(last.venues)} venues.")
    say(f"Log: {logging.path}. Read it with: qerko-recon log show {logging.path}")
    if last.lost:
        say(f"{last.lost} records could NOT be written.")
    return CLEAN


class _Status:
    """Says on standard error which venues come, and what is not recorded."""

    def __init__(self, failed: threading.Event | None) -> None:
        self._failed = failed
        self._venues: frozenset[str] = frozenset()
        self._trouble: str | None = None

    def __call__(self, snapshot: ProxySnapshot) -> None:
        for venue in frozenset(snapshot.venues) - self._venues:
            say(f"A POS is connected, with the key of fingerprint {venue}.")
        self._venues |= frozenset(snapshot.venues)
        if snapshot.trouble != self._trouble:
            self._trouble = snapshot.trouble
            said = f"{snapshot.trouble}. Traffic flows on."
            text = said if snapshot.trouble else "Recording again."
            colour = "red" if snapshot.trouble else "green"
            say(click.style(text, fg=colour, bold=True) if on_terminal() else text)
            if snapshot.trouble and self._failed is not None:
                self._failed.set()
