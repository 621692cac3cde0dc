"""Keys in the system's own safe, with a keyring in memory in its place."""

from __future__ import annotations

import sys
import traceback

import pytest
from memory_keyring import keyring_in_memory

from qerko_recon.errors import ConfigError
from qerko_recon.keys import ApiKey
from qerko_recon.settings import Venue, keychain

KEY = "wzgd-lbq6-gp6y-xwef-7qrz-4757"


@pytest.fixture
def safe():
    with keyring_in_memory() as mine:
        yield mine


def test_a_key_is_found_where_nothing_else_has_one(safe):
    keychain.keep(None, ApiKey(KEY))
    venue = Venue.load(environ={"QERKO_POS_ID": "p"})
    assert venue.api_key == ApiKey(KEY)
    assert venue.sources["api_key"] == "keyring"
    assert safe.held == {("qerko_recon", "default"): KEY}


def test_each_venue_has_its_own(safe, tmp_path):
    file = tmp_path / "qerko.toml"
    file.write_text("pos_id = 'p'\n[venues.old-town]\n[venues.harbour]\n")
    keychain.keep("old-town", ApiKey(KEY))
    assert Venue.load("old-town", config=file, environ={}).api_key == ApiKey(KEY)
    with pytest.raises(ConfigError, match=r"no API key: .*keyring \(it has none for harbour\)"):
        Venue.load("harbour", config=file, environ={})


def test_what_is_stated_wins(safe):
    keychain.keep(None, ApiKey(KEY))
    environ = {"QERKO_POS_ID": "p", "QERKO_API_KEY": "another"}
    assert Venue.load(environ=environ).api_key == ApiKey("another")


def test_a_key_is_forgotten(safe):
    keychain.keep(None, ApiKey(KEY))
    assert keychain.forget(None)
    assert not keychain.forget(None)
    assert safe.held == {}


def test_a_locked_keyring_is_named_and_nothing_of_it_shown(safe):
    keychain.keep(None, ApiKey(KEY))
    safe.is_locked = True
    acts = {
        r"keyring \(it cannot be opened: KeyringError\)": lambda: Venue.load(
            environ={"QERKO_POS_ID": "p"}
        ),
        "cannot be written": lambda: keychain.keep(None, ApiKey(KEY)),
        "cannot be opened": lambda: keychain.forget(None),
    }
    for words, act in acts.items():
        with pytest.raises(ConfigError, match=words) as caught:
            act()
        shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        assert KEY not in "".join(shown.format())


def test_without_the_extra_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match=r"not installed: pip install 'qerko-recon\[keyring\]'"):
        Venue.load(environ={"QERKO_POS_ID": "p"})
    for act in (lambda: keychain.keep(None, ApiKey(KEY)), lambda: keychain.forget(None)):
        with pytest.raises(ConfigError, match="keyring is not installed"):
            act()
