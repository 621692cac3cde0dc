"""Both ways of tabulating give the same tables, for whatever JSON the model accepts."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qerko_recon.errors import UnexpectedResponse
from qerko_recon.model import decode_payment
from qerko_recon.outcomes import Fetched
from qerko_recon.schema import ITEMS, PARTS, PAYMENTS
from qerko_recon.tabulate import Tables, join, tabulate
from qerko_recon.tabulate.quickly import Refused, tabulate_quickly
from qerko_recon.tabulate.surely import tabulate_surely

NOW = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)


class Pairs(list):
    """An object's members, of which a name may occur twice."""


def write(value, space=""):
    """Write JSON, objects given as :class:`Pairs` too."""
    if isinstance(value, Pairs):
        inner = f",{space}".join(f"{json.dumps(k)}:{space}{write(v, space)}" for k, v in value)
        return f"{{{space}{inner}{space}}}"
    if isinstance(value, list):
        return f"[{space}{f',{space}'.join(write(one, space) for one in value)}]"
    if isinstance(value, Number):
        return str(value)
    return json.dumps(value, ensure_ascii=space == "\t")


class Number(str):
    """A number that stands in JSON without quotes, digit by digit as given."""

    __slots__ = ()


def payment(payment_id="1", **changes):
    fields = {
        "id": payment_id,
        "idBill": "7",
        "currency": "CZK",
        "state": "PAID",
        "items": [
            item("59.50", "2", id="a", tags=["bar"]),
            item("189", "0.5", name="Guláš"),
        ],
        "parts": [part("213.50"), part("20", "v", "Stravenky", "VOUCHER")],
        "tipBrutto": "20",
        "tipNetto": "18.6",
        "timestamp": "2026-11-20T21:33:39+01:00",
    }
    return Pairs((fields | changes).items())


def part(total, one="qerko", name="Qerko", kind="CARD"):
    provider = Pairs([("id", one), ("name", name), ("type", kind)])
    return Pairs([("total", total), ("provider", provider)])


def item(price, quantity, **more):
    return Pairs({"name": "x", "price": price, "quantity": quantity, **more}.items())


def fetched(*payments, space=""):
    raws = [one if isinstance(one, bytes) else write(one, space).encode() for one in payments]
    return [Fetched.of(decode_payment(raw), NOW, "v2") for raw in raws]


def same(left, right):
    for one, other in zip(left, right, strict=True):
        assert one.schema == other.schema
        assert one.to_pylist() == other.to_pylist()
        one.validate(full=True)


def is_quick(batch):
    """Compare both ways; tell whether the quick one did it."""
    sure = tabulate_surely(batch)
    same(tabulate(batch), sure)
    try:
        same(tabulate_quickly(batch), sure)
    except Refused:
        return False
    return True


