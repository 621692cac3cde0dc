"""The mail: a reconciliation in, one message file that any mail program opens out."""

from qerko_recon.report.mail.message import build_mail, write_eml

__all__ = ["build_mail", "write_eml"]
