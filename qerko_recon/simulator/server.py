"""A Qerko in a box: a day of trade in, an HTTP server on loopback out.

Starlette and uvicorn stand on what httpx brings anyway (h11 and anyio), keep thousands of held
polls on one thread, and leave the connection within reach of faults that drop it: ``http.server``
would need a thread a poll and hand-written HTTP.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from qerko_recon.errors import ConfigError, UnexpectedResponse
from qerko_recon.model import (
    CANCELLED,
    PAID,
    MethodCallResponse,
    Payment,
    Receipt,
    decode_receipt,
)
from qerko_recon.simulator.api import World, api_routes
from qerko_recon.simulator.bell import Bell
from qerko_recon.simulator.clock import Clock
from qerko_recon.simulator.control import control_routes, find_restaurant, set_restarting
from qerko_recon.simulator.day import TradingDay
from qerko_recon.simulator.faults import Fault, FaultPlan
from qerko_recon.simulator.journal import CallRecord, Journal, RequestRecord
from qerko_recon.simulator.ledger import Refused
from qerko_recon.simulator.listener import Listener, listen
from qerko_recon.simulator.restaurants import POS_ID, Restaurant, Rules
from qerko_recon.simulator.state import Call, CaptureMode, Exchange, PaymentBook
from qerko_recon.simulator.wire import payment_json

__all__ = ["Simulator"]

VENUE: Final = Restaurant("Hostinec U Zlatého haléře")
NEIGHBOUR: Final = Restaurant("Bistro Naproti")

_LONGEST_STOP: Final = 30.0
_NEW: Final[Any] = object()


class Simulator:
    """A simulated Qerko; use it as a context manager, or give its ``app`` to an ASGI client.

    Parameters
    ----------
    day
        Payments to hold, those of another restaurant among them, and the faults that keep some
        of them out of reach. Without a day the server holds nothing until something is added.
    restaurants
        Who may connect; the first one owns what is added. By default the day's and a neighbour.
    payments, faults
        More to begin with.
    rules
        What the specification leaves open.
    clock
        By default it stands at the end of the day; without a day it follows the system's.
    pos_id
        The Pos-Id that is accepted.
    host, port
        Where to listen; port 0 takes a free one.

    Raises
    ------
    ConfigError
        Two restaurants share a name or a key, or the port is taken.

    Examples
    --------
    >>> from http.client import HTTPConnection
    >>> with Simulator(TradingDay.generate(payments=60)) as simulator:
    ...     connection = HTTPConnection("127.0.0.1", simulator.port)
    ...     headers = {"Authorization": f"Bearer {simulator.api_key}", "Pos-Id": simulator.pos_id}
    ...     connection.request("GET", "/api/v2/pos/payment/none", headers=headers)
    ...     print(connection.getresponse().status)
    ...     connection.close()
    ...     print(simulator.journal[0].route, simulator.journal[0].payment_id)
    404
    get none
    """

    def __init__(
        self,
        day: TradingDay | None = None,
        *,
        restaurants: Sequence[Restaurant] = (VENUE, NEIGHBOUR),
        payments: Iterable[Payment] = (),
        faults: Iterable[Fault] = (),
        rules: Rules | None = None,
        clock: Clock | None = None,
        pos_id: str = POS_ID,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        _check_restaurants(restaurants)
        self.day = day
        self.host = host
        self._wanted_port = port
        self._server: Listener | None = None
        self._thread: threading.Thread | None = None
        self.clock = clock or Clock(day.closed_at if day else None)
        bell = Bell()
        self._world = World(
            restaurants=tuple(restaurants),
            pos_id=pos_id,
            rules=rules or Rules(),
            clock=self.clock,
            plan=FaultPlan(faults),
            payments=PaymentBook(self.clock, rules or Rules()),
            exchange=Exchange(restaurants, self.clock, bell),
            bell=bell,
            journal=Journal(),
        )
        if day is not None:
            self._take_in(day)
        for payment in payments:
            self.add(payment)
        self.app: ASGIApp = _raw_paths(
            Starlette(routes=[*control_routes(self._world), *api_routes(self._world)])
        )

    def _take_in(self, day: TradingDay) -> None:
        for payment in day.payments:
            self.add(payment)
        for one in day.refused:
            if one.payment is not None:
                owner = self._world.restaurants[-1 if one.kind == "forbidden" else 0]
                self._world.payments.add(one.payment, owner, "auto")
            for fault in _faults_of(one):
                self.inject(fault)

    # Who connects, and where

    @property
    def port(self) -> int:
        """The port it listens on."""
        if self._server is None:
            raise ConfigError("the simulator is not running; start it, or use it in a with block")
        return self._server.port

    @property
    def base_url(self) -> str:
        """What stands before ``/api``; runs only while the simulator does."""
        return f"http://{self.host}:{self.port}"

    @property
    def restaurants(self) -> tuple[Restaurant, ...]:
        """Who may connect."""
        return tuple(self._world.restaurants)

    @property
    def api_key(self) -> str:
        """A key of the first restaurant."""
        return self._world.restaurants[0].api_keys[0]

    @property
    def pos_id(self) -> str:
        """The Pos-Id that is accepted."""
        return self._world.pos_id

    @property
    def environment(self) -> dict[str, str]:
        """What a client in another process needs, as environment variables, its key included."""
        return {
            "QERKO_API_KEY": self.api_key,
            "QERKO_POS_ID": self.pos_id,
            "QERKO_BASE_URL": self.base_url,
        }

    # What it holds

    def add(
        self,
        payment: Payment,
        *,
        restaurant: str | None = None,
        capture: CaptureMode = "auto",
    ) -> Payment:
        """Hold a payment, in place of one with its ID; give it as it is held.

        Its creation is its timestamp, or now. One with manual capture that is ``PAID`` waits to
        be captured.
        """
        owner = find_restaurant(self._world, restaurant)
        return self._world.payments.add(payment, owner, capture)

    @property
    def payments(self) -> tuple[Payment, ...]:
        """Every payment, as it is now."""
        return self._world.payments.payments

    def payment(self, payment_id: str) -> Payment:
        """Give one payment as it is now; ``KeyError`` where there is none."""
        found = {payment.id: payment for payment in self.payments}
        return found[payment_id]

    def receipt(self, payment_id: str) -> Receipt | None:
        """Give the receipt that a payment was captured with, if it was."""
        return self._world.payments.receipt(payment_id)

    # What goes wrong

    def inject(self, fault: Fault) -> None:
        """Add a fault; it counts requests from now on."""
        self._world.plan.add(fault)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Every fault that may still strike, the day's own among them."""
        return self._world.plan.faults

    def clear_faults(self) -> None:
        """Forget every fault, the day's own among them."""
        self._world.plan.clear()

    def restart(self, on: bool = True) -> None:
        """Begin (or end) a restart: polls are let go and refused with a 503."""
        set_restarting(self._world, on)

    # What was said

    @property
    def journal(self) -> tuple[RequestRecord, ...]:
        """Every request so far, without headers and bodies."""
        return self._world.journal.requests

    @property
    def calls(self) -> tuple[CallRecord, ...]:
        """Every method call so far, with its answers."""
        return self._world.exchange.calls

    def call(
        self,
        method: str,
        args: Iterable[Any] = (),
        *,
        uuid: str | None = _NEW,
        restaurant: str | None = None,
    ) -> Call:
        """Queue a method call for the next poll; ``uuid=None`` wants no answer."""
        owner = find_restaurant(self._world, restaurant)
        identifier = _new_uuid() if uuid is _NEW else uuid
        place = self._world.exchange.queue(owner, method, args, identifier)
        return Call(self._world.exchange, self._world.journal, place)

    def wait_for_poll(self, timeout: float = 10.0, *, restaurant: str | None = None) -> bool:
        """Wait until a poll is held open; whether one was in time."""
        owner = find_restaurant(self._world, restaurant)
        return self._world.journal.wait_until(
            lambda: self._world.exchange.is_connected(owner), timeout
        )

    def pay(
        self, payment: Payment, *, timeout: float = 10.0, loses_close: bool = False
    ) -> Payment:
        """Take a payment through the calls of its life; give it as it ends.

        ``paymentStart``, ``paymentProcessed`` and ``paymentClosed`` are called in that order, on
        the first restaurant's connection. An error in place of an answer, no answer in time, or
        a receipt that is none cancels the payment, as Qerko does.

        Parameters
        ----------
        payment
            The payment as it is when all goes well.
        timeout
            Seconds to wait for each answer; how long Qerko waits is not documented.
        loses_close
            Whether ``paymentClosed`` is never sent, which leaves the POS in the dark.
        """
        state = self._world.rules.in_progress_state
        started = self.add(msgspec.structs.replace(payment, state=state))
        wire = msgspec.json.decode(payment_json(started))
        answer = self.call("paymentStart", [wire]).wait_for_answer(timeout)
        is_paid = _is_result(answer)
        if is_paid:
            answer = self.call("paymentProcessed", [payment.id, state]).wait_for_answer(timeout)
            is_paid = _is_result(answer) and _is_receipt(answer)
        ended = self._world.payments.set_state(payment.id, PAID if is_paid else CANCELLED)
        if not loses_close:
            self.call("paymentClosed", [payment.id, ended.state]).wait_for_answer(timeout)
        return ended

    # Its life

    def start(self) -> Self:
        """Listen, on a thread of its own; returns when it does.

        Raises
        ------
        ConfigError
            The port is taken, or the simulator runs already.
        """
        if self._server is not None:
            raise ConfigError("the simulator runs already")
        server = Listener(self.app, listen(self.host, self._wanted_port))
        self._world.bell.restore()
        self._server = server
        self._thread = threading.Thread(target=server.run, name="qerko-simulator", daemon=True)
        self._thread.start()
        server.is_up.wait()
        if not server.started:
            self.stop()
            raise ConfigError(f"the simulator could not start on {self.host}")
        return self

    def stop(self) -> None:
        """Let held polls go, close every connection, end the thread; nothing to do twice."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        self._world.bell.silence()
        server.leave()
        server.is_down.wait(_LONGEST_STOP)
        if thread.is_alive():
            thread.join()
        server.close()
        self._server = self._thread = None

    def serve_forever(self) -> None:
        """Run until the process is interrupted, then stop in good order."""
        try:
            if self._server is None:
                self.start()
            server = self._server
            # An interrupted Thread.join takes the thread for ended, so an event is waited for;
            # half a second at a time, so that an interrupt is noticed on every system.
            while server is not None and not server.is_down.wait(0.5):
                pass
        except KeyboardInterrupt:
            pass
        finally:
            self.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        where = "stopped" if self._server is None else self.base_url
        return f"Simulator({where}, {len(self.payments)} payments)"


def _new_uuid() -> str:
    return str(uuid.uuid4())


def _is_result(answer: MethodCallResponse | None) -> bool:
    return answer is not None and answer.error is None


def _is_receipt(answer: MethodCallResponse | None) -> bool:
    try:
        decode_receipt(msgspec.json.encode(answer.result if answer else None))
    except UnexpectedResponse:
        return False
    return True


def _faults_of(refused: Refused) -> list[Fault]:
    """Keep a payment out of reach for ever, where the server's own rules do not."""
    if refused.kind == "server":
        kind = Fault(
            kind="status", status=500, route="get", payment_id=refused.payment_id, times=None
        )
    elif refused.kind == "network":
        kind = Fault(kind="drop", route="get", payment_id=refused.payment_id, times=None)
    elif refused.kind == "invalid":
        kind = Fault(kind="malformed", route="get", payment_id=refused.payment_id, times=None)
    else:
        return []
    return [kind]


def _check_restaurants(restaurants: Sequence[Restaurant]) -> None:
    names = [one.name for one in restaurants]
    keys = [key for one in restaurants for key in one.api_keys]
    if not names or len(set(names)) < len(names) or len(set(keys)) < len(keys):
        raise ConfigError("the simulator needs restaurants with names and API keys of their own")


def _raw_paths(app: ASGIApp) -> ASGIApp:
    """Route by the path as it was sent, so that an ID may contain an encoded slash."""

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path")
        if scope["type"] == "http" and raw:
            scope = {**scope, "path": raw.decode("ascii", "replace")}
        await app(scope, receive, send)

    return routed
