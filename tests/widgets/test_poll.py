"""A poll session with buttons, without a kernel, against a Qerko in a box."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest

import qerko_recon as qr
from qerko_recon.session.rules import PollRules
from qerko_recon.session.session import running_session
from qerko_recon.session.snapshot import Snapshot, Step
from qerko_recon.settings import Venue
from qerko_recon.simulator import Simulator
from qerko_recon.widgets.poll import PollPanel

RULES = PollRules(first_wait=0.2, restart_wait=2.0, longest_wait=0.5)


@pytest.fixture
def box(tmp_path, monkeypatch):
    monkeypatch.setenv("QERKO_LOCKS", str(tmp_path / "locks"))
    with Simulator() as running:
        yield running


@pytest.fixture
def client(box):
    with qr.Client(base_url=box.base_url, api_key=box.api_key, pos_id=box.pos_id) as made:
        yield made


@pytest.fixture
def make(client, tmp_path):
    made = []

    def one(**options):
        settings = {"log": tmp_path / "session.jsonl", "rules": RULES}
        made.append(PollPanel(client, **{**settings, **options}))
        return made[-1]

    yield one
    for panel in made:
        if panel.session is not None:
            panel.session.stop()
        panel.close()


def until(holds):
    for _ in range(500):
        if holds():
            return
        time.sleep(0.02)
    pytest.fail("it did not come to that")


def start(panel):
    panel.start.click()
    assert panel.wait(20)


def stop(panel):
    panel.stop.click()
    assert panel.wait(20)


def test_nothing_begins_by_itself(make, box):
    panel = make()
    assert panel.session is None
    assert not panel.start.disabled
    assert panel.stop.disabled
    assert panel.warning.layout.display == "none"
    assert box.journal == ()


def test_calls_are_answered_counted_and_shown(make, box, tmp_path):
    panel = make()
    start(panel)
    assert box.wait_for_poll()
    assert panel.start.disabled
    table = box.call("getTableList").wait_for_answer().result
    assert table[0]["name"]
    box.call("noSuchMethod", ["<img src=x>"]).wait_for_answer()
    until(lambda: panel.session.snapshot.calls == 2)
    until(lambda: panel.session.snapshot.state == "waiting")
    panel.render(panel.session.snapshot)
    assert "Connected" in panel.state.value
    assert "2 calls, 1 answered by an error" in panel.figures.value
    assert panel.counts.rows == [["getTableList", "1", "0", "0", "0"],
                                 ["noSuchMethod", "0", "1", "0", "0"]]  # fmt: skip
    assert [row[1] for row in panel.calls.rows] == ["noSuchMethod", "getTableList"]
    panel.calls.step(1)
    assert "&lt;img src=x&gt;" in panel.exchange.value
    assert "<img" not in panel.exchange.value
    assert "Qerko asked" in panel.exchange.value
    stop(panel)
    assert "Stopped" in panel.state.value
    assert panel.stop.disabled
    assert not panel.start.disabled
    assert "data:image/png" in panel._picture.value
    log = qr.SessionLog(tmp_path / "session.jsonl")
    assert log.verify().is_whole
    assert len(log.calls) == 2


def test_it_is_started_again_and_goes_on_in_its_log(make, tmp_path):
    panel = make()
    for _ in range(2):
        start(panel)
        stop(panel)
    assert len(qr.SessionLog(tmp_path / "session.jsonl").recordings()) >= 1
    assert panel.status.tone == "good"


def test_a_cell_that_is_run_again_shows_the_session_that_runs(make, box, client):
    first = make()
    start(first)
    assert box.wait_for_poll()
    second = make()
    assert second.session is first.session
    assert "runs already" in second.status.text
    assert second.start.disabled
    first.close()
    assert second.session.snapshot.is_running
    stop(second)
    assert running_session(client.venue) is None
    third = make()
    assert third.session is None


def test_who_else_holds_the_connection_is_said(make, box, client):
    other = threading.Thread(target=_poll_until_stopped, args=(client,), daemon=True)
    other.start()
    assert box.wait_for_poll()
    panel = make()
    start(panel)
    until(lambda: panel.session.snapshot.conflicts >= 2)
    panel.render(panel.session.snapshot)
    assert "times somebody else was connected" in panel.figures.value
    stop(panel)
    box.call("getTableList", uuid=None)  # lets the other one go
    other.join(10)


def _poll_until_stopped(client):
    with suppress(qr.QerkoReconError):
        client.poll()


def test_a_fight_over_the_connection_is_told_as_one(make):
    snapshot = Snapshot(
        state="backing_off",
        reason="conflict",
        why="another connection is open for this restaurant (409)",
        since=datetime.now(UTC),
        until=datetime.now(UTC) + timedelta(seconds=9),
        conflicts=12,
    )
    panel = make()
    panel.render(snapshot)
    assert "Somebody else holds" in panel.state.value
    assert "409, 12 so far" in panel.state.value
    assert "next try in 9 s" in panel.state.value
    assert "qerko-warning" in panel.state.value


def test_a_restart_is_told_as_one_and_waited_for(make, box):
    panel = make()
    start(panel)
    assert box.wait_for_poll()
    box.restart()
    until(lambda: panel.session.snapshot.reason == "restart")
    panel.render(panel.session.snapshot)
    assert "503" in panel.state.value
    assert "next try in" in panel.state.value
    box.restart(on=False)
    until(lambda: panel.session.snapshot.state == "waiting")
    stop(panel)


def test_a_refused_key_ends_it_and_is_said(make, box, tmp_path):
    wrong = qr.Client(base_url=box.base_url, api_key="w" * 40, pos_id=box.pos_id)
    panel = PollPanel(wrong, log=tmp_path / "other.jsonl", rules=RULES)
    start(panel)
    until(lambda: panel.status.tone == "error")
    assert "401" in panel.status.text or "key" in panel.status.text
    assert "w" * 40 not in panel.status.text
    panel.close()


def test_a_live_restaurant_takes_a_typed_word(tmp_path, monkeypatch):
    monkeypatch.setenv("QERKO_LOCKS", str(tmp_path / "locks"))
    venue = Venue.load(
        environ={}, api_key="k" * 40, pos_id="11111111-2222-3333-4444-555555555555",
        base_url="https://live.example.com",
    )  # fmt: skip
    panel = PollPanel(venue=venue, log=tmp_path / "live.jsonl")
    assert panel.warning.layout.display is None
    assert panel.start.disabled
    panel._start()
    assert "Type TAKE OVER first" in panel.status.text
    panel.word.value = "take"
    assert panel.start.disabled
    panel.word.value = "Take over"
    assert not panel.start.disabled
    assert panel.session is None
    assert not (tmp_path / "live.jsonl").exists()
    panel.close()


def test_who_answers_can_be_chosen(make, box, tmp_path):
    script = tmp_path / "answers.toml"
    script.write_text('[getTableList]\nresult = [{ id = "1", name = "Garden" }]\n')
    panel = make(handler=lambda call: "given")
    assert panel.handler.choice.value == "given"
    start(panel)
    assert box.wait_for_poll()
    assert box.call("anything").wait_for_answer().result == "given"
    stop(panel)
    panel.handler.choice.value = "own"
    assert panel.handler.path.layout.display is None
    panel.handler.path.value = "no_such.py:Till"
    panel.start.click()
    assert panel.status.tone == "error"
    assert "no_such" in panel.status.text


def test_a_day_s_log_is_named_by_its_day(client):
    panel = PollPanel(client)
    assert panel.log_file.value.startswith("session_")
    assert panel.log_file.value.endswith(".jsonl")
    panel.close()


@pytest.mark.parametrize("language", ["cs", "sk", "de"])
def test_it_speaks(make, language):
    panel = make(language=language)
    panel.render(Snapshot(
        state="waiting", since=datetime.now(UTC), started_at=datetime.now(UTC),
        polls=1200, calls=1, outcomes=MappingProxyType({("getBill", "ok"): 1}),
        last=(Step(datetime.now(UTC), "getBill", "u", None, "7", "ok", 0.1, ["7"], {}),),
    ))  # fmt: skip
    assert "Connected" not in panel.state.value
    assert panel.counts.rows[0][0] == "getBill"
