"""Keys in the keyring from the command line: never an argument, never shown."""

from __future__ import annotations

import io
import sys

import pytest
from memory_keyring import keyring_in_memory

KEY = "wzgd-lbq6-gp6y-xwef-7qrz-4757"


@pytest.fixture(autouse=True)
def safe():
    with keyring_in_memory() as mine:
        yield mine


@pytest.fixture
def piped(monkeypatch):
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_a_key_is_kept_used_and_forgotten(run, safe, piped):
    piped(f"{KEY}\n")
    code, out, err = run("key", "set", "--venue", "old-town")
    assert code == 0
    assert KEY not in out + err
    assert "Warning" not in err
    assert safe.held == {("qerko_recon", "old-town"): KEY}
    assert run("key", "forget", "--venue", "old-town")[0] == 0
    assert run("key", "forget", "--venue", "old-town")[0] == 1
    assert safe.held == {}


def test_a_key_is_asked_for_without_echo(run, safe, monkeypatch):
    class Terminal:
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _: KEY)
    code, out, err = run("key", "set")
    assert code == 0
    assert KEY not in out + err
    assert safe.held == {("qerko_recon", "default"): KEY}


def test_a_typing_error_is_warned_of(run, safe, piped):
    piped("abcd-efgh-ijkl-mnop-qrst\n")
    code, _, err = run("key", "set")
    assert code == 0
    assert "Warning: its form or checksum" in err


@pytest.mark.parametrize("text", ["", "\n", "a key with spaces\n"])
def test_what_cannot_be_a_key_is_not_kept(run, safe, piped, text):
    piped(text)
    code, _, err = run("key", "set")
    assert code == 2
    assert "API key" in err
    assert text.strip() == "" or text.strip() not in err
    assert safe.held == {}


def test_without_the_extra_it_is_said_how_to_get_it(run, piped, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    piped(f"{KEY}\n")
    code, _, err = run("key", "set")
    assert code == 2
    assert "pip install 'qerko-recon[keyring]'" in err
    assert KEY not in err
