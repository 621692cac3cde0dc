"""Exports written by the test itself, and a short way to read them."""

from __future__ import annotations

import pytest

from qerko_recon.pos import read_pos


class Desk:
    """A folder where exports are written and read."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, text, *, name="export.csv", encoding="utf-8"):
        path = self.folder / name
        data = text if isinstance(text, bytes) else text.encode(encoding)
        path.write_bytes(data)
        return path

    def read(self, text, profile=None, *, encoding="utf-8", **settings):
        return read_pos(self.write(text, encoding=encoding), profile, **settings)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)
