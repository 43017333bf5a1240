"""``deploy/redis/redis.conf`` and ``users.acl``: servers start with them, and are what LastIn wants of a server."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import redis

from local.embedded import free_port
from middleware.broker import LifoBroker
from middleware.processes.server_program import EmbeddedServerError, find_binary
from middleware.processes.server_safety import look
from middleware.redis_link.link import Link
from middleware.settings import Settings

from ..least_rights import NOT_YET
from ..service import ROOT, wait_until

CONF = (ROOT / "deploy" / "redis" / "redis.conf").read_text(encoding="ascii")
ACL = (ROOT / "deploy" / "redis" / "users.acl").read_text(encoding="ascii")
PASSWORD = "a-password-of-the-test"


def programs() -> Iterator[object]:
    """The embedded Valkey, and a Redis if the machine has one."""
    with suppress(EmbeddedServerError):
        yield pytest.param(str(find_binary()), id="embedded")
    debian = shutil.which("redis-server")
    missing = pytest.mark.skipif(debian is None, reason="redis-server isn't installed (Debian: redis-server)")
    yield pytest.param(debian or "", id="redis-server", marks=missing)


class Server:
    """A server that runs by our files, with only what an operator changes changed: its folder, its port, a password."""

    def __init__(self, program: str, folder: Path) -> None:
        folder.mkdir()
        self.url = f"redis://lastin:{PASSWORD}@127.0.0.1:{(port := free_port())}/0"
        acl, conf = folder / "users.acl", folder / "redis.conf"
        acl.write_text(ACL.replace(NOT_YET, hashlib.sha256(PASSWORD.encode()).hexdigest()), encoding="ascii")
        own = {"port": str(port), "dir": str(folder), "aclfile": str(acl)}
        text = CONF
        for name, value in own.items():
            text, count = re.subn(rf"^{name} .+$", f"{name} {value}", text, flags=re.MULTILINE)
            assert count == 1
        conf.write_text(text, encoding="ascii")
        self._process = subprocess.Popen([program, conf], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        wait_until(self._answers, "the server to answer")

    def stop(self) -> str:
        """End it; what it said."""
        self._process.terminate()
        return self._process.communicate(timeout=60)[0]

    def _answers(self) -> bool:
        assert self._process.poll() is None, self._process.communicate()[0]
        with suppress(redis.ConnectionError), redis.Redis.from_url(self.url) as client:
            return bool(client.ping())
        return False


Start = Callable[[], Server]


@pytest.fixture(params=list(programs()))
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as ending:

        def start() -> Server:
            server = Server(request.param, tmp_path / "redis")
            ending.callback(server.stop)
            return server

        yield start


def test_a_server_that_runs_by_it_is_safe(start: Start) -> None:
    server = start()
    link = Link(server.url, timeout_s=5)

    found = look(link, "everysec")
    link.close()

    assert (found.has_aof, found.aof_is_written, found.maxmemory_policy) == (True, True, "noeviction")
    assert found.warnings == []
    assert found.unknown == ["appendfsync"]  # this user may not ask for it


def test_the_service_works_as_its_user_and_nobody_else_gets_in(start: Start) -> None:
    server = start()
    settings = Settings(redis_url=server.url)
    broker = LifoBroker(url=settings.redis_url, settings=settings)

    broker.redis.check_writable()
    broker.close()
    nobody = server.url.replace(f"lastin:{PASSWORD}@", "")
    with redis.Redis.from_url(nobody) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    with redis.Redis.from_url(server.url) as client, pytest.raises(redis.exceptions.NoPermissionError):
        client.flushall()


def test_it_says_how_the_append_only_file_is_synced() -> None:
    said = dict(line.split(" ", 1) for line in CONF.splitlines() if line and not line.startswith("#"))

    assert (said["appendfsync"], said["no-appendfsync-on-rewrite"]) == (Settings().durability, "no")
    assert said["protected-mode"] == "yes"
