"""Headers of a mail: texts and addresses in, lines that keep every space and take no other header.

Python's own folding loses a space between two words that it encodes (in some versions), so the
headers that people write are encoded whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.header import Header
from email.headerregistry import Address
from email.policy import EmailPolicy
from email.utils import formataddr, getaddresses
from typing import Any, Final
from unicodedata import category

from qerko_recon.errors import ConfigError, shorten
from qerko_recon.wording import one_line

__all__ = ["POLICY", "one_header", "parsed_addresses"]

_BREAKING: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_LONG: Final = 200
_ADDRESSES: Final = frozenset({"from", "to"})
_ATOM: Final = r"[\w!#$%&'*+/=?^`{|}~-]+"
_ADDRESS: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*", re.ASCII)


class _WholeWords(EmailPolicy):
    """Writes a message as it travels, each header that is no ASCII as encoded words."""

    def fold(self, name: str, value: Any) -> str:
        if name.lower() == "subject":
            return f"{name}: {_encoded(str(value), name)}{self.linesep}"
        if name.lower() in _ADDRESSES:
            own = (formataddr((one.display_name, one.addr_spec)) for one in value.addresses)
            return f"{name}: {f',{self.linesep} '.join(own)}{self.linesep}"
        folded: str = super().fold(name, value)
        return folded

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode("ascii", "surrogateescape")


POLICY: Final = _WholeWords(linesep="\r\n")
"""How messages are built and written."""


def one_header(name: str, value: str) -> str:
    """Bring a text to one line.

    Raises
    ------
    ConfigError
        It has a line break or a control character, by which another header could come in.
    """
    if any(category(letter) in _BREAKING for letter in value):
        raise ConfigError(
            f"the mail's {name} {shorten(value)!r} has a line break or control character in it; "
            "give one line"
        )
    return one_line(value, _LONG)


def parsed_addresses(name: str, values: Iterable[str]) -> list[Address]:
    """Read addresses, ``name@host`` or ``Name <name@host>``.

    Raises
    ------
    ConfigError
        One is no address, or there is none.
    """
    found: list[Address] = []
    for value in values:
        pairs = getaddresses([one_header(name, value)])
        if not pairs or not all(_ADDRESS.fullmatch(address) for _, address in pairs):
            raise ConfigError(
                f"the mail's {name} {shorten(value)!r} is no address; write it as name@host or "
                "Name <name@host>"
            )
        found += [Address(shown, addr_spec=address) for shown, address in pairs]
    if not found:
        raise ConfigError(f"the mail's {name} is empty; leave it out or give an address")
    return found


def _encoded(text: str, name: str) -> str:
    charset = "us-ascii" if text.isascii() else "utf-8"
    return Header(text, charset, header_name=name).encode(linesep="\r\n")
