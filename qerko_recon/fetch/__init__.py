"""Many payments by ID: IDs in, an outcome for every distinct one out.

Qerko documents no call that lists payments, so each ID is one request, several at a time. Reading
alone is repeated when it fails; what an ID's outcome was is never guessed.
"""

from qerko_recon.fetch.progress import Progress
from qerko_recon.fetch.run import (
    Concurrency,
    FetchInterrupted,
    Order,
    fetch_payments,
    fetch_payments_async,
)

__all__ = [
    "Concurrency",
    "FetchInterrupted",
    "Order",
    "Progress",
    "fetch_payments",
    "fetch_payments_async",
]
