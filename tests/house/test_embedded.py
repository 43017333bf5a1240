"""The embedded server: started, killed, restarted, and what a crash leaves behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
import redis

from local.embedded import EmbeddedServer, free_port
from middleware.processes.server_program import EmbeddedServerError, find_binary

PASSWORD, PASSWORD_AFTER = "a-password_1", "another-password_2"


def test_it_journals_and_never_evicts(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path) as server, server.client() as client:
        held = {
            name: client.config_get(name)[name] for name in ("appendonly", "appendfsync", "maxmemory-policy", "bind")
        }

    assert held == {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "bind": "127.0.0.1",
    }


@pytest.mark.parametrize("durability", ["everysec", "always"])
def test_its_journal_is_synced_as_durability_says(tmp_path: Path, durability: str) -> None:
    with EmbeddedServer(tmp_path, durability=durability) as server, server.client() as client:
        assert client.config_get("appendfsync") == {"appendfsync": durability}


def test_with_a_password_nobody_gets_in_without_it(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path / "data", password=PASSWORD) as server:
        with redis.Redis(port=server.port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        with redis.Redis.from_url(server.url) as known:
            assert known.ping()


def test_no_other_user_sees_the_password_or_the_data(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    with EmbeddedServer(data, password=PASSWORD) as server:
        command = subprocess.run(
            ["ps", "-ww", "-o", "args=", "-p", str(server.pid)], check=True, capture_output=True, text=True
        )
        holders = [file for file in data.rglob("*") if file.is_file() and PASSWORD.encode() in file.read_bytes()]

    assert "-server" in command.stdout
    assert PASSWORD not in command.stdout
    assert [(file.name, file.stat().st_mode & 0o777) for file in holders] == [("server.conf", 0o600)]
    assert data.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("first", "second"), [(None, PASSWORD), (PASSWORD, PASSWORD_AFTER), (PASSWORD, None)])
def test_data_of_a_run_with_another_password_or_none_stay(
    tmp_path: Path, first: str | None, second: str | None
) -> None:
    with EmbeddedServer(tmp_path, password=first) as server, server.client() as client:
        client.set("kept", "yes")

    with EmbeddedServer(tmp_path, password=second) as server, server.client() as client:
        assert client.get("kept") == "yes"


@pytest.mark.parametrize(("first", "second"), [(None, PASSWORD), (PASSWORD, PASSWORD_AFTER), (PASSWORD, None)])
def test_a_server_that_a_crash_left_behind_is_stopped_whatever_its_password_is(
    tmp_path: Path, first: str | None, second: str | None
) -> None:
    left_over = EmbeddedServer(tmp_path, password=first).start()

    with EmbeddedServer(tmp_path, password=second) as server, server.client() as client:
        assert left_over.wait() == 0
        assert client.ping()


def test_it_runs_in_a_session_of_its_own_so_that_ctrl_c_passes_it_by(own_server: EmbeddedServer) -> None:
    assert own_server.pid is not None
    assert os.getsid(own_server.pid) == own_server.pid


def test_a_stop_and_a_start_keep_the_data(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path) as server, server.client() as client:
        client.set("kept", "yes")

    with EmbeddedServer(tmp_path) as server, server.client() as client:
        assert client.get("kept") == "yes"


def test_a_killed_server_comes_back_on_the_same_port_with_its_data(own_server: EmbeddedServer) -> None:
    with own_server.client() as client:
        client.set("kept", "yes")
    port = own_server.port

    own_server.kill()
    assert not own_server.is_alive
    own_server.start()

    assert own_server.port == port
    with own_server.client() as client:
        assert client.get("kept") == "yes"


def test_a_server_that_a_crash_left_behind_is_stopped_before_the_next_starts(tmp_path: Path) -> None:
    left_over = EmbeddedServer(tmp_path).start()
    left_over_pid = left_over.pid
    with left_over.client() as client:
        client.set("kept", "yes")

    with EmbeddedServer(tmp_path) as server, server.client() as client:
        assert left_over.wait() == 0
        assert server.pid != left_over_pid
        assert client.get("kept") == "yes"


def test_a_note_that_points_to_somebody_elses_server_leaves_that_alone(
    tmp_path: Path, own_server: EmbeddedServer
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "port").write_text(str(own_server.port))

    with EmbeddedServer(mine) as server:
        assert server.is_alive
        assert own_server.is_alive


def test_a_taken_port_is_reported_when_it_was_asked_for(tmp_path: Path, own_server: EmbeddedServer) -> None:
    second = EmbeddedServer(tmp_path / "second", port=own_server.port)

    with pytest.raises(EmbeddedServerError, match="ended at once"):
        second.start()

    assert own_server.is_alive


def test_a_port_that_was_lost_to_somebody_else_is_replaced(tmp_path: Path, own_server: EmbeddedServer) -> None:
    second = EmbeddedServer(tmp_path / "second")
    second.port = own_server.port

    with second:
        assert second.port != own_server.port


def test_stopping_twice_or_without_a_start_is_harmless(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    server.stop()
    server.start()
    server.stop()
    server.stop()
    assert server.pid is None


def test_a_server_that_hangs_is_killed_when_patience_ends(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path).start()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)

    server.stop(patience_s=0.2)

    assert not server.is_alive


def test_a_server_whose_start_is_interrupted_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server, started = EmbeddedServer(tmp_path), list[int]()

    class Interrupted(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            started.append(self.pid)
            signal.raise_signal(signal.SIGINT)  # Ctrl-C, after the fork

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            server.start()
    finally:
        signal.signal(signal.SIGINT, before)

    assert [server.pid] == started
    server.stop()
    assert not server.is_alive


def test_without_any_server_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", "")

    with pytest.raises(EmbeddedServerError, match="set REDIS_URL"):
        find_binary()


def test_servers_on_path_are_found_where_the_wheel_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    binary = tmp_path / "redis-server"
    binary.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_binary() == binary


def test_a_free_port_is_free_and_no_connection_is_given_it() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        port = server.getsockname()[1]

        assert port < 32_768, "Linux gives outgoing connections the ports from 32768 on"
        assert port not in [free_port() for _ in range(100)]


def test_no_port_is_named_twice_before_somebody_listens_there() -> None:
    assert len({free_port() for _ in range(500)}) == 500
