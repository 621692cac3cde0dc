"""A result in, one message as RFC 5322 has it out: text, HTML, the chart, the workbook."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterable
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final

from qerko_recon.recon import Reconciliation
from qerko_recon.report.charts import bridge_chart
from qerko_recon.report.mail.body import CHART, as_html, as_text, subject_of
from qerko_recon.report.mail.headers import POLICY, one_header, parsed_addresses
from qerko_recon.report.saving import saved_at
from qerko_recon.report.workbook import write_workbook
from qerko_recon.wording import language_of

__all__ = ["build_mail", "write_eml"]

_DPI: Final = 110
_BOOK: Final = "vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def write_eml(
    result: Reconciliation,
    path: str | os.PathLike[str],
    language: str = "en",
    *,
    to: str | Iterable[str] | None = None,
    sender: str | None = None,
    subject: str | None = None,
    date: datetime | None = None,
    workbook: bool = True,
) -> None:
    """Write a result as a mail that waits to be sent; see :func:`build_mail`.

    Raises
    ------
    ConfigError
        An address is none, or a header would have a line break.
    QerkoReconError
        The file cannot be written.
    """
    attached = f"{Path(path).stem}.xlsx" if workbook else None
    message = build_mail(
        result, language, to=to, sender=sender, subject=subject, date=date, attached=attached
    )
    with saved_at(path) as draft:
        draft.write_bytes(message.as_bytes())


def build_mail(
    result: Reconciliation,
    language: str = "en",
    *,
    to: str | Iterable[str] | None = None,
    sender: str | None = None,
    subject: str | None = None,
    date: datetime | None = None,
    attached: str | None = "close.xlsx",
) -> EmailMessage:
    """Build a mail: the verdict, the bridge, what is wrong and what to do.

    Parameters
    ----------
    result
        What ``reconcile`` returned.
    language
        ``cs``, ``de``, ``en`` or ``sk``.
    to, sender
        Addresses, ``name@host`` or ``Name <name@host>``; left out where not given.
    subject
        In place of one that names venue, days and variance.
    date
        Of sending; without it there is none, and the same result gives the same bytes.
    attached
        The name of the workbook that goes with it; ``None`` leaves it out.

    Returns
    -------
    email.message.EmailMessage
        Plain text and HTML say the same; the HTML has no script, and its chart is inside the
        message. Mail programs open it as a draft where they know how to.

    Raises
    ------
    ConfigError
        An address is none, or a header would have a line break.
    """
    language = language_of(language)
    message = EmailMessage(policy=POLICY)
    message["Subject"] = one_header("subject", subject or subject_of(result, language))
    if sender is not None:
        message["From"] = parsed_addresses("sender", [sender])
    if to is not None:
        message["To"] = parsed_addresses("to", [to] if isinstance(to, str) else to)
    if date is not None:
        message["Date"] = format_datetime(date)
    message["X-Unsent"] = "1"  # Outlook opens it as a draft
    message.set_content(as_text(result, language, attached=attached), cte="quoted-printable")
    page = as_html(result, language, attached=attached)
    message.add_alternative(page, subtype="html", cte="quoted-printable")
    if result.summary.totals:
        _add_chart(message, result, language)
    if attached is not None:
        name = one_header("file", attached)
        message.add_attachment(
            _workbook(result, language),
            "application",
            _BOOK,
            filename=name,
        )
    _fix_boundaries(message)
    return message


def _add_chart(message: EmailMessage, result: Reconciliation, language: str) -> None:
    """Put the chart beside the HTML that shows it."""
    image = io.BytesIO()
    bridge_chart(result.bridge, language=language).savefig(image, format="png", dpi=_DPI)
    page: Any = message.get_body(("html",))
    page.add_related(
        image.getvalue(),
        "image",
        "png",
        cid=f"<{CHART}>",
        disposition="inline",
        filename="bridge.png",
    )


def _workbook(result: Reconciliation, language: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "close.xlsx"
        write_workbook(result, path, language)
        return path.read_bytes()


def _fix_boundaries(message: EmailMessage) -> None:
    """Name the boundaries by their place: neither encoding of a part can hold `=_`."""
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_qerko-recon-{number}")
