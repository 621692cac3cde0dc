"""The close of one venue's business day, from its exports to a recorded result, step by step.

It is run in the caller's thread and may be stopped from another; who watches gets frozen
snapshots.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal

from qerko_recon.client import Client
from qerko_recon.closing.exports import Exports
from qerko_recon.closing.ids import GatheredIds, gather_ids
from qerko_recon.closing.recording import reconcile_and_record
from qerko_recon.errors import ReconciliationError
from qerko_recon.fetch import FetchInterrupted, Progress
from qerko_recon.frames import Payments
from qerko_recon.history import History, Run
from qerko_recon.recon import Policy
from qerko_recon.recon.logs import LogLike, open_log
from qerko_recon.report import Result
from qerko_recon.settings import Venue

__all__ = ["CloseSnapshot", "DailyClose", "Stage", "policy_of_venue"]

Stage = Literal[
    "idle", "reading", "fetching", "reconciling", "recording", "done", "stopped", "failed"
]
_AT_WORK: Final = frozenset({"reading", "fetching", "reconciling", "recording"})


class _Stopped(KeyboardInterrupt):
    """Somebody pressed Stop while payments were fetched."""


@dataclass(frozen=True, slots=True)
class CloseSnapshot:
    """How far a close is.

    Attributes
    ----------
    stage
        ``idle``, ``reading``, ``fetching``, ``reconciling``, ``recording``, ``done``, ``stopped``
        or ``failed``.
    gathered
        The payment IDs and where they came from, once they are known.
    progress
        Of the fetch.
    payments
        What was fetched; after ``stopped`` what came by then.
    result, run
        What was found, and the run as the history has it.
    """

    stage: Stage = "idle"
    gathered: GatheredIds | None = None
    progress: Progress | None = None
    payments: Payments | None = None
    result: Result | None = None
    run: Run | None = None

    @property
    def is_at_work(self) -> bool:
        """Whether it goes on."""
        return self.stage in _AT_WORK


def policy_of_venue(
    venue: Venue, policy: Policy | None = None, business_day: date | None = None
) -> Policy:
    """Give a policy with a venue's clock and name, for one business day where one is named."""
    stated: dict[str, Any] = {
        "time_zone": venue.time_zone,
        "business_day_cutoff": venue.business_day_cutoff,
        "venue": venue.name,
    }
    if business_day is not None:
        stated["business_day"] = business_day
    return replace(policy or Policy(), **stated)


class DailyClose:
    """One close: read, gather, fetch, reconcile, record.

    Parameters
    ----------
    venue
        Whose day it is.
    exports
        The day's POS exports.
    client
        In place of one made for the venue.
    logs
        Session logs: files, folders or patterns.
    ids, id_files
        Further payment IDs, and files that hold some: a payment that the POS lost is not in its
        export.
    business_day
        The day; where not given, the days of the export count.
    policy
        Settings of the reconciliation beside the venue's clock.
    history
        The file of the history; without one nothing is recorded or carried on.
    store
        The file of a payment store: what it has is not asked for again, what comes is safe there
        at once.
    refresh
        What of the store is asked for again; what is not final yet, by default.
    by
        Who prepares the close.
    on_change
        Gets every new :class:`CloseSnapshot`, in the thread that runs the close.

    Examples
    --------
    >>> from qerko_recon.closing import Exports
    >>> from qerko_recon.simulator import Simulator, TradingDay
    >>> import tempfile, pathlib
    >>> day = TradingDay.generate(payments=60, discrepancies=False)
    >>> with tempfile.TemporaryDirectory() as folder, Simulator(day) as box:
    ...     exports = Exports()
    ...     path = day.write_pos_export(pathlib.Path(folder) / "day.csv", "czech_semicolon")
    ...     _ = exports.add(path)
    ...     whom = dict(base_url=box.base_url, api_key=box.api_key, pos_id=box.pos_id)
    ...     close = DailyClose(Venue.load(environ={}, **whom), exports, ids=day.payment_ids)
    ...     close.run().stage
    'done'
    >>> str(close.snapshot.result.unexplained)
    '0.00'
    """

    def __init__(
        self,
        venue: Venue,
        exports: Exports,
        *,
        client: Client | None = None,
        logs: LogLike = (),
        ids: Iterable[str] = (),
        id_files: Sequence[str | os.PathLike[str]] = (),
        business_day: date | None = None,
        policy: Policy | None = None,
        history: str | os.PathLike[str] | None = None,
        store: str | os.PathLike[str] | None = None,
        refresh: Literal["not_final", "all"] | None = "not_final",
        by: str | None = None,
        on_change: Callable[[CloseSnapshot], object] = lambda _: None,
    ) -> None:
        self.venue, self.exports = venue, exports
        self.policy = policy_of_venue(venue, policy, business_day)
        self._client = client
        self._logs = logs
        self._ids, self._id_files = tuple(ids), tuple(id_files)
        self._history, self._store, self._refresh = history, store, refresh
        self._by = by
        self._on_change = on_change
        self._stops = threading.Event()
        self.snapshot = CloseSnapshot()

    def run(self) -> CloseSnapshot:
        """Do it all; what was stopped or failed can be run again and goes on from the store.

        Returns
        -------
        CloseSnapshot
            ``done``, or ``stopped`` where :meth:`stop` was called meanwhile.

        Raises
        ------
        PosExportError, SessionLogError, ReconciliationError, HistoryError, TransportError
            A step is not possible; nothing was recorded.
        """
        self._stops.clear()
        try:
            return self._run()
        except BaseException:
            self._become(stage="failed")
            raise

    def stop(self) -> None:
        """Stop the fetch; what came is kept. Later steps take a moment and are not stopped."""
        self._stops.set()

    def _run(self) -> CloseSnapshot:
        self.snapshot = CloseSnapshot()
        self._become(stage="reading")
        pos = self.exports.read()
        log = open_log(self._logs or None)
        gathered = gather_ids(
            pos, self.policy, self.venue, log=log, files=self._id_files, ids=self._ids
        )
        if not gathered.ids:
            raise ReconciliationError(
                "neither the export nor a session log names a payment ID; give the day's IDs in a "
                "list, or the session log of the day"
            )
        self._become(stage="fetching", gathered=gathered)
        try:
            payments = self._fetch(gathered.ids)
        except FetchInterrupted as stopped:
            return self._become(stage="stopped", payments=stopped.payments)
        self._become(stage="reconciling", payments=payments)
        with nullcontext() if self._history is None else History(self._history) as history:
            if history is not None:
                self._become(stage="recording")
            result, run = reconcile_and_record(
                payments, pos, self.policy, log=log, history=history, by=self._by
            )
        return self._become(stage="done", result=result, run=run)

    def _fetch(self, ids: Sequence[str]) -> Payments:
        with nullcontext(self._client) if self._client else Client(self.venue) as client:
            return client.fetch_payments(
                ids,
                progress=self._heed,
                store=self._store,
                refresh=None if self._store is None else self._refresh,
            )

    def _heed(self, progress: Progress) -> None:
        self._become(progress=progress)
        if self._stops.is_set():
            raise _Stopped

    def _become(self, **changes: Any) -> CloseSnapshot:
        self.snapshot = replace(self.snapshot, **changes)
        self._on_change(self.snapshot)
        return self.snapshot
