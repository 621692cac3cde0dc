"""In a notebook, where an event loop runs already: both clients work, an interrupt is heard."""

from __future__ import annotations

import os
import queue

import pytest
from jupyter_client.manager import start_new_kernel
from spec_server import Fault

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are sent as on POSIX")

BEGIN = """
import qerko_recon as qr
settings = dict(base_url={url!r}, api_key={key!r}, pos_id={pos_id!r})
client = qr.Client(**settings)
"""


@pytest.fixture
def kernel(server):
    manager, client = start_new_kernel()
    try:
        begin = BEGIN.format(url=server.base_url, key=server.api_key, pos_id=server.pos_id)
        assert run(client, begin) == ("ok", "")
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run(client, code, *, once_sent=None):
    """Run a cell; give its status and what it printed or raised."""
    said = []
    sent = client.execute(code)
    if once_sent is not None:
        once_sent()
    while True:
        try:
            message = client.get_iopub_msg(timeout=60)
        except queue.Empty:
            pytest.fail("the cell does not end")
        if message["parent_header"].get("msg_id") != sent:
            continue
        content = message["content"]
        if message["msg_type"] == "stream":
            said.append(content["text"])
        if message["msg_type"] == "error":
            said.append(content["ename"])
        if message["msg_type"] == "status" and content["execution_state"] == "idle":
            break
    return client.get_shell_msg(timeout=60)["content"]["status"], "".join(said)


def test_both_clients_work_in_a_cell(server, kernel):
    server.hold("1", "2")
    _, client = kernel
    assert run(client, "print(client.fetch_payments(['1', '2']))") == (
        "ok",
        "Payments(2 fetched, 0 not had)\n",
    )
    assert run(
        client,
        "async with qr.AsyncClient(**settings) as other:\n"
        "    print(await other.fetch_payments(['1', '2']))",
    ) == ("ok", "Payments(2 fetched, 0 not had)\n")


def test_interrupting_the_kernel_keeps_what_came(server, kernel):
    """The rest hangs for ever, so that only the interrupt can end the cell."""
    ids = [str(number) for number in range(100)]
    server.hold(*ids[:20])
    for one in ids[20:]:
        server.fail_always("GET", Fault("hang"), one)
    manager, client = kernel

    def interrupt():
        while len(server.requests()) < 24:
            pass
        manager.interrupt_kernel()

    code = f"client.fetch_payments({ids!r}, concurrency=4)"
    assert run(client, code, once_sent=interrupt) == ("error", "FetchInterrupted")
    assert run(client, "print(client.last_fetch)") == ("ok", "Payments(20 fetched, 0 not had)\n")
    assert run(client, "print(client.get_payment('1').id)") == ("ok", "1\n")
