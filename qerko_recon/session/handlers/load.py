"""The name of a handler in, a handler out: what the command line and a panel take."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

from qerko_recon.errors import ConfigError, shorten
from qerko_recon.session.handlers.answering import Handler, check_handler
from qerko_recon.session.handlers.demo_pos import DemoPos
from qerko_recon.session.handlers.refusing import RefusingHandler
from qerko_recon.session.handlers.scripted import ScriptedHandler

__all__ = ["load_handler"]

_CHOICES: Final = "refuse, demo, script:FILE, module:Class or file.py:Class"


def load_handler(name: str) -> Handler:
    """Make the handler that a name means.

    Parameters
    ----------
    name
        ``refuse``; ``demo`` (a till with tables and bills); ``script:FILE`` (TOML or JSON, see
        :mod:`qerko_recon.session.handlers.scripted`); ``module:Class`` or ``file.py:Class`` of
        your own, made without arguments.

    Raises
    ------
    ConfigError
        There is no such handler, or it cannot be made; the message says why.

    Examples
    --------
    >>> load_handler("refuse")
    RefusingHandler()
    """
    if name == "refuse":
        return RefusingHandler()
    if name == "demo":
        return DemoPos()
    if name.startswith("script:"):
        return ScriptedHandler(name.removeprefix("script:"))
    where, colon, what = name.rpartition(":")
    if not (colon and where and what.isidentifier()):
        raise ConfigError(f"there is no handler {name!r}; it is {_CHOICES}")
    module = _from_file(Path(where)) if where.endswith(".py") else _imported(where)
    try:
        found = getattr(module, what)
    except AttributeError:
        raise ConfigError(f"{where} has no {what}; handlers are {_CHOICES}") from None
    try:
        handler: Handler = found() if isinstance(found, type) else found
    except Exception as error:
        raise ConfigError(f"{name} could not be made: {_said(error)}") from error
    check_handler(handler)
    return handler


def _imported(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # as `python -m` has it; installed packages come first
    try:
        return importlib.import_module(name)
    except Exception as error:
        words = f"the handler's module {name} cannot be imported: {_said(error)}"
        raise ConfigError(words) from error


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ConfigError(f"there is no file {path} to take a handler from")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ConfigError(f"{path} cannot be run: {_said(error)}") from error
    return module


def _said(error: Exception) -> str:
    return shorten(f"{type(error).__name__}: {error}", 200)
