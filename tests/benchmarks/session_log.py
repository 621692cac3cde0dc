"""What a session log and the recording proxy cost, beside bare readers and a direct connection.

``python tests/benchmarks/session_log.py [--records 500000] [--exchanges 400]``

The peers read the same file: ``pyarrow.json`` into a table, and ``msgspec`` line by line, keeping
nothing. The proxy's peer is the same requests sent to the same server directly. Exit code 1: fewer
than 20,000 records a second are written, reading is slower than 100 MB/s or needs more memory than
400 MB above what it began with.
"""

from __future__ import annotations

import argparse
import json
import resource
import socket
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import msgspec
import pyarrow.json as pj
from click import echo

from qerko_recon import RecordingProxy, SessionLog
from qerko_recon.session.writer import LogSettings, LogWriter

LEAST_WRITTEN = 20_000
LEAST_READ = 100.0
MOST_MEMORY = 400.0
REQUEST = b"GET /api/v2/pos/payment/1 HTTP/1.1\r\nHost: q\r\nAuthorization: Bearer %s\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n" + b'{"id": "1234"}'


def write(path, records):
    """Write calls with their answers; records a second."""
    bill = {"id": "12", "currency": "CZK", "items": [{"id": "1", "name": "Pivo", "price": "55"}]}
    chosen = LogSettings(durability="never", rotate_at=2**40)
    began = time.perf_counter()
    with LogWriter(path, settings=chosen) as writer:
        for number in range(records // 4):
            about = {"uuid": f"4b7e0c9a-1111-2222-3333-{number:012d}", "method": "getBill"}
            writer.write("call", {"exchange": number, **about, "args": ["12", None], "times": 1})
            writer.write("result", {**about, "result": bill, "seconds": 0.001})
            writer.write("poll_sent", {"exchange": number + 1, **about, "send": 1})
            writer.write(
                "poll_answered", {"exchange": number + 1, **about, "status": 200, "seconds": 0.1}
            )
    return records / (time.perf_counter() - began)


def timed(work):
    """Give seconds, and megabytes of memory that the peak rose by."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    work()
    risen = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return time.perf_counter() - began, risen / 1024


def stream(path):
    """Read all records as frames' tables, keeping none."""
    for _ in SessionLog(path).tables():
        pass


def bare(path):
    """Decode every line and keep nothing."""
    decoder = msgspec.json.Decoder()
    with path.open("rb") as file:
        for line in file:
            decoder.decode(line)


class Server(threading.Thread):
    """Answers every request at once."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def run(self):
        """Serve one connection after the other."""
        while True:
            connection, _ = self.socket.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        """Serve a connection."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while connection.recv(65536):
            connection.sendall(ANSWER)


def exchanges(port, many):
    """Give the median and the 99th percentile of an exchange, in microseconds."""
    request = REQUEST % b"eeeu-g786-zp54-3v1c-db02-e4e1"
    took = []
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(many):
            began = time.perf_counter()
            client.sendall(request)
            client.recv(65536)
            took.append(1e6 * (time.perf_counter() - began))
    return statistics.median(took), statistics.quantiles(took, n=100)[98]


def main():
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=500_000)
    parser.add_argument("--exchanges", type=int, default=4000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        written = write(path, asked.records)
        size = path.stat().st_size / 1e6
        seconds, memory = timed(lambda: stream(path))
        peers = {
            "msgspec, line by line": timed(lambda: bare(path))[0],
            "pyarrow.json, whole": timed(lambda: pj.read_json(path))[0],
        }
        whole = timed(lambda: SessionLog(path).frame)[0]
        calls = timed(lambda: SessionLog(path).calls)[0]
        check = timed(lambda: SessionLog(path).verify())[0]
        server = Server()
        server.start()
        direct = exchanges(server.port, asked.exchanges)
        with RecordingProxy(
            f"http://127.0.0.1:{server.port}", Path(folder) / "proxy.jsonl"
        ) as proxy:
            through = exchanges(int(proxy.address.rpartition(":")[2]), asked.exchanges)
    echo(f"written {written:,.0f} records/s ({asked.records:,} records, {size:.0f} MB)")
    echo(f"read {size / seconds:.0f} MB/s, memory +{memory:.0f} MB")
    for name, took in peers.items():
        echo(f"  {name}: {size / took:.0f} MB/s, ours takes {seconds / took:.2f} × as long")
    echo(f"frame {size / whole:.0f} MB/s, calls {size / calls:.0f}, verify {size / check:.0f}")
    for name, (middle, late) in (("direct", direct), ("through the proxy", through)):
        echo(f"an exchange {name}: median {middle:.0f} µs, 99 % {late:.0f} µs")
    figures = {"written": written, "read": size / seconds, "memory": memory}
    echo(json.dumps({**figures, "direct": direct, "proxy": through}))
    good = written >= LEAST_WRITTEN and size / seconds >= LEAST_READ and memory <= MOST_MEMORY
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
