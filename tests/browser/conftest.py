"""A real browser, the same for all browser tests, which may talk to this machine alone."""

from __future__ import annotations

import json
import os
import re
import shutil

import nbformat
import pytest
from browser_servers import lab, quiet_environment, voila
from playwright.sync_api import expect, sync_playwright

# A page of Voilà takes some ten seconds to come, more on a machine at work.
expect.set_options(timeout=int(os.environ.get("QERKO_TEST_PATIENCE", "60")) * 1000)

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium_path():
    """Find a Chromium of the system; Playwright's own is taken where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="module")
def browser():
    """A Chromium for a file of tests: while it is there, its thread counts as in an event loop."""
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=chromium_path(), args=_FLAGS)
        yield one
        one.close()


def _plain(name):
    return re.sub(r"\W+", "_", name)


class Watch:
    """What went wrong in a page: errors of its scripts, and of the console from our own code."""

    def __init__(self, page):
        self.errors = []
        page.on("pageerror", lambda error: self.errors.append(f"page error: {error}"))
        page.on("console", self._console)

    def _console(self, message):
        if message.type != "error":
            return
        # What Jupyter's own scripts say of a blocked or missing file of theirs is not ours.
        if "Failed to load resource" in message.text:
            return
        self.errors.append(f"console: {message.text} ({message.location.get('url')})")


@pytest.fixture
def new_page(browser):
    """Open pages 1280 pixels wide; at the end none of them may have had an error."""
    opened = []

    def open_one(*, dark=False, width=1280, height=900):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
            locale="en-GB",
        )
        context.set_default_timeout(int(os.environ.get("QERKO_TEST_PATIENCE", "60")) * 1000)

        def route(one):
            host = one.request.url.split("/")[2].split(":")[0] if "//" in one.request.url else ""
            if host in {"127.0.0.1", ""}:
                one.continue_()
            else:
                one.abort()

        context.route("**/*", route)
        page = context.new_page()
        opened.append((context, Watch(page)))
        return page

    yield open_one
    errors = [error for _, watch in opened for error in watch.errors]
    for context, _ in opened:
        context.close()
    assert errors == []


@pytest.fixture(scope="session")
def jupyter_environment(tmp_path_factory):
    return quiet_environment(tmp_path_factory.mktemp("jupyter"))


@pytest.fixture(scope="session")
def notebook_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="session")
def voila_server(notebook_folder, jupyter_environment):
    with voila(notebook_folder, jupyter_environment) as server:
        yield server


@pytest.fixture
def write_notebook(notebook_folder):
    """Write a notebook of code cells into the folder that is served."""

    def write(name, *cells):
        made = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(one) for one in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        path = notebook_folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(made))
        return name

    return write


@pytest.fixture
def show(voila_server, write_notebook, new_page, request):
    """Show what code makes, as a page of Voilà."""

    def show_one(*cells, **options):
        name = write_notebook(f"{_plain(request.node.name)}.ipynb", *cells)
        page = new_page(**options)
        page.goto(voila_server.url(name))
        return page

    return show_one


@pytest.fixture(scope="session")
def lab_server(notebook_folder, jupyter_environment):
    with lab(notebook_folder, jupyter_environment) as server:
        yield server


# Clicking the menu runs nothing where the kernel is not ready yet, so all of it is awaited.
_RUN_ALL = """async (name) => {
    const app = window.jupyterapp;
    await app.restored;
    let held = null;
    for (let tries = 0; tries < 300 && !held; tries += 1) {
        held = [...app.shell.widgets("main")].find((one) => one.context?.path === name);
        if (!held) await new Promise((done) => setTimeout(done, 100));
    }
    await held.context.ready;
    await held.sessionContext.ready;
    await held.sessionContext.session.kernel.info;
    app.shell.activateById(held.id);
    while (app.shell.currentWidget !== held || !app.commands.isEnabled("notebook:run-all-cells")) {
        await new Promise((done) => setTimeout(done, 100));
    }
    await app.commands.execute("notebook:run-all-cells");
}"""


@pytest.fixture
def run_in_lab(lab_server, write_notebook, new_page, request):
    """Open what code makes as a notebook in JupyterLab, and run all its cells."""

    def run(*cells, **options):
        name = write_notebook(f"{_plain(request.node.name)}.ipynb", *cells)
        page = new_page(**options)
        page.goto(lab_server.url(name))
        page.wait_for_function("() => window.jupyterapp")
        page.evaluate(_RUN_ALL, name)
        return page

    run.again = lambda page, name: page.evaluate(_RUN_ALL, name)
    return run


@pytest.fixture(params=["voila", "lab"])
def open_page(request):
    """Show what code makes, in Voilà and in JupyterLab."""
    return request.getfixturevalue("show" if request.param == "voila" else "run_in_lab")
