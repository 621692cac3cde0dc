"""Whether a long fetch stays small: memory, sockets, threads and tasks over many payments.

``python tests/benchmarks/soak.py [--payments 100000] [--json FILE]``

Fetches from a generator into a store, from a loopback server in a process of its own, and looks
at this process on the way. Exit code 1: memory at the end is more than a tenth and 16 MiB above
what it was after a tenth of the payments, or something is left behind.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from click import echo

from qerko_recon.client import Client

SERVER = Path(__file__).parent / "loopback_server.py"
CREDENTIALS = {"api_key": "wzgd-lbq6-gp6y-xwef-7qrz-4757", "pos_id": "benchmark"}
SLACK = 16


def resident():
    """Give this process's memory in MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise SystemExit("this system does not say how much memory a process has")


def open_files():
    """Count open files and sockets."""
    return len(list(Path("/proc/self/fd").iterdir()))


def soak(url, count):
    """Fetch; give what was seen of this process at every twentieth of the way, and afterwards."""
    seen = []

    def look(progress):
        if progress.done >= (len(seen) + 1) * count / 20:
            seen.append({"done": progress.done, "mib": resident(), "rate": progress.rate})

    with tempfile.TemporaryDirectory() as folder:
        with Client(base_url=url, **CREDENTIALS) as client:
            client.fetch_payments(["warm"], store=Path(folder) / "payments.db")
            before = {"files": open_files(), "threads": threading.active_count()}
            payments = client.fetch_payments(
                (f"p{number:08d}" for number in range(count)),
                store=Path(folder) / "payments.db",
                progress=look,
            )
            had, failed = len(payments), payments._failed_count()
            del payments
            client.last_fetch = None
            gc.collect()
        after = {"files": open_files(), "threads": threading.active_count()}
    return {"had": had, "failed": failed, "seen": seen, "before": before, "after": after}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--payments", type=int, default=100_000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    server = subprocess.Popen(
        [sys.executable, str(SERVER), "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        result = soak(url, arguments.payments)
    finally:
        server.kill()
        server.wait()
    for one in result["seen"]:
        echo(f"{one['done']:>9} payments  {one['mib']:7.1f} MiB  {one['rate']:6.0f}/s")
    echo(
        f"open files {result['before']['files']} before, {result['after']['files']} after; "
        f"threads {result['before']['threads']} before, {result['after']['threads']} after"
    )
    early, late = result["seen"][1]["mib"], result["seen"][-1]["mib"]
    is_flat = late <= early * 1.1 + SLACK
    is_clean = result["after"]["files"] <= result["before"]["files"] and (
        result["after"]["threads"] <= result["before"]["threads"]
    )
    result |= {"is_flat": is_flat, "is_clean": is_clean}
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2))
    return 0 if is_flat and is_clean and result["had"] == arguments.payments else 1


if __name__ == "__main__":
    sys.exit(main())
