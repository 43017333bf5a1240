"""``REDIS_REPLICA_URL``: lists come from the replica while it follows the primary, everything else never does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import dramatiq
import pytest

from local.embedded import EmbeddedServer, free_port
from middleware.broker import LifoBroker
from middleware.commands import replica
from middleware.jobs import Job
from middleware.settings import Settings
from middleware.store.filters import JobFilter

from ..api.conftest import running_api
from ..middleware.workers import ended, working
from ..sentinel import WatchedServers
from ..service import wait_until

pytestmark = pytest.mark.servers

LINK_IS_DOWN = "its link to the primary is down (master_link_status)"


@pytest.fixture
def primary(servers: WatchedServers) -> Iterator[EmbeddedServer]:
    """A primary with a replica, empty when the test begins."""
    with servers.primary.client() as client:
        client.flushall()
    yield servers.primary
    servers.repair()


@pytest.fixture
def copy(servers: WatchedServers) -> EmbeddedServer:
    """The replica."""
    return servers.replicas[0]


@pytest.fixture
def broker(primary: EmbeddedServer, copy: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[LifoBroker]:
    """A broker that reads lists from the replica, and looks at its link at each read."""
    monkeypatch.setattr(replica, "LOOK_EVERY_S", 0)
    monkeypatch.setattr(replica, "LEFT_ALONE_S", 0)
    broker = LifoBroker(url=primary.url, settings=Settings(redis_replica_url=copy.url), timeout_s=1)
    monkeypatch.setattr(dramatiq.broker, "global_broker", broker)
    broker.declare_queue("default")
    yield broker
    broker.close()


def accepted(broker: LifoBroker, *ids: str) -> list[Job]:
    """Jobs that the replica has, too."""
    messages = [dramatiq.Message("default", "nothing", (), {}, {}, message_id=id) for id in ids]
    jobs = broker.accept(messages)
    broker.redis.link.call("WAIT", 1, 5000)
    return jobs


def listed(broker: LifoBroker) -> list[str]:
    """The ids that a list shows."""
    return [job.id for job in broker.store.page().jobs]


def scripts_run_by(server: EmbeddedServer) -> int:
    """How many scripts a server has run since its statistics were reset."""
    with server.client() as client:
        calls = client.info("commandstats")
    return sum(int(calls.get(f"cmdstat_{name}", {"calls": 0})["calls"]) for name in ("evalsha", "eval"))


def reset(*of_these: EmbeddedServer) -> None:
    """Reset their statistics."""
    for server in of_these:
        with server.client() as client:
            client.config_resetstat()


def without_a_link(server: EmbeddedServer) -> None:
    """Let a replica lose its primary: it goes on answering."""
    with server.client() as client:
        client.replicaof("127.0.0.1", free_port())
        wait_until(lambda: client.info("replication")["master_link_status"] == "down", "the link to be down")


def test_lists_are_read_from_the_replica_and_single_jobs_from_the_primary(
    broker: LifoBroker, primary: EmbeddedServer, copy: EmbeddedServer
) -> None:
    accepted(broker, "a", "b", "c")
    listed(broker)
    reset(primary, copy)

    assert listed(broker) == ["c", "b", "a"]
    assert [job.id for job in broker.store.page(JobFilter(tasks=["nothing"]), limit=2).jobs] == ["c", "b"]
    assert (scripts_run_by(primary), scripts_run_by(copy)) == (0, 2)

    job = broker.store.get("a")
    assert job is not None
    assert job.status == "queued"
    with copy.client() as client:
        assert "cmdstat_hget" not in client.info("commandstats")


def test_what_is_changed_is_looked_for_on_the_primary(broker: LifoBroker, copy: EmbeddedServer) -> None:
    reset(copy)
    accepted(broker, "a", "b")

    assert broker.moves.cancel_all(JobFilter(), limit=10).count == 2
    assert scripts_run_by(copy) == 0


def test_statistics_come_from_the_replica_with_what_was_added_up(
    broker: LifoBroker, primary: EmbeddedServer, copy: EmbeddedServer
) -> None:
    accepted(broker, "a", "b")
    maintenance = broker.new_maintenance()
    maintenance.start()
    try:
        wait_until(lambda: broker.stats.now().total.counts["queued"] == 2, "the maintenance to add up")
    finally:
        maintenance.stop()
    reset(primary, copy)

    assert broker.stats.now().total.counts["queued"] == 2
    assert (scripts_run_by(primary), scripts_run_by(copy)) == (0, 1)


def test_a_replica_without_a_link_isnt_read_until_it_has_one_again(
    broker: LifoBroker, primary: EmbeddedServer, copy: EmbeddedServer, caplog: pytest.LogCaptureFixture
) -> None:
    accepted(broker, "a")
    assert listed(broker) == ["a"]
    without_a_link(copy)
    broker.accept([dramatiq.Message("default", "nothing", (), {}, {}, message_id="b")])

    assert listed(broker) == ["b", "a"]
    assert LINK_IS_DOWN in str(broker.redis.replica_fault())

    with copy.client() as client:
        client.replicaof("127.0.0.1", primary.port)
        wait_until(lambda: client.info("replication")["master_link_status"] == "up", "the link to be up")
    reset(copy)
    assert listed(broker) == ["b", "a"]
    assert scripts_run_by(copy) == 1
    assert broker.redis.replica_fault() is None
    assert [record.levelname for record in caplog.records if "REDIS_REPLICA_URL" in record.message] == ["WARNING"]


def test_a_replica_that_is_away_costs_one_request_at_most(primary: EmbeddedServer) -> None:
    settings = Settings(redis_replica_url=f"redis://127.0.0.1:{free_port()}/0")
    broker = LifoBroker(url=primary.url, settings=settings, timeout_s=1)
    broker.declare_queue("default")

    assert listed(broker) == []
    began = time.monotonic()
    for _ in range(10):
        listed(broker)
    broker.close()

    assert time.monotonic() - began < 5
    assert str(broker.redis.replica_fault()).endswith("it doesn't answer.")


def test_a_server_that_became_the_primary_is_no_replica_any_more(broker: LifoBroker, copy: EmbeddedServer) -> None:
    with copy.client() as client:
        client.replicaof("NO", "ONE")

    assert listed(broker) == []
    assert "it is no replica, its role is master" in str(broker.redis.replica_fault())
    with copy.client() as client:
        client.flushall()


def test_a_worker_works_while_lists_come_from_the_replica(broker: LifoBroker) -> None:
    @dramatiq.actor(broker=broker)
    def work() -> None:
        """Does nothing."""

    with working(broker, threads=2):
        message = work.send()
        assert ended(broker, message).status == "processed"
    wait_until(lambda: [job.status for job in broker.store.page().jobs] == ["processed"], "the replica to know it")


def test_the_api_says_in_words_why_lists_come_from_the_primary(
    primary: EmbeddedServer, copy: EmbeddedServer, tmp_path: Path
) -> None:
    settings = {"REDIS_REPLICA_URL": copy.url}
    with running_api(primary.url, tmp_path / "web.log", settings) as client:
        assert client.get("/readyz").json["warnings"] == []
        client.post_job({"message": "Hello"})
        without_a_link(copy)

        warnings = wait_until(lambda: client.get("/readyz").json["warnings"], "the warning")

        assert LINK_IS_DOWN in warnings[0]
        assert len(client.get("/v1/jobs").json) == 1
        assert client.get("/v1/stats").status == 200
        assert client.get("/dashboard").status == 200


def test_a_replica_that_refuses_the_password_is_no_reason_to_fail(
    primary: EmbeddedServer, copy: EmbeddedServer
) -> None:
    settings = Settings(redis_replica_url=copy.url.replace("redis://", "redis://nobody:wrong@"))
    broker = LifoBroker(url=primary.url, settings=settings, timeout_s=1)
    broker.declare_queue("default")

    assert listed(broker) == []
    broker.close()
