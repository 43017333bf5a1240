"""A Redis Cluster: queues lie on several shards, and what spans them works all the same."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import dramatiq
import pytest

from middleware.broker import LifoBroker
from middleware.commands import keys
from middleware.diagnosis.audit import audit_all
from middleware.errors import RedisAwayError, SettingsError
from middleware.processes.retention import Retention
from middleware.processes.server_info import together
from middleware.processes.server_safety import look
from middleware.queues.policy import Policy
from middleware.redis_link.links import link_to
from middleware.settings import Settings
from middleware.store.filters import JobFilter

from ..api.conftest import running_api
from ..cluster import Cluster
from ..leaks import leaked_keys
from ..middleware.workers import ended, idle_threads, working
from ..service import RunningService, python, wait_until
from .conftest import broker_of

pytestmark = pytest.mark.servers


def message(queue: str, id: str) -> dramatiq.Message[object]:
    """A message that nobody runs."""
    return dramatiq.Message(queue, "nothing", (), {}, {}, message_id=id)


def declared(broker: LifoBroker, queues: Sequence[str]) -> list[dramatiq.Actor[[], str]]:
    """A task for each queue, which tells its name."""

    def told(queue: str) -> dramatiq.Actor[[], str]:
        @dramatiq.actor(broker=broker, queue_name=queue, actor_name=f"tell_{queue}", store_results=True)
        def tell() -> str:
            return queue

        return tell

    return [told(queue) for queue in queues]


def test_each_queue_lies_on_the_shard_of_its_tag_and_a_worker_works_on_all(
    broker: LifoBroker, cluster: Cluster
) -> None:
    queues = cluster.queues_on_all()
    tasks = declared(broker, queues)
    with working(broker, threads=3):
        sent = [(queue, task.send()) for queue, task in zip(queues, tasks, strict=True) for _ in range(5)]

        assert [ended(broker, one).result for _, one in sent] == [queue for queue, _ in sent]

    for queue in queues:
        with cluster.holder_of(keys.stack(queue)).client() as client:
            assert client.hlen(keys.records(queue)) == 5
    assert len({cluster.holder_of(keys.stack(queue)).port for queue in queues}) == 3
    for server in cluster.primaries:
        with server.client() as client:
            assert leaked_keys(client) == []


def test_lists_go_over_all_shards_newest_first(broker: LifoBroker, cluster: Cluster) -> None:
    queues = cluster.queues_on_all()
    for queue in queues:
        broker.declare_queue(queue)
    for number in range(6):
        broker.accept([message(queues[number % 3], f"job-{number}")])

    first = broker.store.page(limit=4)
    second = broker.store.page(limit=4, cursor=first.next)

    assert [job.id for job in first.jobs + second.jobs] == [f"job-{number}" for number in (5, 4, 3, 2, 1, 0)]
    assert broker.stats.now().total.counts["queued"] == 6
    assert broker.store.get("job-3") is not None
    assert broker.moves.cancel_all(JobFilter(), limit=10).count == 6


def test_the_audit_and_retention_look_at_all_shards(broker: LifoBroker, cluster: Cluster) -> None:
    queues = cluster.queues_on_all()
    for queue in queues:
        broker.declare_queue(queue)
        broker.accept([message(queue, f"{queue}-job")])
        broker.cancel(f"{queue}-job")
    link = broker.redis.link

    assert {found.queue: found.faults for found in audit_all(link)} == {queue: [] for queue in queues}
    assert Retention(broker.redis, Settings(retention_jobs=0)).prune(queues, link) == 3
    assert broker.store.page().jobs == []


def test_who_is_alive_and_windows_of_all_shards_are_shown(broker: LifoBroker, cluster: Cluster) -> None:
    queues = cluster.queues_on_all()
    declared(broker, queues)
    with working(broker):
        found = wait_until(broker.registry.processes, "the worker to be registered")
        assert found[0].queues == tuple(queues)
    for queue in queues:
        broker.windows.put_policy(queue, Policy(mode="windows", batch=5))
        broker.accept([message(queue, f"{queue}-job")])
        broker.windows.open(queue, opened_by="operator")

    assert {window.queue for window in broker.windows.page().windows} == set(queues)
    assert [snapshot.queue for snapshot in broker.control.snapshots()] == queues


def test_groups_of_queues_on_all_shards_have_their_turns(broker: LifoBroker, cluster: Cluster) -> None:
    queues = cluster.queues_on_all()
    declared(broker, queues)
    limits = Policy("continuous", max_running_per_group=1, share_by_group=True)
    for queue in queues:
        for group in ("loud", "loud", "calm"):
            job = dramatiq.Message(queue, "tell", (), {}, {"group": group})
            broker.enqueue(job)
        broker.windows.put_policy(queue, limits)
        claim = broker.redis.queue(queue).claim("nobody", 60_000_000, 3)

        assert (claim.word, len(claim.jobs)) == ("full", 2)
        snapshot = broker.control.snapshot(queue)
        assert snapshot is not None
        assert (snapshot.held_back, snapshot.faults()) == (1, [])


def test_a_running_job_hears_at_once_that_it_is_cancelled(broker: LifoBroker, cluster: Cluster) -> None:
    [queue, *_] = cluster.queues_on_all()

    @dramatiq.actor(broker=broker, queue_name=queue)
    def wait() -> None:
        for _ in range(2000):
            time.sleep(0.01)

    with working(broker):
        sent = wait.send()
        wait_until(lambda: (job := broker.store.get(sent.message_id)) and job.status == "running", "it to run")
        began = time.monotonic()
        broker.cancel(sent.message_id)

        assert ended(broker, sent).status == "cancelled"
        assert time.monotonic() - began < 4  # the next heartbeat would tell it after 5 s


def test_a_queue_whose_slot_is_moved_goes_on_where_it_is_then(broker: LifoBroker, cluster: Cluster) -> None:
    [queue, *_] = cluster.queues_on_all()
    [task] = declared(broker, [queue])
    source = cluster.holder_of(keys.stack(queue))
    other = next(server for server in cluster.primaries if server is not source)
    try:
        with working(broker, threads=2):
            before = [task.send() for _ in range(5)]
            for one in before:
                ended(broker, one)
            cluster.move(keys.stack(queue), other)
            began = time.monotonic()
            after = [task.send() for _ in range(5)]
            for one in after:
                assert ended(broker, one).status == "processed"
            assert time.monotonic() - began < 4.5  # the maintenance would find them after 5 s
        assert len(broker.store.page().jobs) == 10
        with other.client() as client:
            assert client.hlen(keys.records(queue)) == 10
    finally:
        cluster.move(keys.stack(queue), source)


def test_a_failover_of_a_shard_is_followed(own_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = broker_of(own_cluster)
    monkeypatch.setattr(dramatiq.broker, "global_broker", broker)
    tasks = declared(broker, own_cluster.queues_on_all())
    with working(broker, threads=3):
        for task in tasks:
            ended(broker, task.send())
        own_cluster.fail_over()
        sent = [task.send() for task in tasks for _ in range(5)]
        for one in sent:
            assert ended(broker, one).status == "processed"
        wait_until(lambda: idle_threads(broker) == 3, "all threads")
    broker.close()


def test_with_one_shard_away_the_queues_of_the_others_go_on(own_cluster: Cluster) -> None:
    settings = Settings.from_environ(own_cluster.settings)
    broker = LifoBroker(url=settings.redis_url, settings=settings, timeout_s=0.4, patience_s=0)
    queues = own_cluster.queues_on_all()
    for queue in queues:
        broker.declare_queue(queue)
        wait_until(lambda queue=queue: accepts(broker, queue), "each to accept")  # type: ignore[misc]
    away = own_cluster.primaries[1]
    away.kill()

    for queue in queues:
        if own_cluster.holder_of(keys.stack(queue)) is away:
            with pytest.raises(RedisAwayError):
                broker.accept([message(queue, f"{queue}-second")])
        else:
            wait_until(lambda queue=queue: accepts(broker, queue), "the others to accept")
    broker.close()


def accepts(broker: LifoBroker, queue: str) -> bool:
    """Whether the broker accepts a job now."""
    try:
        broker.accept([message(queue, f"{queue}-{time.monotonic_ns()}")])
    except RedisAwayError:
        return False
    return True


def test_scripts_that_a_shard_has_forgotten_are_sent_again(broker: LifoBroker, cluster: Cluster) -> None:
    for queue in cluster.queues_on_all():
        broker.declare_queue(queue)
        broker.accept([message(queue, f"{queue}-first")])
    for server in cluster.primaries:
        with server.client() as client:
            client.script_flush()

    for queue in cluster.queues_on_all():
        broker.accept([message(queue, f"{queue}-second")])

    assert len(broker.store.page().jobs) == 6


def test_the_processes_run_over_a_cluster(cluster: Cluster, tmp_path: Path) -> None:
    settings = {**cluster.settings, "CADENCE_DEFAULT_MODE": "continuous", "RATE_LIMIT": "1000/minute"}
    with RunningService(tmp_path, settings=settings) as service:
        answer = service.post("/v1/jobs", {"message": "Hello"}, **{"Idempotency-Key": '"a"'})
        assert answer.status == 201
        assert "RateLimit" in answer.headers
        assert service.wait_for_job(answer.json["id"])["status"] == "processed"
        batch = service.post("/v1/jobs/batch", {"jobs": [{"message": "a"}, {"message": "b"}]})
        assert [service.wait_for_job(job["id"])["status"] for job in batch.json] == ["processed"] * 2
        assert len(service.get("/v1/jobs").json) == 3
        assert service.get("/readyz").json["warnings"] == []

        def kinds() -> set[str]:
            return {process["kind"] for process in service.get("/v1/workers").json}

        wait_until(lambda: kinds() == {"worker", "scheduler"}, "both to be registered")
        assert b'lastin_queue_jobs{queue="default",state="processed"} 3' in service.get("/metrics").body
        assert service.get("/dashboard").status == 200
        assert service.get("/v1/stats").status == 200
        audit = python("-m", "cli", "audit", **cluster.settings)
        assert audit.returncode == 0, audit.stdout + audit.stderr
    assert "Traceback" not in "".join(service.log(name) for name in ("web", "worker", "scheduler"))


def test_a_shard_that_is_less_safe_than_the_others_is_warned_of(cluster: Cluster) -> None:
    link = link_to(Settings.from_environ(cluster.settings).redis_address, timeout_s=5)
    assert look(link, "everysec").warnings == []
    with cluster.primaries[1].client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        client.config_set("appendfsync", "no")
    try:
        warnings = " ".join(look(link, "everysec").warnings)
    finally:
        with cluster.primaries[1].client() as client:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("appendfsync", "everysec")
        link.close()

    assert "whole queues" in warnings
    assert "`appendfsync` is `no`" in warnings


def test_what_servers_report_is_added_up_or_the_worst_of_it() -> None:
    one = {"used_memory": "100", "aof_enabled": "1", "role": "master", "maxmemory_policy": "noeviction", "only": "x"}
    other = {"used_memory": "50", "aof_enabled": "0", "role": "master", "maxmemory_policy": "allkeys-lru"}

    assert together([one, other]) == {
        "used_memory": "150",
        "aof_enabled": "0",
        "role": "master",
        "maxmemory_policy": "allkeys-lru",
    }


@pytest.mark.parametrize("other", [{"REDIS_SENTINELS": "a:1"}, {"REDIS_REPLICA_URL": "redis://a"}])
def test_settings_that_dont_go_together(other: dict[str, str]) -> None:
    [name] = other
    with pytest.raises(SettingsError, match=f"REDIS_CLUSTER=1 and {name} don't go together"):
        Settings.from_environ({"REDIS_CLUSTER": "1", **other})


def test_a_cluster_that_is_away_is_redis_away() -> None:
    broker = LifoBroker(url="redis://127.0.0.1:1/0", settings=Settings(redis_cluster=True), patience_s=0, timeout_s=0.4)
    broker.declare_queue("default")

    with pytest.raises(RedisAwayError, match="The Redis Cluster doesn't answer"):
        broker.accept([message("default", "a")])


def test_the_api_starts_before_its_cluster(tmp_path: Path) -> None:
    settings = {"REDIS_CLUSTER": "1", "RATE_LIMIT": "10/minute"}
    with running_api("redis://127.0.0.1:1/0", tmp_path / "web.log", settings) as client:
        assert client.get("/healthz").status == 200
        assert client.get("/readyz").status == 503