# What the model accepts, and beyond.
digits = st.text("0123456789", max_size=13)
decimals = st.decimals("-1e13", "1e13", allow_nan=False, places=6) | st.decimals(
    -999, 999, places=2
)
amounts = st.one_of(
    decimals.map(str),
    decimals.map(lambda value: Number(format(value, "f"))),
    st.integers(-(10**13), 10**13).map(lambda value: Number(str(value))),
    st.tuples(
        st.sampled_from(["", "-", "+", " ", "1_"]),
        digits,
        st.sampled_from([".", "", ".0"]),
        digits,
        st.sampled_from(
            ["", "E+2", "e-3", "E0", " ", "000000", "E15", "E-9", "0" * 40, "0" * 70 + "1"]
        ),
    ).map("".join),
)
words = st.text(max_size=6) | st.sampled_from(["CZK", "\\", '"', "\u2028", "😀", "\0", "řeřicha"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(words, inner, max_size=3).map(lambda members: Pairs(members.items()))
    ),
    max_leaves=6,
)
stamps = st.one_of(
    st.none(),
    st.sampled_from(
        [
            "2026-11-20T21:33:39Z",
            "2026-11-20 21:33:39+01:00",
            "2026-11-20T21:33:39.5+05:30",
            "2026-11-20T21:33:39.123456-11:00",
            "2026-11-20T21:33:39.1234567Z",
            "2026-11-20T21:33:39",
            "2026-11-20T21:33",
            "2026-11-20T21:33+01:00",
            "2026-11-20",
            "2026-02-30T21:33:39Z",
            "2026-02-30T21:33:39",
            "2026-11-20T24:00:00Z",
            "2026-12-31T23:59:60Z",
            "2026-11-20T21:33:39+01",
            "2026-11-20T21:33:39+01:99",
            "2026-11-20T21:33:39+25:00",
            "2026-11-20T21:33:39+01:00:30",
            "2026-11-20T21:33:39z",
            "2026-11-20x21:33:39Z",
            "2026-11-20T21:33:39Z\n",
            "2026-11-20T21:33:39,5Z",
            "20261120T213339Z",
            "2026-W47-5T21:33:39Z",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "1000-01-01T00:00:00+14:00",
            "2999-12-31T23:59:59.999999-14:59",
            "２026-11-20T21:33:39Z",
            "",
            "yesterday",
        ]
    ),
    st.datetimes(timezones=st.none() | st.timezones().filter(lambda zone: zone is not None)).map(
        lambda moment: moment.isoformat()
    ),
    words,
)


def members(required, optional):
    """Make objects: members in any order, unknown ones between, some missing, some twice."""

    @st.composite
    def build(draw):
        pairs = [(name, draw(values)) for name, values in required.items()]
        pairs += [
            (name, draw(st.none() | values))
            for name, values in optional.items()
            if draw(st.booleans())
        ]
        if draw(st.integers(0, 3)) == 0:
            pairs += draw(st.lists(st.tuples(words, anything), max_size=2))
        if draw(st.integers(0, 60)) == 0:
            pairs.append(draw(st.sampled_from(pairs)))
        return Pairs(draw(st.permutations(pairs)))

    return build()


providers = members({"id": words, "name": words, "type": words}, {})
parts = members({"total": amounts, "provider": providers}, {})
items = members(
    {"name": words, "price": amounts, "quantity": amounts},
    {
        "id": words,
        "minQuantity": amounts,
        "tags": st.lists(words, max_size=3),
        "additionalData": anything,
    },
)
discounts = members(
    {"value": amounts}, {"name": words, "source": words, "additionalData": anything}
)
payments = members(
    {
        "idBill": words,
        "currency": words,
        "state": words,
        "items": st.lists(items, max_size=3),
        "parts": st.lists(parts, max_size=3),
        "tipBrutto": amounts,
        "tipNetto": amounts,
    },
    {
        "idCustomer": words,
        "discount": discounts,
        "timestamp": stamps,
        "additionalData": anything,
    },
)


@given(
    st.lists(payments, max_size=3),
    st.sampled_from(["", " ", "\n", "\r\n  ", "\t"]),
)
@settings(max_examples=100, deadline=None)
def test_both_ways_read_the_same_from_whatever_the_model_accepts(bodies, space):
    batch = []
    for number, body in enumerate(bodies):
        raw = write(Pairs([("id", f"{number}"), *body]), space).encode("utf-8", "surrogatepass")
        try:
            batch.append(Fetched.of(decode_payment(raw), NOW, "v2"))
        except UnexpectedResponse:
            continue
    try:
        sure = tabulate_surely(batch)
    except UnexpectedResponse as error:
        with pytest.raises(Refused):
            tabulate_quickly(batch)
        with pytest.raises(UnexpectedResponse, match=re.escape(str(error))):
            tabulate(batch)
        return
    same(tabulate(batch), sure)
    try:
        same(tabulate_quickly(batch), sure)
    except Refused:
        return


