"""The result as people hold it: a reconciliation that can be shown and written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qerko_recon import recon
from qerko_recon.errors import ReconciliationError
from qerko_recon.recon import Policy, Reconciliation, Ruling
from qerko_recon.recon.logs import LogLike
from qerko_recon.report.plots import Plots

if TYPE_CHECKING:
    from qerko_recon.report.story import PaymentStory

__all__ = ["Result", "reconcile"]


@dataclass(frozen=True, repr=False, eq=False)
class Result(Reconciliation):
    """What :func:`reconcile` found: a :class:`~qerko_recon.recon.Reconciliation` with reports.

    ``matches``, ``breaks``, ``bridge``, ``bridge_by_day``, ``tip_bridge`` and ``candidates`` are
    its frames, ``summary`` has totals, sources and remarks. In a notebook it shows itself; its
    ``repr`` is the verdict.

    Examples
    --------
    >>> import qerko_recon as qr
    >>> payments = qr.Payments.read("data_samples/payments_day.jsonl")
    >>> result = qr.reconcile(payments, qr.read_pos("data_samples/pos/czech_semicolon/day.csv"))
    >>> steps = result.bridge.query("currency == 'CZK'")
    >>> steps["step"].iloc[0], steps["step"].iloc[-1], result.unexplained == 0
    ('settled', 'posted', True)
    """

    @property
    def plot(self) -> Plots:
        """The charts of this result."""
        return Plots(self)

    def accept(
        self,
        match_ids: str | Iterable[str],
        *,
        by: str | None = None,
        reason: str = "",
        at: datetime | None = None,
    ) -> Result:
        """Confirm matches that are suggested, or hold on to others, and reconcile again.

        Parameters
        ----------
        match_ids
            From ``matches``: one, several, or ``"suggested"`` for all that are suggested. The
            action of a break names the one that is suggested for it.
        by, reason, at
            Who decided it, why and when; kept with the ruling.

        Returns
        -------
        Result
            Of the same inputs with the rulings added to ``policy.rules``, so that a later run with
            that policy decides alike.

        Raises
        ------
        ReconciliationError
            There is no such match, or the result was recorded and its inputs are not at hand.

        Examples
        --------
        >>> import pandas as pd
        >>> payments = pd.DataFrame({"payment_id": ["1048"], "state": ["PAID"],
        ...                          "currency": ["CZK"], "parts_total": ["240"],
        ...                          "created_at": ["2026-11-20T18:00Z"]})
        >>> tenders = pd.DataFrame({"amount": ["240"], "paid_at": ["2026-11-20T18:04Z"]})
        >>> result = reconcile(payments, tenders)
        >>> result.matches["status"].tolist(), len(result.breaks)
        (['suggested'], 2)
        >>> accepted = result.accept("suggested", by="Eva", reason="the same guest")
        >>> accepted.matches["status"].tolist(), len(accepted.breaks)
        (['confirmed'], 0)
        """
        return self._ruled(
            Ruling("accept_match", tuple(row["payment_ids"]), tuple(row["tender_ids"]), **why)
            for row, why in self._of_matches(match_ids, by=by, reason=reason, at=at)
        )

    def reject(
        self,
        match_ids: str | Iterable[str],
        *,
        by: str | None = None,
        reason: str = "",
        at: datetime | None = None,
    ) -> Result:
        """Keep payments and lines of matches apart, in every pass, and reconcile again.

        See :meth:`accept`.
        """
        return self._ruled(
            Ruling("reject_match", tuple(row["payment_ids"]), tuple(row["tender_ids"]), **why)
            for row, why in self._of_matches(match_ids, by=by, reason=reason, at=at)
        )

    def exclude(
        self,
        *,
        payment_ids: str | Iterable[str] = (),
        tender_ids: str | Iterable[str] = (),
        by: str | None = None,
        reason: str = "",
        at: datetime | None = None,
    ) -> Result:
        """Let payments or POS lines take no part, and reconcile again.

        What they move stands in the bridge as ``excluded``. See :meth:`accept`.

        Parameters
        ----------
        payment_ids, tender_ids
            One ID, or several: those of ``payments`` and of ``tenders``.
        by, reason, at
            Who decided it, why and when; kept with the ruling.
        """
        why: dict[str, Any] = {"by": by, "reason": reason, "at": at}
        rulings = [Ruling("exclude_payment", (one,), **why) for one in _several(payment_ids)]
        rulings += [
            Ruling("exclude_tender", tender_ids=(one,), **why) for one in _several(tender_ids)
        ]
        return self._ruled(rulings)

    def _of_matches(
        self, match_ids: str | Iterable[str], **why: Any
    ) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        matches = self.matches
        if isinstance(match_ids, str) and match_ids == "suggested":
            wanted = matches[matches["status"] == "suggested"]
            names = wanted["match_id"].tolist()
        else:
            names = _several(match_ids)
            wanted = matches[matches["match_id"].isin(names)]
        rows = {row["match_id"]: row for row in wanted.to_dict("records")}
        for name in names:
            row = rows.get(name)
            if row is None or row["kind"] == "nothing_due":
                raise ReconciliationError(
                    f"there is no match {name!r} of payments and lines; result.matches lists them"
                )
            yield {str(key): value for key, value in row.items()}, why

    def _ruled(self, rulings: Iterable[Ruling]) -> Result:
        if self.inputs is None:
            raise ReconciliationError(
                "this result was recorded and its inputs are not at hand; reconcile them again "
                "with the ruling in policy.rules"
            )
        stated = self.inputs.policy
        policy = replace(stated, rules=(*stated.rules, *rulings))
        paid, posted = self.inputs.payments, self.inputs.pos
        return reconcile(paid, posted, log=self.log, policy=policy)

    def verdict(self, language: str = "en") -> str:
        """Say what came of it, a sentence for each currency.

        Parameters
        ----------
        language
            ``cs``, ``de``, ``en`` or ``sk``.
        """
        from qerko_recon.report.verdict import verdict

        return verdict(self, language)

    def explain(self, name: str, language: str = "en") -> PaymentStory:
        """Tell the whole story of a payment or a bill, in order of time.

        Parameters
        ----------
        name
            The ID of a break, a payment or a bill.
        language
            ``cs``, ``de``, ``en`` or ``sk``.

        Returns
        -------
        PaymentStory
            What Qerko asked and the POS answered, look-ups, times without a connection, lines of
            the export, what Qerko says now, and what is concluded: ``.frame``, ``str``,
            ``.to_html``.

        Raises
        ------
        ReconciliationError
            Nothing of this name is known; the message names what is alike.
        """
        from qerko_recon.report.story import explain

        return explain(self, str(name), language)

    def to_excel(self, path: str | os.PathLike[str], language: str = "en") -> None:
        """Write the Excel workbook; see :func:`qerko_recon.report.write_workbook`.

        Parameters
        ----------
        path
            The file; one that is there is replaced when the new one is whole.
        language
            ``cs``, ``de``, ``en`` or ``sk``: of its words, and of how days are written.

        Raises
        ------
        QerkoReconError
            The file cannot be written, or the language is not spoken here.
        """
        from qerko_recon.report.workbook import write_workbook

        write_workbook(self, path, language)

    def to_html(self, path: str | os.PathLike[str], language: str = "en") -> None:
        """Write the page; see :func:`qerko_recon.report.write_html` and :meth:`to_excel`."""
        from qerko_recon.report.page import write_html

        write_html(self, path, language)

    def to_eml(
        self,
        path: str | os.PathLike[str],
        language: str = "en",
        *,
        to: str | Iterable[str] | None = None,
        sender: str | None = None,
        subject: str | None = None,
        date: datetime | None = None,
        workbook: bool = True,
    ) -> None:
        """Write a mail that waits to be sent; see :func:`qerko_recon.report.build_mail`.

        Parameters
        ----------
        path, language
            As for :meth:`to_excel`.
        to, sender, subject, date
            What its headers say; left out, the mail program asks for them.
        workbook
            Whether the workbook is attached.

        Raises
        ------
        QerkoReconError
            The file cannot be written, or an address cannot stand in a mail.
        """
        from qerko_recon.report.mail import write_eml

        write_eml(
            self,
            path,
            language,
            to=to,
            sender=sender,
            subject=subject,
            date=date,
            workbook=workbook,
        )

    def to_frames(
        self,
        folder: str | os.PathLike[str],
        *,
        formats: str | Iterable[str] = ("csv", "parquet"),
        language: str | None = None,
    ) -> list[Path]:
        """Write every frame as CSV and Parquet; see :func:`qerko_recon.report.write_frames`.

        Parameters
        ----------
        folder
            Where to; made where there is none.
        formats
            ``csv``, ``parquet``, or both.
        language
            Left out, CSV is as machines read it; else headings, decimal mark and delimiter are
            those of spreadsheets in the language. Parquet is exact and the same in any.

        Returns
        -------
        list of Path
            The files.

        Raises
        ------
        QerkoReconError
            The folder cannot be written to, or there is no such format or language.

        Examples
        --------
        >>> import tempfile
        >>> import qerko_recon as qr
        >>> payments = qr.Payments.read("data_samples/payments_day.jsonl")
        >>> pos = qr.read_pos("data_samples/pos/czech_semicolon/day.csv")
        >>> result = qr.reconcile(payments, pos)
        >>> files = result.to_frames(tempfile.mkdtemp(), formats="parquet")
        >>> "breaks.parquet" in {file.name for file in files}
        True
        """
        from qerko_recon.report.frames import write_frames

        return write_frames(self, folder, formats=_several(formats), language=language)

    def _repr_html_(self) -> str:
        from qerko_recon.report.notebook import html_face

        return html_face(self)

    def __repr__(self) -> str:
        return self.verdict()


def _several(values: str | Iterable[str]) -> list[str]:
    """Take one text as what it is, and not as its letters."""
    return [values] if isinstance(values, str) else list(values)


def reconcile(
    payments: object,
    pos: object,
    *,
    log: LogLike | None = None,
    policy: Policy | None = None,
) -> Result:
    """Find every difference between what Qerko settled and what the POS posted.

    Parameters
    ----------
    payments
        What ``fetch_payments`` or ``Payments.read`` returned, or a DataFrame with the columns of
        :data:`qerko_recon.schema.PAYMENTS` (``payment_id``, ``state``, ``currency`` and
        ``parts_total`` suffice).
    pos
        What ``read_pos`` returned, or a DataFrame with the columns of
        :data:`qerko_recon.schema.TENDERS` (``amount`` or ``total`` suffices).
    log
        What ``qerko-recon proxy`` or a poll session recorded: a ``SessionLog``, a file, a folder,
        a pattern, or a list of these. The cause of a break is looked for in it; ``cause_kind``
        and ``log_records`` say what was found and where. Without one, ``cause`` says what a log
        could tell.
    policy
        How to read what is not documented; found out from the data where not stated.

    Returns
    -------
    Result
        Per currency the settled total and the breaks' variances add up to the posted total,
        exactly.

    Raises
    ------
    ReconciliationError
        An input cannot be used; the message names the column and the value.
    SessionLogError
        There is no such log.

    Examples
    --------
    >>> import pandas as pd
    >>> payments = pd.DataFrame({"payment_id": ["1048"], "state": ["PAID"], "currency": ["CZK"],
    ...                          "parts_total": ["245"]})
    >>> tenders = pd.DataFrame({"payment_id": ["1048"], "amount": ["240"]})
    >>> result = reconcile(payments, tenders)
    >>> result
    Settled ..., posted ..., variance ...: 1 break, all of it explained.
    >>> result.breaks[["kind", "payment_id"]].to_dict("records")
    [{'kind': 'amount_mismatch', 'payment_id': '1048'}]
    """
    found = recon.reconcile(payments, pos, policy, log)
    return Result(**{each.name: getattr(found, each.name) for each in fields(found)})
