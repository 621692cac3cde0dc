"""The pages listen on this machine alone, unless somebody decides otherwise by name."""

from __future__ import annotations

import pytest

from qerko_recon.app.address import checked_address
from qerko_recon.errors import ConfigError


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1", "127.3.2.1"])
def test_this_machine_is_listened_on(address):
    assert checked_address(address) == address


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.20", "2001:db8::1"])
def test_any_other_address_is_refused_with_what_it_would_mean(address):
    with pytest.raises(ConfigError, match=r"not encrypted.*return guests' money.*ssh -L"):
        checked_address(address)
    assert checked_address(address, others_may_connect=True) == address


@pytest.mark.parametrize("address", ["", "till.example", "1.2.3", "127.0.0.1:8866"])
def test_what_is_no_address_is_refused_even_if_others_may_connect(address):
    with pytest.raises(ConfigError, match="no IP address"):
        checked_address(address, others_may_connect=True)
