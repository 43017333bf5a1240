"""What the dashboard costs, with a million jobs and with ten tabs."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from api.dashboard import words
from middleware.broker import LifoBroker
from middleware.commands import build
from tasks.process_message import process_message
from tests.service import RunningService, call

from .conftest import CADENCE
from .visitor import PAGES

pytestmark = pytest.mark.dashboard

JOBS = int(os.environ.get("LASTIN_DASHBOARD_JOBS", "1000000"))
BATCH = 1000
MOST_MS = 200.0
TABS, POLL_S, WATCHED_S = 10, 2.0, 20.0
TICKS_A_S = os.sysconf("SC_CLK_TCK")


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """The service with so many jobs that wait; no worker takes any."""
    folder = tmp_path_factory.mktemp("million")
    cadence = folder / "cadence.toml"
    cadence.write_text(CADENCE, encoding="utf-8")
    settings = {"CADENCE_FILE": str(cadence), "WEB_CONCURRENCY": "2"}
    with RunningService(folder, settings=settings, processes=("web", "scheduler")) as running:
        broker = LifoBroker(url=running.server.url, gated=True)
        broker.declare_queue("default")
        for _ in range(JOBS // BATCH):
            broker.accept([process_message.message(message="one of many") for _ in range(BATCH)])
        broker.close()
        yield running


@pytest.fixture
def client(million: RunningService) -> Iterator[redis.Redis]:
    """A client of the server."""
    with redis.Redis.from_url(million.server.url) as found:
        yield found


def sent(client: redis.Redis, seconds: float) -> list[str]:
    """The commands that clients send in this time; those that scripts run aren't among them."""
    end, found = time.monotonic() + seconds, []
    with client.monitor() as monitor:
        for command in monitor.listen():
            if time.monotonic() > end:
                break
            if command["client_type"] != "lua":
                found.append(command["command"])
    return found


def test_every_page_answers_in_time_whatever_the_number_of_jobs(million: RunningService) -> None:
    id = call("GET", f"{million.url}/v1/jobs?limit=1").json[0]["id"]
    took: dict[str, float] = {}
    for path in (*PAGES, f"/dashboard/jobs/{id}", "/dashboard/jobs?task=process_message&status=queued"):
        times = []
        for _ in range(5):
            began = time.perf_counter()
            call("GET", million.url + path)
            times.append((time.perf_counter() - began) * 1000)
        took[path] = statistics.median(times)

    print(f"Pages at {JOBS:,} jobs, in ms: " + ", ".join(f"{path} {ms:.0f}" for path, ms in took.items()))
    assert {path: ms for path, ms in took.items() if ms > MOST_MS} == {}


def test_the_stack_is_drawn_from_few_reads(million: RunningService, client: redis.Redis) -> None:
    script = build.script("read_stack").sha
    with ThreadPoolExecutor(1) as reader:
        heard = reader.submit(sent, client, 3.0)
        time.sleep(1)
        page = call("GET", f"{million.url}/dashboard/queues/default").body.decode()
        time.sleep(1)
    reads = [command for command in heard.result() if script in command]

    assert f"{words.number(JOBS)} jobs wait" in page
    assert len(reads) == 1


def test_ten_tabs_cost_little(million: RunningService, client: redis.Redis) -> None:
    call("GET", f"{million.url}/dashboard")
    idle_commands, idle_cpu = _watched(million, client)
    with ThreadPoolExecutor(TABS) as tabs:
        looking = [tabs.submit(_tab, million.url, number) for number in range(TABS)]
        time.sleep(POLL_S)
        busy_commands, busy_cpu = _watched(million, client)
        answers = [status for tab in looking for status in tab.result()]

    added_commands, added_cpu = busy_commands - idle_commands, busy_cpu - idle_cpu
    print(f"{TABS} tabs: {added_commands:.1f} commands/s, {added_cpu:.2%} of a core, {len(answers)} polls.")
    assert set(answers) <= {200, 304}
    assert added_commands <= 10
    assert added_cpu <= 0.03, "The aim is 1 %; a busy machine measures more."


def _tab(url: str, number: int) -> list[int]:
    """Polls as the page's script does, for as long as is watched."""
    time.sleep(number * POLL_S / TABS)
    end, tag, statuses = time.monotonic() + WATCHED_S + POLL_S, "", []
    while time.monotonic() < end:
        answer = call("GET", f"{url}/dashboard", headers={"HX-Request": "true", "HX-PTag": tag})
        tag = answer.headers["HX-PTag"]
        statuses.append(answer.status)
        time.sleep(POLL_S)
    return statuses


def _watched(million: RunningService, client: redis.Redis) -> tuple[float, float]:
    """Commands a second, and the share of a core that the web processes took."""
    began, cpu = time.monotonic(), _cpu_s(million.pid("web"))
    count = len(sent(client, WATCHED_S))
    lasted = time.monotonic() - began
    return count / lasted, (_cpu_s(million.pid("web")) - cpu) / lasted


def _cpu_s(group: int) -> float:
    """CPU seconds of all processes of a group."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[2]) == group:
            total += int(fields[11]) + int(fields[12])
    return total / TICKS_A_S
