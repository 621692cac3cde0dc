"""The kernel that the other tests of this folder run in is the one that was asked for."""

from __future__ import annotations

import os

import ipykernel
from playwright.sync_api import expect


def test_the_kernel_has_the_version_that_is_tested(show):
    wanted = os.environ.get("QERKO_TEST_IPYKERNEL", ipykernel.__version__)
    page = show("import ipykernel; print(f'ipykernel is {ipykernel.__version__}')")
    expect(page.get_by_text(f"ipykernel is {wanted}")).to_be_visible()
