"""How fast payments are fetched by ID, beside a plain ``httpx.AsyncClient`` on the same server.

``python tests/benchmarks/bulk_fetch.py [--payments 6000] [--json FILE]``

The server is a process of its own on loopback and answers after 30 ms or at once. Each figure is
the best of some rounds, each in a fresh process; all contenders decode what they get. Exit code 1:
a budget is missed.

- 30 ms: at least 90 % of concurrency / latency with 32 requests at once, 80 % with 64;
- 0 ms: at least twice the rate of the plain client at its best;
- a store adds at most a tenth at 30 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from click import echo

ROUNDS = 3
LATENCY = 0.03
CREDENTIALS = {"api_key": "wzgd-lbq6-gp6y-xwef-7qrz-4757", "pos_id": "benchmark"}
SERVER = Path(__file__).parent / "loopback_server.py"


def ours(url, ids, concurrency, store):
    """Fetch with this package, into memory or a store."""
    from qerko_recon.client import Client

    with (
        Client(base_url=url, **CREDENTIALS) as client,
        tempfile.TemporaryDirectory() as folder,
    ):
        client.fetch_payments(["warm"], store=None)
        path = Path(folder) / "payments.db" if store else None
        yield
        payments = client.fetch_payments(ids, concurrency=concurrency, store=path)
        yield len(payments)


def plain(url, ids, concurrency, _):
    """Gather with an ``httpx.AsyncClient``, as one would write it down."""
    import httpx

    from qerko_recon.model import decode_payment

    async def fetch():
        gate = asyncio.Semaphore(concurrency)
        limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as client:

            async def one(payment_id):
                async with gate:
                    answer = await client.get(
                        f"/api/v2/pos/payment/{payment_id}",
                        headers={"Authorization": "Bearer k", "Pos-Id": "benchmark"},
                    )
                    return decode_payment(answer.content)

            return len(await asyncio.gather(*(one(payment_id) for payment_id in ids)))

    yield
    yield asyncio.run(fetch())


def contend(arguments):
    """Run one contender in this process; print its rate and processor time."""
    contender, url, count, concurrency, store = arguments
    ids = [f"p{number:07d}" for number in range(int(count))]
    at_once = concurrency if concurrency == "auto" else int(concurrency)
    run = {"ours": ours, "plain": plain}[contender](url, ids, at_once, store == "store")
    next(run)
    began, busy = time.perf_counter(), time.process_time()
    had = next(run)
    took, busy = time.perf_counter() - began, time.process_time() - busy
    assert had == len(ids), f"{had} of {len(ids)} were had"
    echo(json.dumps({"rate": had / took, "cpu_us": busy / had * 1e6}))
    next(run, None)


def measure(contender, latency, count, concurrency, store=""):
    """Run a contender some times against a fresh server; give its best round."""
    best = {"rate": 0.0, "cpu_us": 0.0}
    for _ in range(ROUNDS):
        server = subprocess.Popen(
            [sys.executable, str(SERVER), str(latency)], stdout=subprocess.PIPE, text=True
        )
        try:
            url = f"http://127.0.0.1:{int(server.stdout.readline())}"
            ran = subprocess.run(
                [sys.executable, __file__, "--contend", contender, url, str(count),
                 str(concurrency), store],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
        finally:
            server.kill()
            server.wait()
            server.stdout.close()
        best = max(best, json.loads(ran.stdout), key=lambda one: one["rate"])
    return best


def verdicts(count):
    """Measure everything; give a row for each budget: what, figure, peer, ratio, kept."""
    rows = []
    with_32 = measure("ours", LATENCY, count, 32)
    for concurrency, least in ((32, 0.9), (64, 0.8)):
        figure = with_32 if concurrency == 32 else measure("ours", LATENCY, count, concurrency)
        limit = concurrency / LATENCY
        rows.append((f"30 ms, {concurrency} at once", figure, "limit", limit, least))
    auto = measure("ours", LATENCY, count, "auto")
    rows.append(("30 ms, as the server keeps up", auto, "limit at 64", 64 / LATENCY, 0.5))
    stored = measure("ours", LATENCY, count, 32, "store")
    rows.append(("30 ms, 32 at once, into a store", stored, "without", with_32["rate"], 0.9))
    peer = max(measure("plain", 0, count, at_once)["rate"] for at_once in (8, 32))
    for concurrency in (8, 32, "auto"):
        figure = measure("ours", 0, count, concurrency)
        least = 2.0 if concurrency == "auto" else 1.0
        rows.append((f"0 ms, {concurrency} at once", figure, "plain httpx", peer, least))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--payments", type=int, default=6000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows = verdicts(arguments.payments)
    results = []
    echo(f"{'':34} payments/s  cpu us  peer           peer/s  ratio  least")
    for what, figure, peer, peer_rate, least in rows:
        ratio = figure["rate"] / peer_rate
        echo(
            f"{what:34}{figure['rate']:11.0f}{figure['cpu_us']:8.0f}  {peer:<13}{peer_rate:8.0f}"
            f"{ratio:7.2f}{least:7.2f}{'' if ratio >= least else '  MISSED'}"
        )
        results.append(
            {"what": what, **figure, "peer": peer, "peer_rate": peer_rate, "ratio": ratio,
             "least": least, "is_kept": ratio >= least}
        )  # fmt: skip
    if arguments.json:
        machine = {"python": platform.python_version(), "cores": os.cpu_count()}
        arguments.json.write_text(json.dumps({"machine": machine, "results": results}, indent=2))
    return 0 if all(one["is_kept"] for one in results) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--contend"]:
        contend(sys.argv[2:])
    else:
        sys.exit(main())
