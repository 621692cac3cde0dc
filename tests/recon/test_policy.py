"""Settings are read as people write them, and an impossible one is refused before any work."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pandas as pd
import pytest

from qerko_recon.errors import ReconciliationError
from qerko_recon.recon import Policy, reconcile


def test_amounts_days_and_times_may_be_written():
    policy = Policy(
        rounding={"CZK": "1"},
        risk={"CZK": ("20", 100)},
        business_day="2026-11-20",
        as_of=datetime(2026, 11, 22, 9, tzinfo=UTC),
        business_day_cutoff="05:30",
        cancelled_states=["CANCELLED", "REVERTED"],
    )
    assert policy.rounding == {"CZK": Decimal(1)}
    assert policy.risk == {"CZK": (Decimal(20), Decimal(100))}
    assert (policy.business_day, policy.as_of) == (date(2026, 11, 20), date(2026, 11, 22))
    assert policy.business_day_cutoff == time(5, 30)
    assert policy.cancelled_states == ("CANCELLED", "REVERTED")


def test_what_is_written_counts():
    payments = pd.DataFrame(
        {"payment_id": ["1"], "state": ["PAID"], "currency": ["CZK"], "parts_total": ["120.40"]}
    )
    lines = pd.DataFrame({"payment_id": ["1"], "amount": ["120"]})
    policy = Policy(rounding={"CZK": "1"}, business_day="2026-11-20")
    assert reconcile(payments, lines, policy).breaks["kind"].tolist() == ["rounding"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tip_basis": "half"}, r"tip_basis cannot be 'half'; it can be auto, gross"),
        ({"tolerance": "-1"}, r"tolerance cannot be '-1'; it is an amount from 0 up"),
        ({"tolerance": "x"}, r"tolerance 'x' is not a decimal number"),
        ({"time_zone": "Mars"}, r"time_zone 'Mars' is not known"),
        ({"settled_states": "PAID"}, r"settled_states cannot be 'PAID'; they are a list"),
        ({"settled_states": 5}, r"settled_states cannot be 5"),
        ({"cancelled_states": [None]}, r"cancelled_states cannot be \[None\]"),
        ({"rounding": {"CZK": 0.5}}, r"rounding of CZK 0\.5 is a float"),
        ({"rounding": {"CZK": "x"}}, r"rounding of CZK 'x' is not a decimal number"),
        ({"rounding": {"CZK": -1}}, r"rounding of CZK cannot be -1"),
        ({"rounding": "1"}, r"rounding cannot be '1'; it says something by currency"),
        ({"risk": {"CZK": 500}}, r"risk of CZK cannot be 500; it is two amounts"),
        ({"risk": {"CZK": "50"}}, r"risk of CZK cannot be '50'"),
        ({"risk": {"CZK": ("50", "x")}}, r"risk of CZK 'x' is not"),
        ({"business_day": "20.11.2026"}, r"business_day cannot be '20\.11\.2026'; it is a date"),
        ({"as_of": 5}, r"as_of cannot be 5; it is a date, such as 2026-11-20"),
        ({"business_day_cutoff": "four"}, r"business_day_cutoff cannot be 'four'"),
        ({"business_day_cutoff": 4}, r"business_day_cutoff cannot be 4; it is a time"),
    ],
)
def test_what_cannot_be_is_refused_by_name(settings, message):
    with pytest.raises(ReconciliationError, match=message):
        Policy(**settings)


def test_what_is_no_policy_is_refused():
    with pytest.raises(ReconciliationError, match="policy cannot be a dict; give a qerko_recon"):
        reconcile(pd.DataFrame(), pd.DataFrame(), {"tip_basis": "gross"})
