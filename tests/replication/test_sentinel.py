"""Sentinel: all processes find the primary through it, and follow a failover."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dramatiq
import pytest

from local.embedded import free_port
from middleware.broker import LifoBroker
from middleware.commands import keys
from middleware.errors import RedisAwayError, SettingsError
from middleware.redis_link.address import Address, SentinelAddress
from middleware.redis_link.link import Link
from middleware.settings import Settings

from ..middleware.workers import Gate, ended, idle_threads, working
from ..sentinel import SERVICE, Fault, WatchedServers, role_of
from ..service import python, wait_until

pytestmark = pytest.mark.servers

THREADS = 4


@pytest.fixture
def link(watched: WatchedServers) -> Iterator[Link]:
    """A link to the primary, whichever server that is."""
    link = Link(watched.settings_of().redis_address, timeout_s=1)
    yield link
    link.close()


@pytest.fixture
def broker(watched: WatchedServers, monkeypatch: pytest.MonkeyPatch) -> Iterator[LifoBroker]:
    """A broker whose commands wait for the primary for a while."""
    settings = watched.settings_of()
    broker = LifoBroker(url=settings.redis_url, settings=settings, timeout_s=1, patience_s=20)
    monkeypatch.setattr(dramatiq.broker, "global_broker", broker)
    yield broker
    broker.close()


def written_by(link: Link) -> bool:
    """Whether it can write now."""
    return port_written_to(link) is not None


def port_written_to(link: Link) -> int | None:
    """The port of the server to which it can write now; None: there is none."""
    try:
        link.call("SET", keys.writable(), "1", "PX", 60_000)
        info = link.call("INFO", "server").decode()
    except RedisAwayError:
        return None
    return int(info.partition("tcp_port:")[2].split()[0])


def test_a_link_leads_to_the_primary(link: Link, watched: WatchedServers) -> None:
    assert port_written_to(link) == watched.primary.port


@pytest.mark.parametrize("fault", ["kill", "stop", "order"])
def test_a_link_follows_a_failover(link: Link, watched: WatchedServers, fault: Fault) -> None:
    assert written_by(link)
    before = watched.primary.port

    watched.fail_over(fault)
    wait_until(lambda: port_written_to(link) not in (None, before), "a write to another server")

    assert watched.primary_port() != before


def test_a_server_that_is_a_replica_by_now_is_left_for_the_primary(watched: WatchedServers, link: Link) -> None:
    link.call("PING")
    old = watched.primary
    watched.fail_over("order")
    wait_until(lambda: role_of(old) == "slave", "the old primary to follow the new one")

    wait_until(lambda: written_by(link), "a write to succeed")

    assert port_written_to(link) == watched.primary.port


def test_a_doorbell_that_nobody_would_ring_any_more_is_left(watched: WatchedServers) -> None:
    address = watched.settings_of().redis_address
    waiting, other = Link(address, timeout_s=1), Link(address, timeout_s=1)
    waiting.send("BLPOP", "nobody-rings", 60)
    assert waiting.wait(0.05) is None

    watched.fail_over("stop")
    wait_until(lambda: written_by(other), "another link to find the new primary")

    with pytest.raises(RedisAwayError, match="Another server is the primary"):
        waiting.wait(10)
    waiting.close()
    other.close()


def test_who_asks_for_an_unknown_service_hears_its_name() -> None:
    with pytest.raises(RedisAwayError, match=r"No Sentinel of REDIS_SENTINELS names a primary of service 'other'"):
        Link(Address("redis://x", (SentinelAddress("127.0.0.1", free_port()),), "other"), timeout_s=1).call("PING")


def test_a_server_that_isnt_a_sentinel_is_named_as_such(redis_url: str) -> None:
    port = int(redis_url.rsplit(":", 1)[1].partition("/")[0])
    link = Link(Address("redis://x", (SentinelAddress("127.0.0.1", port),), SERVICE), timeout_s=1)

    with pytest.raises(RedisAwayError, match="REDIS_SENTINELS names a server that isn't a Sentinel"):
        link.call("PING")


def test_a_sentinel_that_is_away_is_left_for_the_next_one(watched: WatchedServers) -> None:
    address = watched.settings_of().redis_address
    away = SentinelAddress("127.0.0.1", free_port())
    link = Link(Address(address.url, (away, *address.sentinels), SERVICE), timeout_s=1)

    assert written_by(link)
    link.close()


def test_servers_and_sentinels_with_passwords(tmp_path: Path) -> None:
    with WatchedServers(tmp_path, password="a-secret", sentinel_password="another") as servers:
        link = Link(servers.settings_of().redis_address, timeout_s=1)
        assert written_by(link)

        servers.fail_over("kill")
        wait_until(lambda: written_by(link), "the new primary to be found")
        link.close()


@pytest.mark.parametrize("fault", ["kill", "stop"])
def test_a_worker_goes_on_with_all_of_its_threads(
    broker: LifoBroker, watched: WatchedServers, gate: Gate, fault: Fault
) -> None:
    @dramatiq.actor(broker=broker)
    def pass_gate(number: int) -> None:
        gate.wait(number)

    with working(broker, threads=THREADS):
        messages = [pass_gate.send(number) for number in range(THREADS + 2)]
        wait_until(lambda: gate.most_inside == THREADS, "all threads to be busy")
        wait_until(lambda: watched.is_level, "the replica to have the claims")
        watched.fail_over(fault)
        gate.open()
        for message in messages:
            assert ended(broker, message).status == "processed"
        wait_until(lambda: idle_threads(broker) == THREADS, "all threads to be idle")
        idle_since = time.monotonic()
        last = pass_gate.send(99)
        assert ended(broker, last).status == "processed"
        assert time.monotonic() - idle_since < 5
    assert sorted(gate.passed) == [*range(THREADS + 2), 99]


def test_all_links_of_a_process_hear_of_the_new_primary_once(
    watched: WatchedServers, caplog: pytest.LogCaptureFixture
) -> None:
    links = [Link(watched.settings_of().redis_address, timeout_s=1) for _ in range(5)]
    for link in links:
        assert written_by(link)
    with caplog.at_level(logging.WARNING):
        watched.fail_over("kill")
        threads = [threading.Thread(target=lambda link=link: wait_until(lambda: written_by(link))) for link in links]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    for link in links:
        link.close()

    assert sum("The primary is now" in record.message for record in caplog.records) == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"REDIS_SENTINELS": "localhost"}, "REDIS_SENTINELS must be a list of host:port with commas between"),
        ({"REDIS_SENTINELS": "a:1,"}, "REDIS_SENTINELS must be a list of host:port"),
        ({"REDIS_SENTINELS": "a:1", "REDIS_URL": "unix:///run/redis"}, "With REDIS_SENTINELS, REDIS_URL must start"),
    ],
)
def test_settings_that_cant_be(settings: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Settings.from_environ(settings)


def test_sentinels_are_read_with_users_and_passwords() -> None:
    found = Settings.from_environ({"REDIS_SENTINELS": "a:1, u%40:p%3A@[::1]:2,:p@b:3"}).redis_sentinels

    assert found == (("a", 1, "", ""), ("::1", 2, "u@", "p:"), ("b", 3, "", "p"))


def test_a_password_of_a_sentinel_isnt_shown() -> None:
    with pytest.raises(SettingsError, match="a value that isn't shown"):
        Settings.from_environ({"REDIS_SENTINELS": ":secret@a"})


def test_a_program_that_finds_no_primary_waits_for_one_and_says_so() -> None:
    port = free_port()

    ended = python("-m", "cli", "queues", REDIS_SENTINELS=f"127.0.0.1:{port}")

    assert ended.returncode == 1
    assert "No Sentinel of REDIS_SENTINELS names a primary of service 'mymaster'" in ended.stderr


def test_who_waits_for_an_answer_of_a_server_that_hangs_is_freed_when_another_is_the_primary(
    watched: WatchedServers,
) -> None:
    address = watched.settings_of().redis_address
    waiting, listening = Link(address, timeout_s=60), Link(address, timeout_s=60)
    waiting.call("PING")
    listening.send("SUBSCRIBE", keys.cancellations())
    listening.wait(0.1)
    freed = threading.Event()

    def call() -> None:
        with pytest.raises(RedisAwayError):
            waiting.call("BLPOP", "nobody-rings", 50)
        freed.set()

    caller = threading.Thread(target=call)
    caller.start()
    watched.fail_over("stop")
    with pytest.raises(RedisAwayError):
        wait_until(lambda: listening.wait(1), "the listener to leave the old primary")

    assert freed.wait(30)
    caller.join()
    for link in (waiting, listening):
        link.close()
