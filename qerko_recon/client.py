"""The client people hold: the API's calls, and fetching many payments at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from qerko_recon.api import ApiClient
from qerko_recon.fetch import Progress, fetch_payments
from qerko_recon.frames import Payments

__all__ = ["Client"]


class Client(ApiClient):
    """A client of one venue; settings as for :class:`qerko_recon.api.ApiClient`.

    Usable from a notebook with a running event loop and from several threads.

    Examples
    --------
    >>> from qerko_recon.simulator import Simulator, TradingDay
    >>> box = Simulator(TradingDay.generate(payments=60)).start()
    >>> with Client(base_url=box.base_url, api_key=box.api_key, pos_id=box.pos_id) as client:
    ...     payments = client.fetch_payments(box.payments[0].id for _ in range(3))
    >>> payments
    Payments(1 fetched, 0 not had)
    >>> box.stop()
    """

    def fetch_payments(
        self,
        ids: Iterable[object],
        *,
        concurrency: int = 8,
        attempts: int = 4,
        progress: bool | Callable[[Progress], object] = False,
        pause: Callable[[float], object] | None = None,
    ) -> Payments:
        """Fetch payments by ID, with an outcome for every distinct one.

        See :func:`qerko_recon.fetch.fetch_payments`.
        """
        return fetch_payments(
            self,
            ids,
            concurrency=concurrency,
            attempts=attempts,
            progress=progress,
            pause=pause,
        )
