"""A keyring that lasts as long as a test."""

from __future__ import annotations

from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, PasswordDeleteError


class Safe(KeyringBackend):
    """Holds what it is given, by service and user, unless it is locked."""

    priority = 1

    def __init__(self):
        super().__init__()
        self.held = {}
        self.is_locked = False

    def _open(self):
        if self.is_locked:
            raise KeyringError(f"locked; it holds {self.held}")

    def get_password(self, service, username):
        self._open()
        return self.held.get((service, username))

    def set_password(self, service, username, password):
        self._open()
        self.held[service, username] = password

    def delete_password(self, service, username):
        self._open()
        if (service, username) not in self.held:
            raise PasswordDeleteError("none")
        del self.held[service, username]


@contextmanager
def keyring_in_memory():
    """Put it in the place of the machine's own."""
    before, mine = keyring.get_keyring(), Safe()
    keyring.set_keyring(mine)
    try:
        yield mine
    finally:
        keyring.set_keyring(before)
