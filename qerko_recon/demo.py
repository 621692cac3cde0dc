"""The main job on the built-in simulator: a day of trade in, its reconciliation in a folder out.

The simulated day has discrepancies planted in it; the demo says whether exactly those were found.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pandas as pd

from qerko_recon.client import Client
from qerko_recon.fetch import Progress
from qerko_recon.pos import read_pos
from qerko_recon.recon import Policy
from qerko_recon.report import Result, reconcile
from qerko_recon.report.saving import folder_at
from qerko_recon.simulator import Simulator, TradingDay

__all__ = ["Demo", "run_demo", "unlike_planted"]

Finding = tuple[str, str, str | None, str, Decimal]


@dataclass(frozen=True, slots=True)
class Demo:
    """What a demo leaves behind.

    ``missed`` and ``invented`` are empty where the reconciliation found exactly what was
    planted.
    """

    day: TradingDay
    result: Result
    files: tuple[Path, ...]
    missed: tuple[Finding, ...]
    invented: tuple[Finding, ...]


def run_demo(
    folder: str | os.PathLike[str],
    *,
    seed: int = 1,
    language: str = "en",
    progress: bool | Callable[[Progress], object] = False,
) -> Demo:
    """Simulate a day, fetch it over HTTP, reconcile it with the POS export, write the reports.

    Raises
    ------
    QerkoReconError
        The folder cannot be written to.
    """
    day = TradingDay.generate(seed=seed)
    place = folder_at(folder)
    export = day.write_pos_export(place / "pos_export.csv", "czech_semicolon")
    ids = place / "payment_ids.txt"
    ids.write_text("".join(f"{one}\n" for one in day.payment_ids), encoding="utf-8")
    with (
        Simulator(day) as simulator,
        Client(
            base_url=simulator.base_url, api_key=simulator.api_key, pos_id=simulator.pos_id
        ) as client,
    ):
        payments = client.fetch_payments(day.payment_ids, progress=progress)
    payments.write(place / "payments.jsonl")
    result = reconcile(
        payments,
        read_pos(export),
        policy=Policy(venue="Hostinec U Zlatého haléře", time_zone=day.time_zone),
    )
    result.to_excel(place / "close.xlsx", language=language)
    result.to_html(place / "close.html", language=language)
    result.to_eml(place / "close.eml", language=language)
    result.plot.bridge(language=language).savefig(place / "bridge.png", dpi=150)
    missed, invented = unlike_planted(day, result)
    names = (
        "close.xlsx",
        "close.html",
        "close.eml",
        "bridge.png",
        export.name,
        "payments.jsonl",
        ids.name,
    )
    return Demo(day, result, tuple(place / name for name in names), missed, invented)


def unlike_planted(
    day: TradingDay, result: Result
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Compare what was found with what was planted, to the last digit: missed and invented."""
    planted = Counter(
        (one.kind, one.reason, one.payment_id, one.currency, one.variance)
        for one in day.discrepancies
    )
    columns = ["kind", "reason", "payment_id", "currency", "variance"]
    rows = result.breaks[columns].itertuples(index=False, name=None)
    found: Counter[Finding] = Counter(
        (kind, reason, None if pd.isna(payment_id) else payment_id, currency, variance)
        for kind, reason, payment_id, currency, variance in rows
    )
    return tuple((planted - found).elements()), tuple((found - planted).elements())
