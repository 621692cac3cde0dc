"""The payment IDs of a close: export, session logs and lists in, each ID once, out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qerko_recon.id_sources import find_ids
from qerko_recon.pos import PosExport
from qerko_recon.recon import Policy
from qerko_recon.recon.log_ids import export_days, ids_of_days
from qerko_recon.session.log import SessionLog
from qerko_recon.settings import Venue

__all__ = ["GatheredIds", "gather_ids", "ids_of_log"]


@dataclass(frozen=True, slots=True)
class GatheredIds:
    """Payment IDs, and how many of them each source was the first to name.

    Attributes
    ----------
    ids
        Each once: the export's, then those of lists, then the log's.
    from_export, from_lists, from_log
        How many each names, whether or not another one names them too.
    """

    ids: tuple[str, ...] = ()
    from_export: int = 0
    from_lists: int = 0
    from_log: int = 0


def ids_of_log(log: SessionLog, pos: PosExport, policy: Policy, venue: Venue) -> list[str]:
    """Give the payments of the export's days that a session log names.

    What the POS lost is not in its export; the log of the same days names it.
    """
    days = export_days(pos.tenders["paid_at"], policy)
    return ids_of_days(log, days, policy, venue=venue.api_key.fingerprint)


def gather_ids(
    pos: PosExport,
    policy: Policy,
    venue: Venue,
    *,
    log: SessionLog | None = None,
    files: Sequence[str | os.PathLike[str]] = (),
    ids: Iterable[str] = (),
) -> GatheredIds:
    """Gather the IDs of a close.

    Parameters
    ----------
    pos
        The day's export.
    policy, venue
        Whose days and clock count, and whose records of a log.
    log
        A session log.
    files
        Lists, exports, logs or payments that hold further IDs.
    ids
        Further ones.

    Raises
    ------
    QerkoReconError
        A file cannot be read or holds none.
    """
    listed = [str(one).strip() for one in ids]
    for file in files:
        listed += find_ids(file, time_zone=venue.time_zone).ids
    logged = [] if log is None else ids_of_log(log, pos, policy, venue)
    every = dict.fromkeys(one for one in (*pos.payment_ids, *listed, *logged) if one)
    return GatheredIds(tuple(every), len(pos.payment_ids), len(set(listed)), len(logged))
