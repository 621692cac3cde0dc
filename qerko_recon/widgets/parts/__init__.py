"""What panels are made of: status, guarded callbacks, work beside the page, tables, files."""

from qerko_recon.widgets.parts.controls import button, choice, field, heading, html, note
from qerko_recon.widgets.parts.countdown import Countdown
from qerko_recon.widgets.parts.disclosure import Disclosure
from qerko_recon.widgets.parts.download import Download
from qerko_recon.widgets.parts.drop import FileDrop
from qerko_recon.widgets.parts.handlers import HandlerChoice
from qerko_recon.widgets.parts.latest import Latest
from qerko_recon.widgets.parts.panel import Panel, guarded
from qerko_recon.widgets.parts.picture import picture_html
from qerko_recon.widgets.parts.row import row
from qerko_recon.widgets.parts.speaking import Words
from qerko_recon.widgets.parts.status import Status
from qerko_recon.widgets.parts.table import Column, Table
from qerko_recon.widgets.parts.throttle import Throttle
from qerko_recon.widgets.parts.venues import VenueChoice
from qerko_recon.widgets.parts.worker import Worker

__all__ = [
    "Column",
    "Countdown",
    "Disclosure",
    "Download",
    "FileDrop",
    "HandlerChoice",
    "Latest",
    "Panel",
    "Status",
    "Table",
    "Throttle",
    "VenueChoice",
    "Words",
    "Worker",
    "button",
    "choice",
    "field",
    "guarded",
    "heading",
    "html",
    "note",
    "picture_html",
    "row",
]
