"""The clients people hold: the API's calls, and fetching many payments at once."""

from __future__ import annotations

from collections.abc import Callable

from qerko_recon.api import ApiClient, AsyncApiClient
from qerko_recon.fetch import (
    Concurrency,
    FetchInterrupted,
    Order,
    Progress,
    fetch_payments,
    fetch_payments_async,
)
from qerko_recon.frames import Payments
from qerko_recon.store import PaymentStore, Refresh, StorePath

__all__ = ["AsyncClient", "Client"]


class Client(ApiClient):
    """A client of one venue; settings as for :class:`qerko_recon.api.ConfiguredClient`.

    Usable from a notebook with a running event loop and from several threads.

    Attributes
    ----------
    last_fetch
        What the last :meth:`fetch_payments` gave, also where Ctrl-C stopped it.

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

    last_fetch: Payments | None = None

    def fetch_payments(
        self,
        ids: object,
        *,
        concurrency: Concurrency = "auto",
        attempts: int = 4,
        patience: float = 150.0,
        progress: bool | Callable[[Progress], object] = False,
        store: PaymentStore | StorePath | None = None,
        refresh: Refresh = None,
        pause: Callable[[float], object] | None = None,
    ) -> Payments:
        """Fetch payments by ID, with an outcome for every distinct one.

        See :func:`qerko_recon.fetch.fetch_payments`, and :class:`qerko_recon.fetch.Order` for
        the settings.
        """
        order = Order(
            concurrency=concurrency,
            attempts=attempts,
            patience=patience,
            progress=progress,
            store=store,
            refresh=refresh,
            pause=pause,
        )
        try:
            self.last_fetch = fetch_payments(self, ids, order)
        except FetchInterrupted as stopped:
            self.last_fetch = stopped.payments
            raise
        return self.last_fetch


class AsyncClient(AsyncApiClient):
    """The same for a program with an event loop: the same names, each to be awaited.

    Examples
    --------
    >>> import asyncio
    >>> from qerko_recon.simulator import Simulator, TradingDay
    >>> async def main(box):
    ...     whom = {"base_url": box.base_url, "api_key": box.api_key, "pos_id": box.pos_id}
    ...     async with AsyncClient(**whom) as client:
    ...         return await client.fetch_payments([box.payments[0].id])
    >>> with Simulator(TradingDay.generate(payments=60)) as box:
    ...     asyncio.run(main(box))
    Payments(1 fetched, 0 not had)
    """

    last_fetch: Payments | None = None

    async def fetch_payments(
        self,
        ids: object,
        *,
        concurrency: Concurrency = "auto",
        attempts: int = 4,
        patience: float = 150.0,
        progress: bool | Callable[[Progress], object] = False,
        store: PaymentStore | StorePath | None = None,
        refresh: Refresh = None,
        pause: Callable[[float], object] | None = None,
    ) -> Payments:
        """Fetch payments by ID, with an outcome for every distinct one.

        Takes what :meth:`Client.fetch_payments` takes, and asynchronous iterators too.
        """
        order = Order(
            concurrency=concurrency,
            attempts=attempts,
            patience=patience,
            progress=progress,
            store=store,
            refresh=refresh,
            pause=pause,
        )
        self.last_fetch = await fetch_payments_async(self, ids, order)
        return self.last_fetch
