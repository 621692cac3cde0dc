"""Cancel and capture: confirmed by a person, sent once, recorded before and after."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from spec_server import Fault

from qerko_recon.actions import AuditTrail, CancelAction, CancelMany, CaptureAction
from qerko_recon.errors import ActionError, AuditTrailError, AuthenticationFailed, PaymentNotFound
from qerko_recon.model import Receipt, ReceiptItem

RECEIPT = Receipt(
    items=(ReceiptItem(name="Item 5,-", price=Decimal(156)),),
    receipt_delivery_type="QERKO_GENERATED",
)


METHOD = {"cancel": "DELETE", "capture": "POST"}


@pytest.fixture(params=["cancel", "capture"])
def kind(request):
    return request.param


@pytest.fixture
def begin(client, trail):
    """Make an action and arm it."""

    def begin(kind, payment_id="1", client=client, **settings):
        settings = {"trail": trail, "by": "anna@till"} | settings
        if kind == "cancel":
            action = CancelAction(client, payment_id, **settings)
        else:
            receipt = settings.pop("receipt", RECEIPT)
            action = CaptureAction(client, payment_id, receipt, **settings)
        action.look_up()
        return action

    return begin


@pytest.fixture
def armed(begin):
    def armed(kind, payment_id="1", **settings):
        action = begin(kind, payment_id, **settings)
        action.arm("paid twice")
        return action

    return armed


def states(trail):
    return trail.frame["state"].tolist()


# The way from looking up to done


def test_the_whole_way(server, client, trail, kind):
    server.hold("1")
    seen = []
    settings = {"trail": trail, "by": "anna@till", "on_change": seen.append}
    action = (
        CancelAction(client, "1", **settings)
        if kind == "cancel"
        else CaptureAction(client, "1", RECEIPT, **settings)
    )
    assert action.snapshot.state == "new"
    action.look_up()
    action.arm("  paid twice ")
    ended = action.confirm()
    assert [one.state for one in seen] == ["looked_up", "armed", "confirmed", "done"]
    assert ended == action.snapshot == seen[-1]
    assert ended.reason == "paid twice"
    assert ended.after.state == ("CANCELLED" if kind == "cancel" else "PAID")
    assert len(server.requests(METHOD[kind])) == 1
    frame = trail.frame
    assert frame["state"].tolist() == ["confirmed", "done"]
    assert frame["action_id"].nunique() == 1
    row = frame.iloc[-1]
    assert (row["by"], row["reason"], row["status"]) == ("anna@till", "paid twice", 200)
    assert (row["state_before"], row["settled_before"]) == ("PAID", Decimal(156))
    assert row["method"] == METHOD[kind]
    assert row["key_fingerprint"] == client.venue.api_key.fingerprint
    assert trail.verify() == []
    assert server.api_key not in trail.path.read_text()
    assert trail.actions["state"].tolist() == ["done"]


def test_it_is_recorded_before_it_leaves(server, connect, armed, trail, kind):
    server.hold("1")
    seen = []
    client = connect(before_request=lambda request: seen.append((request.method, states(trail))))
    armed(kind, client=client).confirm()
    assert (METHOD[kind], ["confirmed"]) in seen


def test_what_cannot_be_recorded_is_not_sent(server, armed, tmp_path, kind):
    server.hold("1")
    (tmp_path / "file").write_text("in the way")
    action = armed(kind, trail=AuditTrail(tmp_path / "file" / "actions.jsonl"))
    with pytest.raises(AuditTrailError, match=r"cannot be written.*Name another file"):
        action.confirm()
    assert server.requests(METHOD[kind]) == []


def test_an_outcome_that_cannot_be_recorded_is_given_all_the_same(
    server, connect, armed, trail, kind
):
    server.hold("1")

    def block(exchange):
        if exchange.request.method == METHOD[kind]:
            trail.path.unlink()
            trail.path.mkdir()

    action = armed(kind, client=connect(after_response=block))
    with pytest.warns(UserWarning, match="could not be recorded"):
        ended = action.confirm()
    assert ended.state == "done"


def test_a_dry_run_does_everything_but_send(server, armed, trail, kind):
    server.hold("1")
    for _ in range(2):
        assert armed(kind, dry_run=True).confirm().state == "dry_run"
    assert server.requests(METHOD[kind]) == []
    assert states(trail) == ["dry_run", "dry_run"]
    assert armed(kind).confirm().state == "done", "a dry run does not count as sent"


# Arming


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_reason_is_needed(server, begin, kind, reason):
    server.hold("1")
    with pytest.raises(ActionError, match="say why"):
        begin(kind).arm(reason)


def test_what_was_not_looked_up_is_not_armed(client, trail):
    with pytest.raises(ActionError, match="look the payment up first"):
        CancelAction(client, "1", trail=trail).arm("why")


def test_what_is_not_armed_is_not_sent(server, begin, armed, kind):
    server.hold("1")
    disarmed = armed(kind)
    disarmed.disarm()
    for action in (begin(kind), disarmed):
        with pytest.raises(ActionError, match="is not armed"):
            action.confirm()
    assert server.requests(METHOD[kind]) == []


def test_arming_runs_out(server, armed, clock, kind):
    server.hold("1")
    action = armed(kind, clock=clock, armed_for=timedelta(seconds=30))
    clock.move(seconds=29)
    assert action.snapshot.state == "armed"
    clock.move(seconds=1)
    assert action.snapshot.state == "looked_up"
    with pytest.raises(ActionError, match="no longer; arm it again"):
        action.confirm()
    assert server.requests(METHOD[kind]) == []


def test_a_cancelled_payment_is_an_obstacle(server, begin, kind):
    server.hold("1", state="CANCELLED")
    action = begin(kind)
    assert action.snapshot.obstacles
    with pytest.raises(ActionError, match="not possible: the payment is cancelled"):
        action.arm("why")


def test_a_state_nobody_knows_is_a_warning(server, begin, kind):
    server.hold("1", state="AUTHORIZED")
    assert "AUTHORIZED" in begin(kind).snapshot.warnings[0]


def test_a_receipt_that_does_not_add_up_is_an_obstacle(server, begin):
    server.hold("1")
    receipt = Receipt(items=(ReceiptItem(name="x", price=Decimal(5)),), final_price=Decimal(157))
    action = begin("capture", receipt=receipt)
    assert "above what was paid (156.00 CZK)" in action.snapshot.obstacles[0]
    with pytest.raises(ActionError, match="above what was paid"):
        action.arm("why")


@pytest.mark.parametrize(
    ("created", "words"),
    [
        ("2026-11-20T18:30:00Z", "open for another 1 h 30 min"),
        ("2026-11-20T17:15:00+01:00", "closed 45 min ago"),
        (None, "unknown: Qerko does not say"),
    ],
)
def test_the_window_is_shown_where_it_is_known(server, begin, clock, created, words):
    server.hold("1", timestamp=created)
    window = begin("cancel", clock=clock).snapshot.window
    assert words in window.words(clock())


def test_the_window_is_qerko_s_to_close(server, armed, clock):
    """This machine's clock may be off."""
    server.hold("1", timestamp="2020-01-01T00:00:00Z")
    assert armed("cancel", clock=clock).confirm().state == "done"


