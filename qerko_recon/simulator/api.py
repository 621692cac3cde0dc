"""The endpoints of the specification, under ``/api/v1``, ``v2`` and ``v3``.

What differs between the versions is not documented: here they answer alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote
from uuid import UUID

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from qerko_recon.errors import UnexpectedResponse
from qerko_recon.model import decode_call_response, decode_receipt
from qerko_recon.simulator.bell import Bell
from qerko_recon.simulator.clock import Clock
from qerko_recon.simulator.faults import FaultPlan
from qerko_recon.simulator.journal import Journal
from qerko_recon.simulator.replies import (
    Dropped,
    call_reply,
    json_reply,
    spoil,
    status_reply,
    strike,
)
from qerko_recon.simulator.restaurants import Restaurant, Rules
from qerko_recon.simulator.state import Exchange, PaymentBook, Refusal
from qerko_recon.simulator.wire import payment_json

__all__ = ["World", "api_routes"]

VERSIONS: Final = ("v1", "v2", "v3")

_Handler = Callable[["World", Request, Restaurant, str], Awaitable[Response]]


@dataclass(slots=True)
class World:
    """All that the endpoints work on; shared by the server's thread and the driver's."""

    restaurants: Sequence[Restaurant]
    pos_id: str
    rules: Rules
    clock: Clock
    plan: FaultPlan
    payments: PaymentBook
    exchange: Exchange
    bell: Bell
    journal: Journal
    is_restarting: bool = False
    by_key: dict[str, Restaurant] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.by_key = {key: one for one in self.restaurants for key in one.api_keys}


def api_routes(world: World) -> list[BaseRoute]:
    """Route every documented path in every documented version; all else is a 404."""
    routes: list[BaseRoute] = []
    for version in VERSIONS:
        base = f"/api/{version}/pos"
        payment = {"GET": ("get", _get), "DELETE": ("cancel", _cancel)}
        routes += [
            Route(f"{base}/payment/{{payment_id}}", _Endpoint(world, payment)),
            Route(
                f"{base}/payment/{{payment_id}}/capture",
                _Endpoint(world, {"POST": ("capture", _capture)}),
            ),
            Route(f"{base}/poll", _Endpoint(world, {"POST": ("poll", _poll)})),
        ]
    routes.append(Route("/{rest:path}", _Endpoint(world, {})))
    return routes


class _Endpoint:
    """One path: what each method does, faults in between, all of it in the journal."""

    def __init__(self, world: World, methods: Mapping[str, tuple[str, _Handler]]) -> None:
        self._world = world
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        journal = self._world.journal
        number = journal.arrive(self._world.clock.now(), request.method, scope["path"])
        reply = await self._reply(request, number)
        if isinstance(reply, Dropped):
            journal.note(number, outcome="dropped")
        else:
            journal.note(number, outcome="answered", status=reply.status_code)
        await reply(scope, receive, send)

    async def _reply(self, request: Request, number: int) -> Response:
        if request.method not in self._methods:
            return status_reply(request, 405 if self._methods else 404)
        route, handler = self._methods[request.method]
        payment_id = unquote(request.path_params.get("payment_id", ""))
        self._world.journal.note(number, route=route, payment_id=payment_id or None)
        wait, fault = self._world.plan.next(route, payment_id or None)
        if fault is not None:
            self._world.journal.note(number, fault=fault.title)
        if wait:
            await self._world.bell.pause(wait)
        try:
            if fault is not None and not fault.lets_through:
                if fault.moment == "read":
                    await request.body()
                if fault.kind == "hang":
                    await self._hang(request)
                return strike(fault, request)
            reply = await self._handle(request, handler, payment_id, number)
            if fault is None:
                return reply
            if fault.kind == "hang":
                await self._hang(request)
            return spoil(fault, request, reply, self._world.bell)
        except ClientDisconnect:
            return Dropped()

    async def _handle(
        self, request: Request, handler: _Handler, payment_id: str, number: int
    ) -> Response:
        try:
            restaurant = _authenticate(self._world, request)
            self._world.journal.note(number, restaurant=restaurant.name)
            return await handler(self._world, request, restaurant, payment_id)
        except Refusal as refusal:
            return status_reply(request, refusal.status, refusal.sentence, refusal.detail)

    async def _hang(self, request: Request) -> None:
        """Say nothing until the client has gone."""
        with suppress(ClientDisconnect):
            await request.body()
        async with _Departure(request) as gone:
            await self._world.bell.wait_until(lambda: False, None, gone)


class _Departure:
    """A future that is done when the client has gone; its body must have been read."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def __aenter__(self) -> asyncio.Future[None]:
        self._task = asyncio.ensure_future(self._watch())
        return self._task

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _watch(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass


def _authenticate(world: World, request: Request) -> Restaurant:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise Refusal(401, "no_key")
    restaurant = world.by_key.get(key.strip())
    if restaurant is None:
        raise Refusal(401, "bad_key")
    if not _is_pos_id(world, request.headers.get("pos-id", "")):
        raise Refusal(401, "bad_pos_id")
    return restaurant


def _is_pos_id(world: World, pos_id: str) -> bool:
    if pos_id == world.pos_id or not world.rules.accepts_any_pos_id:
        return pos_id == world.pos_id
    try:
        UUID(pos_id)
    except ValueError:
        return False
    return True


async def _payload(request: Request) -> bytes:
    """Read a body; one that is not empty must say that it is JSON."""
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind != "application/json":
        raise Refusal(400, "bad_type")
    return body


async def _get(world: World, _: Request, restaurant: Restaurant, payment_id: str) -> Response:
    return json_reply(payment_json(world.payments.get(payment_id, restaurant)))


async def _cancel(world: World, _: Request, restaurant: Restaurant, payment_id: str) -> Response:
    return json_reply(payment_json(world.payments.cancel(payment_id, restaurant)))


async def _capture(
    world: World, request: Request, restaurant: Restaurant, payment_id: str
) -> Response:
    world.payments.get(payment_id, restaurant)  # whose it is comes before what is sent
    try:
        receipt = decode_receipt(await _payload(request))
    except UnexpectedResponse as error:
        raise Refusal(400, "bad_receipt", f"({error.field or '$'})") from error
    world.payments.capture(payment_id, restaurant, receipt)
    return json_reply(b'{"status":"Accepted"}')


async def _poll(world: World, request: Request, restaurant: Restaurant, _: str) -> Response:
    body = await _payload(request)
    if world.is_restarting:
        raise Refusal(503)
    with world.exchange.connection(restaurant):
        if body:
            _take_answer(world, restaurant, body)
        world.journal.changed()
        async with _Departure(request) as gone:
            watched = gone if world.rules.notices_gone_client else None
            await world.bell.wait_until(
                lambda: world.is_restarting or world.exchange.has_call(restaurant),
                world.rules.hold,
                watched,
            )
            if world.bell.is_silenced or gone.done():
                return Dropped()
        if world.is_restarting:
            raise Refusal(503)
        call = world.exchange.take(restaurant)
        world.journal.changed()
        return call_reply(call)


def _take_answer(world: World, restaurant: Restaurant, body: bytes) -> None:
    try:
        response = decode_call_response(body)
    except UnexpectedResponse as error:
        raise Refusal(400, "bad_answer", f"({error.field or '$'})") from error
    is_asked = world.exchange.answer(restaurant, response)
    if not is_asked and world.rules.unasked_answer == 400:  # noqa: PLR2004
        raise Refusal(400, "unasked")
