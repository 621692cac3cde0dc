"""A recording proxy: a POS points at it, its traffic with Qerko flows through and is recorded."""

from qerko_recon.session.proxy.proxy import ProxySnapshot, RecordingProxy

__all__ = ["ProxySnapshot", "RecordingProxy"]
