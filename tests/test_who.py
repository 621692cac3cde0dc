"""Who acts is told, even where nobody is known."""

from __future__ import annotations

import getpass
import socket

from qerko_recon.who import person


def test_it_is_the_user_and_the_machine():
    assert person() == f"{getpass.getuser()}@{socket.gethostname()}"


def test_a_machine_that_knows_no_users_still_names_itself(monkeypatch):
    def unknown():
        raise OSError("no such user")

    monkeypatch.setattr("getpass.getuser", unknown)
    assert person() == f"somebody@{socket.gethostname()}"
