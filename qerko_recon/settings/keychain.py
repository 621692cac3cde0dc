"""API keys in the system's own safe: the extra ``keyring``.

Windows' Credential Locker, macOS's Keychain, the Secret Service of a Linux desktop. A key is kept
under the service ``qerko_recon`` and its venue's name, ``default`` where it has none.
"""

from __future__ import annotations

from typing import Final

from qerko_recon.errors import ConfigError
from qerko_recon.keys import ApiKey

__all__ = ["find", "forget", "keep"]

_SERVICE: Final = "qerko_recon"
_NAMELESS: Final = "default"
_INSTALL: Final = "pip install 'qerko-recon[keyring]'"


def find(venue: str | None) -> ApiKey | str:
    """Give a venue's key, or why there is none."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return f"not installed: {_INSTALL}"
    try:
        found = keyring.get_password(_SERVICE, venue or _NAMELESS)
    except KeyringError as error:
        return f"it cannot be opened: {type(error).__name__}"
    if not found:
        return f"it has none for {venue or _NAMELESS}"
    return ApiKey.hidden(found)


def keep(venue: str | None, key: ApiKey) -> None:
    """Put a venue's key into the keyring, in place of the one it had.

    Raises
    ------
    ConfigError
        The keyring is not installed or cannot be opened.
    """
    fault = None
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise ConfigError(f"the keyring is not installed: {_INSTALL}") from None
    try:
        keyring.set_password(_SERVICE, venue or _NAMELESS, key.reveal())
    except KeyringError as error:
        fault = type(error).__name__  # raised afresh below: its frames hold the key
    if fault is not None:
        raise ConfigError(
            f"the keyring cannot be written ({fault}); set QERKO_API_KEY in place of it"
        )


def forget(venue: str | None) -> bool:
    """Take a venue's key out of the keyring; tells whether there was one.

    Raises
    ------
    ConfigError
        The keyring is not installed or cannot be opened.
    """
    try:
        import keyring
        from keyring.errors import KeyringError, PasswordDeleteError
    except ImportError:
        raise ConfigError(f"the keyring is not installed: {_INSTALL}") from None
    try:
        keyring.delete_password(_SERVICE, venue or _NAMELESS)
    except PasswordDeleteError:
        return False
    except KeyringError as error:
        raise ConfigError(f"the keyring cannot be opened ({type(error).__name__})") from None
    return True
