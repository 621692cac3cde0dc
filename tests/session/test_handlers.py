from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from qerko_recon.errors import ConfigError
from qerko_recon.model import Bill, BillItem, MethodCallRequest, Table, TaxInfo
from qerko_recon.session.handlers import (
    CallRefused,
    DemoPos,
    RefusingHandler,
    ScriptedAnswer,
    ScriptedHandler,
    answer_call,
    check_handler,
    load_handler,
)


def ask(handler, method, *args, uuid="u"):
    return answer_call(handler, MethodCallRequest(method=method, uuid=uuid, args=args))


def wire_payment(payment_id="p-1", bill_id="1001", quantity="2", **changes):
    return {
        "id": payment_id,
        "idBill": bill_id,
        "idCustomer": None,
        "currency": "CZK",
        "state": "X",
        "items": [
            {"id": "svickova", "name": "S", "price": "229.00", "quantity": quantity},
        ],
        "parts": [],
        "tipBrutto": "20.00",
        "tipNetto": "19.76",
        **changes,
    }


class Own:
    """Takes what it is given, under names of either kind."""

    def get_bill(self, bill_id):
        return Bill(id=bill_id, currency="CZK", items=(), allow_tip=False)

    def paymentStart(self, payment):  # noqa: N802 - Qerko's name
        return payment.tip_gross

    async def paymentClosed(self, payment_id, state):  # noqa: N802
        return [payment_id, state]

    def searchBills(self, *args):  # noqa: N802
        return list(args)

    def _hidden(self):
        return "never"


def test_arguments_come_typed_and_results_go_as_the_wire_has_them():
    assert ask(Own(), "getBill", "7", None).result == {
        "id": "7",
        "currency": "CZK",
        "items": [],
        "allowTip": False,
    }
    assert ask(Own(), "paymentStart", wire_payment()).result == "20.00"
    assert ask(Own(), "paymentClosed", "p", "PAID").result == ["p", "PAID"]
    assert ask(Own(), "searchBills", "000001", None, "new").result == ["000001", None, "new"]
    assert ask(lambda _: Decimal("1E+2"), "anything").result == "100"


@pytest.mark.parametrize(
    ("method", "args"),
    [("paymentStart", ()), ("paymentStart", ({"id": "1"},)), ("paymentClosed", ("p",)),
     ("getBill", ({"deep": 1},)), ("paymentStart", (wire_payment(tipBrutto="much"),))],
)  # fmt: skip
def test_arguments_that_are_not_as_documented_are_an_error_that_does_not_say_more(method, args):
    answered = ask(Own(), method, *args)
    assert answered.why == "bad_arguments"
    said = {"message": f"the POS could not read the arguments of {method}"}
    assert json.loads(answered.body) == {"uuid": "u", "error": said}
    assert "argument" in answered.detail


@pytest.mark.parametrize("method", ["_hidden", "__init__", "", "a b", "getResource"])
def test_no_method_but_those_meant_for_it_can_be_called(method):
    assert ask(Own(), method).why == "unknown_method"


def test_a_refusal_has_the_message_and_code_of_the_handler():
    def refuse(_):
        raise CallRefused("closed", "BILL_CLOSED")

    assert json.loads(ask(refuse, "getBill", "7").body) == {
        "uuid": "u",
        "error": {"message": "closed", "code": "BILL_CLOSED"},
    }
    assert ask(RefusingHandler(), "getTableList").why == "refused"


@pytest.mark.parametrize("handler", [object(), Own, 5])
def test_what_can_answer_nothing_is_refused(handler):
    with pytest.raises(ConfigError):
        check_handler(handler)


@pytest.fixture
def till():
    return DemoPos(clock=lambda: datetime(2026, 11, 20, 18, 0, tzinfo=UTC))


