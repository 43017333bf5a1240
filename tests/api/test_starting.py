"""``python -m api``: what it checks before it serves."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from local.embedded import EmbeddedServer, free_port
from tests.service import ROOT, clean_environment, wait_until

from ..chaos.toxic_proxy import ToxicProxy
from .client import Client
from .conftest import _answers


def _start(**settings: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "api"],
        cwd=ROOT,
        env=clean_environment(**settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _children_of(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], check=True, capture_output=True, text=True).stdout
    return [int(child) for child, parent in map(str.split, listed.splitlines()) if int(parent) == pid]


def _told(out: str) -> list[str]:
    """What was logged, but for the settings of Redis that the user of `make acl` may not ask for."""
    messages = [str(json.loads(line)["message"]) for line in out.splitlines()]
    return [message for message in messages if not message.startswith("Redis doesn't report its")]


def _end_of(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_it_serves_jobs_and_ends_on_sigterm(redis_url: str) -> None:
    client = Client(free_port())
    process = _start(REDIS_URL=redis_url, PORT=str(client.port), WEB_CONCURRENCY="2")
    try:
        wait_until(lambda: _answers(client), "the API to answer")
        answer = client.post_job({"message": "hi"})
    finally:
        process.send_signal(signal.SIGTERM)
        code, out, err = _end_of(process)

    assert answer.status == 201
    assert (code, err) == (0, "")
    assert _told(out) == [f"POST /v1/jobs: 201, job {answer.json['id']}"]


def test_sigterm_ends_what_waits_for_jobs(redis_url: str) -> None:
    client = Client(free_port())
    process = _start(REDIS_URL=redis_url, PORT=str(client.port), WEB_CONCURRENCY="2")
    with ThreadPoolExecutor() as pool:
        try:
            wait_until(lambda: _answers(client), "the API to answer")
            answers = [pool.submit(client.post_job, {"message": "x"}, Prefer="wait=25") for _ in range(4)]
            wait_until(lambda: len(client.get("/v1/jobs").json) == 4, "all of them to wait")
        finally:
            process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            code, _, _ = _end_of(process)
        took_s = time.monotonic() - began

    assert code == 0
    assert took_s < 15, "it waited for those who wait"
    assert {answer.result().json["status"] for answer in answers} == {"queued"}


def test_a_process_of_it_that_alone_is_told_to_end_answers_who_waits_for_jobs(redis_url: str) -> None:
    client = Client(free_port())
    process = _start(REDIS_URL=redis_url, PORT=str(client.port), WEB_CONCURRENCY="1")
    with ThreadPoolExecutor() as pool:
        try:
            wait_until(lambda: _answers(client), "the API to answer")
            [child] = _children_of(process.pid)
            answers = [pool.submit(client.post_job, {"message": "x"}, Prefer="wait=25") for _ in range(2)]
            wait_until(lambda: len(client.get("/v1/jobs").json) == 2, "both of them to wait")
            os.kill(child, signal.SIGTERM)
            began = time.monotonic()
            statuses = {answer.result().json["status"] for answer in answers}
            took_s = time.monotonic() - began
        finally:
            process.send_signal(signal.SIGTERM)
            code, _, _ = _end_of(process)

    assert statuses == {"queued"}
    assert took_s < 15
    assert code == 0


def test_a_request_that_redis_answers_too_slowly_does_not_keep_it_from_ending(
    own_server: EmbeddedServer,
) -> None:
    client = Client(free_port())
    with ToxicProxy(own_server.port) as proxy:
        process = _start(REDIS_URL=proxy.url, PORT=str(client.port), WEB_CONCURRENCY="1")
        wait_until(lambda: _answers(client), "the API to answer")
        proxy.dribble(1, 0.1, only_answers=True)
        with socket.create_connection(("127.0.0.1", client.port)) as asking:
            asking.sendall(b"GET /v1/stats HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert not select.select([asking], [], [], 1)[0], "it was answered too soon"
            process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            code, out, _ = _end_of(process)
            took_s = time.monotonic() - began

    assert code == 0
    assert took_s < 15
    assert "1 request couldn't be answered before the process ended." in _told(out)


def test_it_ends_however_many_signals_come_at_once(redis_url: str) -> None:
    client = Client(free_port())
    process = _start(REDIS_URL=redis_url, PORT=str(client.port), WEB_CONCURRENCY="1")
    wait_until(lambda: _answers(client), "the API to answer")
    pool = ThreadPoolExecutor()
    body = {"message": "holds its process until that is told to end"}
    waiting = pool.submit(client.post_job, body, Prefer="wait=25")
    wait_until(lambda: client.get("/v1/jobs").json, "it to wait")

    for _ in range(300):
        process.send_signal(signal.SIGTERM)

    assert waiting.result(15).json["status"] == "queued"
    assert _end_of(process)[0] == 0
    pool.shutdown()


def test_a_body_under_way_is_read_and_answered_however_often_the_process_is_told_to_end(redis_url: str) -> None:
    client = Client(free_port())
    process = _start(REDIS_URL=redis_url, PORT=str(client.port), WEB_CONCURRENCY="1")
    body = b'{"message": "under way"}'
    head = f"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1:{client.port}\r\nContent-Length: {len(body)}\r\n"
    try:
        wait_until(lambda: _answers(client), "the API to answer")
        [child] = _children_of(process.pid)
        with socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection:
            connection.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body[:5])
            for _ in range(5):
                os.kill(child, signal.SIGTERM)
                time.sleep(0.05)  # those that come at once count as one
            connection.sendall(body[5:])
            answer = connection.recv(65536)
    finally:
        process.send_signal(signal.SIGTERM)
        code, _, _ = _end_of(process)

    assert answer.startswith(b"HTTP/1.1 201 ")
    assert code == 0


def test_it_listens_on_localhost_by_name(redis_url: str) -> None:
    client = Client(free_port())
    process = _start(REDIS_URL=redis_url, PORT=str(client.port), HOST="localhost")
    try:
        wait_until(lambda: _answers(client), "the API to answer")
    finally:
        process.send_signal(signal.SIGTERM)
        code, _, _ = _end_of(process)

    assert code == 0


def test_sigterm_while_it_starts_ends_it_soon(redis_url: str) -> None:
    client = Client(free_port())
    process = _start(REDIS_URL=redis_url, PORT=str(client.port), WEB_CONCURRENCY="4")
    wait_until(lambda: _answers(client), "the first of its processes to answer")

    process.send_signal(signal.SIGTERM)

    assert process.wait(20) == 0
    _end_of(process)


def test_a_process_of_it_that_is_killed_is_started_again(redis_url: str) -> None:
    client = Client(free_port())
    process = _start(REDIS_URL=redis_url, PORT=str(client.port), WEB_CONCURRENCY="1")
    try:
        wait_until(lambda: _answers(client), "the API to answer")
        [child] = _children_of(process.pid)
        os.kill(child, signal.SIGKILL)
        wait_until(lambda: _children_of(process.pid) not in ([], [child]), "another process")
        wait_until(lambda: _answers(client), "the API to answer again")
    finally:
        process.send_signal(signal.SIGTERM)
        code, _, _ = _end_of(process)

    assert code == 0


def test_a_setting_that_cant_be_read_ends_it_with_2_and_one_line() -> None:
    code, _, err = _end_of(_start(PORT="eighty"))

    assert code == 2
    assert len(err.splitlines()) == 1
    assert "PORT" in err
    assert "'eighty'" in err


def test_a_taken_port_is_named_with_how_to_choose_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        code, _, err = _end_of(_start(PORT=str(port)))

    assert code == 1
    assert f"Port {port} is taken" in err
    assert f"PORT={port + 1} make run" in err


def test_an_address_of_another_machine_cant_be_listened_on() -> None:
    code, _, err = _end_of(_start(HOST="192.0.2.1", AUTH="off", PORT=str(free_port())))

    assert code == 1
    assert "192.0.2.1" in err
    assert "Traceback" not in err


def test_a_public_host_without_auth_is_refused() -> None:
    code, _, err = _end_of(_start(HOST="0.0.0.0", PORT=str(free_port())))

    assert code == 2
    assert len(err.splitlines()) == 1
    assert "HOST" in err
    assert "AUTH=off" in err


def test_a_public_host_with_auth_off_serves_and_warns(redis_url: str) -> None:
    client = Client(free_port())
    process = _start(HOST="0.0.0.0", AUTH="off", REDIS_URL=redis_url, PORT=str(client.port), LOG_FORMAT="json")
    try:
        wait_until(lambda: _answers(client), "the API to answer")
    finally:
        process.send_signal(signal.SIGTERM)
        _, out, _ = _end_of(process)

    assert '"WARNING"' in out
    assert "AUTH is off" in out


def test_without_an_issuer_it_refuses_to_check_tokens() -> None:
    code, _, err = _end_of(_start(HOST="0.0.0.0", AUTH="oauth", OAUTH_AUDIENCE="jobs", PORT=str(free_port())))

    assert code == 2
    assert len(err.splitlines()) == 1
    assert "OAUTH_ISSUER and OAUTH_JWKS_URL" in err
