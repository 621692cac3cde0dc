"""Where the pages listen: an address in, checked whether it may be listened on, out."""

from __future__ import annotations

import ipaddress
from typing import Final

from qerko_recon.errors import ConfigError, shorten

__all__ = ["checked_address", "is_this_machine"]

_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def is_this_machine(address: str) -> bool:
    """Tell whether nobody but this machine can reach an address.

    >>> is_this_machine("127.0.0.1"), is_this_machine("0.0.0.0"), is_this_machine("::1")
    (True, False, True)
    """
    if address in _HERE:
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def checked_address(address: str, *, others_may_connect: bool = False) -> str:
    """Give the address back if it may be listened on.

    Parameters
    ----------
    address
        An IP address, or ``localhost``.
    others_may_connect
        Whether somebody has decided that other machines may connect.

    Raises
    ------
    ConfigError
        It is none, or others could connect and nobody decided so; the message says what that
        would mean.
    """
    if is_this_machine(address):
        return address
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise ConfigError(
            f"{shorten(address)!r} is no IP address; the pages listen on 127.0.0.1 unless told "
            "otherwise"
        ) from None
    if others_may_connect:
        return address
    raise ConfigError(
        f"on {address} every machine that reaches this one could open the pages, over a line that "
        "is not encrypted: whoever reads the token there can see the venue's payments and guests, "
        "hold its connection to Qerko and return guests' money. To use the pages from another "
        "machine, forward the port through SSH (ssh -L 8866:127.0.0.1:8866 this-machine). If it "
        "is meant all the same, say --others-may-connect"
    )