def pay(till, payment_id="p-1", state="PAID", **changes):
    start = ask(till, "paymentStart", wire_payment(payment_id, **changes))
    if start.error is not None:
        return start
    ask(till, "paymentProcessed", payment_id, "X")
    return ask(till, "paymentClosed", payment_id, state)


def test_a_paid_payment_takes_its_items_off_the_bill_and_is_booked(till):
    pay(till)
    assert [item["id"] for item in ask(till, "getBill", "1001").result["items"]] == [
        "pivo",
        "kava",
    ]
    [posting] = till.postings
    assert (posting.payment_id, posting.amount, posting.tip) == (
        "p-1",
        Decimal("458.00"),
        Decimal("20.00"),
    )
    assert till.locked == {}


def test_a_cancelled_payment_leaves_the_bill_as_it_was(till):
    before = ask(till, "getBill", "1001").result
    pay(till, state="CANCELLED")
    assert ask(till, "getBill", "1001").result == before
    assert [(one.state, one.amount) for one in till.postings] == [("CANCELLED", 0)]


def test_one_payment_at_a_time_holds_a_bill_and_every_step_may_come_twice(till):
    for _ in range(2):
        assert ask(till, "paymentStart", wire_payment()).error is None
    other = ask(till, "paymentStart", wire_payment("p-2"))
    assert "another payment" in other.error.message
    receipts = [ask(till, "paymentProcessed", "p-1", "X").result for _ in range(2)]
    assert receipts[0] == receipts[1]
    for _ in range(2):
        assert ask(till, "paymentClosed", "p-1", "PAID").error is None
    assert len(till.postings) == 1
    assert "has ended" in ask(till, "paymentStart", wire_payment()).error.message


def test_a_lock_runs_out_where_that_is_set():
    seconds = [0.0]
    till = DemoPos(lock_timeout=60, seconds=lambda: seconds[0])
    ask(till, "paymentStart", wire_payment())
    seconds[0] = 59
    assert ask(till, "paymentStart", wire_payment("p-2")).error is not None
    seconds[0] = 60
    assert ask(till, "paymentStart", wire_payment("p-2")).error is None
    assert "no longer holds" in ask(till, "paymentProcessed", "p-1").error.message


def test_parts_of_an_item_are_paid_until_nothing_is_left(till):
    pay(till, quantity="0.5")
    pay(till, "p-2", quantity="1.5")
    answered = ask(till, "paymentStart", wire_payment("p-3", quantity="0.5"))
    assert "paid already" in answered.error.message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"currency": "EUR"}, "in CZK"),
        ({"items": [{"id": "x", "name": "X", "price": "1", "quantity": "1"}]}, "not on the bill"),
        (
            {"items": [{"id": "pivo", "name": "P", "price": "1", "quantity": "1"}]},
            "costs 62.00",
        ),
        ({"idBill": "9"}, "no bill 9"),
    ],
)
def test_a_payment_of_what_is_not_on_the_bill_is_refused(till, changes, words):
    answered = ask(till, "paymentStart", {**wire_payment(), **changes})
    assert words in answered.error.message
    assert till.locked == {}


def test_a_bill_that_is_paid_is_closed_and_an_unknown_one_not_found(till):
    pay(till, bill_id="1001", items=[])
    table = Table(id="9", name="Nine")
    item = BillItem(id="a", name="A", price=Decimal(10), quantity=Decimal(1))
    till = DemoPos({table: [Bill(id="b", currency="CZK", items=(item,))]})
    items = [{"id": "a", "name": "A", "price": "10", "quantity": "1"}]
    pay(till, bill_id="b", items=items)
    assert ask(till, "getBill", "b").error.code == "BILL_CLOSED"
    assert ask(till, "getBill", "c").error.code == "BILL_NOT_FOUND"
    assert ask(till, "getTableContents", "9", None).result == []
    assert ask(till, "searchBills", "000009", None).result == []
    assert ask(till, "searchBills", "nine", None).error.code == "QR_INVALID"


