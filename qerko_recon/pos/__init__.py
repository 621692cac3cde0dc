"""POS exports: files as restaurants' systems write them in, tenders and problems out.

:func:`read_pos` reads, :func:`sniff_pos` explains how it would, a :class:`Profile` states what is
known of a POS's format, :func:`check_profile` compares what is read with what should be,
:func:`check_pair` does so for a folder that has both.
"""

from qerko_recon.pos.check import ProfileCheck, check_profile
from qerko_recon.pos.export import PosExport, Sniffed, Source
from qerko_recon.pos.findings import Finding
from qerko_recon.pos.golden import write_golden
from qerko_recon.pos.pairs import check_pair, write_pair
from qerko_recon.pos.peek import Peek, peek_pos
from qerko_recon.pos.profile import Profile
from qerko_recon.pos.read import read_pos, sniff_pos

__all__ = [
    "Finding",
    "Peek",
    "PosExport",
    "Profile",
    "ProfileCheck",
    "Sniffed",
    "Source",
    "check_pair",
    "check_profile",
    "peek_pos",
    "read_pos",
    "sniff_pos",
    "write_golden",
    "write_pair",
]
