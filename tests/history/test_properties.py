"""Whatever the days bring, what is carried on is what is really open: to the last digit."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qerko_recon.history import History

LAST = 5
FIRST = 10  # of November
DAYS = st.integers(0, LAST - 1)
AMOUNTS = st.integers(1, 10**9).map(lambda units: Decimal(units).scaleb(-4))
quick = settings(
    max_examples=14,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@dataclass(frozen=True)
class Sale:
    """A payment of a day, and when and with what the POS posts it; either may never come."""

    name: str
    amount: Decimal
    currency: str
    paid: int | None
    posted: int | None
    excess: Decimal
    names_payment: bool

    def is_settled_of(self, covered):
        return self.paid is not None and self.paid in covered

    def is_posted_of(self, covered):
        return self.posted is not None and self.posted in covered

    def open_of(self, covered):
        """What is open of it once some days are run: what is posted less what is settled."""
        posted = self.amount + self.excess if self.is_posted_of(covered) else 0
        return posted - (self.amount if self.is_settled_of(covered) else 0)


@st.composite
def sales(draw):
    found = []
    for number in range(draw(st.integers(0, 8))):
        paid = draw(st.one_of(DAYS, DAYS, DAYS, st.none()))
        late = draw(st.sampled_from([0, 0, 1, 1, 2]))
        lost = paid is not None and draw(st.integers(0, 4)) == 0
        posted = draw(DAYS) if paid is None else None if lost else min(paid + late, LAST)
        found.append(
            Sale(
                name=f"s{number}",
                amount=draw(AMOUNTS),
                currency=draw(st.sampled_from(["CZK", "CZK", "EUR"])),
                paid=paid,
                posted=posted,
                excess=draw(st.sampled_from([Decimal(0)] * 4 + [Decimal("-0.01"), Decimal(7)])),
                names_payment=draw(st.integers(0, 3)) > 0,
            )
        )
    return found


@st.composite
def windows(draw):
    """Runs over a day or some, in any order, some of them more than once."""
    found = []
    for _ in range(draw(st.integers(1, 7))):
        first = draw(DAYS)
        found.append((first, min(LAST - 1, first + draw(st.sampled_from([0, 0, 0, 1, 4])))))
    return found


def reconciled(days, held, window, *, fetches_named):
    """Run over a window as `close` does (IDs of the export are fetched), or over its own days."""
    covered = range(window[0], window[1] + 1)
    lines = [one for one in held if one.is_posted_of(covered)]
    payments = [
        one
        for one in held
        if one.is_settled_of(covered)
        or (fetches_named and one in lines and one.names_payment and one.paid is not None)
    ]
    anchors = [FIRST + day for day in covered]
    return days.run(
        [
            *(days.paid(f"anchor-{day}", "10", day) for day in anchors),
            *(
                days.paid(one.name, one.amount, FIRST + one.paid, currency=one.currency)
                for one in payments
            ),
        ],
        [
            *(
                days.posted(f"anchor-{day}", "10", day, source_file=f"{day}.csv")
                for day in anchors
            ),
            *(
                days.posted(
                    one.name,
                    one.amount + one.excess,
                    FIRST + one.posted,
                    10,
                    currency=one.currency,
                    payment_id=one.name if one.names_payment else None,
                    source_file=f"{FIRST + one.posted}.csv",
                )
                for one in lines
            ),
        ],
    )


def open_sums(history):
    frame = history.open_breaks()
    sums = defaultdict(Decimal)
    for currency, variance in zip(frame["currency"], frame["variance"], strict=True):
        sums[currency] += variance
    return {currency: one for currency, one in sums.items() if one}


def expected(held, covered):
    sums = defaultdict(Decimal)
    for one in held:
        sums[one.currency] += one.open_of(covered)
    return {currency: one for currency, one in sums.items() if one}


@quick
@given(held=sales(), order=windows())
def test_what_is_open_is_what_is_not_yet_settled(days, held, order):
    """Σ open after any runs = what was posted less what was settled on the days they cover."""
    with tempfile.TemporaryDirectory() as folder, History(Path(folder) / "h.db") as history:
        covered = set()
        for window in order:
            run = history.record(reconciled(days, held, window, fetches_named=False))
            covered |= set(range(window[0], window[1] + 1))
            assert open_sums(history) == expected(held, covered), window
            rolled_forward(run.news)
        for row in history.balance().itertuples():
            assert row.found - row.closed == row.open
        assert history.verify() == []


@quick
@given(held=sales())
def test_days_in_order_with_the_payments_their_exports_name(days, held):
    with tempfile.TemporaryDirectory() as folder, History(Path(folder) / "h.db") as history:
        for day in range(LAST):
            result = reconciled(days, held, (day, day), fetches_named=True)
            rolled_forward(history.record(result).news)
            assert open_sums(history) == expected(held, set(range(day + 1)))
        whole = history.record(reconciled(days, held, (0, LAST - 1), fetches_named=True))
        rolled_forward(whole.news)
        assert open_sums(history) == expected(held, set(range(LAST)))
        assert sorted(whole.news.before.items()) == sorted(whole.news.after.items())


@quick
@given(held=sales(), order=windows(), shuffled=st.randoms())
def test_the_order_of_runs_means_nothing(days, held, order, shuffled):
    results = [reconciled(days, held, window, fetches_named=False) for window in order]
    outcomes = []
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder, History(Path(folder) / "h.db") as history:
            for result in results:
                history.record(result)
            frame = history.open_breaks()
            columns = ["kind", "payment_id", "bill_id", "variance", "currency", "business_date"]
            rows = frame[columns].itertuples(index=False, name=None)
            outcomes.append(sorted(rows, key=str))
        shuffled.shuffle(results)
    assert list(map(str, outcomes[0])) == list(map(str, outcomes[1]))


def rolled_forward(news):
    """Before + appeared + changes − closed = after, by currency."""
    sums = defaultdict(Decimal, news.before)
    for frame, sign in ((news.appeared, 1), (news.closed, -1)):
        for currency, variance in zip(frame["currency"], frame["variance"], strict=True):
            sums[currency] += sign * variance
    for row in news.changed.itertuples():
        sums[row.currency] += row.variance - row.variance_before
    assert {name: one for name, one in sums.items() if one} == {
        name: one for name, one in news.after.items() if one
    }
