"""Control endpoints under ``/simulator``, for drivers in another process; loopback only.

====== ======================== ===========================================================
method path                     what it does
====== ======================== ===========================================================
GET    /simulator               restaurants, payments, connections, clock; never a key
GET    /simulator/journal       every request so far
GET    /simulator/calls         every method call and its answers
POST   /simulator/calls         queue ``{"method", "args", "uuid", "restaurant"}``
GET    /simulator/faults        faults that may still strike
POST   /simulator/faults        add a fault, by the settings of :class:`Fault`
DELETE /simulator/faults        forget every fault
POST   /simulator/clock         ``{"advance": seconds}`` or ``{"at": "2026-11-20T19:00:00Z"}``
POST   /simulator/restart       ``{"on": true}``: polls answer 503 until ``{"on": false}``
====== ======================== ===========================================================
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from qerko_recon.errors import ConfigError
from qerko_recon.simulator.api import World
from qerko_recon.simulator.faults import Fault
from qerko_recon.simulator.journal import CallRecord
from qerko_recon.simulator.restaurants import Restaurant

__all__ = ["control_routes", "find_restaurant", "set_restarting"]

_Action = Callable[[World, dict[str, Any]], Any]
_FORBIDDEN: Final = 403
_NOT_ALLOWED: Final = 405
_BAD_REQUEST: Final = 400


def control_routes(world: World) -> list[BaseRoute]:
    """Route the control endpoints."""
    paths: dict[str, dict[str, _Action]] = {
        "/simulator": {"GET": _overview},
        "/simulator/journal": {"GET": _journal},
        "/simulator/calls": {"GET": _calls, "POST": _queue},
        "/simulator/faults": {"GET": _faults, "POST": _add_fault, "DELETE": _clear_faults},
        "/simulator/clock": {"POST": _move_clock},
        "/simulator/restart": {"POST": _restart},
    }
    return [
        Route(path, _endpoint(world, actions), methods=["GET", "POST", "DELETE"])
        for path, actions in paths.items()
    ]


def find_restaurant(world: World, name: str | None) -> Restaurant:
    """Find a restaurant by name; the first one where none is given."""
    for restaurant in world.restaurants:
        if name in {None, restaurant.name}:
            return restaurant
    raise ConfigError(f"the simulator has no restaurant named {name!r}")


def set_restarting(world: World, on: bool) -> None:
    """Begin or end a restart: polls are let go with a 503 and refused with one."""
    world.is_restarting = on
    world.bell.ring()


def _endpoint(
    world: World, actions: dict[str, _Action]
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        if not _is_local(request):
            return Response(status_code=_FORBIDDEN)
        if request.method not in actions:
            return Response(status_code=_NOT_ALLOWED)
        try:
            settings = msgspec.json.decode(await request.body() or b"{}", type=dict[str, Any])
            content = actions[request.method](world, settings)
        except (ConfigError, KeyError, TypeError, ValueError, OverflowError) as error:
            content, status = {"message": f"{type(error).__name__}: {error}"}, _BAD_REQUEST
        else:
            status = 200
        return Response(
            msgspec.json.encode(content), status_code=status, media_type="application/json"
        )

    return answer


def _is_local(request: Request) -> bool:
    """Whether the request comes from this machine; in one process it does."""
    try:
        return request.client is None or ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _overview(world: World, _: dict[str, Any]) -> dict[str, Any]:
    return {
        "now": world.clock.now().isoformat(),
        "payments": len(world.payments.payments),
        "restarting": world.is_restarting,
        "restaurants": [
            {"name": one.name, "connected": world.exchange.is_connected(one)}
            for one in world.restaurants
        ],
    }


def _journal(world: World, _: dict[str, Any]) -> list[dict[str, Any]]:
    return [asdict(record) for record in world.journal.requests]


def _calls(world: World, _: dict[str, Any]) -> list[dict[str, Any]]:
    return [_call(record) for record in world.exchange.calls]


def _call(record: CallRecord) -> dict[str, Any]:
    return {
        "uuid": record.uuid,
        "method": record.method,
        "args": record.args,
        "restaurant": record.restaurant,
        "deliveries": record.deliveries,
        "answers": [msgspec.Raw(answer.to_json()) for answer in record.answers],
    }


def _queue(world: World, settings: dict[str, Any]) -> dict[str, Any]:
    restaurant = find_restaurant(world, settings.get("restaurant"))
    identifier = settings.get("uuid", str(uuid.uuid4()))
    args = settings.get("args", [])
    if not isinstance(args, list):
        raise TypeError("args is a list")
    place = world.exchange.queue(restaurant, str(settings["method"]), args, identifier)
    return _call(world.exchange.calls[place])


def _faults(world: World, _: dict[str, Any]) -> list[dict[str, Any]]:
    return [fault.as_dict() for fault in world.plan.faults]


def _add_fault(world: World, settings: dict[str, Any]) -> dict[str, Any]:
    fault = Fault(**settings)
    world.plan.add(fault)
    return fault.as_dict()


def _clear_faults(world: World, _: dict[str, Any]) -> list[Any]:
    world.plan.clear()
    return []


def _move_clock(world: World, settings: dict[str, Any]) -> dict[str, Any]:
    if "at" in settings:
        world.clock.set(datetime.fromisoformat(settings["at"]))
    if "advance" in settings:
        world.clock.advance(timedelta(seconds=settings["advance"]))
    return _overview(world, settings)


def _restart(world: World, settings: dict[str, Any]) -> dict[str, Any]:
    set_restarting(world, bool(settings.get("on", True)))
    return _overview(world, settings)
