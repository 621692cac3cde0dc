"""Keys in the keyring from the command line: never an argument, never shown."""

from __future__ import annotations

import io
import sys

import pytest
from memory_keyring import keyring_in_memory

from qerko_recon.keys import ApiKey
from qerko_recon.settings import Venue

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


@pytest.fixture
def two_venues(run, tmp_path):
    file = tmp_path / "qerko.toml"
    file.write_text("pos_id = 'p'\n[venues.old-town]\n[venues.harbour]\n", encoding="utf-8")
    return file


def test_a_key_kept_for_the_only_venue_is_found_again(run, safe, piped, tmp_path):
    file = tmp_path / "one.toml"
    file.write_text("[venues.old-town]\npos_id = 'p'\n", encoding="utf-8")
    piped(f"{KEY}\n")
    code, _, err = run("key", "set", "--config", file)
    assert code == 0
    assert "Kept for old-town" in err
    assert Venue.load(config=file).sources["api_key"] == "keyring"
    assert run("key", "forget", "--config", file)[0] == 0
    assert safe.held == {}


def test_a_key_kept_for_the_venue_of_the_environment_is_found_again(
    run, safe, piped, two_venues, monkeypatch
):
    monkeypatch.setenv("QERKO_VENUE", "harbour")
    piped(f"{KEY}\n")
    assert run("key", "set")[0] == 0
    assert safe.held == {("qerko_recon", "harbour"): KEY}
    assert Venue.load().api_key == ApiKey(KEY)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [([], "say which with --venue"), (["--venue", "harbuor"], "did you mean 'harbour'")],
)
def test_a_venue_that_cannot_be_told_is_not_guessed(
    run, safe, piped, two_venues, arguments, words
):
    piped(f"{KEY}\n")
    code, _, err = run("key", "set", *arguments)
    assert code == 2
    assert words in err
    assert safe.held == {}


def test_the_key_of_a_venue_that_left_the_settings_is_forgotten(run, safe, piped, two_venues):
    safe.held["qerko_recon", "closed-down"] = KEY
    assert run("key", "forget", "--venue", "closed-down")[0] == 0
    assert safe.held == {}


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
