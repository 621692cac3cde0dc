"""Payments' JSON in, three exact Arrow tables out: payments, parts, items.

There are two ways. Arrow's own JSON reader is the quick one (:mod:`.quickly`); it refuses
whatever it would, or might, read in another way than the model does. What it refuses goes the
sure way (:mod:`.surely`): decoded by the model and put into columns one by one. Both give the same
tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import pyarrow as pa

from qerko_recon.outcomes import Fetched
from qerko_recon.tabulate.quickly import Refused, tabulate_quickly
from qerko_recon.tabulate.surely import tabulate_surely
from qerko_recon.tabulate.tables import EMPTY, Tables

__all__ = ["Tables", "join", "tabulate"]

_FEW: Final = 256  # so many go the sure way together with the one that must
_SHARES: Final = 8


def tabulate(batch: Sequence[Fetched]) -> Tables:
    """Put payments into the columns of the contract.

    Parameters
    ----------
    batch
        Any number, of which all are held at once: some ten thousand are a good measure.

    Returns
    -------
    Tables
        ``payments``, ``parts`` and ``items`` with the columns of
        :data:`qerko_recon.schema.PAYMENTS`, ``PARTS`` and ``ITEMS``, in the order given.

    Raises
    ------
    UnexpectedResponse
        An amount does not fit a money column, or what was kept is no payment; names which.
    """
    if not batch:
        return EMPTY
    try:
        return tabulate_quickly(batch)
    except Refused:
        if len(batch) <= _FEW:
            return tabulate_surely(batch)
    share = max(_FEW, -(-len(batch) // _SHARES))  # an odd payment slows its neighbours alone
    pieces = (tabulate(batch[at : at + share]) for at in range(0, len(batch), share))
    return Tables(*(table.combine_chunks() for table in join(pieces)))


def join(pieces: Iterable[Tables]) -> Tables:
    """Put tables under each other, without copying them."""
    payments, parts, items = zip(EMPTY, *pieces, strict=True)
    return Tables(pa.concat_tables(payments), pa.concat_tables(parts), pa.concat_tables(items))
