"""``/metrics``: of the whole service, for those who may see it, whether Redis is there or not."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

import tasks
from api import create_app
from local.embedded import free_port
from middleware.errors import TooFewReplicasError
from middleware.metrics.definitions import METRICS
from middleware.settings import Settings

from ..service import Answer, RunningService, call, wait_until

TOKEN = "a-token-for-scrapers"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(answer: Answer) -> Samples:
    """The samples by name and labels; none may come twice."""
    found = [
        ((sample.name, frozenset(sample.labels.items())), sample.value)
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    ]
    assert len(found) == len(dict(found))
    return dict(found)


def total(samples: Samples, name: str, **labels: str) -> float:
    """The sum over all samples of a name with these labels."""
    return sum(value for (of, has), value in samples.items() if of == name and labels.items() <= dict(has).items())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """The real processes, several of each kind, after three jobs, with a recurring one that isn't due."""
    settings = {"WEB_CONCURRENCY": "2", "WORKER_PROCESSES": "2", "WORKER_THREADS": "2"}
    settings["WORKER_METRICS_PORT"] = str(free_port())
    folder = tmp_path_factory.mktemp("service")
    section = '[jobs.rarely]\ntask = "process_message"\npayload = { message = "x" }\ncron = "0 0 29 2 *"\n'
    (folder / "cadence.toml").write_text(f'[queues.default]\nevery = "2s"\n{section}', encoding="utf-8")
    settings["CADENCE_FILE"] = str(folder / "cadence.toml")
    with RunningService(folder, settings=settings) as service:
        for number in range(3):
            job = service.post("/v1/jobs", {"message": f"message {number}"}).json
            service.wait_for_job(job["id"])
        yield service


def test_one_scrape_shows_every_process_and_redis(running: RunningService) -> None:
    def scraped() -> Samples | None:
        found = parsed(running.get("/metrics"))
        kinds = {dict(labels).get("process") for name, labels in found if name == "process_cpu_seconds_total"}
        there = kinds == {"web", "worker", "scheduler"} and total(found, "lastin_workers") == 2
        return found if there else None

    samples = wait_until(scraped, "metrics of worker and scheduler")

    assert total(samples, "lastin_redis_up") == 1
    assert (total(samples, "lastin_workers"), total(samples, "lastin_schedulers")) == (2, 1)
    assert total(samples, "lastin_jobs_accepted_total", queue="default") == 3
    assert total(samples, "lastin_jobs_finished_total", task="process_message", outcome="processed") == 3
    assert total(samples, "lastin_queue_jobs", queue="default", state="processed") == 3
    assert total(samples, "lastin_windows_opened_total", by="tick") >= 1
    names = {name for name, _ in samples}
    assert total(samples, "lastin_job_run_seconds_count", task="process_message") == 3
    assert total(samples, "lastin_job_wait_seconds_bucket", task="process_message", le="+Inf") == 3
    missing = {metric.name for metric in METRICS if metric.kind != "histogram"} - names
    assert missing <= {"process_max_fds", "process_virtual_memory_bytes"}


def test_requests_count_whichever_process_answered_them(running: RunningService) -> None:
    def asked() -> float:
        return total(parsed(running.get("/metrics")), "flask_http_request_total", method="GET", status="404")

    before = asked()
    for number in range(40):
        running.get(f"/v1/jobs/{number}")

    assert [asked() - before for _ in range(10)] == [40] * 10
    samples = parsed(running.get("/metrics"))
    rules = {dict(labels)["url_rule"] for name, labels in samples if name.endswith("request_duration_seconds_count")}
    [rule] = [rule for rule in rules if rule.startswith("/v1/jobs/<")]
    timed = total(samples, "flask_http_request_duration_seconds_count", url_rule=rule, status="404")
    assert timed == asked()
    assert not any(name == "flask_exporter_info" or "pid" in dict(labels) for name, labels in samples)


def test_what_dramatiq_counts_is_there_with_the_worker_it_is_of(running: RunningService) -> None:
    def counted() -> bool:
        found = parsed(running.get("/metrics"))
        return total(found, "dramatiq_messages_total", actor_name="process_message", process="worker") == 3

    wait_until(counted, "three messages of Dramatiq's middleware")


def test_a_worker_shows_its_own_metrics_on_a_port_of_its_own(running: RunningService) -> None:
    [line] = [line for line in running.lines("worker") if "The metrics of this worker" in line]
    url = json.loads(line)["message"].partition("worker: ")[2]

    def counted() -> Samples | None:
        found = parsed(call("GET", url))
        return found if total(found, "dramatiq_messages_total", actor_name="process_message") == 3 else None

    samples = wait_until(counted, "three messages of Dramatiq's middleware, which counts them once a second")

    assert url.startswith("http://127.0.0.1:")
    assert {dict(labels)["process"] for _, labels in samples} == {"worker"}


