from __future__ import annotations

import pytest
from matplotlib.dates import date2num

from qerko_recon import SessionLog, swimlane_chart


@pytest.fixture
def log():
    return SessionLog("data_samples/sessions/incident.jsonl")


def test_every_stretch_and_every_call_is_drawn_where_it_was(log):
    [axes] = swimlane_chart(log, time_zone="Europe/Prague").axes
    bars = {
        title: collection.get_paths()
        for title, collection in zip(
            [one.get_text() for one in axes.get_yticklabels()], axes.collections, strict=False
        )
    }
    for title, lane in (("Poll open", "polling"), ("No connection", "gap")):
        spans = log.spans[log.spans["lane"] == lane]
        drawn = [(path.vertices[:, 0].min(), path.vertices[:, 0].max()) for path in bars[title]]
        assert len(drawn) == len(spans)
        for (left, right), began, ended in zip(
            drawn, spans["began_at"], spans["ended_at"], strict=True
        ):
            assert left == pytest.approx(date2num(began), abs=1e-8)
            assert right == pytest.approx(date2num(ended), abs=1e-8)
    legend = [one.get_text() for one in axes.get_legend().get_texts()]
    assert legend == ["answered (26)", "answered by an error (1)"]
    assert {one.get_text() for one in axes.texts} == {
        "somebody else connected (409) 63 s",
        "connection broke 1 s",
        "Qerko restarting (503) 120 s",
    }
    assert axes.get_xlabel() == "Time (Europe/Prague)"


def test_a_log_without_calls_is_drawn_too(log):
    [axes] = swimlane_chart(log.where(method="nothing")).axes
    assert axes.get_legend() is None


def test_it_speaks(log):
    [axes] = swimlane_chart(log, language="cs").axes
    assert [one.get_text() for one in axes.get_yticklabels()][-1] == "Volání"
    assert "Qerko se restartuje (503) 120 s" in {one.get_text() for one in axes.texts}
