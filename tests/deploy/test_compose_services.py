"""What ``compose.yaml`` starts beside LastIn, by our own files: the server's start, and the receiver of logs."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from local.embedded import free_port
from middleware.logs.format import Syslog
from middleware.processes.server_program import EmbeddedServerError, find_binary

from ..middleware.receivers import sending
from ..service import ROOT, clean_environment, wait_until, whole_lines

FOLDER = ROOT / "deploy" / "compose"
RSYSLOGD = shutil.which("rsyslogd") or shutil.which("rsyslogd", path="/usr/sbin")
PASSWORD = "a-password-of-the-test"


def _server() -> str:
    with suppress(EmbeddedServerError):
        return str(find_binary())
    pytest.skip("there is no server to embed here")


def test_its_redis_lets_our_user_in_from_elsewhere_and_nobody_else(tmp_path: Path) -> None:
    for name in ("redis.conf", "users.acl"):
        shutil.copy(ROOT / "deploy" / "redis" / name, tmp_path)
    port = free_port()
    folders = {"ETC": str(tmp_path), "TMPDIR": str(tmp_path / "tmp"), "DATA": str(tmp_path)}
    (tmp_path / "tmp").mkdir()
    environment = clean_environment(SERVER=_server(), REDIS_PASSWORD=PASSWORD, PORT=str(port), **folders)
    with subprocess.Popen(
        ["sh", FOLDER / "redis.sh"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            login = f"AUTH lastin {PASSWORD}"
            answer = wait_until(lambda: _said(port, login, "PING", "CONFIG GET dir"), "an answer")
            stranger = _said(port, "PING")
            shown = Path(f"/proc/{process.pid}/environ")
            secrets = shown.read_bytes() if shown.exists() else b""
        finally:
            process.terminate()
            said = process.communicate(timeout=60)[0]

    assert [line[:7] for line in answer] == ["+OK", "+PONG", "-NOPERM"], said
    assert [line[:7] for line in stranger] == ["-NOAUTH"]
    assert (tmp_path / "tmp" / "users.acl").stat().st_mode & 0o077 == 0
    assert f"REDIS_PASSWORD={PASSWORD}".encode() not in secrets
    assert hashlib.sha256(PASSWORD.encode()).hexdigest() in (tmp_path / "tmp" / "users.acl").read_text(encoding="ascii")


def _said(port: int, *commands: str) -> list[str]:
    """What a client hears that comes from another address than the server's own."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5, ("127.0.0.2", 0)) as connection:
        connection.settimeout(5)
        with connection.makefile("rw", encoding="utf-8", newline="\r\n") as stream:
            answers = []
            for command in commands:
                stream.write(f"{command}\r\n")
                stream.flush()
                answers.append(stream.readline().strip())
            return answers
    return []


@pytest.mark.skipif(RSYSLOGD is None, reason="rsyslogd isn't installed (Debian: rsyslog)")
def test_its_log_receiver_keeps_a_file_for_each_process(tmp_path: Path) -> None:
    port = free_port()
    text = (FOLDER / "log-receiver" / "rsyslog.conf").read_text(encoding="utf-8")
    text = text.replace('port="6514"', f'port="{port}" address="127.0.0.1"').replace("/var/log/lastin", str(tmp_path))
    (tmp_path / "rsyslog.conf").write_text(text, encoding="utf-8")
    arguments = json.loads(re.findall(r"^CMD (.+)$", _dockerfile(), re.MULTILINE)[0])[1:]
    arguments = [str(tmp_path / "rsyslog.conf") if word == "/etc/rsyslog.conf" else word for word in arguments]
    checked = subprocess.run([str(RSYSLOGD), "-N1", *arguments[1:3]], check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr

    process = subprocess.Popen([str(RSYSLOGD), *arguments])
    try:
        wait_until(lambda: _listens(port), "rsyslogd to listen")
        with sending(f"tcp://127.0.0.1:{port}", octet_counted=True) as (logger, handler):
            handler.setFormatter(Syslog("worker"))
            logger.warning("One line")
            file = wait_until(lambda: list(tmp_path.glob("*-lastin-worker.log")), "the file")[0]
            line = wait_until(lambda: whole_lines(file.read_text(encoding="utf-8", errors="replace")), "the line")[0]
    finally:
        process.terminate()
        process.wait(60)

    assert " lastin-worker[" in line
    assert line.endswith("One line")


def _dockerfile() -> str:
    return (FOLDER / "log-receiver" / "Dockerfile").read_text(encoding="utf-8")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
