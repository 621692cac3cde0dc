"""A poll session over many calls: does its memory stay flat, and is anything left after its stop?

``python tests/benchmarks/session_soak.py [--calls 100000]``

The session lives in a process of its own, against a bare loopback server in this one. Exit code 1:
it needs a tenth more memory at the end than after its first tenth, or leaves a thread or a socket.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading

from click import echo

KEY = "wzgd-lbq6-gp6y-xwef-7qrz-4757"
POS = "0b5f1b8e-6a3c-4d43-9f1e-6b1f6d1f5c55"
SESSION = """
import json, os, sys, threading, time
from qerko_recon import Client, LogSettings, PollSession

url, key, pos, log, most = sys.argv[1:]
most = int(most)

def megabytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

before = len(os.listdir("/proc/self/fd"))
client = Client(base_url=url, api_key=key, pos_id=pos)
session = PollSession(client, lambda call: [], log=log, log_settings=LogSettings())
began = time.perf_counter()
early = None
with session:
    while session.snapshot.calls < most:
        time.sleep(0.05)
        if early is None and session.snapshot.calls >= most / 10:
            early = megabytes()
    late, seconds = megabytes(), time.perf_counter() - began
names = [one.name for one in threading.enumerate() if "qerko" in one.name]
left = len(os.listdir("/proc/self/fd")) - before
said = {"early": early, "late": late, "seconds": seconds, "threads": names, "left": left}
print(json.dumps(said))
"""


class Server(threading.Thread):
    """Calls the POS as fast as it answers; a connection a poll, as the session has it."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.number = 0

    def run(self):
        """Serve one poll after the other: there is never more than one."""
        while True:
            connection, _ = self.socket.accept()
            with connection:
                got = connection.recv(65536)
                head, _, body = got.partition(b"\r\n\r\n")
                _, _, length = head.lower().partition(b"content-length:")
                if int(length.split()[0] if length else 0) > len(body):
                    connection.recv(65536)
                self.number += 1
                call = {"uuid": f"u-{self.number}", "method": "getTableList", "args": []}
                body = json.dumps(call).encode()
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n"
                connection.sendall(f"{head}Connection: close\r\n\r\n".encode() + body)


def main():
    """Run, print, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    calls = parser.parse_args().calls
    server = Server()
    server.start()
    url = f"http://127.0.0.1:{server.socket.getsockname()[1]}"
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            [sys.executable, "-c", SESSION, url, KEY, POS, f"{folder}/log.jsonl", str(calls)],
            env={**os.environ, "QERKO_LOCKS": folder},
            stdout=subprocess.PIPE,
            check=True,
        )
    said = json.loads(ran.stdout)
    echo(f"{calls:,} calls in {said['seconds']:.0f} s, {calls / said['seconds']:.0f}/s")
    echo(f"memory {said['early']:.0f} MB after a tenth, {said['late']:.0f} MB at the end")
    echo(f"left: threads {said['threads']}, descriptors {said['left']}")
    good = said["late"] <= 1.1 * said["early"] and not said["threads"] and said["left"] <= 1
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
