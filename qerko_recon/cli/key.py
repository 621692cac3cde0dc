"""Commands that keep API keys in the system's keyring; no key is an argument or is shown."""

from __future__ import annotations

import sys

import click

from qerko_recon.cli.group import BREAKS, CLEAN, cli
from qerko_recon.cli.show import say

__all__ = ["forget_key", "key", "set_key"]

_venue = click.option("--venue", metavar="NAME", help="Whose key (default: of the only venue).")


@cli.group()
def key() -> None:
    """Keep API keys in the system's keyring."""


@key.command("set")
@_venue
def set_key(venue: str | None) -> int:
    """Ask for an API key and keep it in the keyring; also from standard input.

    Example: qerko-recon key set --venue old-town
    """
    from qerko_recon.keys import ApiKey
    from qerko_recon.settings import keychain

    if sys.stdin.isatty():
        given = ApiKey.hidden(click.prompt("API key", hide_input=True))
    else:
        given = ApiKey.hidden(sys.stdin.readline())
    given.check()
    if not (given.is_well_formed and given.has_valid_checksum):
        say("Warning: its form or checksum is not that of a Qerko key; see that it is whole.")
    keychain.keep(venue, given)
    say(f"Kept for {venue or 'the only venue'}: {given}")
    return CLEAN


@key.command("forget")
@_venue
def forget_key(venue: str | None) -> int:
    """Take an API key out of the keyring.

    Example: qerko-recon key forget --venue old-town
    """
    from qerko_recon.settings import keychain

    had = keychain.forget(venue)
    say("Forgotten." if had else f"The keyring has none for {venue or 'the only venue'}.")
    return CLEAN if had else BREAKS
