"""Every cause says something finished in every language, whatever its facts leave out."""

from __future__ import annotations

import ast
import re
import tomllib
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import qerko_recon.recon.causes
from qerko_recon.recon.causes.words import CATALOG, duration, moment, said
from qerko_recon.recon.sentences import cause
from qerko_recon.wording import LANGUAGES

TROUBLES = ("error", "unanswered", "undelivered", "late", "disliked", "no_receipt")
GAPS = (
    "conflict",
    "restart",
    "unauthorized",
    "connection",
    "stopped",
    "killed",
    "busy",
    "no_poll",
)
FACTS = {
    "at": "2026-11-20T18:25:06+01:00",
    "second_at": "2026-11-20T18:26:06+01:00",
    "look_at": "2026-11-20T18:27:06+01:00",
    "seen_at": "2026-11-20T18:28:06+01:00",
    "from_at": "2026-11-20T17:00:00+01:00",
    "until_at": "2026-11-21T01:00:00+01:00",
    "closed_day": "2026-11-21",
    "took": "12.5",
    "later_took": "125",
    "call": "paymentProcessed",
    "state": "CANCELLED",
    "code": "BILL_LOCKED",
    "message": "the bill is open",
    "detail": "KeyError: drawer",
    "complaint": "no items",
    "trouble": "the connection broke off",
    "status": "410",
    "delivery": "dropped",
    "times": "2",
    "payment": "4014",
    "payments": "4014, 4021",
    "log": "evening.jsonl",
    "booked": "313.00 CZK",
    "told": "100.00 CZK",
    "now": "120.00 CZK",
    "told_tip": "10.00 CZK",
    "told_tip_net": "9.85 CZK",
    "now_tip": "30.00 CZK",
    "told_currency": "CZK",
    "now_currency": "EUR",
    "gap": "conflict",
    "gap_from": "2026-11-20T18:25:07+01:00",
    "gap_until": "2026-11-20T18:26:10+01:00",
    "gap_took": "63",
    "gap_tries": "6",
    "gap_detail": "409 × 6",
    "why": "error",
    "why_call": "paymentProcessed",
    "why_at": "2026-11-20T18:25:01+01:00",
    "why_code": "PAPER",
    "why_message": "out of paper",
    "why_detail": "RuntimeError",
    "why_took": "14",
    "why_complaint": "no items",
    "look": "answered",
    "look_state": "PAID",
    "look_status": "404",
    "look_trouble": "timed out",
}


def kinds():
    """Every kind that a rule can find, read from the rules themselves."""
    folder = Path(qerko_recon.recon.causes.__path__[0])
    found = set()
    for path in folder.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    plain = {
        key.removeprefix("causes.") for key in CATALOG.keys("en") if key.startswith("causes.")
    }
    plain = {one for one in plain if not one.startswith("refused_") and one != "closed_lost"}
    assert plain <= found, plain - found  # no sentence that nothing says
    shared = {f"{step}_{one}" for step in ("start", "processed") for one in TROUBLES}
    return sorted(plain | shared | {f"closed_lost_{one}" for one in GAPS})


KINDS = kinds()


def facts_of(**more):
    return {f"log_{name}": value for name, value in {**FACTS, **more}.items()}


def check_finished(text):
    assert text.endswith("."), text
    assert not re.search(r"[{}\[\]|]|\bNone\b|  | [.,;:)]|\( |\?|\.\.|log_", text), text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_cause_is_said_in_every_language(kind, language):
    check_finished(said(kind, facts_of(), language, date(2026, 11, 20)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_known_is_left_out(kind, language):
    optional = ("gap", "why", "look", "delivery", "code", "message", "detail", "times", "payment")
    facts = facts_of()
    needed = {"closed_lost": {"gap"}, "taken_over": {"gap"}}
    kept = next((some for name, some in needed.items() if kind.startswith(name)), set())
    kept = kept | ({"delivery"} if kind.endswith("undelivered") else set())
    kept = kept | ({"payment"} if kind.startswith("bill_") else set())
    kept = kept | ({"times"} if kind.endswith("twice") else set())
    for name in optional:
        if name not in kept:
            del facts[f"log_{name}"]
    check_finished(said(kind, facts, language))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["gap", "why", "look", "delivery", "status"])
def test_every_phrase_has_words_and_one_that_nobody_knows_has_too(name, language):
    table = {"gap": "gaps", "why": "whys", "look": "looks", "delivery": "deliveries"}
    table = {**table, "status": "statuses"}[name]
    kind = {"gap": "closed_lost_connection", "why": "state_ignored", "look": "closed_not_sent"}
    kind = {**kind, "delivery": "start_undelivered", "status": "cancel_refused"}[name]
    words = [key.partition(".")[2] for key in CATALOG.keys("en") if key.startswith(f"{table}.")]
    for word in [*words, "never_seen"]:
        check_finished(said(kind, facts_of(**{name: word}), language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_catalog_names_the_same_values(language):
    assert CATALOG.keys(language) == CATALOG.keys("en")
    for key in CATALOG.keys("en"):
        assert CATALOG.slots(key, language) == CATALOG.slots(key, "en"), key


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_nothing_is_left_untranslated(language):
    folder = files("qerko_recon.recon.causes") / "words"
    english, other = (
        tomllib.loads((folder / f"{one}.toml").read_text("utf-8")) for one in ("en", language)
    )
    for table in ("causes", "gaps", "whys", "looks", "deliveries"):
        for name, words in english[table].items():
            assert other[table][name] != words, f"{table}.{name}"


def test_a_cause_that_no_catalog_knows_leaves_the_break_its_own():
    row = {"kind": "rounding", "reason": "rounded_to_whole", "cause_kind": "of_tomorrow"}
    assert cause(row) == "The POS rounds card payments as if they were cash."


def test_a_cause_of_one_payment_among_several_names_it():
    row = {
        "kind": "missing_in_pos", "reason": "not_posted", "cause_kind": "closed_once",
        "facts": {"log_payment": "4014", "log_at": FACTS["at"]},
    }  # fmt: skip
    assert cause(row, "cs").startswith("Platba 4014: Qerko poslalo")


def test_a_moment_of_another_day_has_its_date():
    row = {"kind": "x", "cause_kind": "closed_once", "facts": facts_of(payment="")}
    assert "20 Nov 2026 18:25:06" in cause(row)
    assert "20.11.2026 18:25:06" in cause(row, "de")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0.2\xa0s"),
        (12.34, "12.3\xa0s"),
        (60, "1\xa0min"),
        (3600, "1\xa0h"),
        (59.97, "60\xa0s"),
    ],
)
def test_lengths_of_time(seconds, text):
    assert duration(seconds, "en") == text


def test_a_moment_without_a_day():
    from datetime import datetime

    assert moment(datetime(2026, 11, 20, 18, 0), "en") == "20 Nov 2026 18:00:00"  # noqa: DTZ001


@given(
    st.sampled_from(KINDS),
    st.dictionaries(
        st.sampled_from([f"log_{name}" for name in FACTS]),
        st.sampled_from(["nan", "inf", "1e999 CZK", "NaN CZK", "5", "2026-11-20", "x y"])
        | st.text(st.characters(exclude_characters="\x00"), max_size=12),
    ),
    st.sampled_from(LANGUAGES),
)
def test_no_facts_whatever_are_a_crash(kind, facts, language):
    assert said(kind, facts, language)