@given(st.lists(st.tuples(decimals, decimals), max_size=4), decimals)
@settings(deadline=None)
def test_sums_and_products_of_plain_amounts_are_quick_and_exact(lines, tip):
    tip = abs(tip) % 10**11
    whole = [(abs(price) % 10**11, abs(quantity) % 10**9) for price, quantity in lines]
    body = payment(
        items=[item(format(price, "f"), format(quantity, "f")) for price, quantity in whole],
        parts=[part(format(price, "f")) for price, _ in whole],
        tipBrutto=str(tip),
        tipNetto=f"-{tip}",
    )
    tables = tabulate_quickly(fetched(body))
    row = tables.payments.to_pylist()[0]
    due = sum(price * quantity for price, quantity in whole)
    assert row["parts_total"] == sum(price for price, _ in whole)
    assert row["tip_fee"] == 2 * tip
    if row["items_total"] is None:
        assert due >= 10**12 or due != round(due, 6)
    else:
        assert row["items_total"] == due
    for line, (price, quantity) in zip(tables.items.to_pylist(), whole, strict=True):
        product = price * quantity
        is_held = product < 10**12 and product == round(product, 6)
        assert line["line_total"] == (product if is_held else None)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"discount": None, "idCustomer": None, "timestamp": None, "additionalData": {"a": [1]}},
        {"discount": Pairs([("value", "-5.5"), ("name", "Happy hour")])},
        {"items": [], "parts": []},
        {"items": [item("1", "1", tags=None), item("1", "1", tags=[])]},
        {"tipBrutto": Number("20.50"), "tipNetto": "1.860E+1"},
        {"items": [item("999999999999.999999", "-999999999999.999999")]},
        {"items": [item("300000000000", "1000"), item("-300000000000", "1000")]},
        {"items": [item("999999999.999999", "9000")] * 2 + [item("0.5", "0.1")]},
        {"parts": [part("99999999999.999999")] * 9},
        {"state": "\u0000", "currency": "😀", "unknown": "😀 \\ud83d"},
        {"timestamp": "2026-02-30T21:33:39Z"},
        {"timestamp": "2026-11-20 21:33"},
        {"timestamp": "2026-11-20T21:33:39"},
        {"timestamp": "20261120T213339+0100"},
    ],
)
@pytest.mark.parametrize("space", ["", "\n", "\r"])
def test_what_is_usual_goes_the_quick_way(changes, space):
    assert is_quick(fetched(payment("0"), payment("1", **changes), payment("2"), space=space))


@pytest.mark.parametrize(
    "odd",
    [
        payment("1", tipBrutto=" 20"),
        payment("1", tipBrutto="2_0"),
        payment("1", tipBrutto="0E+14", items=[item("1." + "0" * 40, "2." + "0" * 40)]),
        payment("1", tipBrutto="２0"),
        payment("1", weight=Number("1e999")),
        Pairs([*payment("1"), ("state", "CANCELLED")]),
        Pairs([*payment("1"), ("items", [])]),
        payment("1", parts=[part("900000000000"), part("-900000000000")] * 6),
    ],
)
def test_what_arrow_reads_otherwise_or_not_at_all_goes_the_sure_way(odd):
    assert not is_quick(fetched(payment("0"), odd, payment("2")))


def test_an_odd_payment_sends_its_neighbours_alone_the_sure_way(monkeypatch):
    sure = []

    def watched(batch):
        sure.append(len(batch))
        return tabulate_surely(batch)

    monkeypatch.setattr("qerko_recon.tabulate.tabulate_surely", watched)
    many = [payment(str(number)) for number in range(3000)]
    many[1700] = payment("1700", tipBrutto=" 20")
    batch = fetched(*many)
    same(tabulate(batch), tabulate_surely(batch))
    assert sum(sure) == 256
    assert sum(sure) < len(batch)


def test_a_field_nobody_reads_may_hold_any_bytes():
    raw = write(payment("1", note="@")).encode().replace(b"@", b"\xff\xed\xa0\x80")
    batch = fetched(raw, payment("2"))
    assert is_quick(batch)
    assert "\ufffd" in tabulate(batch).payments["raw"][0].as_py()


def test_a_record_larger_than_a_block_is_read_like_any_other():
    large = payment("1", note="x" * 3_000_000)
    assert is_quick(fetched(payment("0"), large, payment("2"), large_id("3"), payment("4")))


