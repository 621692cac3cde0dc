from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from poll_server import API_KEY, POS_ID, Do, PollServer

from qerko_recon import Client
from qerko_recon.session.log import Entry, SessionLog
from qerko_recon.session.rules import PollRules, SessionClock
from qerko_recon.session.session import PollSession


class QuickClock(SessionClock):
    """A clock on which waiting takes no time, and is written down."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await super().sleep(0)


class Poll:
    """A poll session against a scripted server, and what it left behind."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "evening.jsonl"
        self.clock = QuickClock()
        self.session: PollSession | None = None
        self.server: PollServer | None = None
        self._running: list[Any] = []

    def serve(self, *script: Do) -> PollServer:
        self.server = PollServer(*script).__enter__()
        self._running.append(self.server)
        return self.server

    def start(self, handler: object, **settings: Any) -> PollSession:
        assert self.server is not None
        client = Client(base_url=self.server.base_url, api_key=API_KEY, pos_id=POS_ID)
        settings = {"log": self.path, "clock": self.clock, "chance": lambda: 1.0, **settings}
        if isinstance(settings.get("rules"), dict):
            settings["rules"] = PollRules(**settings["rules"])
        self.session = PollSession(client, handler, **settings)
        self._running.append(self.session)
        return self.session.start()

    def play(self, handler: object, polls: int, *script: Do, **settings: Any) -> PollServer:
        """Run until so many polls have come, then stop."""
        server = self.serve(*script)
        session = self.start(handler, **settings)
        server.wait(polls)
        session.stop()
        return server

    @property
    def log(self) -> SessionLog:
        return SessionLog(self.path)

    def entries(self, kind: str) -> list[Entry]:
        return [one for one in self.log.entries() if one.kind == kind]

    def close(self) -> None:
        for one in reversed(self._running):
            one.stop() if isinstance(one, PollSession) else one.__exit__()


@pytest.fixture(autouse=True)
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QERKO_LOCKS", str(tmp_path / "locks"))
    return tmp_path / "locks"


@pytest.fixture
def poll(tmp_path: Path) -> Iterator[Poll]:
    running = Poll(tmp_path)
    yield running
    running.close()


class Till:
    """A handler that counts."""

    def __init__(self, answer: Callable[..., Any] = lambda *_: []) -> None:
        self.calls: list[str] = []
        self._answer = answer

    def __call__(self, call: Any) -> Any:
        self.calls.append(call.uuid)
        return self._answer(call)


@pytest.fixture
def till() -> Till:
    return Till()
