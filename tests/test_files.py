"""A file is there whole or not at all."""

from __future__ import annotations

import pytest

from qerko_recon.files import replace_when_done


def test_the_file_appears_when_the_block_succeeds(tmp_path):
    target = tmp_path / "close.xlsx"
    with replace_when_done(target) as draft:
        draft.write_text("new")
        assert not target.exists()
        assert draft.suffix == ".xlsx"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "close.xlsx"
    target.write_text("old")

    def stop_half_way():
        with replace_when_done(target) as draft:
            draft.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_half_way()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
