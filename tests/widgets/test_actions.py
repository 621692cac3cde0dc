"""Panels that move money, without a kernel, against a Qerko in a box that counts requests."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

import qerko_recon as qr
from qerko_recon.settings import Venue
from qerko_recon.simulator import Fault, Simulator, TradingDay
from qerko_recon.widgets.actions import CancelPanel, CapturePanel


@pytest.fixture(scope="module")
def paid():
    day = TradingDay.generate(seed=1, payments=60, discrepancies=False)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    found = [one for one in day.payments if one.state == "PAID"]
    return [msgspec.structs.replace(one, timestamp=now) for one in found[:4]]


@pytest.fixture
def box(paid):
    with Simulator(payments=paid[:3]) as running:
        running.add(paid[3], capture="manual")
        yield running


@pytest.fixture
def client(box):
    with qr.Client(base_url=box.base_url, api_key=box.api_key, pos_id=box.pos_id) as made:
        yield made


class Clock:
    def __init__(self):
        self.now = datetime.now(UTC)

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def cancel(client, tmp_path):
    panel = CancelPanel(client, trail=tmp_path / "actions.jsonl")
    yield panel
    panel.close()


@pytest.fixture
def capture(client, tmp_path):
    panel = CapturePanel(client, trail=tmp_path / "actions.jsonl")
    yield panel
    panel.close()


def sent(box, route):
    return sum(1 for one in box.journal if one.route == route)


def total_of(payment):
    return sum((part.total for part in payment.parts), Decimal(0))


def click(panel, button):
    button.click()
    assert panel.wait(20)


def arm(panel, *ids, reason="the guest paid twice"):
    panel.ids.value = " ".join(ids)
    click(panel, panel.look_up)
    panel.reason.value = reason
    click(panel, panel.arm)


def is_armed(panel):
    return panel.armed.layout.display is None and not panel.confirm.disabled


def test_nothing_happens_by_itself(client, box, tmp_path, paid):
    CancelPanel(client, trail=tmp_path / "t.jsonl", ids=[paid[0].id])
    CapturePanel(client, trail=tmp_path / "t.jsonl", payment_id=paid[3].id)
    assert box.journal == ()
    assert not (tmp_path / "t.jsonl").exists()


def test_a_payment_is_cancelled_by_one_request_however_often_it_is_clicked(cancel, box, paid):
    arm(cancel, paid[0].id)
    assert is_armed(cancel)
    assert cancel.confirm.description == f"Yes, return CZK\xa0{total_of(paid[0]):,.2f}"
    assert sent(box, "cancel") == 0
    threads = [threading.Thread(target=cancel.confirm.click) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert cancel.wait(20)
    cancel.confirm.click()
    cancel._confirm()
    assert cancel.wait(20)
    assert sent(box, "cancel") == 1
    assert box.payment(paid[0].id).state == "CANCELLED"
    assert "done" in cancel.outcome.value
    assert not is_armed(cancel)
    assert cancel.arm.disabled
    states = [line.state for line in cancel.trail.frame.itertuples()]
    assert states == ["confirmed", "done"]


def test_many_are_told_with_a_total_before_and_an_outcome_each(cancel, box, paid):
    box.inject(Fault(kind="status", status=410, route="cancel", payment_id=paid[1].id))
    cancel.ids.value = f"{paid[0].id}, {paid[1].id}\n{paid[2].id}; 99999"
    click(cancel, cancel.look_up)
    total = sum(map(total_of, paid[:3]))
    assert f"3 of 4 can be cancelled: CZK\xa0{total:,.2f} would be returned" in cancel.total.value
    assert len(cancel.table.rows) == 4
    assert "could not be looked up" in cancel.table.rows[3][9]
    cancel.reason.value = "wrong table"
    click(cancel, cancel.arm)
    assert f"CZK\xa0{total:,.2f} of 3 payments" in cancel.confirm.description
    click(cancel, cancel.confirm)
    assert sent(box, "cancel") == 3
    outcomes = [row[9] for row in cancel.table.rows]
    assert [one.split(":")[0] for one in outcomes] == [
        "done",
        "refused (410)",
        "done",
        "could not be looked up",
    ]
    assert "three hours" in outcomes[1]
    assert cancel.status.tone == "warning"
    assert "2 done, 1 refused" in cancel.outcome.value


def test_any_change_disarms(cancel, box, paid):
    arm(cancel, paid[0].id)
    cancel.reason.value = "another reason"
    assert not is_armed(cancel)
    assert cancel.status.text.startswith("Disarmed")
    click(cancel, cancel.arm)
    assert is_armed(cancel)
    cancel.ids.value = paid[1].id
    assert not is_armed(cancel)
    assert cancel.arm.disabled
    arm(cancel, paid[0].id)
    click(cancel, cancel.disarm)
    assert not is_armed(cancel)
    cancel.confirm.disabled = False  # as a page that lags behind could have it
    click(cancel, cancel.confirm)
    assert sent(box, "cancel") == 0


def test_arming_runs_out(client, box, paid, tmp_path, clock):
    panel = CancelPanel(client, trail=tmp_path / "t.jsonl", clock=clock)
    arm(panel, paid[0].id)
    assert "30 seconds" in panel.countdown.value
    clock.now += timedelta(seconds=31)
    panel._run_out()
    assert not is_armed(panel)
    assert "in time" in panel.status.text
    panel.confirm.disabled = False
    click(panel, panel.confirm)
    assert sent(box, "cancel") == 0
    panel.close()


def test_without_a_reason_nothing_is_armed(cancel, paid):
    arm(cancel, paid[0].id, reason="  ")
    assert not is_armed(cancel)
    assert "reason" in cancel.status.text


def test_no_answer_is_an_unknown_outcome_and_is_never_sent_again(cancel, box, paid):
    box.inject(Fault(kind="drop", route="cancel", moment="done", times=1))
    box.inject(Fault(kind="status", status=500, route="get", first=2, times=None))
    arm(cancel, paid[0].id)
    click(cancel, cancel.confirm)
    assert "outcome unknown" in cancel.outcome.value
    assert cancel.look_again.layout.display is None
    assert sent(box, "cancel") == 1
    box.clear_faults()
    click(cancel, cancel.look_again)
    assert sent(box, "cancel") == 1
    assert "done" in cancel.outcome.value
    assert cancel.look_again.layout.display == "none"


def test_a_cancelled_one_says_why_it_cannot_be(cancel, box, paid):
    arm(cancel, paid[0].id)
    click(cancel, cancel.confirm)
    click(cancel, cancel.look_up)
    assert "cancelled already" in cancel.table.rows[0][9]
    assert cancel.arm.disabled


def test_a_live_venue_takes_a_decision_in_code(tmp_path):
    venue = Venue.load(
        environ={}, api_key="k" * 40, pos_id="11111111-2222-3333-4444-555555555555",
        base_url="https://live.example.com",
    )  # fmt: skip
    panel = CancelPanel(venue=venue, trail=tmp_path / "t.jsonl")
    panel.reason.value = "why"
    panel._arm()
    assert "allow_actions" in panel.status.text
    assert not is_armed(panel)
    assert CancelPanel(venue=venue, trail=tmp_path / "t", allow_actions=True)._may_act()
    assert "k" * 40 not in repr(panel.venue.said.value)


def fill_taxes(capture, total, *, off=0):
    tax = (total * 12 / 112).quantize(Decimal("0.01"))
    capture.receipt.taxes.put(
        rate="12", base=f"{total - tax}", tax=f"{tax + off}", total=f"{total}"
    )
    return tax


def test_a_receipt_that_does_not_add_up_is_refused_before_sending_and_then_a_right_one_goes(
    capture, box, paid
):
    capture.payment_id.value = paid[3].id
    click(capture, capture.look_up)
    items = capture.receipt.items.lines
    assert [line["name"].value for line in items] == [item.name for item in paid[3].items]
    total = sum((i.price * i.quantity for i in paid[3].items), Decimal(0))
    tax = fill_taxes(capture, total, off=1)
    capture.reason.value = "the guests have gone"
    assert "come to" in capture.receipt.findings.value
    assert capture.arm.disabled
    capture._arm()
    assert capture.wait(20)
    assert not is_armed(capture)
    assert sent(box, "capture") == 0

    capture.receipt.taxes.lines[0]["tax"].value = "oops"
    assert "“oops” is no amount" in capture.receipt.findings.value
    assert capture.receipt.receipt is None
    capture.receipt.taxes.lines[0]["tax"].value = f"{tax}".replace(".", ",")
    assert not capture.receipt.errors
    assert not capture.arm.disabled
    assert '"taxInfo"' in capture.receipt._json.value or "taxInfo" in capture.receipt._json.value
    click(capture, capture.arm)
    assert is_armed(capture)
    assert capture.confirm.description.startswith("Yes, capture CZK")
    capture.receipt.bill_name.value = "Table 7"
    assert not is_armed(capture)
    click(capture, capture.arm)
    for _ in range(3):
        capture.confirm.click()
    assert capture.wait(20)
    assert sent(box, "capture") == 1
    assert box.receipt(paid[3].id).receipt_info.bill_name == "Table 7"
    assert "done" in capture.outcome.value
    assert capture.arm.disabled


def test_lines_are_added_and_taken_away(capture, paid):
    capture.payment_id.value = paid[3].id
    click(capture, capture.look_up)
    before = len(capture.receipt.items.lines)
    capture.receipt.items.add.click()
    assert len(capture.receipt.items.lines) == before + 1
    assert "is no amount" in capture.receipt.findings.value
    rows = capture.receipt.items._box.children
    rows[-1].children[-1].click()
    assert len(capture.receipt.items.lines) == before
    assert not capture.receipt.errors


def test_what_qerko_says_is_text(client, box, tmp_path, paid):
    odd = msgspec.structs.replace(
        paid[0], id="odd", items=(msgspec.structs.replace(paid[0].items[0], name="<img src=x>"),)
    )
    box.add(odd)
    panel = CapturePanel(client, trail=tmp_path / "t.jsonl")
    panel.payment_id.value = "odd"
    click(panel, panel.look_up)
    assert "<img" not in panel.receipt._json.value
    assert "&lt;img" in panel.receipt._json.value
    panel.close()


def test_the_trail_is_shown_newest_first(cancel, paid):
    arm(cancel, paid[0].id, reason="<b>why</b>")
    click(cancel, cancel.confirm)
    cancel.audit.is_open = True
    assert [row[3] for row in cancel.lines.rows] == ["done", "confirmed, about to be sent"]
    assert cancel.lines.rows[0][5] == "<b>why</b>"


@pytest.mark.parametrize("language", ["cs", "sk", "de"])
def test_they_speak(client, paid, language, tmp_path):
    panel = CancelPanel(client, trail=tmp_path / "t.jsonl", language=language)
    arm(panel, paid[0].id)
    assert panel.confirm.description.startswith(("Ano", "Áno", "Ja"))
    click(panel, panel.confirm)
    assert any(word in panel.outcome.value for word in ("hotovo", "erledigt"))
    panel.close()
