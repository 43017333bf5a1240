"""A primary, its replicas and their Sentinels on loopback, which fail over as often as a test wants."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Literal, Self

import redis

from local.embedded import LOOPBACK, EmbeddedServer, free_port
from middleware.processes.server_program import find_binary
from middleware.settings import Settings

from .service import chosen_server, clean_environment, wait_until

SERVICE = "jobs"
DOWN_AFTER_MS = 500
"""A primary that doesn't answer for so long is down to its Sentinels. In production it should be some seconds."""
BUSY_MS = 1500
"""The same where a server that is only late, on a busy machine, must not be taken for one that is down."""

HURRIED = ("info-period", "300", "publish-period", "300", "ping-period", "200")
"""Periods in ms, which are 10 s, 2 s and 1 s otherwise."""

Fault = Literal["kill", "stop", "order", "coordinated"]
"""What makes Sentinels fail over: the primary is killed with -9; it is stopped (SIGSTOP), as when its machine hangs or
is cut off; or somebody orders it (``SENTINEL FAILOVER``) while it is well: coordinated, which Valkey can from 9 on,
the old primary holds writes back until the new one has them all."""


class WatchedServers:
    """One primary, ``replicas`` replicas and three Sentinels, each with a port and a folder of its own.

    Use it as a context, or call :meth:`start` and :meth:`stop`. ``LASTIN_TEST_REDIS`` names another server program.
    """

    def __init__(
        self,
        folder: Path,
        *,
        replicas: int = 1,
        password: str | None = None,
        sentinel_password: str | None = None,
        down_after_ms: int = DOWN_AFTER_MS,
    ) -> None:
        self._binary = chosen_server() or find_binary()
        self._folder = folder
        self._password = password
        self._sentinel_password = sentinel_password
        self._down_after_ms = down_after_ms
        self.servers = [
            EmbeddedServer(folder / f"server{n}", binary=self._binary, password=password, options=self._options())
            for n in range(1 + replicas)
        ]
        self._sentinels: dict[int, subprocess.Popen[bytes]] = {}
        self._ends = ExitStack()

    @property
    def settings(self) -> dict[str, str]:
        """The environment variables by which LastIn finds the primary."""
        user, of_sentinel = (f":{one}@" if one else "" for one in (self._password, self._sentinel_password))
        return {
            "REDIS_URL": f"redis://{user}nowhere/0",
            "REDIS_SENTINELS": ",".join(f"{of_sentinel}{LOOPBACK}:{port}" for port in self._sentinels),
            "REDIS_SENTINEL_SERVICE": SERVICE,
        }

    @property
    def environment(self) -> dict[str, str]:
        """A clean environment with these settings, for processes."""
        return clean_environment(**self.settings)

    def settings_of(self, **others: object) -> Settings:
        """The same as an object, with other settings by their names in it."""
        found = Settings.from_environ(self.settings)
        return Settings(
            redis_url=found.redis_url,
            redis_sentinels=found.redis_sentinels,
            redis_sentinel_service=SERVICE,
            **others,  # type: ignore[arg-type]
        )

    @property
    def primary(self) -> EmbeddedServer:
        """The server that Sentinels call the primary."""
        port = self.primary_port()
        return next(server for server in self.servers if server.port == port)

    @property
    def replicas(self) -> list[EmbeddedServer]:
        """The others."""
        return [server for server in self.servers if server is not self.primary]

    def primary_port(self) -> int:
        """Its port, as the first Sentinel that answers has it."""
        for port in self._sentinels:
            with suppress(redis.RedisError), self._sentinel(port) as sentinel:
                return int(sentinel.sentinel_get_master_addr_by_name(SERVICE)[1])
        raise AssertionError("no Sentinel answers")

    def start(self) -> Self:
        """Start all of them, and wait until a failover would find what it needs."""
        for server in self.servers:
            server.start()
            self._ends.callback(self._end, server)
        for server in self.servers[1:]:
            self._follow(server, self.servers[0])
        self._start_sentinels()
        self.wait_until_whole()
        return self

    def stop(self) -> None:
        """End all of them."""
        for process in self._sentinels.values():
            process.kill()
            process.wait()
        self._sentinels.clear()
        self._ends.close()

    def fail_over(self, fault: Fault = "kill", *, patience_s: float = 60) -> EmbeddedServer:
        """Make the primary fail, wait until another one takes its place, and give that one. What failed stays as it is
        until :meth:`repair`."""
        before = self.primary
        match fault:
            case "kill":
                before.kill()
            case "stop":
                self._signal(before, signal.SIGSTOP)
            case "order" | "coordinated":
                self._order(("COORDINATED",) if fault == "coordinated" else ())
        wait_until(lambda: self.primary_port() != before.port, f"a failover after {fault}", patience_s)
        primary = self.primary
        wait_until(lambda: role_of(primary) == "master", "the new primary to know it is one", patience_s)
        return primary

    def repair(self, *, patience_s: float = 60) -> None:
        """Start again or continue what failed, and wait until all is whole again."""
        for server in self.servers:
            if server.is_alive:
                self._signal(server, signal.SIGCONT)
            else:
                server.start()
        self.wait_until_whole(patience_s)

    @property
    def is_level(self) -> bool:
        """Whether every replica has all that the primary has."""
        with self.primary.client() as client:
            found = client.info("replication")
        offsets = {found[name]["offset"] for name in found if name.startswith("slave") and name[5:].isdigit()}
        return offsets == {found["master_repl_offset"]}

    def wait_until_whole(self, patience_s: float = 60) -> None:
        """Wait until the primary has all others as replicas that are up to date, and each Sentinel knows them all."""
        wait_until(self._is_whole, "all replicas to follow the primary, and all Sentinels to know them", patience_s)

    def stop_replicas(self) -> None:
        """Stop all replicas (SIGSTOP): they confirm nothing any more. :meth:`repair` continues them."""
        for server in self.replicas:
            self._signal(server, signal.SIGSTOP)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _order(self, how: Sequence[str]) -> None:
        """Order a failover of the first Sentinel that takes the order."""
        for port in self._sentinels:
            with suppress(redis.RedisError), self._sentinel(port) as sentinel:
                sentinel.execute_command("SENTINEL", "FAILOVER", SERVICE, *how)
                return

    def _options(self) -> list[str]:
        # A replica may confirm sooner than once a second; and a primary that comes back doesn't wait for a whole copy.
        options = ["--repl-diskless-sync-delay", "0"]
        return [*options, "--masterauth", self._password] if self._password else options

    def _start_sentinels(self) -> None:
        for number in range(3):
            port = free_port()
            folder = self._folder / f"sentinel{number}"
            folder.mkdir(parents=True)
            config = folder / "sentinel.conf"
            lines = [
                f"port {port}",
                f"bind {LOOPBACK}",
                f"dir {folder}",
                f"sentinel monitor {SERVICE} {LOOPBACK} {self.servers[0].port} 2",
                f"sentinel down-after-milliseconds {SERVICE} {self._down_after_ms}",
                f"sentinel failover-timeout {SERVICE} 3000",
            ]
            if self._password:
                lines.append(f"sentinel auth-pass {SERVICE} {self._password}")
            if self._sentinel_password:
                lines.append(f"requirepass {self._sentinel_password}")
            config.write_text("\n".join(lines) + "\n", encoding="ascii")
            with (folder / "log").open("ab") as log:
                self._sentinels[port] = subprocess.Popen(
                    [str(self._binary), str(config), "--sentinel"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            self._hurry(port)

    def _sentinel(self, port: int) -> redis.Redis:
        return redis.Redis(
            LOOPBACK, port, password=self._sentinel_password, socket_timeout=5, decode_responses=True, protocol=2
        )

    def _hurry(self, port: int) -> None:
        """Let a Sentinel look at the servers more often than every 10 s, where it can (from Redis 7 on)."""

        def answers() -> bool:
            with suppress(redis.RedisError), self._sentinel(port) as sentinel:
                with suppress(redis.ResponseError):
                    sentinel.execute_command("SENTINEL", "DEBUG", *HURRIED)
                return bool(sentinel.ping())
            return False

        wait_until(answers, "a Sentinel to answer")

    def _is_whole(self) -> bool:
        try:
            return self._all_follow() and all(self._knows_all(port) for port in self._sentinels)
        except redis.RedisError:
            return False

    def _all_follow(self) -> bool:
        primary = self.primary
        with primary.client() as client:
            found = client.info("replication")
        up = [found.get(f"slave{n}", {}) for n in range(int(found["connected_slaves"]))]
        return found["role"] == "master" and sum(one.get("state") == "online" for one in up) == len(self.servers) - 1

    def _knows_all(self, port: int) -> bool:
        with self._sentinel(port) as sentinel:
            master = sentinel.sentinel_masters()[SERVICE]
            replicas = sentinel.sentinel_slaves(SERVICE)
        alive = [one for one in replicas if not (one["is_sdown"] or one["is_odown"] or one["is_disconnected"])]
        return (
            master["num-other-sentinels"] == len(self._sentinels) - 1
            and master["flags"] == "master"
            and len(alive) == len(self.servers) - 1
            and all(one["master-link-status"] == "ok" for one in alive)
        )

    @staticmethod
    def _follow(server: EmbeddedServer, primary: EmbeddedServer) -> None:
        with server.client() as client:
            client.replicaof(LOOPBACK, primary.port)

    def _end(self, server: EmbeddedServer) -> None:
        self._signal(server, signal.SIGCONT)
        server.kill()
        server.stop()

    @staticmethod
    def _signal(server: EmbeddedServer, number: signal.Signals) -> None:
        if server.pid is not None:
            os.kill(server.pid, number)


def role_of(server: EmbeddedServer) -> str:
    """``master`` or ``slave``; nothing as long as it doesn't answer."""
    with suppress(redis.RedisError), server.client() as client:
        return str(client.info("replication")["role"])
    return ""
