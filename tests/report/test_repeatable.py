"""The same input gives the same bytes, in another process with other hashes at another time."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

WRITE = """
import sys
import qerko_recon as qr

folder = sys.argv[1]
payments = qr.Payments.read("data_samples/payments_day.jsonl")
pos = qr.read_pos("data_samples/pos/czech_semicolon/day.csv")
result = qr.reconcile(payments, pos, policy=qr.Policy(venue="U Lípy"))
for language in ("en", "cs"):
    result.to_excel(f"{folder}/{language}.xlsx", language)
    result.to_html(f"{folder}/{language}.html", language)
    result.to_eml(f"{folder}/{language}.eml", language, to="a@example.com")
    for kind in ("png", "svg", "pdf"):
        result.plot.bridge(language=language).savefig(f"{folder}/{language}.{kind}")
result.to_frames(folder)
result.to_frames(f"{folder}/de", formats=["csv"], language="de")
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folders = []
    for seed in ("1", "2"):
        folder = tmp_path_factory.mktemp(f"run{seed}")
        environment = os.environ | {"PYTHONHASHSEED": seed, "TZ": f"Etc/GMT+{seed}"}
        subprocess.run([sys.executable, "-c", WRITE, folder], check=True, env=environment)
        folders.append(folder)
    return folders


def test_every_file_is_the_same(runs):
    first, second = (
        {path.relative_to(run).as_posix(): path.read_bytes() for path in run.rglob("*.*")}
        for run in runs
    )
    assert len(first) > 40
    assert [name for name in first if first[name] != second.get(name)] == []
    assert first.keys() == second.keys()
