"""Commands that keep API keys in the system's keyring; no key is an argument or is shown."""

from __future__ import annotations

import os
import sys

import click

from qerko_recon.cli.group import BREAKS, CLEAN, cli
from qerko_recon.cli.options import Whose, venue_options
from qerko_recon.cli.show import say

__all__ = ["forget_key", "key", "set_key"]


@cli.group()
def key() -> None:
    """Keep API keys in the system's keyring."""


@key.command("set")
@venue_options
def set_key(whose: Whose) -> int:
    """Ask for an API key and keep it in the keyring; also from standard input.

    Example: qerko-recon key set --venue old-town
    """
    from qerko_recon.keys import ApiKey
    from qerko_recon.settings import keychain

    venue = _name_of(whose)
    if sys.stdin.isatty():
        given = ApiKey.hidden(click.prompt(f"API key of {_said(venue)}", hide_input=True))
    else:
        given = ApiKey.hidden(sys.stdin.readline())
    given.check()
    if not (given.is_well_formed and given.has_valid_checksum):
        say("Warning: its form or checksum is not that of a Qerko key; see that it is whole.")
    keychain.keep(venue, given)
    say(f"Kept for {_said(venue)}: {given}")
    return CLEAN


@key.command("forget")
@venue_options
def forget_key(whose: Whose) -> int:
    """Take an API key out of the keyring.

    Example: qerko-recon key forget --venue old-town
    """
    from qerko_recon.settings import keychain

    # A venue that is named may have left the settings file before its key is forgotten.
    venue = whose.venue or _name_of(whose)
    had = keychain.forget(venue)
    say(f"{'Forgotten' if had else 'The keyring has none'} for {_said(venue)}.")
    return CLEAN if had else BREAKS


def _name_of(whose: Whose) -> str | None:
    """Name the venue as its settings will be looked for, so that its key is found again."""
    from qerko_recon.settings.file import find_file, read_file

    name = whose.venue or os.environ.get("QERKO_VENUE") or None
    file = find_file(whose.config, os.environ.get("QERKO_CONFIG"))
    return name if file is None else read_file(file, name)[1]


def _said(venue: str | None) -> str:
    return venue or "the only venue"
