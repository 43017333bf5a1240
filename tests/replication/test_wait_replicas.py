"""``WAIT_REPLICAS``: what is accepted is on so many replicas, or isn't answered as accepted."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dramatiq
import pytest

from middleware.broker import LifoBroker
from middleware.commands import keys
from middleware.commands.types import Call, Crowded, Offer, Replication, Room, Submitted, Tick, TickRefused
from middleware.errors import DuplicateJobError, RedisAwayError, TooFewReplicasError
from middleware.processes.server_safety import look
from middleware.redis_link.link import Link

from ..api.client import JSON, Client
from ..api.conftest import running_api
from ..middleware.workers import ended, working
from ..sentinel import WatchedServers

pytestmark = pytest.mark.servers

WAIT_MS = 1000
"""Long enough that a replica which is there is never late, however busy the machine is."""
ONE_REPLICA = {"WAIT_REPLICAS": "1", "WAIT_MS": str(WAIT_MS)}
JOB = '{"message": "Hello"}'
BATCH = '{"jobs": [{"message": "a"}, {"message": "b"}]}'


@pytest.fixture
def broker(watched: WatchedServers, monkeypatch: pytest.MonkeyPatch) -> Iterator[LifoBroker]:
    """A broker that waits for one replica and gives up soon."""
    settings = watched.settings_of(wait_replicas=1, wait_ms=WAIT_MS)
    broker = LifoBroker(url=settings.redis_url, settings=settings, patience_s=0)
    monkeypatch.setattr(dramatiq.broker, "global_broker", broker)
    broker.declare_queue("default")
    yield broker
    broker.close()


@pytest.fixture
def api(watched: WatchedServers, tmp_path: Path) -> Iterator[Client]:
    """The HTTP API that waits for one replica."""
    settings = watched.settings | ONE_REPLICA
    with running_api(settings["REDIS_URL"], tmp_path / "web.log", settings) as client:
        yield client


def message(id: str) -> dramatiq.Message[object]:
    """A message that nobody runs."""
    return dramatiq.Message("default", "nothing", (), {}, {}, message_id=id)


def on_replica(watched: WatchedServers) -> int:
    """How many jobs the replica has."""
    with watched.replicas[0].client() as client:
        return int(client.hlen(keys.records("default")))  # type: ignore[arg-type]


def test_what_was_accepted_is_on_the_replica(broker: LifoBroker, watched: WatchedServers) -> None:
    for number in range(20):
        broker.accept([message(f"job-{number}")])

        assert on_replica(watched) == number + 1


def test_without_enough_replicas_in_time_an_accept_is_an_error_and_the_job_is_there(
    broker: LifoBroker, watched: WatchedServers
) -> None:
    watched.stop_replicas()
    began = time.monotonic()

    with pytest.raises(
        TooFewReplicasError, match="wants 1 replica to have an accepted job, and 0 had it within 1000 ms"
    ):
        broker.accept([message("a-job")])

    assert WAIT_MS / 1000 <= time.monotonic() - began < 20
    assert broker.store.get("a-job") is not None


def test_enqueueing_the_same_message_again_waits_for_the_replicas_again(
    broker: LifoBroker, watched: WatchedServers
) -> None:
    watched.stop_replicas()
    for _ in range(2):
        broker.redis.link.close()  # what another connection wrote is waited for as well
        with pytest.raises(TooFewReplicasError):
            broker.accept([message("a-job")])

    watched.repair()

    with pytest.raises(DuplicateJobError):
        broker.accept([message("a-job")])
    assert on_replica(watched) == 1


def test_a_call_that_is_sent_again_over_another_connection_waits_as_well(
    broker: LifoBroker, watched: WatchedServers
) -> None:
    watched.stop_replicas()
    call, offer = Call(b"a-caller", 1), Offer("a-job", "nothing", b"{}")
    for _ in range(2):
        broker.redis.link.close()
        with pytest.raises(TooFewReplicasError):
            broker.redis.queue("default").accept([offer], call=call)

    assert broker.redis.call("HLEN", keys.records("default")) == 1


def test_a_recurring_jobs_tick_waits_too_and_is_decided_once(broker: LifoBroker, watched: WatchedServers) -> None:
    commands = broker.redis.queue("default")
    commands.put_recurring([("nightly", "daily", b"{}")])
    now_us = 1_000_000 * int(broker.redis.call("TIME")[0])
    tick = Tick("nightly", now_us // 1000 + 1)
    offer = Offer("a-job", "nothing", b"{}")
    watched.stop_replicas()
    for _ in range(2):
        with pytest.raises(TooFewReplicasError):
            commands.accept_tick(offer, tick)

    watched.repair()

    assert isinstance(commands.accept_tick(offer, tick), TickRefused)
    later = tick._replace(at_ms=tick.at_ms + 1)
    assert isinstance(commands.accept_tick(Offer("another", "nothing", b"{}"), later), Submitted)


def test_what_is_refused_waits_for_nobody(broker: LifoBroker, watched: WatchedServers) -> None:
    watched.stop_replicas()
    began = time.monotonic()

    three = [Offer(f"{n}", "nothing", b"{}") for n in range(3)]
    answer = broker.redis.queue("default").accept(three, room=Room(2))

    assert isinstance(answer, Crowded)
    assert time.monotonic() - began < 2 * WAIT_MS / 1000 + 1


def test_a_task_that_enqueues_waits_until_the_replicas_are_back(broker: LifoBroker, watched: WatchedServers) -> None:
    stopped, sent = threading.Event(), threading.Event()

    @dramatiq.actor(broker=broker)
    def child() -> None:
        """Does nothing."""

    @dramatiq.actor(broker=broker, store_results=True)
    def parent() -> str:
        stopped.wait(20)
        id = child.send().message_id
        sent.set()
        return id

    with working(broker, threads=2):
        first = parent.send()
        watched.stop_replicas()
        stopped.set()
        assert not sent.wait(3 * WAIT_MS / 1000)
        watched.repair()

        assert ended(broker, first).status == "processed"
        assert ended(broker, ended(broker, first).result).status == "processed"
    assert broker.redis.call("HLEN", keys.records("default")) == 2


@pytest.mark.parametrize(("path", "body", "count"), [("/v1/jobs", JOB, 1), ("/v1/jobs/batch", BATCH, 2)])
def test_the_api_answers_503_and_under_its_key_a_request_can_be_repeated(
    api: Client, watched: WatchedServers, path: str, body: str, count: int
) -> None:
    headers = JSON | {"Idempotency-Key": '"one-request"'}
    watched.stop_replicas()
    for _ in range(2):
        answer = api.send("POST", path, body, headers)

        assert "The jobs were accepted" in answer.problem(503, "unconfirmed")["detail"]
        assert answer.headers["Retry-After"] == "1"

    watched.repair()
    repeated = api.send("POST", path, body, headers)

    assert repeated.status == 201
    assert repeated.headers["Idempotency-Replayed"] == "true"
    assert on_replica(watched) == count


def test_too_few_replicas_are_said_in_words(api: Client, watched: WatchedServers) -> None:
    assert api.get("/readyz").json["warnings"] == []

    link = Link(watched.settings_of().redis_address, timeout_s=5)
    [warning] = look(link, "everysec", wait_replicas=2).warnings
    link.close()
    assert warning.startswith("WAIT_REPLICAS is 2, and 1 replica of Redis is connected: no job is accepted")


def test_without_the_setting_nothing_is_asked_of_replicas(watched: WatchedServers) -> None:
    settings = watched.settings_of()
    broker = LifoBroker(url=settings.redis_url, settings=settings, patience_s=0)
    broker.declare_queue("default")
    watched.stop_replicas()
    with watched.primary.client() as client:
        client.config_resetstat()
        broker.accept([message("a-job")])
        calls = client.info("commandstats")
    broker.close()

    assert "cmdstat_wait" not in calls


def test_a_script_that_the_server_has_forgotten_is_sent_whole_and_waited_for(
    broker: LifoBroker, watched: WatchedServers
) -> None:
    broker.accept([message("first")])
    with watched.primary.client() as client:
        client.script_flush()

    broker.accept([message("second")])

    assert on_replica(watched) == 2


def test_a_waits_answer_is_given_more_time_than_others(watched: WatchedServers) -> None:
    link = Link(watched.settings_of().redis_address, timeout_s=1)
    watched.stop_replicas()

    answer, have_it = link.exchange_and_wait(lambda c: c.pack_command("SET", "a", "1"), *Replication(1, 2000))
    link.call("DEL", "a")
    link.close()

    assert (answer, have_it) == (b"OK", 0)


def test_a_server_that_becomes_a_replica_before_it_waits_is_redis_away(watched: WatchedServers) -> None:
    link = Link(watched.replicas[0].url, timeout_s=1)

    with pytest.raises(RedisAwayError, match="WAIT cannot be used with replica"):
        link.exchange_and_wait(lambda c: c.pack_command("PING"), 1, 100)
    link.close()


def test_the_dashboards_form_says_that_the_job_is_there_and_may_be_lost(api: Client, watched: WatchedServers) -> None:
    watched.stop_replicas()

    answer = api.send(
        "POST",
        "/dashboard/tasks/process_message",
        "payload.message=Hello",
        {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"},
    )

    assert answer.status == 503
    assert "Too few replicas have it" in answer.body.decode()
