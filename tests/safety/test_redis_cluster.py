"""A Redis Cluster without REDIS_CLUSTER, and that setting without one: programs end with one line, and calls say so."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import dramatiq
import pytest

from local.embedded import EmbeddedServer, free_port
from middleware.broker import PATIENCE_S, LifoBroker
from middleware.errors import RedisClusterError
from middleware.redis_link.link import Link

from ..api.client import JSON, Client
from ..api.conftest import running_api
from ..cluster import port_of_node
from ..service import ROOT, clean_environment, python, wait_until
from .conftest import node_in

LINE = "lastin: REDIS_URL leads to a node of a Redis Cluster (its INFO says cluster): set REDIS_CLUSTER=1, or REDIS_URL"
NO_CLUSTER = (
    "lastin: REDIS_CLUSTER is 1, but REDIS_URL doesn't lead to a Redis Cluster (it says that cluster mode isn't"
)
WORKER = ("-m", "dramatiq", "tasks", "--skip-logging", "--processes", "1", "--threads", "1")
PROGRAMS = {
    "web": ("-m", "api"),
    "worker": WORKER,
    "scheduler": ("-m", "scheduler"),
    "one window": ("-m", "scheduler", "open"),
}
SLOT_OF_ANOTHER, SLOT_OF_ITS_OWN = "foo", "bar"
"""CLUSTER KEYSLOT: 12182 and 5061."""


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_ends_with_one_line_and_status_2(cluster: EmbeddedServer, program: str) -> None:
    ended = python(*PROGRAMS[program], REDIS_URL=cluster.url, PORT=str(free_port()))

    assert ended.returncode == 2
    assert ended.stderr.count(LINE) == 1
    assert "Traceback" not in ended.stderr + ended.stdout
    if program != "worker":  # Dramatiq's own parent adds that its process ended
        assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_that_expects_a_cluster_ends_with_one_line_where_there_is_none(redis_url: str, program: str) -> None:
    ended = python(*PROGRAMS[program], REDIS_URL=redis_url, REDIS_CLUSTER="1", PORT=str(free_port()))

    assert ended.returncode == 2
    assert ended.stderr.count(NO_CLUSTER) == 1
    assert "Traceback" not in ended.stderr + ended.stdout


def test_programs_that_start_before_it_end_as_soon_as_it_answers(tmp_path: Path) -> None:
    port, web_port = port_of_node(), free_port()
    environment = clean_environment(
        REDIS_URL=f"redis://127.0.0.1:{port}/0", PORT=str(web_port), WEB_CONCURRENCY="1", WORKER_METRICS_PORT="0"
    )
    logs = {name: tmp_path / f"{name}.log" for name in ("web", "worker", "scheduler")}
    started = {}
    for name, log in logs.items():
        with log.open("wb") as out:
            started[name] = subprocess.Popen(
                [sys.executable, *PROGRAMS[name]], cwd=ROOT, env=environment, stdout=out, stderr=out
            )
    try:
        client = Client(web_port)
        wait_until(lambda: _health(client) == 200, "web to be up")
        wait_until(lambda: "Redis is away" in logs["worker"].read_text(), "the worker to be up")
        wait_until(lambda: "The scheduler runs" in logs["scheduler"].read_text(), "the scheduler to be up")
        with node_in(tmp_path / "redis", port):
            statuses = {name: process.wait(60) for name, process in started.items()}
    finally:
        for process in started.values():
            process.kill()
            process.wait()

    assert statuses == {"web": 2, "worker": 2, "scheduler": 2}
    for log in logs.values():
        assert LINE in log.read_text()


def _health(client: Client) -> int:
    try:
        return client.get("/healthz").status
    except OSError:
        return 0


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (("SET", SLOT_OF_ANOTHER, "1"), "MOVED 12182"),
        (("EVAL", "return 1", 2, SLOT_OF_ANOTHER, SLOT_OF_ITS_OWN), "CROSSSLOT"),
        (("EVAL", f"return redis.call('GET', '{SLOT_OF_ANOTHER}')", 1, SLOT_OF_ITS_OWN), "in a cluster node"),
    ],
    ids=["another node's key", "keys of two nodes", "another node's key in a script"],
)
def test_what_a_node_cant_do_is_an_error_of_its_own(
    cluster: EmbeddedServer, command: tuple[str | int, ...], answer: str
) -> None:
    link = Link(cluster.url, timeout_s=5)
    with pytest.raises(RedisClusterError, match="set REDIS_CLUSTER=1") as caught:
        link.call(*command)
    link.close()

    assert answer in str(caught.value)


def test_a_send_doesnt_wait_for_a_cluster_to_become_something_else(cluster: EmbeddedServer) -> None:
    broker = LifoBroker(url=cluster.url)

    @dramatiq.actor(broker=broker, queue_name="foo")
    def work() -> None:
        """Does nothing."""

    began = time.monotonic()
    with pytest.raises(RedisClusterError):
        work.send()
    broker.close()

    assert time.monotonic() - began < PATIENCE_S - 1


def test_the_api_says_so_in_words_while_it_runs(cluster: EmbeddedServer, tmp_path: Path) -> None:
    operations = [("POST", "/v1/jobs", '{"message": "x"}'), ("GET", "/v1/jobs", None), ("GET", "/readyz", None)]
    with running_api(cluster.url, tmp_path / "web.log") as client:
        answers = [client.send(method, path, body, JSON) for method, path, body in operations]
        health = client.get("/healthz")

    for answer in answers:
        assert "must change REDIS_CLUSTER or REDIS_URL" in answer.problem(503, "unavailable")["detail"]
        assert answer.headers["Retry-After"] == "60"
    assert health.status == 200
