from __future__ import annotations

import pytest
from poll_server import NOOP, call

from qerko_recon.errors import ConfigError
from qerko_recon.session.compare import compare_logs
from qerko_recon.session.differences import differences
from qerko_recon.session.handlers import CallRefused, ScriptedHandler
from qerko_recon.session.log import SessionLog
from qerko_recon.session.replay import replay

SCRIPT = (
    call("getBill", "7", None, uuid="a"),
    NOOP,
    call("getBill", "7", None, uuid="a"),
    call("getBill", "8", None, uuid="b"),
    call("paymentClosed", "p-1", "PAID", uuid="c"),
)


class Till:
    """A till whose answers can be changed."""

    def __init__(self, price: str = "10", closes: bool = True) -> None:
        self.price, self.closes = price, closes
        self.asked: list[str] = []

    def getBill(self, bill_id):  # noqa: N802 - Qerko's name
        self.asked.append(bill_id)
        if bill_id == "8":
            raise CallRefused("no such bill", "BILL_NOT_FOUND")
        return {"id": bill_id, "items": [{"price": self.price}]}

    def paymentClosed(self, payment_id, state):  # noqa: N802
        self.asked.append(f"{payment_id} {state}")
        if not self.closes:
            raise ValueError(payment_id)


@pytest.fixture
def log(poll):
    poll.play(Till(), 6, *SCRIPT)
    return poll.log


def test_a_handler_that_answers_as_recorded_is_the_same(log):
    till = Till()
    found = replay(log, till)
    assert found.is_same
    assert till.asked == ["7", "8", "p-1 PAID"]  # a repeated call is one call, a noop is none
    assert list(found.frame["verdict"]) == ["same"] * 3


def test_what_is_answered_otherwise_is_named_field_by_field(log):
    found = replay(log, Till(price="11", closes=False))
    bill, closed = found.different
    assert [str(one) for one in bill.differences] == ["result.items[0].price: '10' became '11'"]
    assert [one.path for one in closed.differences] == ["result", "error"]
    assert "ValueError" in closed.why
    assert "record" in str(found)
    assert "items[0].price" in str(found)


def test_fields_may_be_passed_over(log):
    assert replay(log, Till(price="11"), ignored=["price"]).is_same
    assert replay(log, Till(price="11"), ignored=["result.items[0].price"]).is_same


def test_the_recorded_pace_is_that_of_the_calls(log):
    waits = []
    replay(log, Till(), pace="recorded", wait=waits.append)
    at = log.calls.loc[log.calls["uuid"].notna(), "received_at"]
    assert waits == [step.total_seconds() for step in at.diff().dropna()]
    with pytest.raises(ConfigError, match="pace"):
        replay(log, Till(), pace="slow")


def test_a_part_of_a_log_is_replayed_alone(log):
    till = Till()
    replay(log.where(method="paymentClosed"), till)
    assert till.asked == ["p-1 PAID"]


def test_a_recorded_pos_can_be_played(log):
    assert replay(log, ScriptedHandler.from_log(log.entries())).is_same


def test_a_call_without_a_recorded_answer_is_told(poll, log):
    lines = poll.path.read_text().splitlines(keepends=True)
    poll.path.write_text("".join(one for one in lines if '"kind":"error"' not in one))
    found = replay(SessionLog(poll.path), Till())
    assert [one.verdict for one in found.calls] == ["same", "not_recorded", "same"]
    assert found.is_same


def test_two_sessions_are_aligned_and_their_parting_shown(poll, log, tmp_path):
    poll.path = tmp_path / "second.jsonl"
    script = [
        call("getBill", "7", None, uuid="other-1"),
        call("getTableList", uuid="other-2"),
        call("getBill", "8", None, uuid="other-3"),
        call("paymentClosed", "p-1", "PAID", uuid="other-4"),
    ]
    poll.play(Till(price="10.0"), 5, *script)
    found = compare_logs(log, poll.log)
    verdicts = [(one.method, one.verdict) for one in found.pairs]
    assert verdicts == [
        ("getBill", "different"),
        ("getTableList", "only_second"),
        ("getBill", "same"),
        ("paymentClosed", "same"),
    ]
    assert found.parting.differences[0].kind == "written"
    assert "part here" in str(found)


def test_a_session_is_the_same_as_itself(log):
    found = compare_logs(log, log.files[0])
    assert found.is_same
    assert found.parting is None
    assert str(found) == "3 calls, the same in both sessions"


@pytest.mark.parametrize(
    ("first", "second", "kinds"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": True}, ["changed"]),
        ({"a": None}, {}, ["missing"]),
        ([], [None], ["added"]),
        ("1", "1.0", ["written"]),
        ("07", "7", ["written"]),
        ("a", "b", ["changed"]),
        ({"a": [1, {"b": "x"}]}, {"a": [1, {"b": "y"}]}, ["changed"]),
    ],
)
def test_differences(first, second, kinds):
    assert [one.kind for one in differences(first, second)] == kinds
