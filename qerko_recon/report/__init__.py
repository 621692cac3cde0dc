"""Show: a reconciliation in; a verdict, charts, a workbook, a page, a mail, frames out.

What a report needs (matplotlib, XlsxWriter, Jinja) is loaded when that report is first made.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from qerko_recon.report.result import Result, reconcile
from qerko_recon.report.verdict import verdict

if TYPE_CHECKING:
    from qerko_recon.report.ageing import ageing_chart
    from qerko_recon.report.charts import bridge_chart
    from qerko_recon.report.day_calendar import calendar_chart
    from qerko_recon.report.frames import write_frames
    from qerko_recon.report.mail import build_mail, write_eml
    from qerko_recon.report.notebook import html_face
    from qerko_recon.report.page import render_html, write_html
    from qerko_recon.report.story import PaymentStory, explain
    from qerko_recon.report.swimlane import swimlane_chart
    from qerko_recon.report.text import print_report
    from qerko_recon.report.tip_charts import fee_rate_chart, tip_ecdf_chart, tip_rate_chart
    from qerko_recon.report.workbook import write_workbook

__all__ = [
    "PaymentStory",
    "Result",
    "ageing_chart",
    "bridge_chart",
    "build_mail",
    "calendar_chart",
    "explain",
    "fee_rate_chart",
    "html_face",
    "print_report",
    "reconcile",
    "render_html",
    "swimlane_chart",
    "tip_ecdf_chart",
    "tip_rate_chart",
    "verdict",
    "write_eml",
    "write_frames",
    "write_html",
    "write_workbook",
]

_LAZY = {
    "PaymentStory": "story",
    "ageing_chart": "ageing",
    "bridge_chart": "charts",
    "calendar_chart": "day_calendar",
    "explain": "story",
    "fee_rate_chart": "tip_charts",
    "build_mail": "mail",
    "html_face": "notebook",
    "print_report": "text",
    "render_html": "page",
    "swimlane_chart": "swimlane",
    "tip_ecdf_chart": "tip_charts",
    "tip_rate_chart": "tip_charts",
    "write_eml": "mail",
    "write_frames": "frames",
    "write_html": "page",
    "write_workbook": "workbook",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
