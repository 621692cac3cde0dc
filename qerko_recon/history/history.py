"""The history of reconciliations: runs kept, breaks carried on, days signed off, in one file."""

from __future__ import annotations

import pandas as pd

from qerko_recon.history import frames
from qerko_recon.history.breaking import CarriesBreaks
from qerko_recon.history.days import SignsDays
from qerko_recon.history.keeping import KeepsRuns
from qerko_recon.history.ruling import KeepsRulings
from qerko_recon.history.verifying import HistoryFlaw, flaws_of

__all__ = ["History"]


class History(KeepsRuns, CarriesBreaks, KeepsRulings, SignsDays):
    """Runs, the breaks they leave open, and what people decided, in one file.

    Parameters
    ----------
    path
        The file, made where there is none; else ``QERKO_HISTORY``, else ``history.db`` in this
        user's folder for such data.
    create
        Whether a file that is not there is made.

    Attributes
    ----------
    path
        Where it is.
    runs, totals, notes, all_rulings, sign_offs, journal
        Frames; columns of :mod:`qerko_recon.history.columns`.

    Raises
    ------
    HistoryError
        The file cannot be opened, is no history, or was written by a newer version.

    Examples
    --------
    >>> import pandas as pd, pathlib, tempfile
    >>> import qerko_recon as qr
    >>> payments = pd.DataFrame({"payment_id": ["1048"], "state": ["PAID"], "currency": ["CZK"],
    ...                          "parts_total": ["245"]})
    >>> tenders = pd.DataFrame({"payment_id": ["1048"], "amount": ["240"]})
    >>> result = qr.reconcile(payments, tenders)
    >>> history = History(pathlib.Path(tempfile.mkdtemp()) / "history.db")
    >>> run = history.record(result, by="Anna")
    >>> history.record(result, by="Anna").news.is_again
    True
    >>> history.show(run.run_id)
    Settled ..., posted ..., variance ...: 1 break, all of it explained.
    >>> history.open_breaks()[["kind", "status"]].to_dict("records")
    [{'kind': 'amount_mismatch', 'status': 'open'}]
    >>> history.verify()
    []
    >>> history.close()
    """

    @property
    def journal(self) -> pd.DataFrame:
        """A row an entry; columns of :data:`qerko_recon.history.columns.JOURNAL`."""
        with self._file.reading():
            return frames.journal_frame(self._journal.entries())

    @property
    def seal(self) -> str:
        """The journal's last link: noted elsewhere, it shows later whether the end is gone."""
        return self._journal.seal

    def verify(self) -> list[HistoryFlaw]:
        """Find what is not as it was written: entries, runs, frames; nothing where all is."""
        with self._file.reading():
            return list(flaws_of(self._file, self._journal))

    def __repr__(self) -> str:
        from qerko_recon.history.faces import history_text

        return history_text(self)

    def _repr_html_(self) -> str:
        from qerko_recon.history.faces import history_html

        return history_html(self)
