"""What the processes write, and how one request is followed through it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ..middleware.receivers import Receiver
from ..service import PROCESSES, RunningService, wait_until, whole_lines

TRACE = "0af7651916cd43dd8448eb211c80319c"
SECRET = "nobody-may-read-this"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver().start()
    yield receiver
    receiver.stop()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[RunningService]:
    """The real processes, which log to stdout, to a file and over TCP."""
    folder = tmp_path_factory.mktemp("service")
    settings = {"LOG_TCP_URL": f"tcp://127.0.0.1:{receiver.port}", "LOG_FILE": str(folder / "lastin.log")}
    settings |= {"LOG_LEVEL": "DEBUG", "METRICS_TOKEN": "a-secret-for-scrapers"}
    with RunningService(folder, settings=settings) as running:
        headers = {"X-Request-Id": "follow-me", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
        job = running.post(f"/v1/jobs?{SECRET}", {"message": SECRET}, **headers)
        assert job.status == 400
        job = running.post("/v1/jobs", {"message": SECRET}, Authorization=f"Bearer {SECRET}", **headers)
        running.wait_for_job(job.json["id"])
        running.get("/metrics", Authorization=f"Bearer {SECRET}")
        yield running


def parsed(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def log_file(service: RunningService) -> str:
    """What stands in the file so far."""
    return (service.folder / "lastin.log").read_text(encoding="utf-8", errors="replace")


def everything(service: RunningService) -> list[dict[str, Any]]:
    return parsed([line for name in PROCESSES for line in service.lines(name)])


def test_every_process_writes_lines_with_the_same_fields(service: RunningService) -> None:
    lines = everything(service)

    assert {line["process"] for line in lines} == {"web", "worker", "scheduler"}
    assert all({"time", "level", "logger", "message", "process"} <= set(line) for line in lines)
    assert all(line["time"].endswith("Z") for line in lines)


def test_a_request_is_followed_into_the_lines_of_its_task(service: RunningService) -> None:
    def followed() -> list[dict[str, Any]]:
        lines = [line for line in everything(service) if line.get("request_id") == "follow-me" and "job_id" in line]
        return [line for line in lines if line["process"] == "worker"]

    wait_until(lambda: [line for line in followed() if line["logger"] == "jobs"], "the line of the job")
    first, *_, last = followed()

    assert (last["logger"], last["status"], last["job_id"]) == ("jobs", "processed", first["job_id"])
    assert last["trace_id"] == TRACE
    assert (first["trace_id"], first["task"], first["queue"]) == (TRACE, "process_message", "default")
    assert first["attempt"] == 1
    assert first["window"].startswith("default.")


def test_each_request_is_shown_in_a_line(service: RunningService) -> None:
    told = [line for line in everything(service) if line["logger"] == "api.requests" and line.get("method") == "POST"]

    assert [(line["path"], line["status"]) for line in told] == [("/v1/jobs", 400), ("/v1/jobs", 201)]
    assert all(line["request_id"] == "follow-me" and line["trace_id"] == TRACE for line in told)
    assert all(line["took_ms"] > 0 for line in told)


def test_the_same_lines_are_in_the_file_and_come_over_tcp(service: RunningService, receiver: Receiver) -> None:
    def ways() -> list[list[dict[str, Any]]]:
        return [everything(service), parsed(whole_lines(log_file(service))), parsed(receiver.lines())]

    def posts(lines: list[dict[str, Any]]) -> list[str]:
        return sorted(line["time"] for line in lines if line.get("method") == "POST")

    def of_all(lines: list[dict[str, Any]]) -> bool:
        return {line["process"] for line in lines} == set(PROCESSES)

    wait_until(lambda: all(len(posts(lines)) == 2 and of_all(lines) for lines in ways()), "both requests everywhere")
    assert len({tuple(posts(lines)) for lines in ways()}) == 1


def test_neither_payloads_nor_tokens_nor_queries_are_written(service: RunningService, receiver: Receiver) -> None:
    def ways() -> list[str]:
        written = "".join(service.log(name) for name in PROCESSES)
        return [written, log_file(service), receiver.received.decode(errors="replace")]

    wait_until(lambda: all('"logger":"jobs"' in text for text in ways()), "the line of the job everywhere")

    for text in ways():
        assert "follow-me" in text
        assert SECRET not in text
        assert "a-secret-for-scrapers" not in text
