"""Who answers Qerko's calls: one that refuses, one with a script, a demo till, or your own."""

from qerko_recon.session.handlers.answering import (
    Answered,
    CallRefused,
    Handler,
    answer_call,
    check_handler,
)
from qerko_recon.session.handlers.demo_pos import DemoPos
from qerko_recon.session.handlers.load import load_handler
from qerko_recon.session.handlers.refusing import RefusingHandler
from qerko_recon.session.handlers.scripted import ScriptedAnswer, ScriptedHandler

__all__ = [
    "Answered",
    "CallRefused",
    "DemoPos",
    "Handler",
    "RefusingHandler",
    "ScriptedAnswer",
    "ScriptedHandler",
    "answer_call",
    "check_handler",
    "load_handler",
]
