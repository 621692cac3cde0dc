"""JSON, JSON Lines, Parquet and zip archives: numbers as written, tables found."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet as pq

from qerko_recon.errors import PosExportError
from qerko_recon.pos import Profile, read_pos
from qerko_recon.pos.json_grids import read_json

NIGHT = datetime(2026, 11, 20, 20, 33, 39, tzinfo=UTC)


def column(frame, name):
    return frame[name].array._pa_array.to_pylist()


def amounts(pos):
    return [
        None if one is None else format(one.normalize(), "f")
        for one in column(pos.tenders, "amount")
    ]


def test_numbers_of_json_keep_their_text(desk):
    pos = desk.read(
        '[{"payment_id": 12345678901234567890, "amount": 1234.10, "tip": 0.30},'
        ' {"payment_id": "007", "amount": 100000000000.123456, "tip": 1e1}]'
    )
    assert column(pos.tenders, "payment_id") == ["12345678901234567890", "007"]
    assert amounts(pos) == ["1234.1", "100000000000.123456"]
    assert column(pos.tenders, "tip") == [Decimal("0.30"), Decimal(10)]
    assert pos.sniffed.format == "json"
    assert pos.sniffed.header_row is None
    assert column(pos.tenders, "source_row") == [1, 2]


@given(st.decimals(-(10**11), 10**11, places=6))
def test_any_number_of_json_comes_back(value):
    grid = read_json(f'[{{"amount": {value:f}}}]'.encode(), "day.json")[0]
    assert Decimal(grid.below(0, 1).columns[0].text[0].as_py()) == value


def test_more_digits_than_money_has_are_a_problem(desk):
    pos = desk.read('[{"payment_id": "1", "amount": 0.1234567}]')
    assert column(pos.problems, "value") == ["0.1234567"]
    assert amounts(pos) == [None]


BILLS = [
    {
        "id": "B1",
        "table": 5,
        "total": 172.5,
        "closedAt": "2026-11-20T21:33:39+01:00",
        "items": [{"name": "Pivo", "price": 60}],
        "payments": [
            {"type": "qerko", "paymentId": "4711", "amount": 120.50, "tip": 12},
            {"type": "cash", "paymentId": None, "amount": 40, "tip": 0},
        ],
    },
    {"id": "B2", "total": 9, "payments": []},
    {"id": "B3", "payments": [{"type": "qerko", "paymentId": "4712", "amount": 9, "tip": 1}]},
]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"venue": "Bistro", "bills": BILLS}),
        "\n".join(json.dumps({"bill": one["id"], **one}) for one in BILLS),
    ],
)
def test_bills_that_hold_their_payments_are_a_row_a_payment(desk, text):
    pos = desk.read(text)
    assert column(pos.tenders, "payment_id") == ["4711", "4712"]
    assert column(pos.tenders, "bill_id") == ["B1", "B3"]
    assert amounts(pos) == ["120.5", "9"]
    assert column(pos.tenders, "tip") == [Decimal(12), Decimal(1)]
    assert column(pos.others, "amount") == [Decimal(40)]
    assert column(pos.tenders, "paid_at")[0] == NIGHT
    assert not len(pos.problems)


NESTED = {
    "venue": "Bistro",
    "payments": [
        {
            "payment": {"id": "4711"},
            "bill": {"number": "B1"},
            "amount": {"value": "120.50", "currency": "EUR"},
            "closedAt": "2026-11-20T21:33:39+01:00",
            "tender": "Qerko",
            "items": [{"name": "Pivo"}],
            "isTest": False,
        }
    ],
}


@pytest.mark.parametrize(
    "held",
    [NESTED, {"data": NESTED}, NESTED["payments"], NESTED["payments"][0]],
    ids=["object", "one level down", "array", "a lone object"],
)
def test_objects_within_objects(desk, held):
    pos = desk.read(json.dumps(held))
    assert column(pos.tenders, "payment_id") == ["4711"]
    assert column(pos.tenders, "bill_id") == ["B1"]
    assert column(pos.tenders, "currency") == ["EUR"]
    assert amounts(pos) == ["120.5"]
    assert column(pos.tenders, "paid_at") == [NIGHT]


def test_json_lines_with_keys_that_come_and_go(desk):
    text = '{"paymentId": "1", "amount": 5}\n\n{"amount": "6,50", "paymentId": "2", "tip": null}\n'
    pos = desk.read("\ufeff" + text)
    assert column(pos.tenders, "payment_id") == ["1", "2"]
    assert amounts(pos) == ["5", "6.5"]
    assert column(pos.tenders, "source_row") == [1, 3]
    assert pos.sniffed.format == "json lines"
    assert desk.read(text, encoding="utf-16").tenders.equals(pos.tenders)


def test_several_arrays_are_as_sheets(desk):
    held = {
        "items": [{"bill": "B1", "name": "Pivo", "price": 60}],
        "payments": [{"bill": "B1", "payment_id": "1", "amount": 60}],
    }
    pos = desk.read(json.dumps(held))
    assert column(pos.tenders, "source_file") == ["export.csv"]
    assert pos.sniffed.sheet == "payments"
    assert any("'items' was set aside" in note for note in pos.notes)
    with pytest.raises(PosExportError, match="there is no sheet 'bills'"):
        desk.read(json.dumps(held), Profile(sheets=("bills",)))


def test_several_ids_in_an_array(desk):
    pos = desk.read('[{"payment_id": ["4711", "4712"], "amount": 10}]')
    assert column(pos.tenders, "payment_id") == ["4711, 4712"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[{"amount": 1}', "is JSON that ends too early"),
        ('[{"amount": 1,}]', "is malformed JSON"),
        ('{"a": 1}\n{"a": \n', "row 2: this line is no JSON"),
        ("[]", "has nothing in it"),
        ("[[1, 2], [3, 4]]", "has no array of objects"),
        ('[{"amount": 1}, 7]', "row 2: '7' is no object, though the others are"),
        ('{"a": [{"x": 1}, 7]}', "row 2 of 'a'"),
        ('{"name": "x"}', "no column holds amounts; the columns are name"),
        ('{"a": 1}\n[2]\n', "is malformed JSON"),
    ],
)
def test_json_that_is_no_export(desk, text, says):
    with pytest.raises(PosExportError) as caught:
        desk.read(text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "row 0" not in str(caught.value)


def parquet(columns):
    held = io.BytesIO()
    pq.write_table(pa.table(columns), held)
    return held.getvalue()


def test_every_type_of_parquet(desk):
    local = datetime(2026, 11, 20, 21, 33, 39)  # noqa: DTZ001 - a column without zone
    data = parquet(
        {
            "payment_id": pa.array([4711, 4712], pa.int64()),
            "bill": pa.array(["B1", "B2"]).dictionary_encode(),
            "amount": pa.array([Decimal("1234.50"), Decimal("-0.01")], pa.decimal128(12, 2)),
            "tip": pa.array([Decimal("0E-9"), Decimal("1.5")], pa.decimal128(20, 9)),
            "state": pa.array(["paid", None], pa.large_string()),
            "paid_at": pa.array([local, None], pa.timestamp("ns")),
            "tags": pa.array([["a"], None]),
            "flag": pa.array([True, None]),
        }
    )
    pos = read_pos(desk.write(data, name="day.parquet"))
    assert column(pos.tenders, "payment_id") == ["4711", "4712"]
    assert column(pos.tenders, "bill_id") == ["B1", "B2"]
    assert amounts(pos) == ["1234.5", "-0.01"]
    assert column(pos.tenders, "tip") == [Decimal(0), Decimal("1.5")]
    assert column(pos.tenders, "paid_at") == [NIGHT, None]
    assert column(pos.tenders, "source_row") == [1, 2]
    assert not len(pos.problems)
    assert pos.sniffed.date_order is None


def test_parquet_with_zones_and_structs(desk):
    data = parquet(
        {
            "payment": pa.array([{"id": "1"}, {"id": "2"}]),
            "amount": pa.array([1, 2], pa.int32()),
            "paid_at": pa.array([NIGHT, NIGHT], pa.timestamp("us", tz="America/New_York")),
        }
    )
    pos = read_pos(desk.write(data, name="day.parquet"))
    assert column(pos.tenders, "payment_id") == ["1", "2"]
    assert column(pos.tenders, "paid_at") == [NIGHT, NIGHT]


def test_dates_of_parquet_are_at_noon(desk):
    data = parquet({"payment_id": ["1"], "amount": [1], "date": [date(2026, 11, 20)]})
    pos = read_pos(desk.write(data, name="day.parquet"))
    assert column(pos.tenders, "paid_at")[0].isoformat() == "2026-11-20T11:00:00+00:00"


def test_binary_fractions_of_parquet_are_said(desk):
    data = parquet({"payment_id": ["1"], "amount": [0.1 + 0.2]})
    pos = read_pos(desk.write(data, name="day.parquet"))
    assert amounts(pos) == ["0.3"]
    assert any("column 'amount' holds its amounts as binary fractions" in one for one in pos.notes)


def test_a_day_without_sales_in_parquet(desk):
    data = parquet({"payment_id": pa.array([], pa.string()), "amount": pa.array([], pa.int64())})
    assert len(read_pos(desk.write(data, name="day.parquet"))) == 0


def test_torn_parquet(desk):
    data = parquet({"payment_id": ["1"], "amount": [1]})
    with pytest.raises(PosExportError, match="damaged or encrypted Parquet"):
        read_pos(desk.write(data[:-9], name="day.parquet"))


def archive(members):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as one:
        for name, content in members.items():
            one.writestr(name, content)
    return held.getvalue()


DATAPAYMENT = (
    '"Z_KASSE_ID";"Z_ERSTELLUNG";"Z_NR";"BON_ID";"ZAHLART_TYP";"ZAHLART_NAME";"ZAHLWAEH_CODE";'
    '"ZAHLWAEH_BETRAG";"BASISWAEH_BETRAG"\r\n'
    '"K1";"2026-11-21T02:00:00";"17";"B1";"ElZahlungsdienstleister";"Qerko";"";"";"1.234,50"\r\n'
    '"K1";"2026-11-21T02:00:00";"17";"B2";"Bar";"Bar";"";"";"8,00"\r\n'
)
GERMAN_TILL = {
    "index.xml": "<?xml version='1.0'?><DataSet/>",
    "gdpdu-01-09-2004.dtd": "<!ELEMENT DataSet ANY>",
    "datapayment.csv": DATAPAYMENT,
    "transactions.csv": '"Z_NR";"BON_ID";"UMS_BRUTTO"\r\n"17";"B1";"1.234,50"\r\n',
    "payment.csv": '"Z_NR";"ZAHLART_TYP";"ZAHLART_NAME";"Z_ZAHLART_BETRAG"\r\n'
    '"17";"ElZahlungsdienstleister";"Qerko";"1.234,50"\r\n',
    "lines.csv": '"Z_NR";"BON_ID";"GV_TYP";"MENGE"\r\n"17";"B1";"Umsatz";"1"\r\n',
}


def test_german_tills_in_an_archive(desk):
    pos = read_pos(desk.write(archive(GERMAN_TILL), name="dsfinvk.zip"))
    assert column(pos.tenders, "bill_id") == ["B1"]
    assert amounts(pos) == ["1234.5"]
    assert len(pos.others) == 1
    assert column(pos.tenders, "source_file") == ["dsfinvk.zip [datapayment.csv]"]
    for name in ("transactions.csv", "payment.csv", "lines.csv"):
        assert any(f"the file '{name}' was set aside" in note for note in pos.notes), name


def test_a_mailed_bundle_of_days(desk):
    day = "Účet;ID platby;Částka\nB{0};471{0};1{0},50\n"
    held = {f"2026-11-2{n}.csv": day.format(n).encode("cp1250") for n in range(3)}
    book = desk.book({"A": [["Účet", "ID platby", "Částka"], ["B9", 4719, 19.5]]}).read_bytes()
    held |= {"readme.txt": "Dobrý den", "__MACOSX/x.csv": "x", "deep/book.xlsx": book}
    path = desk.write(archive(held), name="week.zip")
    pos = read_pos(path)
    assert amounts(pos) == ["10.5", "11.5", "12.5", "19.5"]
    assert column(pos.tenders, "source_file")[0] == "week.zip [2026-11-20.csv]"
    assert column(pos.tenders, "source_file")[3] == "week.zip [deep/book.xlsx]"
    assert any("'readme.txt' was set aside" in note for note in pos.notes)
    assert amounts(read_pos(path, Profile(sheets=("2026-11-21.csv",)))) == ["11.5"]


def locked(data):
    """Set the flag of encryption in both headers."""
    held = bytearray(data)
    held[6] |= 1
    held[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(held)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (archive({}), "is a zip archive with no export in it (it holds nothing)"),
        (archive({"a.pdf": "%PDF"}), "no export in it (it holds a.pdf)"),
        (archive({"bills": "%PDF-1.7"}), "no export in it (it holds bills)"),
        (archive({"a.csv": "Ahoj\nnic\n"}), "no row with column names"),
        (archive({"a.csv": "Ahoj\n", "b.csv": "Nic\n"}), "no file has a table of payment lines"),
        (locked(archive({"a.csv": "Ahoj"})), "is protected by a password; unpack it"),
        (archive({"a.csv": "Ahoj" * 99})[:-60], "is a damaged zip archive"),
    ],
)
def test_archives_that_hold_no_export(desk, data, says):
    with pytest.raises(PosExportError) as caught:
        read_pos(desk.write(data, name="week.zip"))
    assert says in str(caught.value)


def test_a_damaged_member_is_no_silent_loss(desk):
    data = archive({"a.csv": "ID platby;Částka\n1;5\n", "b.csv": 'ID platby;Částka\n"2;5\n'})
    with pytest.raises(PosExportError, match=r"week\.zip \[b\.csv\], row 2: a quote"):
        read_pos(desk.write(data, name="week.zip"))


@pytest.mark.parametrize(
    ("value", "precision", "amount"),
    [(12550, 2, "125.5"), (12550, 0, "12550"), ("125.50", 2, "125.5")],
)
def test_whole_numbers_may_have_their_decimals_told_beside_them(
    tmp_path, value, precision, amount
):
    money = {"value": value, "precision": precision, "currency": "CZK"}
    path = tmp_path / "day.json"
    path.write_text(json.dumps([{"paymentId": "4711", "amount": money, "method": "Qerko"}]))
    pos = read_pos(path)
    assert [f"{one.normalize():f}" for one in pos.tenders["amount"]] == [amount]
