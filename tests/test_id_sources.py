"""Payment IDs out of whatever file has them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from spec_server import payment

from qerko_recon.errors import QerkoReconError
from qerko_recon.frames import Failure, Fetched, Payments
from qerko_recon.id_sources import find_ids
from qerko_recon.model import MethodCallRequest
from qerko_recon.settings import Venue
from qerko_recon.store import PaymentStore

MOMENT = datetime(2026, 11, 20, 12, tzinfo=UTC)
SAMPLES = Path(__file__).parents[1] / "data_samples"
LOG = [
    {"kind": "header", "version": 1},
    {"seq": 1, "kind": "call", "payload": {"uuid": "a", "method": "getBill", "args": ["7", None]}},
    {"seq": 2, "kind": "call", "payload": {"uuid": "b", "method": "paymentStart",
                                           "args": [{"id": "p1"}]}},
    {"seq": 3, "kind": "result", "payload": {"uuid": "b", "result": None}},
    {"seq": 4, "kind": "call", "payload": {"uuid": "c", "method": "paymentProcessed",
                                           "args": ["p1"]}},
    {"seq": 5, "kind": "call", "payload": {"uuid": None, "method": "noop", "args": []}},
    {"seq": 6, "kind": "call", "payload": {"uuid": "d", "method": "paymentClosed",
                                           "args": ["p2", "PAID"]}},
    {"seq": 7, "kind": "note", "payload": "paymentClosed p9"},
]  # fmt: skip


@pytest.fixture
def write(tmp_path):
    def write(content, name="file"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def lines(records):
    return "".join(json.dumps(one) + "\n" for one in records)


def test_a_list(write):
    found = find_ids(write("# of the day\n1\n\n2\n1\n"))
    assert (found.ids, found.kind) == (("1", "2"), "list")
    assert find_ids(write("payment_id\n1\n2\n")).ids == ("1", "2")
    assert find_ids(write('"1",\n"2",\n')).ids == ("1", "2")
    assert find_ids(write("1\n2\n".encode("utf-16"))).ids == ("1", "2")


@pytest.mark.parametrize("style", ["czech_semicolon", "slovak_tab"])
def test_a_pos_export(style):
    found = find_ids(SAMPLES / "pos" / style / "day.csv")
    asked = set((SAMPLES / "ids.txt").read_text().split())
    assert found.kind == "pos"
    assert len(asked & set(found.ids)) > 40


def test_a_session_log(write):
    found = find_ids(write(lines(LOG)))
    assert (found.ids, found.kind, found.notes) == (("p1", "p2"), "log", ())


def test_a_torn_line_costs_itself_alone_and_says_so(write):
    found = find_ids(write(lines(LOG)[:-20] + "\n" + lines(LOG[4:5])))
    assert found.ids == ("p1", "p2")
    assert found.notes == ("file, line 8: not whole, and passed over",)


def test_bare_calls_as_they_came(write):
    found = find_ids(write(lines(one["payload"] for one in LOG[1:3])))
    assert (found.ids, found.kind) == (("p1",), "log")


def test_payments_as_they_were_fetched(write, tmp_path):
    raw = json.dumps(payment("1")).encode()
    Payments([Fetched("1", raw, MOMENT, "v2")], [Failure("2", "not_found", 404, "", 1)]).write(
        tmp_path / "payments.jsonl"
    )
    assert find_ids(tmp_path / "payments.jsonl").ids == ("1", "2")
    assert find_ids(write(json.dumps([payment("1"), payment("3")]))).ids == ("1", "3")
    assert find_ids(write(json.dumps(payment("4"), indent=2))).ids == ("4",)


def test_a_store(tmp_path):
    path = tmp_path / "payments.db"
    with PaymentStore(path) as store:
        selection = store.select(Venue(api_key="a-key", pos_id="p"))
        selection.put(Fetched("1", json.dumps(payment("1")).encode(), MOMENT, "v2"))
        selection.put(Failure("2", "network", None, "", 1))
    found = find_ids(path)
    assert (found.ids, found.kind) == (("1", "2"), "store")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "holds no payment ID"),
        ("{}\n", "holds no payment ID"),
        ("[]", "holds no payment ID"),
        (lines(LOG[:2]), "holds no payment ID"),
    ],
)
def test_a_file_without_any(write, content, words):
    with pytest.raises(QerkoReconError, match=words):
        find_ids(write(content))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(QerkoReconError, match="cannot be read: No such file"):
        find_ids(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("method", "args", "whose"),
    [
        ("paymentStart", [{"id": "1"}], "1"),
        ("paymentStart", [{}], None),
        ("paymentStart", ["1"], None),
        ("paymentClosed", ["1", "PAID"], "1"),
        ("getPostponedReceipt", ["1"], "1"),
        ("paymentClosed", [], None),
        ("paymentClosed", [7], None),
        ("getBill", ["7", None], None),
        ("orderStart", ["7"], None),
    ],
)
def test_the_payment_that_a_call_concerns(method, args, whose):
    assert MethodCallRequest(method=method, uuid="u", args=tuple(args)).payment_id == whose
