"""The wire: what is documented is read exactly, what is added is kept, what is wrong is named."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qerko_recon.errors import UnexpectedResponse
from qerko_recon.model import (
    ErrorBody,
    MethodCallResponse,
    Receipt,
    ReceiptInfo,
    ReceiptItem,
    TaxInfo,
    decode_call,
    decode_call_response,
    decode_capture_status,
    decode_error,
    decode_payment,
    decode_receipt,
)

SPEC = Path(__file__).parents[2] / "data_samples" / "payment_of_the_spec.json"
PLAIN = {
    "id": "1",
    "idBill": "7",
    "currency": "CZK",
    "state": "PAID",
    "items": [{"name": "Guláš", "price": "189", "quantity": "1"}],
    "parts": [{"total": "189", "provider": {"id": "qerko", "name": "Qerko", "type": "CARD"}}],
    "tipBrutto": "0",
    "tipNetto": "0",
}


def body(**changes):
    return json.dumps(PLAIN | changes).encode()


def test_the_payment_of_the_documentation():
    raw = SPEC.read_bytes()
    payment = decode_payment(raw)
    assert (payment.id, payment.bill_id, payment.state) == ("1234", "1", "PAID")
    assert payment.parts[0].total == Decimal(156)
    assert payment.parts[0].provider.type == "CARD"
    assert payment.items[0].price == Decimal(5)
    assert payment.items[0].tags == ("Misc",)
    assert payment.discount is None
    assert payment.raw == raw
    assert payment.unknown == {}
    assert pickle.loads(pickle.dumps(payment)) == payment


def test_what_qerko_adds_is_kept():
    item = PLAIN["items"][0] | {"vat": {"rate": "12"}}
    payment = decode_payment(body(state="PARTIALLY_REFUNDED", captureMode="manual", items=[item]))
    assert payment.state == "PARTIALLY_REFUNDED"
    assert payment.unknown == {"captureMode": "manual", "items[0].vat": {"rate": "12"}}


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9
    )
)
def test_any_number_of_decimals_is_exact(amount):
    payment = decode_payment(body(tipBrutto=format(amount, "f"), tipNetto=f"{amount:f}0000"))
    assert payment.tip_gross == payment.tip_net == amount


def test_a_number_in_place_of_a_string_is_read_without_a_float():
    raw = body().replace(b'"tipBrutto": "0"', b'"tipBrutto": 0.10000000000000000555')
    assert decode_payment(raw).tip_gross == Decimal("0.10000000000000000555")


@pytest.mark.parametrize(
    ("timestamp", "moment"),
    [
        ("2026-11-20T21:33:39+01:00", datetime(2026, 11, 20, 20, 33, 39, tzinfo=UTC)),
        ("2026-11-20T20:33:39.250Z", datetime(2026, 11, 20, 20, 33, 39, 250_000, tzinfo=UTC)),
        ("2026-11-20T21:33:39", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_creation_time_is_known_only_with_an_offset(timestamp, moment):
    assert decode_payment(body(timestamp=timestamp)).created_at == moment


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"", None),
        (b"<html>Bad gateway</html>", None),
        (b"\xff\xfe\x00", None),
        (b"[" * 100_000, None),
        (body()[:-20], None),
        (b"[1]", None),
        (body(id=5), "$.id"),
        (body(parts=[{"total": "x", "provider": {}}]), "$.parts[0].total"),
        (body(parts=[PLAIN["parts"][0] | {"total": "NaN"}]), "$.parts[0].total"),
        (body(tipBrutto="Infinity"), "$.tipBrutto"),
        (body(tipBrutto="1e999999"), "$.tipBrutto"),
        (body(parts=[{"total": "1"}]), "$.parts[0].provider"),
        (json.dumps({k: v for k, v in PLAIN.items() if k != "state"}).encode(), "$.state"),
    ],
)
def test_what_is_no_payment_is_refused_with_the_field_and_the_body(raw, field):
    with pytest.raises(UnexpectedResponse) as error:
        decode_payment(raw)
    assert error.value.body == raw
    if field is not None:
        assert error.value.field == field
        assert field in str(error.value)


def test_a_call_without_uuid_wants_no_answer():
    call = decode_call(b'{"uuid": null, "method": "noop", "args": []}')
    assert (call.uuid, call.method, call.args) == (None, "noop", ())
    assert decode_call(b'{"uuid":"u","method":"getBill","args":["1",null],"type":"x"}').args == (
        "1",
        None,
    )


def test_an_answer_carries_a_result_or_an_error():
    assert MethodCallResponse(uuid="u").to_json() == b'{"uuid":"u","result":null}'
    refused = MethodCallResponse(uuid="u", error=ErrorBody(message="no", code="BILL_CLOSED"))
    assert refused.to_json() == b'{"uuid":"u","error":{"message":"no","code":"BILL_CLOSED"}}'
    assert decode_call_response(refused.to_json()) == refused


def test_an_error_body_that_is_none_explains_nothing():
    assert decode_error(b'{"message": "bad key", "code": null}').message == "bad key"
    assert decode_error(b"<html>") == decode_error(b"") == ErrorBody()


def test_a_capture_s_status_is_read_as_it_comes():
    assert decode_capture_status(b'{"status": "Accepted"}') == "Accepted"
    with pytest.raises(UnexpectedResponse, match=r"\$\.status"):
        decode_capture_status(b"{}")


def test_a_receipt_is_written_in_plain_decimals_and_read_back():
    receipt = Receipt(
        items=(ReceiptItem(name="Guláš", price=Decimal("1E+2"), quantity=Decimal("0.5")),),
        receipt_delivery_type="QERKO_GENERATED",
        receipt_info=ReceiptInfo(bill_name="Stůl 4", header_lines=("U Kocoura",)),
        tax_info=(TaxInfo(rate=Decimal(12), base=Decimal("89.29"), tax=Decimal("10.71")),),
        fiscal_info={"pkp": [1]},
        final_price=Decimal("99.90"),
    )
    sent = json.loads(receipt.to_json())
    assert sent["items"] == [{"name": "Guláš", "price": "100", "quantity": "0.5"}]
    assert sent["receiptInfo"] == {"billName": "Stůl 4", "headerLines": ["U Kocoura"]}
    assert sent["finalPrice"] == "99.90"
    assert sent["fiscalInfo"] == {"pkp": [1]}
    assert decode_receipt(receipt.to_json()) == receipt
