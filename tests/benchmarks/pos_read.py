"""How long a POS export takes to become tenders, beside a bare parse of the same file by Arrow.

``python tests/benchmarks/pos_read.py [--rows 1000000] [--json FILE]``

Two files, as POSs write them: ``plain`` is UTF-8 with commas, decimal points, payment IDs, tips
and ISO times; ``czech`` is cp1250 with semicolons, decimal commas, no-break spaces between
thousands, dotted dates, states and several tenders, and knows bills alone. The peer is
``pyarrow.csv.read_csv`` told nothing but delimiter and encoding, every column as it infers it.
Each figure comes from a fresh process on two threads, so that none has another's memory. Exit
code 1: a file takes more than three times as long as with the peer, or more than 1.5 GiB.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from click import echo

MOST = 3.0
MOST_MIB = 1536.0
ROUNDS = 5
THREADS = 2
YEAR = 365 * 86_400
BEGAN = datetime(2025, 11, 21)  # noqa: DTZ001 - the venue's own time
WAITERS = ("Jana", "Petr", "Šárka", "Ondřej", "Zdeňka")
DIALECTS = {"plain": (",", "utf-8"), "czech": (";", "cp1250")}


def plain(rows, chance):
    """Give a year of a chain's payments, every one Qerko's, as an English-speaking POS has it."""
    yield "Bill,Payment ID,Amount,Tip,Currency,Payment method,Closed by,Closed at\n"
    for row in range(rows):
        amount, tip = chance.randrange(5_000, 500_000), chance.choice((0, 0, 2_000, 5_050))
        at = BEGAN + timedelta(seconds=row * YEAR // rows)
        yield (
            f"A-{row:07d},{44_000_000 + row * 7},{amount / 100:.2f},{tip / 100:.2f},CZK,Qerko,"
            f"{chance.choice(WAITERS[:2])},{at.isoformat()}\n"
        )


def czech(rows, chance):
    """Give a year of a chain's bills with all their tenders, as a Czech POS has it."""
    tenders = ("Qerko", "Hotově", "Kartou", "Stravenky", "Převodem")
    yield "Číslo účtu;Vytvořeno;Typ platby;Konečná cena;Stav;Obsluhoval;Stůl\r\n"
    for row in range(rows):
        amount = f"{chance.randrange(5_000, 500_000) / 100:,.2f}"
        amount = amount.replace(",", "\u00a0").replace(".", ",")
        at = BEGAN + timedelta(seconds=row * YEAR // rows)
        tender = chance.choices(tenders, (40, 25, 25, 8, 2))[0]
        state = "Stornováno" if chance.random() < 0.01 else "Zaplaceno"
        yield (
            f"2026/{row:07d};{at:%d.%m.%Y %H:%M:%S};{tender};{amount};{state};"
            f"{chance.choice(WAITERS)};{chance.randrange(1, 60)}\r\n"
        )


FILES = {"plain": plain, "czech": czech}


def write(file, rows, path):
    encoding = DIALECTS[file][1]
    with path.open("w", encoding=encoding, newline="") as held:
        held.writelines(FILES[file](rows, random.Random(1)))


def peak():
    """Read this process's peak memory, in MiB; nothing where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def bare(file, path):
    from pyarrow import csv

    delimiter, encoding = DIALECTS[file]
    reading = csv.ReadOptions(encoding=encoding)
    parsing = csv.ParseOptions(delimiter=delimiter)

    def run():
        return csv.read_csv(path, reading, parsing).num_rows

    return run


def tenders(file, path):
    from qerko_recon.pos import read_pos

    encoding = DIALECTS[file][1]

    def run():
        pos = read_pos(path)
        assert pos.sniffed.encoding == encoding, pos.sniffed.encoding
        assert not len(pos.problems), pos.problems
        assert pos.tenders["paid_at"].notna().all()
        return len(pos.tenders) + len(pos.others)

    return run


WAYS = {"bare": bare, "tenders": tenders}


def measure(way, file, path):
    """Time one way, the best and the median of some rounds; memory is that of all of them."""
    import pyarrow as pa

    pa.set_cpu_count(THREADS)
    run = WAYS[way](file, path)
    before, first, took, rows = peak(), None, [], 0
    for _ in range(ROUNDS):
        start = time.perf_counter()
        rows = run()
        took.append(time.perf_counter() - start)
        first = peak() if first is None else first
    took.sort()
    return {
        "seconds": took[0],
        "median_seconds": took[len(took) // 2],
        "before_mib": before,
        "first_mib": first,
        "peak_mib": peak(),
        "rows": rows,
    }


def in_fresh_process(*arguments):
    run = subprocess.run(
        [sys.executable, __file__, *map(str, arguments)], check=True, stdout=subprocess.PIPE
    )
    return json.loads(run.stdout)


def compare(file, rows, folder):
    """Measure both ways on one file, each in a process of its own."""
    path = Path(folder) / f"{file}.csv"
    in_fresh_process("--only", "write", "--file", file, "--rows", rows, "--path", path)
    found = {way: in_fresh_process("--only", way, "--file", file, "--path", path) for way in WAYS}
    assert all(one["rows"] == rows for one in found.values()), "a row is lost"
    ratio = found["tenders"]["seconds"] / found["bare"]["seconds"]
    most = found["tenders"]["peak_mib"]
    is_within = ratio <= MOST and (most is None or most <= MOST_MIB)
    size = path.stat().st_size / (1 << 20)
    return {"file_mib": size, "ways": found, "ratio": ratio, "is_within": is_within}


def show(file, found):
    names = {"bare": "pyarrow.csv.read_csv", "tenders": "read_pos"}
    for way, name in names.items():
        one = found["ways"][way]
        memory = "—" if one["peak_mib"] is None else f"{one['peak_mib']:.0f}"
        ratio = f"{found['ratio']:.2f}" if way == "tenders" else ""
        echo(
            f"{file:8}{found['file_mib']:7.0f}  {name:22}{one['seconds']:9.3f}"
            f"{one['median_seconds']:9.3f}{memory:>10}{ratio:>8}"
        )


def main():
    reader = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    reader.add_argument("--rows", type=int, default=1_000_000)
    reader.add_argument("--json", type=Path, help="write the figures here")
    reader.add_argument("--file", choices=FILES, action="append", help="one of the two alone")
    reader.add_argument("--only", choices=("write", *WAYS), help=argparse.SUPPRESS)
    reader.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    asked = reader.parse_args()
    if asked.only == "write":
        write(asked.file[0], asked.rows, asked.path)
        echo("{}")
        return 0
    if asked.only:
        echo(json.dumps(measure(asked.only, asked.file[0], asked.path)))
        return 0
    found = {}
    echo(f"{asked.rows} rows, {THREADS} threads, best and median of {ROUNDS}")
    echo(f"{'file':8}{'MiB':>7}  {'':22}{'seconds':>9}{'median':>9}{'peak MiB':>10}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for file in asked.file or FILES:
            found[file] = compare(file, asked.rows, folder)
            show(file, found[file])
    is_within = all(one["is_within"] for one in found.values())
    kept = "kept" if is_within else "NOT KEPT"
    echo(f"at most {MOST:.0f} times the peer and {MOST_MIB:.0f} MiB: {kept}")
    if asked.json:
        figures = {
            "benchmark": "pos_read",
            "rows": asked.rows,
            "threads": THREADS,
            "python": platform.python_version(),
            "files": found,
            "at_most": MOST,
            "at_most_mib": MOST_MIB,
            "is_within": is_within,
        }
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if is_within else 1


if __name__ == "__main__":
    sys.exit(main())
