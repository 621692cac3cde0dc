"""What finding causes costs: a session log of a million records, tens of thousands of breaks.

``python tests/benchmarks/causes.py [--payments 85000] [--breaks 50000]``

The peer is the bare decoding of the same log by msgspec, line by line, keeping nothing. Exit code
1: causes take more than 60 times as long, or twice as many payments more than 2.6 times as long.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pandas as pd
from click import echo

import qerko_recon as qr
from qerko_recon.session.writer import Clock, LogSettings, LogWriter

MOST = 60.0
GROWTH = 2.6
CALLS = ("paymentStart", "paymentProcessed", "paymentClosed")
CARD = {"id": "qerko", "name": "Qerko", "type": "CARD"}


class Ticking(Clock):
    """A clock that is moved on by hand."""

    def __init__(self):
        self.seconds = 0.0

    def now(self):
        return datetime(2026, 11, 20, 8, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self):
        return self.seconds


def write(path, payments):
    """Record payments, of which one in twenty is never closed."""
    clock = Ticking()
    chosen = LogSettings(durability="never", rotate_at=2**40)
    with LogWriter(path, settings=chosen, clock=clock) as writer:
        for number in range(payments):
            name = str(40_000_000 + number)
            item = {"id": "1", "name": "Pivo", "price": "62", "quantity": "2"}
            whole = {"id": name, "idBill": f"b{number}", "currency": "CZK", "state": "X"}
            whole |= {"items": [item], "parts": [{"total": "124", "provider": CARD}]}
            whole |= {"tipBrutto": "0", "tipNetto": "0"}
            args = dict(zip(CALLS, ([whole], [name, "X"], [name, "PAID"]), strict=True))
            for method in CALLS[: 2 if number % 20 == 0 else 3]:
                about = {"uuid": f"{name}-{method}", "method": method, "payment_id": name}
                clock.seconds += 0.01
                writer.write("call", {"exchange": number, **about, "args": args[method]})
                writer.write("result", {**about, "result": None, "seconds": 0.01})
                writer.write("poll_sent", {"exchange": number + 1, **about, "send": 1})
                writer.write("poll_answered", {"exchange": number + 1, **about, "status": 200})


def sides(payments, breaks):
    """Give payments, and lines for all but so many of them."""
    numbers = range(payments)
    ids = [str(40_000_000 + number) for number in numbers]
    paid = pd.DataFrame(
        {
            "payment_id": ids,
            "bill_id": [f"b{number}" for number in numbers],
            "state": "PAID",
            "currency": "CZK",
            "parts_total": "124",
        }
    )
    lacks = [
        number * breaks // payments != (number - 1) * breaks // payments for number in numbers
    ]
    lines = paid[[not one for one in lacks]][["payment_id", "bill_id"]].assign(amount="124")
    return paid, lines


def bare(path):
    """Decode every line and keep nothing."""
    decoder = msgspec.json.Decoder()
    with path.open("rb") as file:
        for line in file:
            decoder.decode(line)


def timed(work):
    """Give what came of it, and the seconds it took."""
    began = time.perf_counter()
    return work(), time.perf_counter() - began


def measure(folder, payments, breaks):
    """Measure one size."""
    path = folder / f"{payments}.jsonl"
    write(path, payments)
    paid, lines = sides(payments, breaks)
    _, without = timed(lambda: qr.reconcile(paid, lines))
    result, whole = timed(lambda: qr.reconcile(paid, lines, log=path))
    _, peer = timed(lambda: bare(path))
    return {
        "payments": payments,
        "records": result.summary.sources[-1].rows,
        "breaks": len(result.breaks),
        "causes": int(result.breaks["cause_kind"].notna().sum()),
        "causes_seconds": round(whole - without, 2),
        "bare_seconds": round(peer, 2),
        "times": round((whole - without) / peer, 1),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main():
    """Measure half the size and the size, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payments", type=int, default=85_000)
    parser.add_argument("--breaks", type=int, default=50_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        half = measure(Path(folder), asked.payments // 2, asked.breaks // 2)
        whole = measure(Path(folder), asked.payments, asked.breaks)
    growth = round(whole["causes_seconds"] / max(half["causes_seconds"], 0.01), 2)
    echo(json.dumps({"half": half, "whole": whole, "growth": growth}, indent=2))
    sys.exit(0 if whole["times"] <= MOST and growth <= GROWTH else 1)


if __name__ == "__main__":
    main()
