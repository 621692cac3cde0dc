"""The house has clear rooms: who may import whom, read from the source."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "qerko_recon"

# From the ground up; a module imports its own room and rooms before it.
ROOMS = (
    ("errors",),
    ("money", "files", "keys", "chained", "who", "database", "threads"),
    ("schema", "wording"),
    ("settings",),
    ("model",),
    ("api",),
    ("outcomes",),
    ("tabulate",),
    ("frames",),
    ("store", "ids"),
    ("fetch",),
    ("receipts",),
    ("actions",),
    ("session",),
    ("client",),
    ("pos",),
    ("id_sources",),
    ("recon",),
    ("report",),
    ("history",),
    ("closing",),
    ("widgets",),
    ("app",),
    ("doctor", "demo", "session_samples"),
    ("cli",),
    ("__main__",),
)
LEVEL = {name: level for level, names in enumerate(ROOMS) for name in names}
SIMULATOR_MAY_IMPORT = {"errors", "money", "files", "schema", "model", "simulator"}
MAY_IMPORT_SIMULATOR = {"simulator", "demo", "session_samples", "cli"}


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path):
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(path):
    """Every module a file imports, functions' own imports included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            if node.module == "qerko_recon":
                yield from (f"qerko_recon.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_room_imports_one_above_it(path):
    own = room_of(path)
    if own == "__init__":
        return  # the public face names everything, lazily
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "qerko_recon" or len(parts) == 1:
            continue
        other = parts[1]
        if other == "__version__":
            continue
        if own == "simulator":
            assert other in SIMULATOR_MAY_IMPORT, f"{path.name} imports {name}"
        elif other == "simulator":
            assert own in MAY_IMPORT_SIMULATOR, f"{path.name} imports {name}"
        else:
            assert LEVEL[other] <= LEVEL[own], f"{path.name} imports {name}"


def importers(package):
    return {
        path.relative_to(PACKAGE).as_posix()
        for path in modules()
        if any(name.split(".")[0] == package for name in imports(path))
    }


def test_httpx_is_imported_in_one_module():
    assert importers("httpx") == {"api/transport.py"}


def test_charts_are_drawn_in_the_report_alone_and_never_through_pyplot():
    assert {name.split("/")[0] for name in importers("matplotlib")} == {"report"}
    for path in modules():
        assert "matplotlib.pyplot" not in set(imports(path)), path


def test_no_widgets_outside_their_room():
    assert {name.split("/")[0] for name in importers("ipywidgets")} <= {"widgets"}


def test_wire_names_stay_in_the_model():
    for path in modules():
        if room_of(path) in {"model", "simulator"}:
            continue
        words = {
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert not words & {"idBill", "idCustomer", "minQuantity", "finalPrice"}, path
