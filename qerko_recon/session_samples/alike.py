"""Makes a recorded evening the same each time: what chance or the machine named gets a fixed name.

Times are the virtual clock's already; uuids, ports, runs and the server's own clock are not.
"""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from qerko_recon.chained import ChainedWriter
from qerko_recon.files import replace_when_done

__all__ = ["make_alike", "make_payments_alike"]

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ADDRESS: Final = re.compile(r"127\.0\.0\.1:\d+")
_PORT: Final = "127.0.0.1:8080"
_RUN: Final = re.compile(r'("run":")([0-9a-f]{8})(")')


def make_alike(log: Path) -> None:
    """Write a session log anew, each line chained to the one before as it was."""
    uuids: dict[str, str] = {}
    runs: dict[str, str] = {}

    def uuid(found: re.Match[str]) -> str:
        return uuids.setdefault(found[0], f"00000000-0000-4000-8000-{len(uuids) + 1:012d}")

    def run(found: re.Match[str]) -> str:
        return found[1] + runs.setdefault(found[2], f"{len(runs) + 1:08x}") + found[3]

    lines = log.read_text(encoding="utf-8").splitlines()
    with replace_when_done(log) as draft, ChainedWriter(draft) as writer:
        for line in lines:
            named = _RUN.sub(run, _ADDRESS.sub(_PORT, _UUID.sub(uuid, line)))
            record: dict[str, Any] = msgspec.json.decode(named)
            headers = record.get("payload", {}).get("headers")
            if headers and "date" in headers:
                at = datetime.fromisoformat(record["at"])
                headers["date"] = format_datetime(at, usegmt=True)
            writer.append({name: one for name, one in record.items() if name not in _CHAINED})


_CHAINED: Final = frozenset({"seq", "chain"})


def make_payments_alike(file: Path, fetched_at: datetime) -> None:
    """Write fetched payments anew, all had at one moment of the evening."""
    lines = file.read_bytes().splitlines()
    with replace_when_done(file) as draft, draft.open("wb") as out:
        for line in lines:
            one: dict[str, Any] = msgspec.json.decode(line)
            if "fetched_at" in one:
                one["fetched_at"] = fetched_at.isoformat().replace("+00:00", "Z")
            text = _ADDRESS.sub(_PORT, msgspec.json.encode(one).decode())
            out.write(f"{text}\n".encode())