def test_a_made_up_method_makes_no_label(running: RunningService) -> None:
    samples = parsed(running.get("/metrics"))

    assert {dict(labels)["method"] for name, labels in samples if name == "flask_http_request_total"} <= {"GET", "POST"}


def test_single_names_can_be_asked_for(running: RunningService) -> None:
    names = {name for name, _ in parsed(running.get("/metrics?name[]=lastin_redis_up&name[]=lastin_workers"))}

    assert names == {"lastin_redis_up", "lastin_workers"}


def test_open_metrics_is_shown_to_who_asks_for_it(running: RunningService) -> None:
    answer = running.get("/metrics", Accept="application/openmetrics-text; version=1.0.0")

    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.body.endswith(b"# EOF\n")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool isn't installed (Debian: prometheus)")
def test_promtool_finds_nothing_wrong_with_our_names(running: RunningService) -> None:
    lines = running.get("/metrics").body.decode().splitlines(keepends=True)
    ours = "".join(line for line in lines if line.removeprefix("# HELP ").removeprefix("# TYPE ").startswith("lastin_"))

    checked = subprocess.run(["promtool", "check", "metrics"], input=ours, capture_output=True, text=True, check=False)

    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_without_redis_the_process_still_shows_what_it_knows(tmp_path: Path) -> None:
    with RunningService(tmp_path, processes=("web",)) as service:
        service.kill("redis")
        answer = service.get("/metrics")
        samples = parsed(answer)

        assert answer.status == 200
        assert total(samples, "lastin_redis_up") == 0
        assert not any(name.startswith("lastin_queue") for name, _ in samples)
        assert total(samples, "process_cpu_seconds_total", process="web") > 0

        service.server.start()
        wait_until(lambda: total(parsed(service.get("/metrics")), "lastin_redis_up") == 1, "Redis to be up")


def asked_from(client: FlaskClient, peer: str, **headers: str) -> Any:
    return client.get("/metrics", environ_overrides={"REMOTE_ADDR": peer}, headers=headers)


@pytest.fixture
def open_client(redis_url: str) -> FlaskClient:
    """An application without METRICS_TOKEN."""
    assert redis_url
    return create_app(Settings()).test_client()


@pytest.fixture
def token_client(redis_url: str) -> FlaskClient:
    """An application with METRICS_TOKEN."""
    assert redis_url
    return create_app(Settings(metrics_token=TOKEN)).test_client()


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_without_a_token_this_machine_is_let_in(open_client: FlaskClient, peer: str) -> None:
    assert asked_from(open_client, peer).status_code == 200


@pytest.mark.parametrize("peer", ["10.0.0.1", "192.0.2.7", "2001:db8::1", "::ffff:10.0.0.1", "", "unix:"])
def test_without_a_token_nobody_else_is(open_client: FlaskClient, peer: str) -> None:
    answer = asked_from(open_client, peer)

    assert (answer.status_code, answer.json["type"]) == (403, "/problems/forbidden")


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_a_proxy_on_this_machine_doesnt_make_everybody_local(open_client: FlaskClient, header: str) -> None:
    assert asked_from(open_client, "127.0.0.1", **{header: "127.0.0.1"}).status_code == 403


def test_submissions_that_too_few_replicas_had_are_counted(
    open_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_few(*_: object, **__: object) -> None:
        raise TooFewReplicasError("0 had it.")

    monkeypatch.setattr(tasks.broker, "accept_once", too_few)
    before = unconfirmed(open_client)
    single = open_client.post("/v1/jobs", json={"message": "x"})
    batch = open_client.post("/v1/jobs/batch", json={"jobs": [{"message": "x"}, {"message": "y"}]})

    assert (single.status_code, batch.status_code) == (503, 503)
    assert (before, unconfirmed(open_client)) == (0, 2)


def unconfirmed(client: FlaskClient) -> float:
    """As a scrape from this machine shows it."""
    text = asked_from(client, "127.0.0.1").text
    families = text_string_to_metric_families(text)
    return sum(s.value for f in families for s in f.samples if s.name == "lastin_submissions_unconfirmed_total")


def test_with_a_token_it_is_all_that_counts(token_client: FlaskClient) -> None:
    for peer in ("127.0.0.1", "192.0.2.7"):
        for wrong in ("", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer é"):
            answer = asked_from(token_client, peer, **({"Authorization": wrong} if wrong else {}))
            assert (answer.status_code, answer.json["type"]) == (401, "/problems/unauthenticated"), wrong
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert asked_from(token_client, peer, Authorization=f"Bearer {TOKEN}").status_code == 200
        assert asked_from(token_client, peer, Authorization=f"bearer  {TOKEN}").status_code == 200
