"""How long a million payments take to become breaks, beside bare joins of the same tables.

``python tests/benchmarks/reconcile.py [--payments 1000000] [--json FILE] [--growth]``

Peers: a full outer join of the two tables by DuckDB, materialised, which knows nothing of amounts;
a join of payments with the sums of their lines, every difference of total, tip, currency or state
counted; and the same by datacompy, exact decimals, by pandas and by Polars, each summing lines in
its own way. All that count must count the same
discrepancies as the reconciliation finds; what only bill sums bring together they are not given,
since none of them can. Each figure comes from a fresh process on two threads, the best of some
rounds. ``--growth`` measures 100,000, a million and five million payments too.

Exit code 1: more than three times the bare join, less than ten times as fast as datacompy by
pandas or three times as fast as by Polars, more than 2 GiB at a million payments, or more than 1.3
times linear growth.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

from click import echo
from frames_from_json import peak
from reconcile_data import sides

MOST = 3.0
FASTER_THAN_PANDAS = 10.0
FASTER_THAN_POLARS = 3.0
MOST_MIB = 2048.0
MOST_GROWTH = 1.3
THREADS = 2
SIZES = (100_000, 1_000_000, 5_000_000)
KEYS = ["payment_id", "currency", "state"]
ROUNDS = {"ours": 7, "join": 7, "count": 5, "datacompy_pandas": 2, "datacompy_polars": 3}
NAMES = {
    "ours": "qerko_recon, to finished breaks",
    "join": "DuckDB, bare full outer join",
    "count": "DuckDB, join of sums, counted",
    "datacompy_pandas": "datacompy, pandas",
    "datacompy_polars": "datacompy, Polars",
}


def ours(payments, tenders, _):
    from qerko_recon.recon import reconcile

    def run():
        result = reconcile(payments, tenders)
        assert result.unexplained == 0
        return len(result.breaks)

    return run


def tables(payments, tenders):
    import pyarrow as pa

    return (
        pa.Table.from_pandas(payments.frame, preserve_index=False),
        pa.Table.from_pandas(tenders, preserve_index=False),
    )


def by_id(payments, tenders, data):
    """Give what a join by payment needs of both sides, without what only bills bring together."""
    import duckdb
    import numpy as np
    import pyarrow as pa

    paid, posted = tables(payments, tenders)
    paid = paid.take(pa.array(np.setdiff1d(np.arange(data.count), data.of_bills)))
    con = duckdb.connect()
    con.register("paid", paid)
    con.register("posted", posted)
    left = con.sql(
        "select payment_id, parts_total as total, tip_gross as tip, currency, "
        "lower(state) as state from paid"
    ).to_arrow_table()
    right = con.sql(
        "select payment_id, total, tip, currency, state from posted where payment_id is not null"
    ).to_arrow_table()
    return left, right


def join(payments, tenders, _):
    import duckdb

    paid, posted = tables(payments, tenders)
    con = duckdb.connect(config={"threads": THREADS})
    con.register("paid", paid)
    con.register("posted", posted)
    sql = "select * from paid full outer join posted using (payment_id)"

    def run():
        con.sql(sql).to_arrow_table()

    return run


def count(payments, tenders, data):
    import duckdb

    left, right = by_id(payments, tenders, data)
    con = duckdb.connect(config={"threads": THREADS})
    con.register("paid", left)
    con.register("lines", right)
    sql = (
        "with posted as (select payment_id, currency, state, sum(total) as total, "
        "sum(tip) as tip from lines group by payment_id, currency, state) "
        "select count(*) from paid full outer join posted using (payment_id) where "
        "paid.total is distinct from posted.total or paid.tip is distinct from posted.tip "
        "or paid.currency is distinct from posted.currency "
        "or paid.state is distinct from posted.state"
    )
    return lambda: con.sql(sql).fetchall()[0][0]


def datacompy_pandas(payments, tenders, data):
    import datacompy

    left, right = (one.to_pandas() for one in by_id(payments, tenders, data))

    def run():
        sums = right.groupby(KEYS, as_index=False, sort=False).sum()
        return counted(datacompy.PandasCompare(left, sums, join_columns="payment_id"))

    return run


def datacompy_polars(payments, tenders, data):
    import datacompy
    import polars as pl

    left, right = (pl.from_arrow(one) for one in by_id(payments, tenders, data))

    def run():
        sums = right.group_by(KEYS).sum()
        return counted(datacompy.PolarsCompare(left, sums, join_columns="payment_id"))

    return run


def counted(compare):
    """Count what datacompy found: rows of one side alone, and common rows that differ.

    The rows that differ are listed, as breaks are.
    """
    listed = compare.all_mismatch()
    common = compare.intersect_rows
    same = common["total_match"]
    for name in ("tip", "currency", "state"):
        same = same & common[f"{name}_match"]
    differ = int((~same).sum())
    assert len(listed) == differ
    return len(compare.df1_unq_rows) + len(compare.df2_unq_rows) + differ


WAYS = {
    "ours": ours,
    "join": join,
    "count": count,
    "datacompy_pandas": datacompy_pandas,
    "datacompy_polars": datacompy_polars,
}


def measure(way, size):
    """Time one way, the best of some rounds."""
    import pyarrow as pa

    pa.set_cpu_count(THREADS)
    payments, tenders, data = sides(size)
    run = WAYS[way](payments, tenders, data)
    before, best, found, most = peak(), float("inf"), None, None
    for _ in range(ROUNDS[way]):
        start = time.perf_counter()
        found = run()
        best = min(best, time.perf_counter() - start)
        most = peak() if most is None else most
    expected = sum(data.expected.values())
    return {
        "seconds": best,
        "before_mib": before,
        "peak_mib": most,
        "discrepancies": found,
        "expected": expected,
    }


def in_fresh_process(way, size):
    command = [sys.executable, __file__, "--only", way, "--payments", str(size)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(run.stdout)


def compare(size, ways):
    found = {}
    echo(f"{size} payments, {THREADS} threads")
    for way in ways:
        one = found[way] = in_fresh_process(way, size)
        assert one["discrepancies"] in {None, one["expected"]}, (way, one)
        memory = "—" if one["peak_mib"] is None else f"{one['peak_mib']:.0f} MiB"
        told = "" if one["discrepancies"] is None else f"{one['discrepancies']} discrepancies"
        echo(f"  {NAMES[way]:34}{one['seconds']:9.3f} s {memory:>10}  {told}")
    return found


def judge(found, growth):
    """Give each budget with what was measured."""
    seconds = {way: one["seconds"] for way, one in found.items()}
    most = found["ours"]["peak_mib"]
    budgets = {
        "times_the_bare_join": (seconds["ours"] / seconds["join"], "<=", MOST),
        "faster_than_datacompy_pandas": (
            seconds["datacompy_pandas"] / seconds["ours"],
            ">=",
            FASTER_THAN_PANDAS,
        ),
        "faster_than_datacompy_polars": (
            seconds["datacompy_polars"] / seconds["ours"],
            ">=",
            FASTER_THAN_POLARS,
        ),
        "peak_mib": (most or 0.0, "<=", MOST_MIB),
    }
    for (small, less), (large, more) in pairwise(growth):
        times = (more / less) / (large / small)
        budgets[f"growth_{small}_to_{large}"] = (times, "<=", MOST_GROWTH)
    return {
        name: {
            "measured": value,
            "budget": f"{how} {limit:g}",
            "is_within": value <= limit if how == "<=" else value >= limit,
        }
        for name, (value, how, limit) in budgets.items()
    }


def main():
    reader = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    reader.add_argument("--payments", type=int, default=1_000_000)
    reader.add_argument("--json", type=Path, help="write the figures here")
    reader.add_argument("--growth", action="store_true", help="measure three sizes")
    reader.add_argument("--only", choices=WAYS, help=argparse.SUPPRESS)
    asked = reader.parse_args()
    if asked.only:
        echo(json.dumps(measure(asked.only, asked.payments)))
        return 0
    found = compare(asked.payments, WAYS)
    growth = []
    if asked.growth:
        growth = [(size, compare(size, ["ours"])["ours"]["seconds"]) for size in SIZES]
    budgets = judge(found, growth)
    for name, one in budgets.items():
        kept = "kept" if one["is_within"] else "NOT KEPT"
        echo(f"  {name:34}{one['measured']:9.2f}   {one['budget']:8} {kept}")
    is_within = all(one["is_within"] for one in budgets.values())
    if asked.json:
        figures = {
            "benchmark": "reconcile",
            "payments": asked.payments,
            "threads": THREADS,
            "python": platform.python_version(),
            "ways": found,
            "growth": growth,
            "budgets": budgets,
            "is_within": is_within,
        }
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if is_within else 1


if __name__ == "__main__":
    sys.exit(main())
