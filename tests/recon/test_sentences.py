"""Every break says something finished in every language, whatever its row leaves out."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from decimal import Decimal
from importlib.resources import files

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qerko_recon.errors import ConfigError
from qerko_recon.recon.breaks import SEVERITIES
from qerko_recon.recon.bridge import KINDS
from qerko_recon.recon.sentences import (
    CATALOG,
    action,
    cause,
    kind_name,
    sentence,
    severity_name,
)
from qerko_recon.wording import LANGUAGES

REASONS = [
    ("missing_in_pos", "not_posted"),
    ("missing_in_qerko", "not_found"),
    ("missing_in_qerko", "not_among_payments"),
    ("missing_in_qerko", "no_payment_for_bill"),
    ("state_mismatch", "cancelled_but_posted"),
    ("state_mismatch", "paid_but_open"),
    ("state_mismatch", "paid_but_cancelled"),
    ("state_mismatch", "unknown_state"),
    ("amount_mismatch", "amount_differs"),
    ("tip_mismatch", "net_for_gross"),
    ("tip_mismatch", "gross_for_net"),
    ("tip_mismatch", "tip_lost"),
    ("tip_mismatch", "tip_inside_amount"),
    ("tip_mismatch", "tip_differs"),
    ("part_mismatch", "provider_differs"),
    ("duplicate_in_pos", "posted_twice"),
    ("currency_mismatch", "currency_differs"),
    ("rounding", "rounded_to_whole"),
    ("rounding", "within_tolerance"),
    ("timing", "other_business_day"),
    *(
        ("unfetched", f"unfetched_{kind}")
        for kind in ("forbidden", "unauthorized", "server", "network", "invalid")
    ),
    ("unreadable", "row_unreadable"),
    ("inconsistent_payment", "items_and_parts_differ"),
    ("inconsistent_payment", "tips_out_of_range"),
]

FACTS = {
    "state": "REFUNDED",
    "tip_gross": "20.00",
    "tip_net": "18.50",
    "tip_due": "20.00",
    "tip_posted": "19.00",
    "expected": "5.00",
    "found": "156.00",
    "file": "export.csv",
    "row": "17",
    "column": "Amount",
    "value": "12,x",
    "provider_posted": "Edenred 50.00 + Qerko 195.00",
    "provider_settled": "Qerko 245.00",
    "currency_settled": "CZK",
    "currency_posted": "EUR",
    "detail": "503 Service Unavailable",
    "business_date": "2026-11-20",
}


def full_row(kind, reason, **more):
    return {
        "kind": kind,
        "reason": reason,
        "payment_id": "10482137",
        "bill_id": "2026-11-20/0147",
        "tender_ids": ["t-1"],
        "settled": Decimal("245.00"),
        "posted": Decimal("240.00"),
        "variance": Decimal("-5.00"),
        "currency": "CZK",
        "facts": json.dumps(FACTS),
        **more,
    }


def texts(row, language="en"):
    return [say(row, language) for say in (sentence, cause, action)]


def check_finished(text):
    assert text.endswith(".")
    assert not re.search(r"[{}\[\]|]|\bNone\b|<NA>|\bnan\b|  | [.,;:)]|\( ", text), text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("kind", "reason"), REASONS)
def test_every_reason_has_its_own_finished_words(kind, reason, language):
    assert CATALOG.knows(f"{kind}.{reason}.sentence")
    for text in texts(full_row(kind, reason), language):
        check_finished(text)
        assert "?" not in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("kind", "reason"), REASONS)
def test_what_the_facts_leave_out_is_left_out(kind, reason, language):
    row = full_row(kind, reason, facts=None, bill_id=pd.NA, tender_ids=[])
    for text in texts(row, language):
        check_finished(text)
        assert "?" not in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("kind", "reason"), [*REASONS, ("novel", "never_seen"), (None, None)])
def test_a_row_that_says_nothing_still_gives_sentences(kind, reason, language):
    for row in (
        {"kind": kind, "reason": reason},
        {"kind": kind, "reason": reason, "facts": "{torn", "variance": float("nan")},
        {"kind": kind, "reason": reason, "facts": dict.fromkeys(FACTS)},
    ):
        for text in texts(row, language):
            check_finished(text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_catalog_has_every_key_and_names_the_same_values(language):
    assert CATALOG.keys(language) == CATALOG.keys("en")
    for key in CATALOG.keys("en"):
        assert CATALOG.slots(key, language) == CATALOG.slots(key, "en"), key


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_no_sentence_is_left_untranslated(language):
    folder = files("qerko_recon.recon") / "words"
    english, other = (
        tomllib.loads((folder / f"{one}.toml").read_text("utf-8")) for one in ("en", language)
    )
    for kind, reasons in english.items():
        for reason, said in reasons.items():
            if isinstance(said, dict):
                for what, text in said.items():
                    assert other[kind][reason][what] != text, (kind, reason, what)


def test_the_expensive_one_reads_as_an_accountant_would_say_it():
    row = full_row("state_mismatch", "cancelled_but_posted", settled=Decimal(0))
    row |= {"posted": Decimal(245), "variance": Decimal(245)}
    assert sentence(row) == (
        "Payment 10482137 (bill 2026-11-20/0147): the payment was cancelled in Qerko, so the "
        "money is back with the guest, but the POS still counts CZK\xa0245.00 as paid."
    )
    assert sentence(row, "cs") == (
        "Platba 10482137 (účet 2026-11-20/0147): platba byla v Qerku zrušena, peníze má tedy host "
        "zpět, ale pokladna stále počítá 245,00\xa0Kč jako zaplaceno."
    )


def test_amounts_in_facts_are_written_as_the_language_has_them():
    row = full_row("part_mismatch", "provider_differs")
    assert "Qerko 245,00\xa0Kč, podle pokladny Edenred 50,00\xa0Kč + Qerko 195,00\xa0Kč" in (
        sentence(row, "cs")
    )
    tip = full_row("tip_mismatch", "net_for_gross")
    assert "20,00\xa0CZK Trinkgeld" in sentence(tip, "de")


def test_over_and_short_are_told_apart():
    short = full_row("amount_mismatch", "amount_differs")
    over = short | {"posted": Decimal(250), "variance": Decimal(5)}
    assert "CZK\xa05.00 less than" in sentence(short)
    assert "by +CZK\xa05.00" in action(short)
    assert "CZK\xa05.00 more than" in sentence(over)
    assert "by −CZK\xa05.00" in action(over)


def test_a_side_that_stands_alone_is_told_from_its_own_side():
    for kind, reason in [
        ("timing", "other_business_day"),
        ("currency_mismatch", "currency_differs"),
    ]:
        paid = full_row(kind, reason, posted=Decimal(0))
        posted = full_row(kind, reason, settled=Decimal(0))
        assert "CZK\xa0245.00" in sentence(paid)
        assert "CZK\xa0240.00" in sentence(posted)
        assert "20 Nov 2026" in sentence(paid) or "EUR" in sentence(paid)


def test_the_subject_is_the_best_name_there_is():
    row = full_row("missing_in_qerko", "no_payment_for_bill", payment_id=None)
    assert sentence(row).startswith("Bill 2026-11-20/0147: ")
    row["bill_id"] = None
    assert sentence(row).startswith("POS line t-1: ")
    row["tender_ids"] = pd.Series(["a", "b", "c", "d"]).to_numpy()
    assert sentence(row).startswith("POS lines a, b, c, …: ")
    row["tender_ids"] = pd.NA
    assert sentence(row).startswith("Row 17 of export.csv: ")
    assert sentence(full_row("unreadable", "row_unreadable")).startswith(
        "Row 17 of export.csv: “12,x” in the column Amount cannot be read"
    )


def test_without_a_currency_amounts_stand_bare():
    row = full_row("missing_in_pos", "not_posted", currency="XXX")
    assert "paid 245.00 through" in sentence(row)


def test_text_from_outside_stays_on_its_line_and_does_not_speak():
    row = full_row(
        "state_mismatch",
        "unknown_state",
        payment_id="1\n\x1b[31m{settled}\u202e",
        facts={"state": "A" * 5000},
    )
    text = sentence(row)
    assert "\x1b" not in text
    assert "\n" not in text
    assert "\u202e" not in text
    assert "Payment 1 �[31m{settled}�" in text
    assert len(text) < 500


def test_kinds_and_severities_have_names():
    for language in LANGUAGES:
        assert len({kind_name(kind, language) for kind in KINDS}) == len(KINDS)
        assert len({severity_name(one, language) for one in SEVERITIES}) == len(SEVERITIES)
    assert kind_name("never_seen") == "never seen"


def test_a_language_nobody_speaks_is_refused_by_name():
    with pytest.raises(ConfigError, match="'fr' is not spoken here; it can be cs, de, en, sk"):
        sentence(full_row("rounding", "within_tolerance"), "fr")
    assert sentence(full_row("rounding", "within_tolerance"), "cs_CZ").startswith("Platba")


@given(
    st.sampled_from(REASONS),
    st.dictionaries(st.sampled_from([*FACTS, "other"]), st.text(max_size=20)),
    st.one_of(st.none(), st.text(max_size=20)),
    st.decimals(-(10**11), 10**11, places=6),
    st.sampled_from(LANGUAGES),
)
def test_no_fact_breaks_a_sentence(reason, facts, payment_id, amount, language):
    row = full_row(*reason, facts=facts, payment_id=payment_id, posted=amount)
    row |= {"variance": amount - 245, "business_date": date(2026, 11, 20)}
    for text in texts(row, language):
        assert "\n" not in text
        assert text.endswith(".")


def test_what_was_said_at_the_time_is_quoted_once():
    row = full_row("unfetched", "unfetched_server", facts={"detail": "503, try again. "})
    assert cause(row) == "Qerko's server answered with an error: 503, try again."
    facts = {"file": "export.csv", "row": "17", "detail": "5 fields in place of 12"}
    broken = full_row("unreadable", "row_unreadable", facts=facts)
    assert "(5 fields in place of 12)." in cause(broken)
    assert "fields" not in cause(broken | {"facts": facts | {"column": "Amount"}})


def test_facts_that_are_no_amounts_or_days_stand_as_they_are():
    row = full_row("inconsistent_payment", "items_and_parts_differ")
    row["facts"] = {"expected": "five", "found": "156"}
    assert "make five, the parts CZK\xa0156.00" in sentence(row)
    timing = full_row("timing", "other_business_day", facts={"business_date": "Friday"})
    assert "(Friday)" in sentence(timing)
    timing |= {"facts": {}, "business_date": date(2026, 11, 20)}
    assert "(20 Nov 2026)" in sentence(timing)
