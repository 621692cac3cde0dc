"""A reconciliation with a history: its rulings in, the run kept, notes and statuses out."""

from __future__ import annotations

from dataclasses import replace

from qerko_recon.history import History, Run
from qerko_recon.recon import Policy
from qerko_recon.report import Result, reconcile
from qerko_recon.session.log import SessionLog

__all__ = ["reconcile_and_record"]


def reconcile_and_record(
    payments: object,
    pos: object,
    policy: Policy,
    *,
    log: SessionLog | None = None,
    history: History | None = None,
    by: str | None = None,
) -> tuple[Result, Run | None]:
    """Reconcile by the rulings of a history, and record the run in it.

    Parameters
    ----------
    payments, pos, policy, log
        As :func:`qerko_recon.reconcile` takes them.
    history
        An open history; without one nothing is recorded.
    by
        Who prepared the run; else this user and machine.

    Returns
    -------
    tuple
        The result, with the notes and statuses of its breaks, and the run with its news.
    """
    if history is None:
        return reconcile(payments, pos, log=log, policy=policy), None
    rules = (*policy.rules, *history.rulings(policy.venue or ""))
    result = reconcile(payments, pos, log=log, policy=replace(policy, rules=rules))
    run = history.record(result, by=by)
    return history.with_notes(result), run
