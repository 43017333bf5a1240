"""``lastin tasks``, ``workers``, ``stats``, ``version`` and ``audit``."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from cli.endings import Away
from cli.sources.local import Local
from local.embedded import free_port
from middleware import VERSION
from middleware.broker import LifoBroker
from middleware.commands import keys
from middleware.errors import RedisAwayError
from middleware.settings import Settings
from tasks import broker, registry

from ..api.client import Client
from ..service import ROOT, RunningService, clean_environment, python, wait_until
from .running import answered, run, submitted, told


@pytest.mark.usefixtures("over")
def test_tasks_are_listed_with_what_their_payloads_look_like() -> None:
    tasks = answered("tasks")

    assert [task["name"] for task in tasks] == list(registry)
    assert answered("tasks", "process_message") in tasks
    assert ["process_message", "default", "message"] in [line.split()[:3] for line in told("tasks").splitlines()]
    assert told("tasks", "process_message").startswith("name ")
    lines = {name: value for name, *value in map(str.split, told("tasks", "show_price").splitlines())}
    shown = (lines["expires_in_s"], lines["subject"], lines["supersede_running"], lines["max_defer_s"], lines["group"])
    assert shown == (["10.0"], ["customer"], ["yes"], ["30.5"], ["customer"])
    assert run("tasks", "proces_message").stderr.endswith("Did you mean process_message?\n")


@pytest.mark.usefixtures("over")
def test_statistics_count_jobs_by_queue_and_task() -> None:
    submitted("a", "b")

    def counted() -> Any:
        stats = answered("stats", "--queue", "default")
        return stats if stats["total"]["counts"]["queued"] == 2 else None

    stats = wait_until(counted, "the API's statistics, which are a second old at most, to tell of both jobs")
    assert [queue["queue"] for queue in stats["queues"]] == ["default"]
    rows = [line.split()[:4] for line in told("stats").splitlines()]
    assert ["default", "(all)", "0", "2"] in rows
    assert ["default", "process_message", "0", "2"] in rows
    assert run("stats", "--queue", "defualt").stderr.endswith("Did you mean default?\n")


def test_an_api_and_its_redis_give_the_same(api: Client, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    submitted("a")
    asked = (("jobs",), ("windows",), ("tasks",), ("workers",), ("queues",))

    local = [answered(*words) for words in asked]
    monkeypatch.setenv("LASTIN_URL", f"http://127.0.0.1:{api.port}/")
    remote = [answered(*words) for words in asked]

    for queue in local[-1] + remote[-1]:
        queue["oldest_age_s"] = None
    assert local == remote


def test_workers_are_listed_with_what_they_run(service: RunningService) -> None:
    wait_until(lambda: len(service.get("/v1/workers").json) == 2, "worker and scheduler to be there")
    listed = python("-m", "cli", "workers", REDIS_URL=service.server.url).stdout.splitlines()
    over_http = python("-m", "cli", "workers", LASTIN_URL=service.url).stdout.splitlines()

    assert [line.split()[1] for line in listed] == ["KIND", "worker", "scheduler"]
    assert listed == over_http


@pytest.mark.parametrize("over", ["local", "remote"])
def test_one_who_submits_may_wait_for_the_end(service: RunningService, over: str) -> None:
    settings = {"local": {"REDIS_URL": service.server.url}, "remote": {"LASTIN_URL": service.url}}[over]

    done = python("-m", "cli", "submit", "two words", "--wait", **settings)
    service.post("/v1/queues/default/pause", {"reason": "test"})
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "submit", "x", "--wait"],
        cwd=ROOT,
        env=clean_environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as waiting:
        [id] = wait_until(lambda: [job["id"] for job in service.get("/v1/jobs?status=queued").json], "the job")
        service.post(f"/v1/jobs/{id}/cancel")
        out, err = waiting.communicate(timeout=60)

    assert (done.returncode, json.loads(done.stdout)["words"]) == (0, 2), done.stderr
    assert (waiting.returncode, out) == (1, f"{id}\n")
    assert err == f"lastin: It is cancelled. `lastin why {id}` explains it.\n"


def test_the_version_says_whom_it_would_ask_but_no_password() -> None:
    url = "rediss://somebody:secret@redis.example.com:1/2?ssl_ca_certs=x"
    local = python("-m", "cli", "version", "--json", REDIS_URL=url)
    remote = python("-m", "cli", "version", LASTIN_URL="https://jobs.example.com/lastin/")

    assert f'"version":"{VERSION}"' in local.stdout
    assert '"source":"rediss://redis.example.com:1/2"' in local.stdout
    assert remote.stdout.endswith("over https://jobs.example.com/lastin\n")


@pytest.mark.usefixtures("redis_url")
def test_the_audit_tells_all_and_fails_on_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    [id] = submitted("a")
    broker.redis.call("SADD", keys.queues(), "default")  # as a process that hasn't seen this Redis before does
    assert told("audit").endswith("All is well.\n")
    assert answered("audit") == {"counts": {"default": {**_none(), "queued": 1}}, "faults": []}

    broker.redis.link.call("ZADD", keys.running("default"), 1, id)
    try:
        assert f"job {id} is in" in told("audit", status=1)
        assert answered("audit", status=1)["faults"]
    finally:
        broker.redis.link.call("ZREM", keys.running("default"), id)
    monkeypatch.setenv("LASTIN_URL", "https://jobs.example.com")
    assert "unset LASTIN_URL" in run("audit").stderr


def _none() -> dict[str, int]:
    return dict.fromkeys(answered("queues")[0]["counts"], 0)


def test_where_nothing_is_set_it_says_how_to_begin() -> None:
    def away(broker: LifoBroker) -> None:
        raise RedisAwayError("Redis doesn't answer.")

    with pytest.raises(Away, match=r"Start LastIn \(`make run`\), or set REDIS_URL or LASTIN_URL"):
        Local(LifoBroker(url=Settings().redis_url)).get("/v1/jobs", {}, away)


@pytest.mark.parametrize("words", [("jobs",), ("queues",), ("stats",), ("workers",), ("audit",), ("submit", "x")])
def test_redis_away_is_shown_in_one_line_with_status_1(words: tuple[str, ...]) -> None:
    done = python("-m", "cli", *words, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")

    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("lastin: Redis doesn't answer")
    assert "make run" not in done.stderr
