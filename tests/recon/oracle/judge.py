"""Hand a day to the package, and compare what it found with what was planted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd
from recon.oracle.trade import PROVIDERS, Day, Line, Paid, Planted, World


@dataclass
class Fetched:
    """What the package takes for payments fetched: four frames."""

    frame: pd.DataFrame
    parts: pd.DataFrame
    items: pd.DataFrame
    failures: pd.DataFrame


def payments(day: Day) -> Fetched:
    """Build the frames of Qerko's side."""
    paid = day.paid
    rows = [_payment(one) for one in paid]
    parts = [part for one in paid for part in _parts(one)]
    items = [item for one in paid for item in _items(one)]
    failures = [
        {"payment_id": payment_id, "kind": kind, "status": None, "detail": kind, "attempts": 1}
        for payment_id, kind in day.failures
    ]
    columns = ["payment_id", "kind", "status", "detail", "attempts"]
    return Fetched(
        pd.DataFrame(rows),
        pd.DataFrame(parts),
        pd.DataFrame(items),
        pd.DataFrame(failures, columns=columns).astype({"status": "Int32", "attempts": "Int32"}),
    )


def _payment(one: Paid) -> dict[str, object]:
    bought = sum((price * quantity for price, quantity in one.items), Decimal(0))
    return {
        "payment_id": one.payment_id,
        "bill_id": one.bill_id,
        "state": one.state,
        "currency": one.currency,
        "items_total": bought,
        "discount_total": one.discount,
        "tip_gross": one.gross,
        "tip_net": one.net,
        "tip_fee": one.gross - one.net,
        "parts_total": sum((total for _, total in one.parts), Decimal(0)),
        "parts_count": len(one.parts),
        "created_at": one.at if one.world.times else None,
    }


def _parts(one: Paid) -> list[dict[str, object]]:
    return [
        {
            "payment_id": one.payment_id,
            "part_no": number,
            "provider_id": PROVIDERS[provider][0],
            "provider_name": PROVIDERS[provider][1],
            "provider_type": PROVIDERS[provider][2],
            "total": total,
        }
        for number, (provider, total) in enumerate(one.parts, start=1)
    ]


def _items(one: Paid) -> list[dict[str, object]]:
    return [
        {
            "payment_id": one.payment_id,
            "item_no": number,
            "item_id": f"i{number}",
            "name": "item",
            "quantity": quantity,
            "price": price,
            "line_total": price * quantity,
            "tags": [],
        }
        for number, (price, quantity) in enumerate(one.items, start=1)
    ]


def tenders(day: Day, lines: list[Line] | None = None) -> pd.DataFrame:
    """Build the frame of the till's side, as the world's layout has it."""
    rows: list[dict[str, object]] = []
    for line in day.lines if lines is None else lines:
        rows += _rows(line, day.world)
    for number, row in enumerate(rows, start=1):
        row["tender_id"] = f"T{number:05d}"
        row["source_row"] = number + 1
    columns = ["tender_id", "payment_id", "bill_id", "amount", "tip", "currency", "state"]
    columns += ["provider", "paid_at", "source_row"]
    return pd.DataFrame(rows, columns=columns)


def _rows(line: Line, world: World) -> list[dict[str, object]]:
    row = {
        "payment_id": line.payment_id,
        "bill_id": line.bill_id,
        "amount": line.amount,
        "tip": line.tip,
        "currency": line.currency,
        "state": line.state,
        "provider": None if line.provider is None else PROVIDERS[line.provider][1],
        "paid_at": line.at if world.times else None,
    }
    if line.amount is None:
        return [row]
    if world.layout == "inside":
        row["amount"] = line.total
    elif world.layout == "none":
        row |= {"amount": line.total, "tip": None}
    elif world.layout == "line" and line.tip:
        return [row | {"tip": Decimal(0)}, row | {"amount": Decimal(0)}]
    return [row]


def settings(world: World) -> dict[str, object]:
    """State the policy as the world is, or leave it to be found."""
    stated: dict[str, object] = {"tolerance": world.tolerance}
    if world.stated:
        stated |= {"tip_basis": world.basis, "tip_in_parts": world.in_parts, "price": world.price}
    if world.layout == "inside":
        stated["tip_layout"] = "inside"
    elif world.layout != "none" and world.stated:
        stated["tip_layout"] = "beside"
    return stated


def found(result) -> list[Planted]:
    """Read the breaks of a result."""
    return [
        Planted(
            row.kind,
            row.variance,
            row.currency,
            frozenset({None if row.payment_id is pd.NA else row.payment_id}),
            row.reason,
        )
        for row in result.breaks.itertuples()
    ]


def differences(planted: list[Planted], got: list[Planted]) -> tuple[list[Planted], list[Planted]]:
    """Give what was planted and not found, and what was found and not planted."""
    left = list(got)
    missed = []
    # The choosier first, so that an open expectation takes none of theirs.
    for want in sorted(planted, key=lambda one: (not one.who, len(one.who))):
        fit = next((one for one in left if _is(want, one)), None)
        if fit is None:
            missed.append(want)
        else:
            left.remove(fit)
    return missed, left


def _is(want: Planted, got: Planted) -> bool:
    same = (want.kind, want.variance) == (got.kind, got.variance)
    same &= want.currency in {"", got.currency}
    return same and (not want.who or got.who <= want.who) and want.reason in {None, got.reason}


def judge(result, day: Day) -> None:
    """Refuse a result that misses anything, adds anything, or does not close."""
    missed, unplanted = differences(day.planted, found(result))
    assert (missed, unplanted) == ([], []), day.world
    closed(result, day)


def closed(result, day: Day) -> None:
    """Check the bridge and control totals against the day's own sums."""
    assert result.unexplained == 0
    settled: Counter[str] = Counter()
    posted: Counter[str] = Counter()
    for one in day.paid:
        settled[one.currency] += one.settled
    for line in day.lines:
        posted[line.currency] += line.total if counts(line) else 0
    for total in result.summary.totals:
        own = result.breaks[result.breaks["currency"] == total.currency]
        assert total.settled == settled.pop(total.currency, 0), "settled"
        assert total.posted == posted.pop(total.currency, 0), "posted"
        assert total.settled + sum(own["variance"], Decimal(0)) == total.posted
        walk = result.bridge[result.bridge["currency"] == total.currency]
        assert walk["step"].iloc[0] == "settled"
        assert walk["step"].iloc[-1] == "posted"
        assert walk["running"].iloc[-1] == total.posted
    assert not any(settled.values())
    assert not any(posted.values())


def counts(line: Line) -> bool:
    """Whether a line's money counts."""
    return line.state == "paid"
