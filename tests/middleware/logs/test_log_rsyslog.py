"""Debian's rsyslog as the receiver, restarted in the middle."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.embedded import free_port
from middleware.logs.format import Syslog

from ...service import wait_until
from ..receivers import Drops, sending

RSYSLOGD = shutil.which("rsyslogd") or shutil.which("rsyslogd", path="/usr/sbin")
pytestmark = pytest.mark.skipif(RSYSLOGD is None, reason="rsyslogd isn't installed (Debian: rsyslog)")

CONFIGURATION = """
global(workDirectory="{folder}" maxMessageSize="64k")
module(load="imtcp")
input(type="imtcp" port="{port}" address="127.0.0.1")
template(name="line" type="string" string="%msg:::drop-last-lf%|%app-name%|%structured-data%|%rawmsg%\\n")
*.* action(type="omfile" file="{folder}/received" template="line")
"""


class Rsyslog:
    """One rsyslogd, on a port and in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "rsyslog.conf").write_text(CONFIGURATION.format(folder=folder, port=self.port))

    def start(self) -> None:
        """Start it, again if it ran before."""
        files = ["-f", str(self._folder / "rsyslog.conf"), "-i", str(self._folder / "pid")]
        self._process = subprocess.Popen([str(RSYSLOGD), "-n", *files])

    def stop(self) -> None:
        """End it as an administrator would."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def received(self) -> list[str]:
        """The lines so far, but for one that is being written: rsyslogd's buffer may end within a character."""
        file = self._folder / "received"
        whole = file.read_bytes().rpartition(b"\n")[0].decode() if file.exists() else ""
        return [line for line in whole.split("\n") if "|" in line]


@pytest.fixture
def rsyslog(tmp_path: Path) -> Iterator[Rsyslog]:
    running = Rsyslog(tmp_path)
    running.start()
    yield running
    running.stop()


@pytest.mark.parametrize("form", ["jsonl", "rfc5424"])
def test_rsyslog_gets_every_line_although_it_is_restarted(rsyslog: Rsyslog, form: str) -> None:
    drops = Drops()

    def numbers() -> set[int]:
        raw = [line.split("|")[-1] for line in rsyslog.received()]
        if form == "jsonl":
            return {json.loads(line)["n"] for line in raw if line.startswith("{")}
        return {int(line.rsplit(" ", 1)[1]) for line in raw if "number" in line}

    with sending(f"tcp://127.0.0.1:{rsyslog.port}", octet_counted=form == "rfc5424") as (logger, handler):
        if form == "rfc5424":
            handler.setFormatter(Syslog("worker"))
        for n in range(700):
            logger.info("number %d", n, extra={"n": n})
        wait_until(lambda: numbers() == set(range(700)), "the lines before")
        rsyslog.stop()
        for n in range(700, 1400):
            logger.info("number %d", n, extra={"n": n})
        rsyslog.start()
        for n in range(1400, 2300):
            logger.info("number %d", n, extra={"n": n})
        wait_until(lambda: numbers() == set(range(2300)), "all lines")

    assert drops.count == 0
    if form == "rfc5424":
        message, app, data, _ = rsyslog.received()[0].split("|", 3)
        assert message.endswith("number 0")
        assert (app, data) == ("lastin-worker", '[lastin@32473 logger="tests.tcp"]')
