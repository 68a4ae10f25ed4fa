"""A real service with the samples, for the real clients; and a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.programs import needs
from tests.running import Service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    one = Service(tmp_path_factory.mktemp("clients") / "data").start("--samples")
    yield one
    one.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # for one module: the event loop that it leaves in this thread until it ends makes DBOS fail
    path = needs("chromium", "chromium")
    with sync_playwright() as playwright:
        # no sandbox of its own: tests may run as root, and only our own page is opened
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
