"""The app as a process: who gets in, what is seen, and that nothing is left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from urllib.parse import urlsplit

import psutil
import pytest
from browser_servers import app, quiet_environment

KEY = "k" * 40


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return quiet_environment(
        tmp_path_factory.mktemp("app"),
        QERKO_API_KEY=KEY,
        QERKO_POS_ID="11111111-2222-3333-4444-555555555555",
        QERKO_BASE_URL="http://127.0.0.1:9",
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory, environment):
    with app(tmp_path_factory.mktemp("work"), environment) as server:
        yield server


def opener():
    return urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))


def test_without_the_token_there_is_nothing_to_see(served):
    bare = served.first.split("?")[0]
    with opener().open(bare, timeout=30) as answer:
        assert "/login" in answer.url
    with opener().open(f"{bare}?token=wrong", timeout=30) as answer:
        assert "/login" in answer.url
    with pytest.raises(urllib.error.HTTPError) as refused:
        opener().open(f"{served.first.split('/voila')[0]}/api/kernels/x", timeout=30)
    refused.value.close()
    assert refused.value.code in {403, 404}


def test_the_first_page_is_led_to_and_nothing_is_fetched_from_elsewhere(served):
    parts = urlsplit(served.first)
    with opener().open(f"{parts.scheme}://{parts.netloc}/?{parts.query}", timeout=60) as answer:
        policy = answer.headers["Content-Security-Policy"]
        body = answer.read().decode()
    assert answer.url.split("?")[0].endswith("/voila/render/close.ipynb")
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "from qerko_recon.app.page import" not in body  # no code is seen
    assert KEY not in body


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_no_process_is_left_behind(served, environment, tmp_path, how):
    server = app(tmp_path, environment)
    assert server.first.partition("token=")[2] != served.first.partition("token=")[2]
    process = psutil.Process(server.process.pid)
    with opener().open(server.first, timeout=60) as answer:
        answer.read()
    children = process.children(recursive=True)
    assert children  # the page's kernel
    assert server.stop(how) == 0
    gone, alive = psutil.wait_procs(children, timeout=15)
    assert (len(gone), alive) == (len(children), [])
    assert KEY not in "".join(server.output)


def test_a_token_is_on_no_command_line(served):
    token = served.first.partition("token=")[2]
    process = psutil.Process(served.process.pid)
    for one in (process, *process.children(recursive=True)):
        assert token not in " ".join(one.cmdline())


def run(*options, environment, folder):
    return subprocess.run(
        [sys.executable, "-m", "qerko_recon", "app", "--no-browser", *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_public_address_is_refused(environment, tmp_path):
    ran = run("--listen", "0.0.0.0", environment=environment, folder=tmp_path)
    assert ran.returncode == 2
    assert "--others-may-connect" in ran.stderr


def test_a_port_that_is_taken_is_said(served, environment, tmp_path):
    port = str(urlsplit(served.first).port)
    ran = run("--port", port, environment=environment, folder=tmp_path)
    assert ran.returncode == 2
    assert f"port {port}" in ran.stderr
    assert "--port" in ran.stderr