def large_id(payment_id):
    return payment(payment_id, items=[item("1.5", str(n)) for n in range(40_000)])


def test_nothing_is_three_empty_tables():
    assert (
        tabulate([])
        == join([])
        == Tables(PAYMENTS.empty_table(), PARTS.empty_table(), ITEMS.empty_table())
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"null",
        b"",
        b"[]",
        b'"1"',
        b'{"id": "1"}',
        b"{" * 100,
        b'{"id":"1","z":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"id":"1","z":"\\ud800"}',
        write(payment("1")).encode() + b" null",
        write(payment("1")).encode() + write(payment("2")).encode(),
        write(payment("1", z="@")).encode().replace(b'"@"', b"NaN"),
        write(payment("1", state="@")).encode().replace(b"@", b"\xff"),
        write(payment("1", state=None)).encode(),
        write(payment("1", items=None)).encode(),
        write(payment("1", items=[None])).encode(),
        write(payment("1", items=[item("1", "1", tags=[None])])).encode(),
        write(payment("1", items=[item(None, "1")])).encode(),
        write(payment("1", parts=[Pairs([("total", "1"), ("provider", None)])])).encode(),
        write(payment("1", parts=[Pairs([("total", "1")])])).encode(),
        write(payment("1", parts=[part("1", name=None)])).encode(),
        write(payment("1", discount=Pairs([("name", "x")]))).encode(),
        write(payment("1", timestamp=5)).encode(),
        write(payment("1", timestamp="2026-W01", tipNetto=None)).encode(),
        write(
            payment("1", timestamp="2026-W01", items=[item("1", "1", minQuantity="x")])
        ).encode(),
    ],
)
def test_what_is_no_payment_is_an_error_and_nothing_worse(raw):
    batch = [Fetched("1", raw, NOW, "v2"), *fetched(payment("2"))]
    with pytest.raises(Refused):
        tabulate_quickly(batch)
    with pytest.raises(UnexpectedResponse):
        tabulate(batch)


def test_what_was_kept_under_another_id_is_an_error():
    (one,) = fetched(payment("1"))
    with pytest.raises(UnexpectedResponse, match="kept as payment 2 is payment 1; fetch it"):
        tabulate([Fetched("2", one.raw, NOW, "v2")])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tipBrutto": "0.1234567"}, "tipBrutto"),
        ({"tipBrutto": Number("1234567890123")}, "tipBrutto"),
        ({"tipBrutto": "900000000000", "tipNetto": "-900000000000"}, "the tip's fee"),
        ({"discount": Pairs([("value", "1E12")])}, "discount.value"),
        ({"parts": [part("1"), part("1000000000000")]}, r"parts\[1\].total"),
        ({"parts": [part("999999999999")] * 2}, "the sum of the parts"),
        ({"parts": [part("999999999999")] * 20}, "the sum of the parts"),
        ({"items": [item("0.0000001", "1")]}, r"items\[0\].price"),
        ({"parts": [part("1." + "0" * 70 + "1")]}, r"parts\[0\].total"),
        ({"items": [item("1", "-9999999999999")]}, r"items\[0\].quantity"),
    ],
)
def test_an_amount_that_does_not_fit_is_named_among_many(changes, field):
    batch = fetched(*(payment(str(n)) for n in range(600)), payment("odd", **changes))
    with pytest.raises(UnexpectedResponse, match=f"payment odd: {field} is .*does not fit"):
        tabulate(batch)


def test_the_record_is_small_and_decodes_anew():
    (one,) = fetched(payment("1"))
    assert one.payment.tip_net == Decimal("18.6")
    assert one.payment is not one.payment
    assert one.payment.raw == one.raw
    assert msgspec.structs.asdict(one).keys() == {"payment_id", "raw", "fetched_at", "api_version"}
    with pytest.raises(AttributeError):
        one.raw = b""
    assert pa.table(tabulate([one]).payments)["raw"][0].as_py().encode() == one.raw
