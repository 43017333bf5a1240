"""The real processes and a real browser: the system's Chromium, as Debian has it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.service import RunningService

from .visitor import Visitor

CHROMIUM = os.environ.get("LASTIN_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")

CADENCE = """
[queues.default]
every = "6h"
batch = 100
lasts = "1h"
close_when_empty = false
"""
"""No window opens by itself while the tests run."""


expect.set_options(timeout=30_000)  # a busy machine takes its time


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    if CHROMIUM is None:
        pytest.skip("NOT RUN: Chromium isn't installed (Debian: chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def lastin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """web, worker and scheduler; jobs run when a test opens a window."""
    folder = tmp_path_factory.mktemp("lastin")
    cadence = folder / "cadence.toml"
    cadence.write_text(CADENCE, encoding="utf-8")
    with RunningService(folder, settings={"CADENCE_FILE": str(cadence), "WEB_CONCURRENCY": "2"}) as running:
        yield running


@pytest.fixture
def visitor(chromium: Browser, lastin: RunningService) -> Iterator[Visitor]:
    """Somebody before a screen; nothing was complained of in the browser's console when the test ends."""
    with Visitor(chromium, lastin.url) as found:
        yield found


@pytest.fixture
def page(visitor: Visitor) -> Page:
    """The visitor's page."""
    return visitor.page
