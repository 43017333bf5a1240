"""The snapshot and the audit find what doesn't add up, and nothing where all is well."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from middleware.commands import keys
from middleware.diagnosis import audit
from middleware.redis_link.link import Link
from middleware.tags import digests, entry

from ..scripted import START_US, ScriptedQueue


@pytest.fixture
def full(queue: ScriptedQueue) -> ScriptedQueue:
    """A queue with a job in each state that a worker brings about."""
    queue.send_each("processed", "rejected", "put back", "running", "retried", "waiting", "cancelled")
    queue.send("scheduled", after_us=5_000_000)
    queue.broker.cancel("cancelled")
    tokens = dict(queue.claim(6))
    queue.settle(("processed", tokens["processed"]))
    queue.settle(("rejected", tokens["rejected"]), "rejected", failure=b'{"type":"E","message":"","traceback":null}')
    queue.settle(("retried", tokens["retried"]), "retry", delay_us=1_000_000)
    queue.settle(("put back", tokens["put back"]), "put_back")
    queue.settle(("waiting", tokens["waiting"]), "put_back")
    return queue


def found(queue: ScriptedQueue, redis_url: str) -> list[str]:
    link = Link(redis_url, timeout_s=5)
    faults = audit.audit(queue.name, link)
    link.close()
    return faults


def test_a_snapshot_counts_each_state(full: ScriptedQueue, redis_url: str) -> None:
    counted = full.snapshot()

    jobs = {status.value: count for status, count in counted.counts.items() if count}
    assert jobs == {"queued": 2, "scheduled": 2, "running": 1, "processed": 1, "rejected": 1, "cancelled": 1}
    assert counted.now_us > START_US
    assert counted.faults() == []
    assert found(full, redis_url) == []


Damage = Callable[["redis.Redis"], object]


@pytest.mark.parametrize(
    ("damage", "repair", "error"),
    [
        (
            lambda r: r.zadd(keys.stack("default"), {"running": 1}),
            lambda r: r.zrem(keys.stack("default"), "running"),
            1,
        ),
        (
            lambda r: r.zrem(keys.processed("default"), "processed"),
            lambda r: r.zadd(keys.processed("default"), {"processed": START_US + 1}),
            -1,
        ),
    ],
    ids=["in two states", "in none"],
)
def test_a_job_in_two_states_or_in_none_is_found(
    full: ScriptedQueue, redis_url: str, damage: Damage, repair: Damage, error: int
) -> None:
    damage(full.client)

    assert full.snapshot().conservation_error == error
    assert len(found(full, redis_url)) == 1

    repair(full.client)
    assert found(full, redis_url) == []


def test_a_place_that_is_not_the_records_is_found(full: ScriptedQueue, redis_url: str) -> None:
    [score] = full.client.zmscore(keys.stack("default"), ["waiting"])
    full.client.zadd(keys.stack("default"), {"waiting": score + 5})

    assert found(full, redis_url) == ["default: job waiting has another place on the stack than in its record"]

    full.client.zadd(keys.stack("default"), {"waiting": score})


def test_the_command_shows_all_and_fails_on_a_fault(
    full: ScriptedQueue, redis_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    assert audit.main() == 0
    assert "All is well." in capsys.readouterr().out

    full.client.zadd(keys.stack("default"), {"running": 1})
    assert audit.main() == 1
    assert "job running is in ['queued', 'running'], and its record says running" in capsys.readouterr().out
    full.client.zrem(keys.stack("default"), "running")


def test_the_command_says_that_redis_is_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    assert audit.main() == 1
    assert "Redis doesn't answer" in capsys.readouterr().out


def test_a_counter_that_differs_from_the_jobs_is_found(full: ScriptedQueue, redis_client: redis.Redis) -> None:
    full.scripts.read_counters(0, 0)  # adds up what is pending
    with redis.Redis.from_url(full.url) as raw:
        kept = raw.hget(keys.task_counters("default"), "task")
        raw.hdel(keys.task_counters("default"), "task")
        faults = full.snapshot().faults()
        raw.hset(keys.task_counters("default"), "task", kept)

    assert "queued jobs and counted ones: 2 against 0" in faults
    assert full.snapshot().faults() == []


def test_an_index_of_tags_that_isnt_the_records_is_found(queue: ScriptedQueue, redis_url: str) -> None:
    queue.send_tagged(a="red blue", b="red")
    key = keys.tagged("default")
    assert found(queue, redis_url) == []

    seq = queue.job("a").seq
    missing, wrong = entry(digests(["blue"]), seq, "a"), [entry(digests(["red"]), seq + 9, id) for id in ("a", "gone")]
    queue.client.zrem(key, missing)
    queue.client.zadd(key, dict.fromkeys(wrong, 0))
    faults = found(queue, redis_url)
    queue.client.zadd(key, {missing: 0})
    queue.client.zrem(key, *wrong)

    assert len(faults) == 3
    assert sum("has a tag that isn't in the index" in fault for fault in faults) == 1
    assert sum("is in the index under a tag that its record doesn't have" in fault for fault in faults) == 2
    assert found(queue, redis_url) == []


def test_an_index_of_subjects_that_isnt_the_records_is_found(queue: ScriptedQueue, redis_url: str) -> None:
    queue.send_about("ada", "a")
    queue.send("b")
    key = keys.subjects("default")
    [row] = queue.client.zrange(key, 0, -1)
    assert found(queue, redis_url) == []

    stray = f"{row[:-1]}b"
    queue.client.zadd(key, {stray: 0})
    assert found(queue, redis_url) == ["default: job b is in the index under a subject that its record doesn't have"]
    queue.client.zrem(key, stray)

    queue.cancel("a", "called off")
    queue.client.zadd(key, {row: 0})
    assert found(queue, redis_url) == ["default: job a is in the index of subjects, and its record says cancelled"]
    queue.client.zrem(key, row)


def test_an_index_of_groups_that_isnt_the_records_is_found(queue: ScriptedQueue, redis_url: str) -> None:
    queue.rule(mode="continuous", share_by_group=True)
    queue.send_of("one", "a", "b", "c")
    queue.claim()
    with redis.Redis.from_url(redis_url) as raw:
        (row, _), (run,) = (
            raw.zrange(keys.grouped("default"), 0, -1),
            raw.zrange(keys.running_grouped("default"), 0, -1),
        )
        raw.zrem(keys.grouped("default"), row)
        raw.zrem(keys.running_grouped("default"), run)
        raw.zadd(keys.running_grouped("default"), {row: 0})

        faults = found(queue, redis_url)

        raw.zadd(keys.grouped("default"), {row: 0})
        raw.delete(keys.running_grouped("default"))
        raw.zadd(keys.running_grouped("default"), {run: 0})

    assert any("a waits, and isn't in the index of groups" in fault for fault in faults)
    assert any("c runs, and isn't counted as one of its group" in fault for fault in faults)
    assert any("a is in the index of running groups, and isn't running" in fault for fault in faults)