@pytest.mark.parametrize("kind", ["QERKO_GENERATED", "EMAIL", "POSTPONED"])
def test_receipts_are_of_every_kind_and_their_taxes_add_up(kind):
    till = DemoPos(receipts=kind, ready_after=2)
    ask(till, "paymentStart", wire_payment())
    receipt = ask(till, "paymentProcessed", "p-1").result
    assert receipt["receiptDeliveryType"] == kind
    for line in receipt["taxInfo"]:
        tax = msgspec.convert(line, TaxInfo, strict=False)
        assert tax.base + tax.tax == tax.price
    asked = [ask(till, "getPostponedReceipt", "p-1").result for _ in range(3)]
    kinds = [one["receiptDeliveryType"] for one in asked]
    assert kinds == (
        ["POSTPONED"] * 2 + ["QERKO_GENERATED"] if kind == "POSTPONED" else [kind] * 3
    )


def test_tips_are_booked_net_where_that_is_set():
    till = DemoPos(tips="net")
    pay(till)
    assert till.postings[0].tip == Decimal("19.76")
    with pytest.raises(ConfigError):
        DemoPos(tips="some")
    with pytest.raises(ConfigError):
        DemoPos(receipts="PIGEON")


def test_a_till_knows_only_the_payments_that_began(till):
    for method in ("paymentProcessed", "paymentClosed", "getPostponedReceipt"):
        args = ("p-9", "PAID")[: 2 if method == "paymentClosed" else 1]
        assert ask(till, method, *args).error is not None


TOML = """
[[answers]]
method = "getBill"
args = ["7"]
times = 1
result = { id = "7" }

[[answers]]
method = "getBill"
after = 2.5
error = { message = "gone", code = "BILL_CLOSED" }

[[answers]]
method = "*"
"""


def test_a_script_answers_with_the_first_that_fits_and_is_left(tmp_path):
    path = tmp_path / "script.toml"
    path.write_text(TOML)
    waits = []
    handler = ScriptedHandler(path, wait=waits.append)
    assert ask(handler, "getBill", "7", None).result == {"id": "7"}
    assert ask(handler, "getBill", "7", None).error.code == "BILL_CLOSED"
    assert ask(handler, "getTableList").result is None
    assert waits == [2.5]
    named = load_handler(f"script:{path}")
    assert ask(named, "getBill", "7").result == {"id": "7"}


def test_what_a_script_does_not_say_is_refused():
    handler = ScriptedHandler([ScriptedAnswer(method="getBill", args=("*", None))])
    assert ask(handler, "getBill", "7", None).error is None
    assert ask(handler, "getBill", "7").why == "refused"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.toml", "answers = 5", "a list named `answers`"),
        ("a.toml", "[[answers]]\nresult = 1", "answer 1"),
        ("a.toml", '[[answers]]\nmethod = "x"\nresutl = 1', "resutl"),
        ("a.toml", '[[answers]]\nmethod = "x"\nresult = 1\nerror = {message = "a"}', "keep one"),
        ("a.toml", '[[answers]]\nmethod = "x"\ntimes = 0', "1 or more"),
        ("a.toml", "[[answers", "no TOML"),
        ("a.json", '{"answers": [', "no JSON"),
        ("a.json", '{"answers": [], "more": 1}', "nothing else"),
    ],
)
def test_a_script_that_is_wrong_says_where(tmp_path, name, text, words):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as error:
        ScriptedHandler(path)
    assert str(path) in str(error.value)


def test_a_handler_of_ones_own_is_loaded_by_name(tmp_path, monkeypatch):
    (tmp_path / "my_till.py").write_text("class Till:\n    def getTableList(self): return []\n")
    monkeypatch.chdir(tmp_path)
    for name in ("my_till.py:Till", "my_till:Till"):
        assert ask(load_handler(name), "getTableList").result == []
    assert isinstance(load_handler("demo"), DemoPos)
