"""Exports from the command line: how one is understood, and whether it is read as expected."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[2] / "data_samples" / "pos"
DAY = "Účet;ID platby;Částka;Typ platby\nB1;4711;12,50;Qerko\nB2;4712;8,00;Qerko\nB3;;9;Hotově\n"


@pytest.fixture
def day(tmp_path):
    path = tmp_path / "day.csv"
    path.write_text(DAY, encoding="utf-8")
    return path


def test_sniff_shows_each_setting_with_its_reason(run, day):
    code, out, _ = run("pos", "sniff", day)
    assert code == 0
    assert "payment_id    ID platby" in out
    assert "confidence: high" in out
    assert "2 Qerko lines, 1 of other tenders, 0 problems" in out


def test_sniff_writes_the_reading_as_a_profile(run, day):
    code, out, err = run("pos", "sniff", day, "--write-profile", "till.toml", "--json")
    assert (code, err) == (0, "Written: till.toml\n")
    assert json.loads(out)["rows"]["tenders"] == 2
    written = tomllib.loads((day.parent / "till.toml").read_text(encoding="utf-8"))
    assert written["columns"]["amount"] == "Částka"
    assert run("pos", "sniff", day, "--profile", "till.toml")[0] == 0


def test_sniff_names_what_cannot_be_read(run, day):
    day.write_text(DAY.replace("8,00", "8,0O"), encoding="utf-8")
    code, out, _ = run("pos", "sniff", day)
    assert code == 1
    assert "8,0O" in out


def test_sniff_shows_how_far_it_came(run, day):
    day.write_text(DAY.replace("Qerko", "Kartou").replace("47", ""), encoding="utf-8")
    day.write_text("Účet;Typ platby;Částka\nB1;Hotově;5\nB2;Kartou;6\n", encoding="utf-8")
    code, out, err = run("pos", "sniff", day)
    assert code == 2
    assert "tender_type   Typ platby" in out
    assert "no line is Qerko's; the tenders are Hotově 1×, Kartou 1×" in err
    assert run("pos", "sniff", day, "--json")[1] == ""
    code, out, err = run("pos", "sniff", "nowhere.csv")
    assert (code, out) == (2, "")
    assert "nowhere.csv does not exist" in err


def test_a_golden_file_is_begun_corrected_and_checked(run, day):
    code, out, err = run("pos", "check", day, "--write-golden", "golden.csv")
    assert (code, out) == (0, "")
    assert "Written: golden.csv; correct it by hand" in err
    golden = day.parent / "golden.csv"
    code, out, _ = run("pos", "check", day, "--expected", golden)
    assert code == 0
    assert out.startswith("PASSED day.csv: 2 lines read as expected")
    golden.write_text(golden.read_text(encoding="utf-8").replace("12.50", "12.05"), "utf-8")
    code, out, _ = run("pos", "check", day, "--expected", golden, "--write-profile", "p.toml")
    assert code == 1
    assert "12.05" in out
    assert "12.50" in out
    assert "FAILED day.csv: 2 things differ from the 2 lines expected" in out
    assert not (day.parent / "p.toml").exists()


def test_a_profile_that_passes_is_written(run, day):
    golden = day.parent / "golden.csv"
    golden.write_text("payment_id,amount\n4711,12.50\n4712,8.00\n", encoding="utf-8")
    code, _, err = run("pos", "check", day, "--expected", golden, "--write-profile", "p.toml")
    assert (code, err) == (0, "Written: p.toml\n")
    assert run("pos", "check", day, "--expected", golden, "--profile", "p.toml")[0] == 0


def test_a_whole_pair_is_kept_in_a_folder(run, day):
    code, _, err = run("pos", "check", day, "--write-golden", "till")
    assert code == 0
    assert "correct its tenders.csv by hand" in err
    assert {one.name for one in (day.parent / "till").iterdir()} == {
        "day.csv",
        "profile.toml",
        "tenders.csv",
    }
    assert run("pos", "check", "till")[1].startswith("PASSED till: 2 lines")
    # What somebody may have corrected by hand is not written over.
    code, _, err = run("pos", "check", day, "--write-golden", "till")
    assert code == 2
    assert "tenders.csv is there already" in err


def test_all_samples_are_checked_at_once(run):
    folders = sorted(SAMPLES.glob("*/"))
    code, out, _ = run("pos", "check", *folders)
    assert code == 0
    assert out.count("PASSED") == len(folders)
    code, out, _ = run("pos", "check", *folders, "--json")
    told = json.loads(out)
    assert told["passed"]
    assert [one["checked"] > 0 for one in told["checks"]] == [True] * len(folders)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["day.csv"], "nothing to check against"),
        (["day.csv", "--write-golden", "x.csv", "--write-profile", "p.toml"], "add --expected"),
        ([".", "day.csv"], "a folder is a golden pair of its own"),
        ([".", "--expected", "day.csv"], "a folder is a golden pair of its own"),
        ([".", ".", "--write-profile", "p.toml"], "is for one pair alone"),
        (["."], "is no golden pair"),
        (["day.csv", "--expected", "day.csv"], "there is no column 'Účet;ID platby;Částka;"),
        (["day.csv", "--expected", "nowhere.csv"], "nowhere.csv does not exist"),
    ],
)
def test_what_cannot_be_checked(run, day, arguments, says):
    code, _, err = run("pos", "check", *arguments)
    assert code == 2
    assert says in err


def test_profiles_are_listed_and_shown(run):
    code, out, _ = run("pos", "profiles")
    assert code == 0
    assert "dativery" in out
    assert "(described in public)" in out
    assert "(a guess, check what is read)" in out
    code, out, _ = run("pos", "profiles", "dativery")
    assert code == 0
    assert tomllib.loads(out)["columns"]["amount"] == "paymentAmount"
    assert json.loads(run("pos", "profiles", "dativery", "--json")[1])["delimiter"] == ";"
    assert "dativery" in json.loads(run("pos", "profiles", "--json")[1])
    code, _, err = run("pos", "profiles", "dativary")
    assert code == 2
    assert "did you mean 'dativery'" in err
