"""What a session log may not hold: credentials never, guests only by a name of our own.

Every text of every record goes through here, however deep it stands, names of fields too.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import OrderedDict
from typing import Any, Final

from qerko_recon.keys import ApiKey
from qerko_recon.model.guests import GUEST_ARGUMENTS, GUEST_FIELDS

__all__ = ["Redaction"]

_BLOTTED: Final = "****"
_SHORTEST: Final = 6
_MOST_GUESTS: Final = 4096
# A key of the published form, whoever's it is.
_KEY: Final = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{4}(?:-[0-9A-Za-z]{4}){5}(?![0-9A-Za-z])")
_BEARER: Final = re.compile(r"(?i)\bbearer\s+[!-~]+")
_EMAIL: Final = re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")
_GUID: Final = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGITS: Final = 12
_GUEST: Final = "guest-"


class Redaction:
    """Takes credentials, and by choice guests, out of what is written.

    A guest's pseudonym is the same in all logs of a venue and leads back to nobody without the
    venue's key.

    Parameters
    ----------
    hides_guests
        Whether guests' IDs and e-mail addresses are replaced by pseudonyms.
    key
        The venue's.
    """

    def __init__(self, *, hides_guests: bool = False, key: ApiKey | None = None) -> None:
        self.hides_guests = hides_guests
        self._secrets: tuple[str, ...] = ()
        self._guests: OrderedDict[str, str] = OrderedDict()
        self._salt = b""
        if key is not None:
            self.add_secret(key.reveal())

    def add_secret(self, secret: str) -> None:
        """Blot a text out wherever it stands from now on; the first makes the pseudonyms."""
        self._salt = self._salt or hashlib.sha256(b"qerko_recon guest" + secret.encode()).digest()
        if len(secret) >= _SHORTEST and secret not in self._secrets:
            # A longer one may hold a shorter one, of which a rest would stay.
            self._secrets = tuple(sorted((*self._secrets, secret), key=len, reverse=True))

    def clean(self, value: Any) -> Any:
        """Give a value of JSON without what may not be in it."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            if self.hides_guests:
                value = self._without_guests(value)
            return {self._text(str(name)): self.clean(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean(inner) for inner in value]
        return value

    def _without_guests(self, value: dict[Any, Any]) -> dict[Any, Any]:
        """Replace the guests' IDs that an object holds by the names of its fields."""
        named: dict[str, Any] = {
            name: self._pseudonym(value[name])
            for name in GUEST_FIELDS
            if isinstance(value.get(name), str | int)
        }
        place = GUEST_ARGUMENTS.get(str(value.get("method")))
        args = value.get("args")
        if place is not None and isinstance(args, list | tuple) and len(args) > place:
            guest = args[place]
            if isinstance(guest, str | int):
                named["args"] = [*args[:place], self._pseudonym(guest), *args[place + 1 :]]
        return {**value, **named} if named else value

    def _text(self, text: str) -> str:
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, _BLOTTED)
        if "-" in text:
            text = _KEY.sub(_BLOTTED, text)
            if self._guests:
                text = _GUID.sub(self._known_guest, text)
        if "earer" in text or "EARER" in text:
            text = _BEARER.sub(f"Bearer {_BLOTTED}", text)
        if self.hides_guests and "@" in text:
            text = _EMAIL.sub(lambda found: self._pseudonym(found[0]), text)
        return text

    def _known_guest(self, found: re.Match[str]) -> str:
        return self._guests.get(found[0].casefold(), found[0])

    def _pseudonym(self, guest: str | int) -> str:
        name = str(guest).casefold()
        if name.startswith(_GUEST):
            return str(guest)  # it is one already
        known = self._guests.get(name)
        if known is None:
            digest = hmac.new(self._salt, name.encode("utf-8", "replace"), "sha256")
            known = self._guests[name] = f"{_GUEST}{digest.hexdigest()[:_DIGITS]}"
            if len(self._guests) > _MOST_GUESTS:
                self._guests.popitem(last=False)
        return known

    def __repr__(self) -> str:
        return f"Redaction(hides_guests={self.hides_guests})"
