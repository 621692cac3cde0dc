"""Makes the sample sessions: a till and a simulated Qerko in, recorded evenings out.

``python -m qerko_recon.session_samples data_samples`` writes them.
"""

from qerko_recon.session_samples.bad_evening import write_bad_evening
from qerko_recon.session_samples.evenings import (
    write_incident,
    write_quiet_evening,
    write_session_samples,
)

__all__ = ["write_bad_evening", "write_incident", "write_quiet_evening", "write_session_samples"]
