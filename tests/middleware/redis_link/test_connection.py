"""One connection to Redis: what a caller hears when something goes wrong, and that no answer is ever mixed up."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from redis.exceptions import NoScriptError, ResponseError

from local.embedded import EmbeddedServer, free_port
from middleware.errors import QueueFullError, RedisAwayError
from middleware.redis_link.link import Link
from middleware.redis_link.patience import persist

from ..proxy import Proxy

WRITE = "return redis.call('SET', KEYS[1], '1')"
WRITE_AFTER_FREEING = "redis.call('ZREM', KEYS[1], ''); return redis.call('HSET', KEYS[2], 'a', '1')"


@pytest.fixture
def link(redis_url: str) -> Iterator[Link]:
    """A link to this run's server."""
    link = Link(redis_url, timeout_s=2)
    yield link
    link.call("DEL", "written")
    link.close()


@pytest.fixture
def own_link(own_server: EmbeddedServer) -> Iterator[Link]:
    """A link to a server of the test's own."""
    link = Link(own_server.url, timeout_s=2)
    yield link
    link.close()


def test_nobody_listens_is_redis_away() -> None:
    with pytest.raises(RedisAwayError):
        Link(f"redis://127.0.0.1:{free_port()}/0", timeout_s=1).call("PING")


def test_a_server_that_accepts_and_never_answers_is_redis_away_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(RedisAwayError, match="in time"):
            Link(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", timeout_s=0.2).call("PING")

    assert time.monotonic() - began < 20


def test_a_server_that_reads_nothing_is_redis_away_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(RedisAwayError, match="in time"):
            Link(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", timeout_s=0.2).call("SET", "a", b"x" * 50_000_000)

    assert time.monotonic() - began < 20


def test_a_link_connects_again_however_often_it_was_cut(link: Link) -> None:
    for _ in range(300):
        assert link.call("PING") == b"PONG"
        link.close()


def test_a_link_goes_on_trying_however_long_nobody_listens() -> None:
    link = Link(f"redis://127.0.0.1:{free_port()}/0", timeout_s=1)
    for _ in range(300):
        with pytest.raises(RedisAwayError, match="refused"):
            link.call("PING")


def test_a_connection_that_another_thread_closes_is_redis_away(link: Link) -> None:
    link.send("BLPOP", "written", 10)
    closing = threading.Timer(0.05, link.close)
    closing.start()

    with pytest.raises(RedisAwayError):
        link.wait(10)


@pytest.mark.parametrize("fault", ["cut_before", "cut_after"])
def test_nothing_is_sent_twice(redis_url: str, redis_client: redis.Redis, fault: str) -> None:
    with Proxy(redis_url) as proxy:
        link = Link(proxy.url, timeout_s=2)
        getattr(proxy, fault)("INCR")
        with pytest.raises(RedisAwayError):
            link.call("INCR", "written")
        assert proxy.happened.wait(30)

        assert link.call("INCR", "written") == (1 if fault == "cut_before" else 2)
        link.close()
    redis_client.delete("written")


def test_an_exception_between_a_command_and_its_answer_does_not_mix_up_answers(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    link.call("PING")

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(link._connection, "read_response", interrupt)
        with pytest.raises(KeyboardInterrupt):
            link.call("ECHO", "the first answer")

    assert link.call("ECHO", "the second answer") == b"the second answer"


def test_all_answers_of_a_bundle_are_read_even_if_one_is_an_error(link: Link) -> None:
    with pytest.raises(ResponseError):
        link.call_all([("SET", "written", "1"), ("LPUSH", "written", "1"), ("GET", "written")])

    assert link.call("ECHO", "next") == b"next"


def test_an_error_that_comes_before_the_answer_does_not_mix_up_answers() -> None:
    said = iter((b"-ERR a hiccup of a proxy\r\n+the first answer\r\n", b"+the second answer\r\n"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_answer_each, args=(server, said), daemon=True).start()
        link = Link(f"redis://127.0.0.1:{server.getsockname()[1]}/0", timeout_s=5)
        with pytest.raises(ResponseError, match="a hiccup"):
            link.call("ECHO", "the first answer")

        assert link.call("ECHO", "the second answer") == b"the second answer"
        link.close()


def test_an_answer_that_cannot_be_read_does_not_mix_up_the_answers_behind_it() -> None:
    said = iter((b"+one\r\n?two\r\n+three\r\n", b"+four\r\n"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_answer_each, args=(server, said), daemon=True).start()
        link = Link(f"redis://127.0.0.1:{server.getsockname()[1]}/0", timeout_s=5)
        with pytest.raises(redis.RedisError):
            link.call_all([("ECHO", word) for word in ("one", "two", "three")])

        assert link.call("ECHO", "four") == b"four"
        link.close()


def test_a_script_that_is_unknown_leaves_the_connection_as_it_is(link: Link) -> None:
    before = link.call("CLIENT", "ID")
    with pytest.raises(NoScriptError):
        link.call("EVALSHA", "0" * 40, 0)

    assert link.call("CLIENT", "ID") == before


def test_an_error_of_the_server_is_raised_as_it_is(link: Link) -> None:
    with pytest.raises(ResponseError, match="unknown command"):
        link.call("NOSUCHCOMMAND")


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_after_a_fork_the_child_has_a_connection_of_its_own(link: Link) -> None:
    mine = link.call("CLIENT", "ID")
    reading, writing = os.pipe()

    child = os.fork()
    if child == 0:
        os.write(writing, str(link.call("CLIENT", "ID")).encode())
        os._exit(0)
    os.waitpid(child, 0)

    assert int(os.read(reading, 20)) != mine
    assert link.call("CLIENT", "ID") == mine
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("command", [("SET", "k", "1"), ("EVAL", WRITE, 1, "k"), ("BLPOP", "k", 1)])
def test_a_replica_that_takes_no_writes_is_redis_away(
    own_server: EmbeddedServer, own_link: Link, command: tuple[str, ...]
) -> None:
    with own_server.client() as client:
        client.replicaof("127.0.0.1", free_port())
        with pytest.raises(RedisAwayError, match="can't do this now"):
            own_link.call(*command)
        client.replicaof("NO", "ONE")

    own_link.call("SET", "k", "1")


def test_a_read_only_answer_makes_the_link_look_for_its_server_anew(own_server: EmbeddedServer, own_link: Link) -> None:
    first = own_link.call("CLIENT", "ID")
    with own_server.client() as client:
        client.replicaof("127.0.0.1", free_port())
        with pytest.raises(RedisAwayError):
            own_link.call("SET", "k", "1")
        client.replicaof("NO", "ONE")

    assert own_link.call("CLIENT", "ID") != first


def test_a_wait_that_a_failover_breaks_off_is_redis_away(own_server: EmbeddedServer, own_link: Link) -> None:
    own_link.send("BLPOP", "bell", 10)
    assert own_link.wait(0.05) is None
    with own_server.client() as client:
        client.replicaof("127.0.0.1", free_port())

    with pytest.raises(RedisAwayError):
        own_link.wait(5)


def test_a_full_server_is_shown_from_one_that_is_away(own_server: EmbeddedServer, own_link: Link) -> None:
    own_link.call("SET", "filler", "x" * 1000)
    own_link.call("CONFIG", "SET", "maxmemory", 1)

    for command in (("SET", "k", "1"), ("EVAL", WRITE, 1, "k")):
        with pytest.raises(QueueFullError):
            own_link.call(*command)
    assert own_link.call("EVAL", WRITE_AFTER_FREEING, 2, "z", "h") == 1
    assert own_link.call("SCRIPT", "LOAD", "return 1")


def test_a_repeated_command_is_sent_until_redis_is_back() -> None:
    failures = iter([RedisAwayError("one"), RedisAwayError("two")])

    def call() -> str:
        for failure in failures:
            raise failure
        return "answer"

    assert persist(call, patience_s=None) == "answer"


def test_patience_has_an_end() -> None:
    def call() -> None:
        raise RedisAwayError("away")

    began = time.monotonic()
    with pytest.raises(RedisAwayError):
        persist(call, patience_s=0.1)
    assert time.monotonic() - began < 20


def test_all_links_to_a_server_make_their_connections_anew_when_one_of_them_broke(redis_url: str) -> None:
    with Proxy(redis_url) as proxy:
        first, *others = links = [Link(proxy.url, timeout_s=2) for _ in range(3)]
        before = [link.call("CLIENT", "ID") for link in others]
        first.call("PING")
        others[1].send("BLPOP", "nothing comes here", 1)

        proxy.cut_before("PING")
        with pytest.raises(RedisAwayError):
            first.call("PING")
        with pytest.raises(RedisAwayError, match="another connection to this server broke"):
            others[1].wait(0)
        after = [link.call("CLIENT", "ID") for link in others]
        again = [link.call("CLIENT", "ID") for link in others]
        for link in links:
            link.close()

    assert min(after) > max(before)
    assert after == again


def test_an_interruption_breaks_no_other_connection(redis_url: str) -> None:
    interrupted, other = links = [Link(redis_url, timeout_s=2) for _ in range(2)]
    before = other.call("CLIENT", "ID")

    with pytest.raises(KeyboardInterrupt):
        interrupted.exchange(_interrupt)
    after = other.call("CLIENT", "ID")
    for link in links:
        link.close()

    assert after == before


def _interrupt(_: object) -> None:
    raise KeyboardInterrupt


def _answer_each(server: socket.socket, said: Iterator[bytes]) -> None:
    """Answer what comes, on one connection after the other or on the same one."""
    connection, _ = server.accept()
    for words in said:
        while not connection.recv(65_536):
            connection.close()
            connection, _ = server.accept()
        connection.sendall(words)
    connection.close()
