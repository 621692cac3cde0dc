"""Two full days of the simulator, faults and all: what is open is what a run over both finds."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

import qerko_recon as qr
from qerko_recon.history import History
from qerko_recon.simulator import TradingDay

DAYS = (date(2026, 11, 20), date(2026, 11, 21))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Runs over the first day, the second, and both, each from files."""
    folder = tmp_path_factory.mktemp("days")
    exports, payments = [], []
    for seed, day in enumerate(DAYS, start=3):
        traded = TradingDay.generate(seed, day, payments=60)
        exports.append(traded.write_pos_export(folder / f"{day}.csv", "czech_semicolon"))
        payments.append(traded.write_payments(folder / f"{day}.jsonl"))
    both = folder / "both.jsonl"
    both.write_bytes(b"".join(file.read_bytes() for file in payments))
    policy = qr.Policy(venue="Old Town", tip_basis="gross", tip_in_parts=True, price="unit")
    return [
        qr.reconcile(qr.Payments.read(paid), qr.read_pos(posted), policy=policy)
        for paid, posted in ((payments[0], exports[0]), (payments[1], exports[1]), (both, exports))
    ]


def money(breaks):
    columns = ["payment_id", "bill_id", "field", "variance", "currency", "business_date"]
    return Counter(map(str, breaks[columns].itertuples(index=False, name=None)))


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 2), (2, 0, 1), (1, 2, 0, 1, 2, 0)])
def test_what_is_open_is_what_a_run_over_both_days_finds(results, tmp_path, order):
    with History(tmp_path / "history.db") as history:
        for place in order:
            history.record(results[place])
        # What a day calls of another day, the run over both calls missing: the money is the same.
        assert money(history.open_breaks()) == money(results[2].breaks)
        for row in history.balance().itertuples():
            (total,) = (one for one in results[2].summary.totals if one.currency == row.currency)
            assert row.open == total.variance
        assert history.verify() == []
