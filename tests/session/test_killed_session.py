"""A poll session killed at random moments: the log stays whole, an answer is worked out once."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections import defaultdict
from contextlib import suppress

import pytest
from poll_server import API_KEY, POS_ID, _read

from qerko_recon.session.log import SessionLog

ROUNDS = int(os.environ.get("KILLED_ROUNDS", "40"))

# Forks, so that a round costs milliseconds: importing takes longer than living.
PARENT = """
    import os, signal, sys, time
    from qerko_recon import Client, PollRules, PollSession
    from qerko_recon.session.writer import LogSettings

    url, key, pos, log, worked = sys.argv[1:]
    rules = PollRules(first_wait=0.001, longest_wait=0.01)
    settings = LogSettings(rotate_at=60_000, durability="never")

    def answer(call):
        with open(worked, "a") as file:
            file.write(f"{call.uuid}\\n")
        return {"by": os.getpid(), "at": time.monotonic_ns()}

    while sys.stdin.readline():
        child = os.fork()
        if not child:
            client = Client(base_url=url, api_key=key, pos_id=pos)
            PollSession(client, answer, log=log, log_settings=settings, rules=rules).start()
            time.sleep(60)
        sys.stdin.readline()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        print("killed", flush=True)
"""


class Repeating:
    """A Qerko that asks again, with the same uuid, what was not answered."""

    def __init__(self) -> None:
        self.answers = defaultdict(list)
        self._number = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._lock = threading.Condition()
        threading.Thread(target=self._accept, daemon=True).start()

    def wait_for_answers(self, more: int) -> None:
        """Wait until so many more calls were answered."""
        with self._lock:
            wanted = len(self.answers) + more
            assert self._lock.wait_for(lambda: len(self.answers) >= wanted, 20)

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while (poll := _read(connection)) is not None:
                with self._lock:
                    if poll.body:
                        self.answers[json.loads(poll.body)["uuid"]].append(poll.body)
                    if f"u-{self._number}" in self.answers:
                        self._number += 1
                        self._lock.notify_all()
                    said = {"uuid": f"u-{self._number}", "method": "getTableList", "args": []}
                    body = json.dumps(said).encode()
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                connection.sendall(head + body)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is of POSIX")
def test_a_session_killed_again_and_again(tmp_path):
    server = Repeating()
    log, worked = tmp_path / "evening.jsonl", tmp_path / "worked.txt"
    arguments = [server.url, API_KEY, POS_ID, str(log), str(worked)]
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "QERKO_LOCKS": str(tmp_path / "locks")},
    )  # fmt: skip
    chance = random.Random(4)
    for round_ in range(ROUNDS):
        process.stdin.write("begin\n")
        process.stdin.flush()
        if round_ % 4 != 3:  # the others die wherever they are
            server.wait_for_answers(chance.randrange(1, 4))
        time.sleep(chance.uniform(0, 0.03))
        process.stdin.write("kill\n")
        process.stdin.flush()
        assert process.stdout.readline() == "killed\n"
        found = SessionLog(log).verify()
        assert found.is_whole, str(found)
    process.communicate(timeout=20)
    server.close()
    assert len(server.answers) > ROUNDS // 2
    # Whatever was answered was answered by the same bytes each time, and worked out once.
    assert {uuid: len(set(bodies)) for uuid, bodies in server.answers.items()} == dict.fromkeys(
        server.answers, 1
    )
    times = worked.read_text().split()
    again = {one for one in times if times.count(one) > 1}
    log_says = SessionLog(log).calls
    recorded = set(log_says.loc[log_says["outcome"] == "ok", "uuid"])
    assert set(server.answers) <= recorded
    # One that was killed between being worked out and being written down had not been answered.
    assert len(again) <= ROUNDS
    assert SessionLog(log).verify().is_whole
