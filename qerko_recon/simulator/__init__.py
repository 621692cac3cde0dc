"""A Qerko in a box: a real server on loopback, and a day of trade with its POS export.

>>> from qerko_recon.simulator import Simulator, TradingDay
>>> day = TradingDay.generate(seed=1)
>>> with Simulator(day) as simulator:
...     simulator.base_url
'http://127.0.0.1:...'
"""

from qerko_recon.simulator.booking import Tender
from qerko_recon.simulator.clock import Clock
from qerko_recon.simulator.day import TradingDay
from qerko_recon.simulator.exports import STYLES
from qerko_recon.simulator.faults import Fault
from qerko_recon.simulator.journal import CallRecord, RequestRecord
from qerko_recon.simulator.ledger import Discrepancy, Refused
from qerko_recon.simulator.restaurants import POS_ID, Restaurant, Rules, make_api_key
from qerko_recon.simulator.server import Simulator
from qerko_recon.simulator.state import CANCEL_WINDOW, Call
from qerko_recon.simulator.wire import payment_json, received

__all__ = [
    "CANCEL_WINDOW",
    "POS_ID",
    "STYLES",
    "Call",
    "CallRecord",
    "Clock",
    "Discrepancy",
    "Fault",
    "Refused",
    "RequestRecord",
    "Restaurant",
    "Rules",
    "Simulator",
    "Tender",
    "TradingDay",
    "make_api_key",
    "payment_json",
    "received",
]
