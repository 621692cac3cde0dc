"""The command line as a person meets it: what it prints, what it leaves, how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from qerko_recon.client import Client
from qerko_recon.simulator import TradingDay

SAMPLES = Path(__file__).parents[2] / "data_samples"


@pytest.fixture
def ids(day, tmp_path):
    file = tmp_path / "ids.txt"
    file.write_text("\n".join(day.payment_ids))
    return file


def test_the_demo_finds_what_was_planted_and_nothing_else(run, tmp_path):
    code, out, _ = run("demo", "--folder", "out")
    assert code == 0
    assert "every one was found, with its kind and amount, and nothing else" in " ".join(
        out.split()
    )
    names = {"close.xlsx", "close.html", "bridge.png", "pos_export.csv", "payments.jsonl"}
    assert names <= {file.name for file in (tmp_path / "out").iterdir()}


def test_the_demo_speaks_czech(run):
    code, out, err = run("demo", "--language", "cs")
    assert code == 0
    assert out.startswith("Uhrazeno 245\xa0624,95\xa0Kč, zaúčtováno ")
    assert "Všechny se našly" in out
    assert "Ve složce " in out
    assert err.startswith("Simuluje se den provozu")
    assert "Kč" in out


def test_close_goes_from_export_to_workbook(run, settings, day, export, ids, tmp_path):
    code, out, err = run(
        "close",
        "--pos",
        export,
        "--ids",
        ids,
        "--out",
        "close.xlsx",
        "--html",
        "close.html",
        "--save-payments",
        "payments.jsonl",
    )
    assert code == 3  # one of the planted faults is a server that fails
    assert len(re.findall(r"\d{8}", out)) >= len(day.discrepancies) // 2
    assert "Written: close.xlsx" in err
    book = openpyxl.load_workbook(tmp_path / "close.xlsx")
    wanted = {"Summary", "Breaks", "Matches", "Tips", "Bridge", "Source rows"}
    assert wanted <= set(book.sheetnames), book.sheetnames
    assert "<script src" not in (tmp_path / "close.html").read_text(encoding="utf-8")
    assert (tmp_path / "payments.jsonl").read_text(encoding="utf-8").count("\n") == len(
        day.payment_ids
    )


def test_close_as_json_holds_every_break_to_the_last_digit(run, settings, day, export, ids):
    _, out, _ = run("close", "--pos", export, "--ids", ids, "--json")
    answer = json.loads(out)
    assert answer["unexplained"] == "0.00"
    found = sorted((one["kind"], one["variance"]) for one in answer["breaks"])
    assert found == sorted((one.kind, f"{one.variance:.2f}") for one in day.discrepancies)


def test_fetch_then_reconcile_is_the_same_as_close(run, settings, export, ids):
    code, _, _ = run("fetch", "--ids", ids, "--out", "payments.jsonl")
    assert code == 3
    code, out, _ = run("reconcile", "--payments", "payments.jsonl", "--pos", export, "--json")
    assert code == 1
    _, closed, _ = run("close", "--pos", export, "--ids", ids, "--json")
    assert json.loads(out)["breaks"] == json.loads(closed)["breaks"]


def test_a_clean_day_ends_with_0(run, tmp_path):
    day = TradingDay.generate(seed=3, payments=60, discrepancies=False)
    day.write_payments(tmp_path / "payments.jsonl")
    export = day.write_pos_export(tmp_path / "export.csv", "german_semicolon")
    code, _, _ = run("reconcile", "--payments", "payments.jsonl", "--pos", export)
    assert code == 0


def test_fetch_by_id_prints_the_payment(run, settings, day):
    code, out, _ = run("fetch", day.payments[0].id)
    assert code == 0
    assert day.payments[0].id in out
    code, out, _ = run("fetch", "99999999", "--json")
    assert code == 1
    assert json.loads(out)["failures"][0]["kind"] == "not_found"


def test_fetch_takes_ids_from_an_export(run, settings, export):
    code, out, _ = run("fetch", "--pos", export, "--json")
    assert code == 3
    answer = json.loads(out)
    assert len(answer["payments"]) > 40
    assert {"server", "network", "forbidden"} <= {one["kind"] for one in answer["failures"]}


def test_sniffing_explains_and_writes_a_profile_that_works(run, export, tmp_path):
    code, out, err = run("pos", "sniff", export, "--write-profile", "till.toml")
    assert code == 1  # a cell of the export cannot be read
    assert "cp1250" in out
    assert "27O" in out or "problem" in out
    assert "Written: till.toml" in err
    _, one, _ = run("pos", "sniff", export, "--json")
    assert json.loads(one)["reading"]["encoding"] == "cp1250"
    payments = SAMPLES / "payments_day.jsonl"
    code, _, _ = run(
        "reconcile", "--payments", payments, "--pos", export, "--profile", "till.toml"
    )
    assert code == 1


def test_the_doctor_says_what_is_right_and_what_is_not(run, settings, monkeypatch):
    code, out, _ = run("doctor")
    assert code == 0
    assert "accepts the API key" in out
    monkeypatch.setenv("QERKO_API_KEY", "abcd-efgh-ijkl-mnop-qrst")
    code, out, _ = run("doctor", "--json")
    assert code == 3
    verdicts = {one["step"]: one["verdict"] for one in json.loads(out)}
    assert verdicts["key"] == "warning"
    assert verdicts["credentials"] == "failed"


def test_the_key_is_never_printed(run, settings, export):
    for command in (["doctor"], ["fetch", "1"], ["close", "--pos", export], ["doctor", "--json"]):
        _, out, err = run(*command)
        assert settings.api_key not in out + err
        assert settings.pos_id not in out + err


# --- bad input: one clear sentence, the right code, nothing half-written


def test_missing_credentials(run, export):
    code, _, err = run("close", "--pos", export, "--out", "close.xlsx")
    assert code == 2
    assert "QERKO_API_KEY" in err
    assert not Path("close.xlsx").exists()


def test_malformed_credentials_are_not_repeated(run, settings, monkeypatch):
    monkeypatch.setenv("QERKO_API_KEY", "abcd efgh\nsecret")
    code, _, err = run("fetch", "1")
    assert code == 2
    assert "secret" not in err


def test_wrong_credentials(run, settings, monkeypatch):
    monkeypatch.setenv("QERKO_API_KEY", "eeeu-g786-zp54-3v1c-db02-e4e1")
    code, out, _ = run("fetch", "1", "2", "3")
    assert code == 3
    assert "does not accept" in re.sub(r"\s+", " ", out)


def test_an_unreachable_host(run, settings, monkeypatch):
    monkeypatch.setenv("QERKO_BASE_URL", "http://127.0.0.1:9")
    code, out, _ = run("fetch", "1")
    assert code == 3
    assert "127.0.0.1:9" in out


def test_a_list_of_blanks_and_duplicates(run, settings, day, tmp_path):
    one = day.payments[0].id
    (tmp_path / "ids.txt").write_text(f"\n {one}\n\n{one}\n{'9' * 10_000}\n")
    code, out, _ = run("fetch", "--ids", "ids.txt", "--json")
    answer = json.loads(out)
    assert code == 1
    assert [row["payment_id"] for row in answer["payments"]] == [one]
    assert "10000 characters" in answer["failures"][0]["detail"]
    assert len(answer["failures"][0]["detail"]) < 300


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "bad.csv.* empty"),
        (b"\n\n", "bad.csv"),
        (b"just some words\nand more words\n", "bad.csv"),
        (b"\xd0\xcf\x11\xe0" + bytes(60), "bad.csv.*(workbook|Excel)"),
        (b"%PDF-1.7 ", "bad.csv.*PDF"),
        (b"Payment ID;Note\n1;x\n", "bad.csv.*amount"),
    ],
)
def test_an_export_that_cannot_be_read(run, tmp_path, content, sentence):
    (tmp_path / "bad.csv").write_bytes(content)
    payments = SAMPLES / "payments_day.jsonl"
    code, out, err = run(
        "reconcile", "--payments", payments, "--pos", "bad.csv", "--out", "c.xlsx"
    )
    assert code == 2
    assert out == ""
    assert err.startswith("Error: ")
    assert re.search(sentence, err), err
    assert err.count("\n") == 1
    assert not (tmp_path / "c.xlsx").exists()


def test_a_pdf_given_as_csv(run, tmp_path):
    (tmp_path / "export.csv").write_bytes(b"%PDF-1.7\n")
    payments = SAMPLES / "payments_day.jsonl"
    code, _, err = run("reconcile", "--payments", payments, "--pos", "export.csv")
    assert code == 2
    assert re.search("export.csv.*PDF.*CSV or as a workbook", err), err


def test_a_broken_row_in_the_middle_costs_that_row_alone(run, tmp_path):
    text = (SAMPLES / "pos/english_comma/day.csv").read_text(encoding="utf-8").splitlines()
    text.insert(20, '"99999999","bill')
    text[20] = text[20].replace('"bill', "bill")
    (tmp_path / "export.csv").write_text("\n".join(text), encoding="utf-8")
    payments = SAMPLES / "payments_day.jsonl"
    code, out, _ = run("reconcile", "--payments", payments, "--pos", "export.csv", "--json")
    answer = json.loads(out)
    assert code == 1
    assert answer["unexplained"] == "0.00"
    assert any(one["source_row"] == 21 for one in answer["problems"])


def test_a_currency_that_no_payment_has_is_named_by_row(run, tmp_path):
    export = tmp_path / "export.csv"
    text = (SAMPLES / "pos/english_comma/day.csv").read_text(encoding="utf-8")
    export.write_text(text.replace('"CZK"', '"HUF"', 1), encoding="utf-8")
    payments = SAMPLES / "payments_day.jsonl"
    code, out, _ = run("reconcile", "--payments", payments, "--pos", export, "--json")
    assert code == 1
    assert any("export.csv, row 2" in note and "HUF" in note for note in json.loads(out)["notes"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["reconcile"],
        ["reconcile", "--payments", "none.json", "--pos", "none.csv"],
        ["close"],
        ["fetch"],
        ["fetch", "--ids", "none.txt"],
        ["pos", "sniff"],
        ["pos", "sniff", "none.csv"],
        ["nonsense"],
        ["reconcile", "--tip-basis", "half"],
        ["fetch", "1", "--concurrency", "0"],
    ],
)
def test_wrong_use_ends_with_2_and_says_why(run, arguments):
    code, out, err = run(*arguments)
    assert code == 2
    assert out == ""
    assert err.strip()


def test_a_folder_that_cannot_be_written_to_leaves_nothing(run, tmp_path):
    payments, export = SAMPLES / "payments_day.jsonl", SAMPLES / "pos/english_comma/day.csv"
    code, _, err = run(
        "reconcile", "--payments", payments, "--pos", export, "--out", "no/close.xlsx"
    )
    assert code == 2
    assert "no" in err
    assert list(tmp_path.iterdir()) == []


def test_a_fault_of_ours_keeps_its_traceback_in_a_file(run, monkeypatch, tmp_path):
    def fail(*_):
        raise ZeroDivisionError("halves of nothing")

    monkeypatch.setattr("qerko_recon.id_sources.read_ids", fail)
    Path("x.txt").write_text("1\n")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, _, err = run("fetch", "--ids", "x.txt", "--config", write_settings(tmp_path))
    assert code == 2
    assert "fault of qerko-recon" in err
    (kept,) = tmp_path.glob("qerko-recon-*.txt")
    assert str(kept) in err
    assert "halves of nothing" in kept.read_text()


def write_settings(folder):
    file = folder / "venues.toml"
    file.write_text('api_key = "x"\npos_id = "y"\nbase_url = "http://127.0.0.1:9"\n')
    return file


def test_ctrl_c_says_so(run, monkeypatch, tmp_path):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("qerko_recon.id_sources.read_ids", stop)
    Path("x.txt").write_text("1\n")
    code, _, err = run("fetch", "--ids", "x.txt", "--config", write_settings(tmp_path))
    assert code == 130
    assert "Stopped" in err


def test_every_command_has_help_with_an_example(run):
    from qerko_recon.cli import cli

    def commands(group, path=()):
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from commands(command, (*path, name))
            else:
                yield (*path, name)

    for path in commands(cli):
        code, out, _ = run(*path, "--help")
        assert code == 0
        assert f"Example: qerko-recon {' '.join(path)}" in re.sub(r"\s+", " ", out)


@pytest.mark.parametrize("group", [(), ("pos",), ("log",), ("history",), ("key",)])
def test_a_group_says_the_whole_of_what_its_commands_do(run, group):
    code, out, _ = run(*group, "--help")
    assert code == 0
    _, listed = out.split("\nCommands:\n")
    assert listed.count(".\n") == len(re.findall(r"^  \w", listed, re.MULTILINE))
    assert "..." not in listed


def test_the_installed_command_and_the_module_are_the_same():
    for command in ([sys.executable, "-m", "qerko_recon"],):
        ran = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
        assert ran.stdout.startswith("qerko-recon, version ")


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as on POSIX")
def test_the_simulator_serves_until_ctrl_c(day, tmp_path):
    command = [sys.executable, "-m", "qerko_recon", "simulate", "--port", "0", "--payments", "60"]
    with subprocess.Popen(
        [*command, "--folder", "day"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as running:
        shown = [running.stdout.readline() for _ in range(6)]
        settings = dict(re.findall(r"export (\w+)='(.+)'", "".join(shown)))
        with Client(
            api_key=settings["QERKO_API_KEY"],
            pos_id=settings["QERKO_POS_ID"],
            base_url=settings["QERKO_BASE_URL"],
        ) as client:
            ids = (tmp_path / "day" / "payment_ids.txt").read_text().split()
            assert client.get_payment(ids[0]).id == ids[0]
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == 0
    assert len(list((tmp_path / "day").glob("*.csv"))) == 4


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("close", "export.csv"), "no option stands before export.csv; say what it is: --pos, "),
        (
            ("reconcile", "--payments", SAMPLES / "payments_day.jsonl", "export.csv"),
            "say what it is: --payments, --pos or --profile",
        ),
        (("close", "nowhere.csv"), "unexpected extra argument (nowhere.csv)"),
        (("log", "show", "a", "b", "c"), "unexpected extra arguments (b c)"),
    ],
)
def test_a_file_that_stands_alone_is_told_its_options(run, export, given, said):
    assert export.name == "export.csv"
    code, out, err = run(*given)
    assert (code, out) == (2, "")
    assert said in " ".join(err.split())
