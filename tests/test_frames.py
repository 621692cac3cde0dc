"""Payments as frames: the contract's columns and types, exact sums, and a file that keeps all."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest

from qerko_recon import frames
from qerko_recon.errors import QerkoReconError, ReconciliationError, UnexpectedResponse
from qerko_recon.frames import Failure, Fetched, PaymentNotHad, Payments, check_fits
from qerko_recon.model import decode_payment
from qerko_recon.schema import FAILURES, ITEMS, PARTS, PAYMENTS
from qerko_recon.tabulate import tabulate

NOW = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
QERKO = {"id": "qerko", "name": "Qerko", "type": "CARD"}
VOUCHER = {"id": "v", "name": "Stravenky", "type": "VOUCHER"}


def payment(payment_id="1", *, pretty=False, **changes):
    fields = {
        "id": payment_id,
        "idBill": "7",
        "currency": "CZK",
        "state": "PAID",
        "items": [
            {"id": "a", "name": "Pivo", "price": "59.50", "quantity": "2", "tags": ["bar"]},
            {"name": "Guláš", "price": "189", "quantity": "0.5"},
        ],
        "parts": [{"total": "200", "provider": QERKO}, {"total": "33.50", "provider": VOUCHER}],
        "tipBrutto": "20",
        "tipNetto": "18.6",
        "timestamp": "2026-11-20T21:33:39+01:00",
    } | changes
    return decode_payment(json.dumps(fields, indent=2 if pretty else None).encode())


def fetched(*payments):
    return Payments([Fetched.of(one, NOW, "v2") for one in payments])


def schema_of(frame):
    return pa.schema({name: dtype.pyarrow_dtype for name, dtype in frame.dtypes.items()})


def test_every_frame_has_the_contract_s_columns_and_types_even_when_empty():
    for payments in (fetched(payment()), Payments([])):
        assert schema_of(payments.frame) == PAYMENTS
        assert schema_of(payments.parts) == PARTS
        assert schema_of(payments.items) == ITEMS
        assert schema_of(payments.failures) == FAILURES


def test_a_payment_s_row_holds_exact_sums():
    row = fetched(payment()).frame.iloc[0]
    assert row["parts_total"] == Decimal("233.50")
    assert row["items_total"] == Decimal("213.50")
    assert row["tip_fee"] == Decimal("1.4")
    assert row["discount_total"] == 0
    assert row["parts_count"] == 2
    assert row["created_at"] == datetime(2026, 11, 20, 20, 33, 39, tzinfo=UTC)
    assert row["fetched_at"] == NOW


def test_parts_and_items_are_numbered_within_their_payment():
    payments = fetched(payment("1"), payment("2"))
    assert payments.parts[["payment_id", "part_no", "provider_id"]].to_numpy().tolist() == [
        ["1", 1, "qerko"],
        ["1", 2, "v"],
        ["2", 1, "qerko"],
        ["2", 2, "v"],
    ]
    assert list(payments.items["line_total"][:2]) == [Decimal(119), Decimal("94.5")]
    assert payments.items["item_id"].isna().tolist() == [False, True, False, True]


def test_a_product_of_more_than_six_decimals_is_left_open_not_rounded():
    odd = [{"name": "Třetina", "price": "0.12345", "quantity": "0.333"}]
    payments = fetched(payment(items=odd))
    assert payments.items["line_total"].isna().all()
    assert payments.frame["items_total"].isna().all()


def test_an_amount_that_does_not_fit_is_named_not_rounded():
    wide = payment(tipBrutto="0.1234567")
    with pytest.raises(UnexpectedResponse, match=r"payment 1: tipBrutto is 0\.1234567"):
        check_fits(wide)
    with pytest.raises(UnexpectedResponse, match="tipBrutto"):
        fetched(wide).frame  # noqa: B018
    with pytest.raises(UnexpectedResponse, match="sum of the parts"):
        check_fits(payment(parts=[{"total": "999999999999", "provider": QERKO}] * 2))


def test_an_id_may_occur_once():
    with pytest.raises(ReconciliationError, match="payment 1 occurs twice"):
        fetched(payment("1"), payment("1"))


def test_what_is_written_is_read_back_whole(tmp_path):
    failure = Failure("9", "not_found", 404, "no such payment", 1)
    lost = Failure("8", "network", None, "no answer", 4)
    before = Payments([Fetched.of(payment("1", pretty=True), NOW, "v2")], [failure, lost])
    before.write(tmp_path / "payments.jsonl")
    after = Payments.read(tmp_path / "payments.jsonl")
    for name in ("parts", "items", "failures"):
        pd.testing.assert_frame_equal(getattr(before, name), getattr(after, name))
    pd.testing.assert_frame_equal(
        before.frame.drop(columns="raw"), after.frame.drop(columns="raw")
    )
    assert json.loads(after.frame["raw"][0]) == json.loads(before.frame["raw"][0])
    assert after.payment_ids == ["1", "9", "8"]
    assert after.source is not None
    assert after.source[0] == "payments.jsonl"
    assert len(after.source[1]) == 64
    assert before.source is None
    assert len(after) == 1


@pytest.mark.parametrize("shape", ["one", "array", "lines"])
def test_payments_as_bare_json_are_read_too(tmp_path, shape):
    raws = [payment("1").raw, payment("2").raw]
    file = tmp_path / "payments.json"
    file.write_bytes(
        {"one": raws[0], "array": b"[" + b",".join(raws) + b"]", "lines": b"\n\n".join(raws)}[
            shape
        ]
    )
    assert Payments.read(file).payment_ids == (["1"] if shape == "one" else ["1", "2"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"id": "1"}\n', "payments.json line 1: .*idBill"),
        (payment().raw + b"\n{}\n", "payments.json line 2"),
        (b"[{}]", "payments.json record 1"),
        (b"[1, 2", "payments.json is not JSON"),
        (
            b"Payment ID;Amount\n",
            "no payments: line 1 is no JSON. Give the file that `qerko-recon fe",
        ),
    ],
)
def test_a_file_that_holds_something_else_is_refused_by_line(tmp_path, content, message):
    file = tmp_path / "payments.json"
    file.write_bytes(content)
    with pytest.raises(ReconciliationError, match=message):
        Payments.read(file)


def test_a_missing_file_and_a_missing_folder_are_named(tmp_path):
    with pytest.raises(ReconciliationError, match=r"none\.json cannot be read"):
        Payments.read(tmp_path / "none.json")
    with pytest.raises(QerkoReconError, match="cannot be written"):
        fetched(payment()).write(tmp_path / "no" / "payments.jsonl")


def test_the_face_in_a_notebook_shows_guests_text_as_text():
    payments = fetched(payment("<script>"))
    assert "<script>" not in payments._repr_html_()
    assert "&lt;script&gt;" in payments._repr_html_()
    assert repr(payments) == "Payments(1 fetched, 0 not had)"


def test_a_single_payment_is_typed_and_keeps_its_json():
    payments = Payments(
        [Fetched.of(payment("1"), NOW, "v2")],
        [Failure("9", "not_found", 404, "no such payment", 1)],
    )
    assert payments.payment("1") == payment("1")
    assert payments.payment("1").raw == payment("1").raw
    assert [one.id for one in payments] == ["1"]
    with pytest.raises(PaymentNotHad) as failed:
        payments.payment("9")
    assert str(failed.value) == "payment 9 could not be had: not_found, no such payment"
    with pytest.raises(KeyError, match="payment 1 234 is not among the 1 payments"):
        payments.payment("1 234")


class Stored(Payments):
    """Records that live elsewhere and are seen batch by batch; counts who looks."""

    def __init__(self, records, failed):
        super().__init__(())
        self.records = records
        self.failed = failed
        self.passes = 0

    def _batches(self):
        self.passes += 1
        for start in range(0, len(self.records), 2):
            yield [Fetched.of(one, NOW, "v2") for one in self.records[start : start + 2]]

    def _failed(self):
        return iter(self.failed)

    def _failed_count(self):
        return len(self.failed)

    def _find(self, payment_id):
        found = {one.id: Fetched.of(one, NOW, "v2") for one in self.records}
        return (found | {one.payment_id: one for one in self.failed}).get(payment_id)

    def __len__(self):
        return len(self.records)

    @property
    def payment_ids(self):
        return [one.id for one in self.records] + [one.payment_id for one in self.failed]


def test_records_that_live_elsewhere_are_read_once_and_in_batches(tmp_path):
    records = [payment(str(number)) for number in range(5)]
    failed = [Failure("9", "server", 500, "", 4)]
    stored = Stored(records, failed)
    assert repr(stored) == "Stored(5 fetched, 1 not had)"
    assert (len(stored), stored.payment_ids[-1], stored.source) == (5, "9", None)
    assert stored.passes == 0
    plain = Payments([Fetched.of(one, NOW, "v2") for one in records], failed)
    for name in ("frame", "parts", "items", "failures"):
        pd.testing.assert_frame_equal(getattr(stored, name), getattr(plain, name))
    assert stored.frame is stored.frame
    assert stored.passes == 1
    assert list(stored) == records
    assert stored.payment("3") == records[3]
    with pytest.raises(PaymentNotHad, match="payment 9 could not be had: server"):
        stored.payment("9")
    stored.write(tmp_path / "stored.jsonl")
    plain.write(tmp_path / "plain.jsonl")
    assert (tmp_path / "stored.jsonl").read_bytes() == (tmp_path / "plain.jsonl").read_bytes()


def test_no_more_is_decoded_at_once_than_a_batch(monkeypatch):
    seen = []

    def watched(batch):
        seen.append(len(batch))
        return tabulate(batch)

    monkeypatch.setattr(frames, "tabulate", watched)
    monkeypatch.setattr(frames, "BATCH", 3)
    payments = fetched(*(payment(str(number)) for number in range(8)))
    assert payments.frame["payment_id"].tolist() == [str(number) for number in range(8)]
    assert payments.items["item_no"].tolist() == [1, 2] * 8
    assert seen == [3, 3, 2]


def test_a_store_is_no_payments_file_and_the_message_says_what_opens_it(tmp_path):
    file = tmp_path / "payments.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE payments (id TEXT)")
    connection.close()
    with pytest.raises(ReconciliationError, match=r"payments\.db is a payment store.*--store"):
        Payments.read(file)


def test_a_file_written_by_an_earlier_version_is_read(tmp_path):
    file = tmp_path / "payments.jsonl"
    line = (
        b'{"payment_id":"1","kind":"fetched","fetched_at":"2026-11-20T22:00:00Z",'
        b'"api_version":"v2","payment":' + payment("1").raw + b"}"
    )
    lost = b'{"payment_id":"8","kind":"network","detail":"no answer","attempts":4}'
    file.write_bytes(b"\xef\xbb\xbf\r\n" + line + b"\r\n\n" + lost)
    payments = Payments.read(file)
    assert payments.frame["raw"].tolist() == [payment("1").raw.decode()]
    assert payments.frame["fetched_at"].tolist() == [NOW]
    assert payments.failures.to_dict("records") == [
        {
            "payment_id": "8",
            "kind": "network",
            "status": None,
            "detail": "no answer",
            "attempts": 4,
        }
    ]
    assert payments.source == ("payments.jsonl", hashlib.sha256(file.read_bytes()).hexdigest())


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_a_file_without_a_record_holds_no_payments(tmp_path, content):
    file = tmp_path / "payments.jsonl"
    file.write_bytes(content)
    assert len(Payments.read(file)) == 0


@pytest.mark.parametrize("content", [b"[" * 5000, b"{" * 5000, b'{"a":' * 5000])
def test_json_that_goes_too_deep_is_refused(tmp_path, content):
    file = tmp_path / "payments.jsonl"
    file.write_bytes(content)
    with pytest.raises(ReconciliationError, match=r"payments\.jsonl"):
        Payments.read(file)


def test_one_pretty_payment_is_read_as_it_stands(tmp_path):
    file = tmp_path / "payment.json"
    raw = b"\n\n" + payment("1", pretty=True).raw + b"\n"
    file.write_bytes(raw)
    payments = Payments.read(file)
    assert json.loads(payments.frame["raw"][0]) == json.loads(raw)
    assert payments.payment("1").items == payment("1").items
