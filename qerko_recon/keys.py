"""API keys that never show themselves: text in, a header value out, a mask for all others."""

from __future__ import annotations

import hashlib
import re
from typing import Final, NoReturn

from qerko_recon.errors import ConfigError

__all__ = ["ApiKey"]

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
        self.__key = key.strip() if isinstance(key, str) else ""
        del key
        self.check()

    @classmethod
    def hidden(cls, key: ApiKey | str) -> ApiKey:
        """Hide a key at once; :meth:`check` it where a traceback no longer shows it."""
        if isinstance(key, ApiKey):
            return key
        new = object.__new__(cls)
        new.__key = key.strip() if isinstance(key, str) else ""
        return new

    def check(self) -> None:
        """Refuse what cannot be a key; the message does not repeat it.

        Raises
        ------
        ConfigError
            It is empty, or holds what no HTTP header can.
        """
        if not self.__key:
            raise ConfigError("the API key is empty; copy it from Qerko's Restaurant Admin")
        if not re.fullmatch(r"[\x21-\x7e]+", self.__key):
            raise ConfigError(
                "the API key holds a space, a line break or a letter that no key has; copy it "
                "again from Qerko's Restaurant Admin, without the word Bearer (it is not shown "
                "here)"
            )

    def reveal(self) -> str:
        """Give the key itself."""
        return self.__key

    @property
    def fingerprint(self) -> str:
        """Six hex digits that tell keys apart and do not lead back to them."""
        return hashlib.sha256(b"qerko_recon:" + self.__key.encode("utf-8", "replace")).hexdigest()[
            :6
        ]

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
        digest = hashlib.sha1(body.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
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
