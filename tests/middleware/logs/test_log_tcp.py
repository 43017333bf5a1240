"""Lines over TCP: all of them arrive through a restart, and nobody waits for a receiver that is away or stalls."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from middleware.logs import tcp

from ...service import ROOT, wait_until
from ..receivers import Drops, Receiver, sending


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Not started yet."""
    receiver = Receiver()
    yield receiver
    receiver.stop()


def numbers(receiver: Receiver) -> list[int]:
    return [json.loads(line)["n"] for line in receiver.lines()]


def url_of(receiver: Receiver) -> str:
    return f"tcp://127.0.0.1:{receiver.port}"


def test_lines_arrive_in_order_as_json(receiver: Receiver) -> None:
    receiver.start()
    with sending(url_of(receiver)) as (logger, _):
        for n in range(500):
            logger.info("line\nwith two", extra={"n": n})

        wait_until(lambda: len(receiver.lines()) == 500, "500 lines")

    assert numbers(receiver) == list(range(500))
    assert json.loads(receiver.lines()[0])["message"] == "line\nwith two"


def test_a_receiver_that_is_restarted_gets_every_line(receiver: Receiver) -> None:
    drops = Drops()
    receiver.start()
    with sending(url_of(receiver)) as (logger, _):
        for n in range(100):
            logger.info("before", extra={"n": n})
        wait_until(lambda: len(receiver.lines()) == 100, "the lines before")
        receiver.stop()
        for n in range(100, 200):
            logger.info("while it was away", extra={"n": n})
        receiver.start()
        for n in range(200, 300):
            logger.info("after", extra={"n": n})

        wait_until(lambda: set(numbers(receiver)) == set(range(300)), "all lines")

    assert drops.count == 0
    assert receiver.connections >= 2


def test_lines_wait_for_a_receiver_that_comes_late(receiver: Receiver) -> None:
    with sending(url_of(receiver)) as (logger, _):
        for n in range(50):
            logger.info("early", extra={"n": n})
        receiver.start()

        wait_until(lambda: numbers(receiver) == list(range(50)), "the early lines")


def test_while_a_receiver_stalls_callers_go_on_and_memory_is_bounded(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "MOST_LINES", 1000)
    monkeypatch.setattr(tcp, "STALLED_S", 0.5)
    drops = Drops()
    receiver.start(stalled=True)
    text = "x" * 2000
    with sending(url_of(receiver)) as (logger, handler):
        for n in range(10_000):
            logger.info(text, extra={"n": n})
            assert len(handler._lines) <= 1000
        assert drops.count > 0

        receiver.stop()
        receiver.start()
        wait_until(lambda: 9_999 in numbers(receiver), "the newest line")

    # What the system had taken for the receiver that stalled is gone; what waited is not.
    assert set(range(9_000, 10_000)) <= set(numbers(receiver))


def test_the_bytes_that_wait_are_bounded_too(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "MOST_BYTES", 100_000)
    monkeypatch.setattr(tcp, "FLUSH_S", 0.1)
    drops = Drops()
    with sending(url_of(receiver)) as (logger, handler):
        for n in range(100):
            logger.info("x" * 10_000, extra={"n": n})
            assert handler._bytes <= 100_000

        assert drops.count >= 80


@pytest.mark.parametrize("state", ["away", "stalled"])
def test_closing_gives_up_on_a_receiver_that_takes_nothing(
    receiver: Receiver, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "FLUSH_S", 0.3)
    drops = Drops()
    if state == "stalled":
        receiver.start(stalled=True)
    with sending(url_of(receiver)) as (logger, handler):
        for n in range(5_000):
            logger.info("x" * 1000, extra={"n": n})
        thread = handler._thread
        handler.close()

    assert thread is not None
    wait_until(lambda: not thread.is_alive(), "the sender to give up")
    assert drops.count > 0


def test_several_threads_lose_nothing(receiver: Receiver) -> None:
    receiver.start()
    with sending(url_of(receiver)) as (logger, _):

        def write(first: int) -> None:
            for n in range(first, first + 200):
                logger.info("line", extra={"n": n})

        threads = [threading.Thread(target=write, args=(first,)) for first in range(0, 1600, 200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_until(lambda: len(receiver.lines()) == 1600, "1600 lines")

    assert sorted(numbers(receiver)) == list(range(1600))


PROGRAM = """
import logging, multiprocessing, os, sys
from middleware import logs
from middleware.logs import tcp
from middleware.settings import Settings

tcp.FLUSH_S = float(os.environ.get("FLUSH_S", tcp.FLUSH_S))

def write(who):
    for n in range(100):
        logging.info("%s %d", who, n)

if __name__ == "__main__":
    settings = Settings(log_tcp_url=sys.argv[1], log_tcp_format=sys.argv[2])
    logs.configure(settings, process="worker", stream=open(os.devnull, "w"))
    write("parent")
    child = multiprocessing.get_context(sys.argv[3]).Process(target=write, args=("child",))
    child.start()
    child.join()
"""


def run_program(url: str, how: str = "fork", form: str = "jsonl", **environment: str) -> None:
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, url, form, how],
        cwd=ROOT,
        env={**os.environ, **environment},
        check=True,
        timeout=60,
    )


def test_a_process_that_ends_sends_its_last_lines_and_so_does_its_child(receiver: Receiver) -> None:
    receiver.start()

    run_program(url_of(receiver))

    wait_until(lambda: len(receiver.lines()) >= 200, "the lines of both")
    messages = sorted(json.loads(line)["message"] for line in receiver.lines())
    assert messages == sorted(f"{who} {n}" for who in ("parent", "child") for n in range(100))


def test_syslog_frames_are_counted_in_octets(receiver: Receiver) -> None:
    receiver.start()

    run_program(url_of(receiver), form="rfc5424")

    def whole() -> list[str] | None:
        """The frames, once the last one has come to its end."""
        frames, rest = [], receiver.received
        while rest:
            length, space, rest = rest.partition(b" ")
            if not space or len(rest) < int(length):
                return None
            frames.append(rest[: int(length)].decode())
            rest = rest[int(length) :]
        return frames if len(frames) == 200 else None

    frames = wait_until(whole, "the lines of both")
    assert frames is not None
    assert all(frame.startswith("<14>1 20") and "lastin-worker" in frame for frame in frames)
    assert sorted(frame.rpartition("\ufeff")[2] for frame in frames) == sorted(
        f"{who} {n}" for who in ("parent", "child") for n in range(100)
    )


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost, with its key in one file."""
    file = tmp_path / "receiver.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", str(tmp_path / "key"), "-out", str(file)),
        ],
        check=True,
        capture_output=True,
    )
    file.write_text(file.read_text() + (tmp_path / "key").read_text())
    return file


def test_tls_is_spoken_with_who_has_a_certificate_that_is_trusted(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    receiver = Receiver(context).start()

    run_program(f"tls://localhost:{receiver.port}", FLUSH_S="0.5")
    assert receiver.received == b""

    # On a busy machine two handshakes take their time; and what was interrupted is sent again, whole.
    run_program(f"tls://localhost:{receiver.port}", SSL_CERT_FILE=str(certificate), FLUSH_S="30")
    wait_until(lambda: len(set(receiver.lines())) == 200, "the lines of both")
    receiver.stop()
