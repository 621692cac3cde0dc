"""What the package offers: complete, sorted, typed, and cheap to import."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import pytest

import qerko_recon as qr

HEAVY = ("matplotlib", "xlsxwriter", "jinja2", "starlette", "uvicorn", "babel", "ipywidgets")


def test_all_is_sorted_and_every_name_is_there():
    assert qr.__all__ == sorted(qr.__all__)
    assert dir(qr) == qr.__all__
    for name in qr.__all__:
        assert getattr(qr, name) is not None


def test_every_error_is_exported():
    from qerko_recon import errors

    assert set(errors.__all__) <= set(qr.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Clinet'"):
        qr.Clinet  # noqa: B018


@pytest.mark.parametrize(
    "name", [module.name for module in pkgutil.walk_packages(qr.__path__, "qerko_recon.")]
)
def test_every_module_says_what_it_exports(name):
    if name.endswith("__main__"):
        return
    module = importlib.import_module(name)
    assert module.__doc__
    for one in getattr(module, "__all__", []):
        assert getattr(module, one) is not None


@pytest.mark.parametrize("statement", ["import qerko_recon", "import qerko_recon.cli"])
def test_importing_loads_nothing_heavy(statement):
    code = f"import sys; {statement}; print([m for m in {HEAVY!r} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_an_analyst_s_names_type_check(tmp_path):
    script = tmp_path / "usage.py"
    script.write_text(
        "from decimal import Decimal\n"
        "import qerko_recon as qr\n"
        "with qr.Client() as client:\n"
        "    payment = client.get_payment('1234')\n"
        "    tip: Decimal = payment.tip_gross\n"
        "    payments = client.fetch_payments(['1', '2'], concurrency=8)\n"
        "pos = qr.read_pos('export.csv')\n"
        "result = qr.reconcile(payments, pos, policy=qr.Policy(tip_basis='gross'))\n"
        "left: Decimal = result.unexplained\n"
        "result.to_excel('close.xlsx')\n"
        "result.plot.bridge()\n"
    )
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", str(script)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
