"""The README keeps its word: its commands exist, its Python runs, its settings load."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from qerko_recon.cli import cli, main
from qerko_recon.settings import Venue

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def shown_commands():
    lines = "".join(blocks("console")).splitlines()
    found = [line[2:] for line in lines if line.startswith(("$ qerko-recon", "> qerko-recon"))]
    return sorted({line.split("#")[0].strip() for line in found})


@pytest.mark.parametrize("line", shown_commands())
def test_every_command_shown_is_understood(line):
    group, arguments = cli, shlex.split(line)[1:]
    while hasattr(group, "commands"):
        group = group.commands[arguments.pop(0)]
    group.make_context(group.name, arguments)


def test_every_command_is_in_the_readme():
    def names(group, path="qerko-recon"):
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from names(command, f"{path} {name}")
            else:
                yield f"{path} {name}"

    missing = [name for name in names(cli) if f"`{name}`" not in README]
    assert not missing


def test_the_demo_prints_what_is_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(["demo"])
    printed = {line.rstrip() for line in capsys.readouterr().out.splitlines()}
    for line in blocks("text")[0].splitlines():
        assert line in printed | {"", "…"}, line


def test_the_cause_of_a_break_is_the_one_shown(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")
    [command] = [
        line for line in shown_commands() if "bad_evening" in line and "reconcile" in line
    ]
    with pytest.raises(SystemExit):
        main(shlex.split(command)[1:])
    assert blocks("text")[1] in capsys.readouterr().out.replace("\xa0", " ")


def test_the_lines_of_python_run(tmp_path, monkeypatch, capsys):
    shutil.copytree(ROOT / "data_samples", tmp_path / "data_samples")
    monkeypatch.chdir(tmp_path)
    exec(compile("".join(blocks("python")), "README.md", "exec"), {})
    assert "all of it explained" in capsys.readouterr().out
    assert (tmp_path / "close.xlsx").exists()


def test_the_settings_file_loads(tmp_path):
    (text,) = blocks("toml")
    file = tmp_path / "qerko.toml"
    file.write_text(text.replace("…", "eeeu-g786-zp54-3v1c-db02-e4e1"), encoding="utf-8")
    venue = Venue.load("old-town", config=file, environ={})
    assert venue.time_zone == "Europe/Prague"


def test_pictures_and_links_are_there():
    for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / target).is_file(), target


def test_make_targets_are_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`?make (\w+)`?", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
