from __future__ import annotations

import pytest
import trustme
from spec_server import SpecServer


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture
def secured(authority, tmp_path):
    """A server with a certificate of the authority, which nobody trusts by itself."""
    file = tmp_path / "server.pem"
    authority.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(
        file
    )
    with SpecServer(certificate=str(file)) as running:
        yield running


@pytest.fixture
def trusted(authority, tmp_path, monkeypatch):
    """Trust the authority."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
