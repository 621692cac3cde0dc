"""A quick Qerko on loopback for benchmarks, in a process of its own.

Answers every ``GET /api/v2/pos/payment/<id>`` with a payment of some 600 bytes and three items,
after a settable time. ``python loopback_server.py SECONDS`` prints its port, then serves until it
is killed.
"""

from __future__ import annotations

import asyncio
import json
import sys
from urllib.parse import unquote

from click import echo

PADDED = json.dumps(
    {
        "additionalData": None,
        "currency": "CZK",
        "discount": None,
        "id": "%ID%",
        "idBill": "bill-%ID%",
        "idCustomer": None,
        "items": [
            {
                "id": str(number),
                "minQuantity": "1",
                "name": name,
                "price": price,
                "quantity": "1",
                "tags": ["Misc"],
            }
            for number, (name, price) in enumerate(
                [("Svickova na smetane", "259.00"), ("Kofola 0.5", "55.00"), ("Espresso", "62.00")]
            )
        ],
        "state": "PAID",
        "parts": [
            {"total": "414.00", "provider": {"id": "qerko", "name": "Qerko", "type": "CARD"}}
        ],
        "tipBrutto": "38.00",
        "tipNetto": "36.50",
    },
    separators=(",", ":"),
)
HEAD = (
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: application/json; charset=utf-8\r\n"
    "Content-Length: {}\r\n\r\n"
)


def payment(payment_id: str) -> bytes:
    """Give the JSON of a payment."""
    return PADDED.replace("%ID%", payment_id).encode()


class Connection(asyncio.Protocol):
    """One connection: requests without bodies, answered in order."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._buffer = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
            target = head.split(b" ", 2)[1].decode()
            body = payment(unquote(target.rpartition("/")[2]))
            answer = HEAD.format(len(body)).encode() + body
            if self._seconds:
                self._loop.call_later(self._seconds, self._answer, answer)
            else:
                self._answer(answer)

    def _answer(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


async def main(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(seconds), "127.0.0.1", 0, backlog=512)
    echo(str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
