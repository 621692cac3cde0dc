"""Days that follow each other: results in; runs shown again, breaks carried on, days signed off.

One SQLite file holds what every run was fed with and came to, and a hash-chained journal of what
people did with it.
"""

from qerko_recon.history.book import KeptRuling, SignOff
from qerko_recon.history.compare import RunComparison
from qerko_recon.history.history import History
from qerko_recon.history.run import News, Run
from qerko_recon.history.signing import SinceSignOff
from qerko_recon.history.verifying import HistoryFlaw

__all__ = [
    "History",
    "HistoryFlaw",
    "KeptRuling",
    "News",
    "Run",
    "RunComparison",
    "SignOff",
    "SinceSignOff",
]
