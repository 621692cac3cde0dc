"""The verdict says what happened, in one sentence a currency."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pytest

from qerko_recon.report import verdict
from qerko_recon.schema import BRIDGE, to_frame


def test_a_clean_day_says_so(clean):
    assert verdict(clean) == (
        "Settled CZK\xa0120.00, posted CZK\xa0120.00, variance CZK\xa00.00: "
        "everything agrees (1 payment, 1 POS line)."
    )


def test_breaks_are_counted_and_the_variance_has_its_sign(made):
    short = made([made.paid("1", "48250")], [made.posted("1", "48139.50")])
    assert verdict(short, "cs") == (
        "Uhrazeno 48\xa0250,00\xa0Kč, zaúčtováno 48\xa0139,50\xa0Kč, rozdíl −110,50\xa0Kč: "
        "1 nesrovnalost, vše vysvětleno."
    )
    over = made([made.paid("1", "10")], [made.posted("1", "12")])
    assert "variance +CZK\xa02.00: 1 break, all of it explained." in verdict(over)


def test_breaks_that_leave_the_total_alone(made):
    result = made(
        [made.paid("1", "10"), made.paid("2", "20")],
        [made.posted("1", "15"), made.posted("2", "15")],
    )
    assert "2 breaks, which leave the total as it is." in verdict(result)


def test_each_currency_has_its_own_sentence(faulty):
    first, second = verdict(faulty).split(" Settled €")
    assert first.startswith("Settled CZK")
    assert "everything agrees (1 payment, 1 POS line)" in second


def test_nothing_to_reconcile_says_so(nothing):
    assert verdict(nothing) == "Nothing to reconcile: there are no payments and no POS lines."


def test_what_a_bridge_would_leave_open_is_not_called_explained(made):
    result = made([made.paid("1", "10")], [made.posted("1", "12")])
    rows = result.bridge.to_dict("records")
    rows[1]["amount"] = Decimal(1)
    torn = replace(result, bridge=to_frame(pa.Table.from_pylist(rows, schema=BRIDGE)))
    assert "1 break, CZK\xa01.00 of it not explained." in verdict(torn)


@pytest.mark.parametrize("language", ["cs", "de", "sk"])
def test_counts_take_the_form_the_language_asks_for(made, language):
    forms = set()
    for count in (1, 2, 5):
        ids = [str(number) for number in range(count)]
        result = made([made.paid(one, "10") for one in ids], [made.posted(ids[0], "10")])
        text = verdict(result, language)
        forms.add(text.rpartition(" ")[0].rpartition(":")[2].strip(" 0123456789"))
    assert len(forms) == 3