# Once


def test_confirmed_twice_is_sent_once(server, armed, kind):
    server.hold("1")
    action = armed(kind)
    assert action.confirm() == action.confirm()
    assert len(server.requests(METHOD[kind])) == 1


def test_a_double_click_is_sent_once(server, armed, kind):
    server.hold("1")
    action = armed(kind)
    together = threading.Barrier(8)
    ended = []

    def click():
        together.wait()
        ended.append(action.confirm())

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, ended))) == 1
    assert len(server.requests(METHOD[kind])) == 1


def test_two_panels_on_one_payment_send_once(server, armed, kind):
    server.hold("1")
    together = threading.Barrier(2)
    ended = []

    def click(action):
        together.wait()
        ended.append(action.confirm().state)

    threads = [threading.Thread(target=click, args=[armed(kind)]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.requests(METHOD[kind])) == 1
    assert "done" in ended
    assert set(ended) <= {"done", "outcome_unknown"}


def test_what_was_done_before_is_done_and_not_sent(server, armed, trail, kind):
    server.hold("1")
    action, later = armed(kind), armed(kind)
    action.confirm()
    ended = later.confirm()
    assert ended.state == "done"
    assert "done before: it was sent at" in ended.detail
    assert "by anna@till" in ended.detail
    assert len(server.requests(METHOD[kind])) == 1
    assert states(trail) == ["confirmed", "done"]


def test_another_payment_venue_or_kind_is_another_action(server, armed, begin):
    server.hold("1", "2")
    armed("capture", "1").confirm()
    assert armed("cancel", "1").confirm().state == "done"
    assert armed("cancel", "2").confirm().state == "done"
    assert len(server.requests("DELETE")) == 2


# Outcomes


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_final_for_this_action_alone(server, armed, trail, status):
    server.hold("1")
    server.fail("DELETE", Fault(status=status))
    ended = armed("cancel").confirm()
    assert (ended.state, ended.status) == ("refused", status)
    assert states(trail) == ["confirmed", "refused"]
    assert armed("cancel").confirm().state == "done", "it may be tried again"
    assert len(server.requests("DELETE")) == 2


UNCLEAR = [
    Fault("reset"),
    Fault("close"),
    Fault(status=500),
    Fault(status=503),
    Fault("truncate", body=b"{"),
    Fault(body=b"<html>"),
]


@pytest.mark.parametrize("fault", UNCLEAR, ids=lambda one: f"{one.kind} {one.status} {one.body}")
def test_no_clear_answer_is_an_unknown_outcome_and_never_sent_again(
    server, armed, begin, trail, kind, fault
):
    server.hold("1")
    server.fail(METHOD[kind], fault)
    action = armed(kind)
    ended = action.confirm()
    assert ended.state == "outcome_unknown"
    assert ended.after.state == "PAID", "it was looked up"
    assert action.confirm() == action.snapshot
    again = armed(kind).confirm()
    assert again.state == "outcome_unknown"
    assert "nothing was sent now: it was sent at" in again.detail
    assert len(server.requests(METHOD[kind])) == 1
    decided = armed(kind).confirm(again=True)
    assert decided.state == "done"
    assert len(server.requests(METHOD[kind])) == 2
    assert trail.frame["again"].tolist() == [False, False, True, True]


def test_a_timeout_is_an_unknown_outcome(server, connect, armed, kind):
    server.hold("1")
    server.fail(METHOD[kind], Fault("hang"))
    assert armed(kind, client=connect(read=0.2)).confirm().state == "outcome_unknown"
    assert len(server.requests(METHOD[kind])) == 1


def test_a_cancel_that_shows_as_done_when_looked_up_is_done(server, armed, trail):
    """The answer was lost, the money was returned."""
    server.hold("1")
    answer = server.answer

    def answer_and_break(seen):
        status, content = answer(seen)
        return (500, None) if seen.method == "DELETE" else (status, content)

    server.answer = answer_and_break
    ended = armed("cancel").confirm()
    assert ended.state == "done"
    assert "as looked up afterwards" in ended.detail
    assert states(trail) == ["confirmed", "outcome_unknown", "done"]


def test_looking_up_again_may_show_what_it_was(server, armed, trail):
    server.hold("1")
    server.fail("DELETE", Fault("reset"))
    action = armed("cancel")
    assert action.confirm().state == "outcome_unknown"
    server.payments["1"]["state"] = "CANCELLED"
    assert action.look_up().state == "done"
    assert states(trail)[-1] == "done"


def test_a_cancel_that_leaves_the_payment_paid_is_not_done(server, armed):
    server.hold("1")
    answer = server.answer
    server.answer = lambda seen: (
        (200, dict(server.payments["1"])) if seen.method == "DELETE" else answer(seen)
    )
    ended = armed("cancel").confirm()
    assert ended.state == "outcome_unknown"
    assert "the payment is PAID" in ended.detail


def test_a_word_that_nobody_knows_does_not_say_that_it_was_captured(server, armed):
    server.hold("1")
    server.fail("POST", Fault(body=b'{"status": "Queued"}'))
    ended = armed("capture").confirm()
    assert ended.state == "outcome_unknown"
    assert "'Queued'" in ended.detail


def test_no_connection_is_a_refusal(server, connect, armed, trail, kind):
    server.hold("1")
    action = armed(kind)
    action._client = connect(base_url="http://127.0.0.1:1")
    ended = action.confirm()
    assert ended.state == "refused"
    assert "gave no answer" in ended.detail


def test_an_interrupt_on_the_way_is_an_unknown_outcome(server, connect, armed, trail, kind):
    server.hold("1")

    def interrupt(exchange):
        if exchange.request.method == METHOD[kind]:
            raise KeyboardInterrupt

    action = armed(kind, client=connect(after_response=interrupt))
    with pytest.raises(KeyboardInterrupt):
        action.confirm()
    assert action.snapshot.state == "outcome_unknown"
    assert states(trail) == ["confirmed", "outcome_unknown"]
    assert action.confirm().state == "outcome_unknown"
    assert len(server.requests(METHOD[kind])) == 1


def test_who_watches_does_not_stop_what_goes_on(server, armed):
    server.hold("1")

    def fail(snapshot):
        if snapshot.state == "confirmed":
            raise ZeroDivisionError

    with pytest.warns(UserWarning, match="who watches"):
        ended = armed("cancel", on_change=fail).confirm()
    assert ended.state == "done"


def test_a_payment_that_cannot_be_read_is_not_armed(client, trail):
    action = CancelAction(client, "none", trail=trail)
    with pytest.raises(PaymentNotFound):
        action.look_up()
    assert action.snapshot.state == "new"
    assert repr(action) == "CancelAction('none', new)"


# Several at once


def test_several_at_once(server, client, trail):
    server.hold("1", "2", "5")
    server.hold("3", state="CANCELLED")
    server.hold("4", currency="EUR")
    many = CancelMany(client, ["1", "2", "3", "4", "gone", "1"], trail=trail)
    many.look_up()
    assert many.totals == {"CZK": Decimal(312), "EUR": Decimal(156)}
    assert "knows no payment gone" in many.unread["gone"]
    many.arm("the till was down")
    server.fail("DELETE", Fault("reset"), payment_id="2")
    assert [one.state for one in many.confirm()] == [
        "done", "outcome_unknown", "looked_up", "done", "new",
    ]  # fmt: skip
    assert len(server.requests("DELETE")) == 3


def test_they_are_confirmed_together_however_long_each_takes(server, client, trail, clock):
    server.hold("1", "2", "3")
    begin = server.begin

    def begin_slowly(seen):
        begin(seen)
        clock.move(minutes=5)

    many = CancelMany(client, ["1", "2", "3"], trail=trail, clock=clock)
    many.look_up()
    many.arm("why")
    server.begin = begin_slowly
    assert [one.state for one in many.confirm()] == ["done"] * 3


def test_a_double_click_on_several_sends_each_once(server, client, trail):
    ids = ["1", "2", "3"]
    server.hold(*ids)
    many = CancelMany(client, ids, trail=trail)
    many.look_up()
    many.arm("why")
    together, ended = threading.Barrier(2), []

    def click():
        together.wait()
        ended.append([one.state for one in many.confirm()])

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == [["done"] * 3] * 2
    assert len(server.requests("DELETE")) == 3


def test_what_is_taken_back_while_another_is_under_way_is_not_sent(server, client, trail):
    server.hold("1", "2")
    many = CancelMany(client, ["1", "2"], trail=trail)
    many.look_up()
    many.arm("why")
    begin = server.begin

    def begin_and_disarm(seen):
        begin(seen)
        if seen.method == "DELETE":
            many.actions[1].disarm()

    server.begin = begin_and_disarm
    assert [one.state for one in many.confirm()] == ["done", "looked_up"]


def test_a_lone_text_is_not_taken_apart(client, trail):
    with pytest.raises(ActionError, match=r"as in \['1234'\]"):
        CancelMany(client, "1234", trail=trail)


def test_what_is_known_to_be_done_is_not_done_again_by_anybody_s_decision(server, armed):
    server.hold("1")
    armed("capture").confirm()
    assert armed("capture").confirm(again=True).state == "done"
    assert len(server.requests("POST")) == 1


def test_a_decision_covers_what_was_there_when_one_looked(server, armed):
    """Two people decide to send again, each after one unknown outcome, not after two."""
    server.hold("1")
    server.fail("POST", Fault("reset"))
    armed("capture").confirm()
    one, other = armed("capture"), armed("capture")
    server.fail("POST", Fault("reset"))
    assert one.confirm(again=True).state == "outcome_unknown"
    assert other.confirm(again=True).state == "outcome_unknown"
    assert len(server.requests("POST")) == 2


@pytest.mark.parametrize("changed", ["address", "key"])
def test_a_payment_is_the_same_by_another_address_or_key(server, connect, armed, changed):
    server.hold("1")
    armed("capture").confirm()
    if changed == "address":
        client = connect(base_url=server.base_url.replace("127.0.0.1", "LOCALHOST"))
    else:
        server.api_key = "another-key"
        client = connect()
    assert "done before" in armed("capture", client=client).confirm().detail
    assert len(server.requests("POST")) == 1


def test_the_working_folder_may_change(server, client, armed, tmp_path, monkeypatch):
    server.hold("1")
    monkeypatch.chdir(tmp_path)
    trail = AuditTrail("actions.jsonl")
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    armed("cancel", trail=trail).confirm()
    assert len(trail.frame) == 2
    assert (tmp_path / "actions.jsonl").exists()


def test_a_refused_key_stops_them_all(server, client, trail):
    server.hold("1", "2", "3")
    many = CancelMany(client, ["1", "2", "3"], trail=trail)
    many.look_up()
    many.arm("why")
    server.api_key = "another"
    assert [one.state for one in many.confirm()] == ["refused", "looked_up", "looked_up"]
    assert len(server.requests("DELETE")) == 1
    with pytest.raises(AuthenticationFailed):
        many.look_up()
