"""The pictures of the dashboard in the documentation: ``python -m tests.dashboard.pictures`` (``make screenshots``)."""

from __future__ import annotations

import math
import random
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgpack
import redis
from playwright.sync_api import Browser, sync_playwright

from middleware.commands import keys
from middleware.commands.layout import STATE_FIELDS, TOTAL_FIELDS
from tests.service import ROOT, RunningService, call

from .conftest import CHROMIUM

FOLDER = ROOT / "docs" / "pictures"
MODULE = "tests.dashboard.picture_tasks"
CADENCE = """
[queues.default]
every = "2s"
batch = 16
oldest_share = 0.1
[queues.mail]
every = "5s"
batch = 100
"""
LOADED_S = 75
SERVE = f"""
from api.server import make_server
from middleware.settings import load
make_server(load(), "127.0.0.1", "{MODULE}:application").serve()
"""
SCHEDULE = f"""
import runpy, {MODULE}
runpy.run_module("scheduler", run_name="__main__")
"""
NAMES = ("ada", "grace", "edsger", "barbara", "donald", "katherine")


class PicturedService(RunningService):
    """With the tasks of the pictures beside its own."""

    def _command(self, name: str, environment: Mapping[str, str]) -> list[str]:
        if name == "worker":
            command = super()._command(name, environment)
            return [MODULE if word == "tasks" else word for word in command]
        return [sys.executable, "-c", SERVE if name == "web" else SCHEDULE]


def main() -> None:
    """Let work go on for a while, and take the pictures."""
    if CHROMIUM is None:
        sys.exit("The pictures need Chromium (Debian: chromium).")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cadence.toml").write_text(CADENCE, encoding="utf-8")
        settings = {"CADENCE_FILE": str(folder / "cadence.toml"), "WEB_CONCURRENCY": "1"}
        with PicturedService(folder, settings=settings) as lastin, sync_playwright() as playwright:
            is_over = threading.Event()
            _backlog(lastin)
            threading.Thread(target=_load, args=(lastin.url, is_over), daemon=True).start()
            time.sleep(LOADED_S)
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            _take(browser, lastin.url, "/dashboard", "overview", height=1010)
            _take(browser, lastin.url, "/dashboard", "overview-dark", theme="dark", height=1010)
            _take(browser, lastin.url, "/dashboard/jobs", "jobs", height=640)
            failed = call("GET", f"{lastin.url}/v1/jobs?status=rejected&limit=1").json
            if failed:
                _take(browser, lastin.url, f"/dashboard/jobs/{failed[0]['id']}", "job", height=600)
            _take(browser, lastin.url, "/dashboard", "phone", width=375, height=780)
            is_over.set()
            browser.close()


def _backlog(lastin: RunningService) -> None:
    """An hour that has passed, as samples tell it, and jobs that were left behind."""
    now = int(time.time()) // 10
    with redis.Redis.from_url(lastin.server.url) as client:
        for step in range(1, 361):
            rate = 90 + 45 * math.sin(step / 30) + 12 * math.sin(step * 2.3)
            done = -step * 90
            came = done + int(450 * math.sin(step / 30))
            totals = {"accepted": came, "ended_processed": done, "ended_rejected": -step // 3}
            waiting = int(max(0.0, 60 + rate * 4 * math.sin(step / 45)))
            counts = [waiting if name == "queued" else totals.get(name, 0) for name in (*STATE_FIELDS, *TOTAL_FIELDS)]
            client.rpush(keys.samples("default"), msgpack.packb([now - step, *counts, 0]))
    for size in (420, 160, 90):
        jobs = [{"message": f"price of ACME is {n / 10}"} for n in range(size)]
        call("POST", f"{lastin.url}/v1/jobs/batch", {"jobs": jobs})
        time.sleep(8)


def _load(url: str, is_over: threading.Event) -> None:
    """Now more than the windows let through, now less."""
    chance = random.Random(7)
    while not is_over.wait(chance.uniform(0.0, 0.05 if time.time() % 40 < 25 else 0.3)):
        x, name = chance.random(), chance.choice(NAMES)
        if x < 0.5:
            body: dict[str, object] = {"message": f"price of ACME is {chance.randint(100, 999) / 10}"}
        elif x < 0.75:
            payload: dict[str, object] = {
                "to": f"{name}@example.com",
                "title": chance.choice(["Welcome", "Your invoice"]),
            }
            body = {"task": "send_mail", "payload": payload, "tags": [f"customer-{chance.randint(1, 40)}"]}
        else:
            payload = {
                "url": f"https://img.example.com/{chance.randint(1, 9999)}.jpg",
                "width": chance.choice([320, 640]),
            }
            body = {"task": "resize", "payload": payload}
        call("POST", f"{url}/v1/jobs", body)


def _take(
    browser: Browser,
    url: str,
    path: str,
    name: str,
    *,
    width: int = 1280,
    height: int,
    theme: Literal["light", "dark"] = "light",
) -> None:
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
    page = context.new_page()
    page.goto(url + path)
    page.wait_for_timeout(1500)
    page.screenshot(path=FOLDER / f"dashboard-{name}.png")
    context.close()


if __name__ == "__main__":
    main()
