"""What the contract offers to try, tried: every example is sent to the real service as it stands there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import yaml

from middleware.broker import LifoBroker
from middleware.commands import keys
from middleware.jobs import TRANSITIONS, JobStatus
from tests.service import ROOT, RunningService

from .client import Client
from .test_recurring import NIGHTLY

METHODS = ("get", "post")
DOCUMENT = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))


def operations() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Path, method and what the contract says of each."""
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield path, method, operation


def examples(operation: Mapping[str, Any]) -> dict[str, Any]:
    """The bodies that it offers, by name; one None where it takes none."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if "example" in content:
        return {"example": content["example"]}
    return {name: each["value"] for name, each in content.get("examples", {"": {"value": None}}).items()}


def _filled(service: RunningService, path: str, operation: Mapping[str, Any]) -> str:
    """The path as the reference has it: with what stands in the form, or what the reference puts there."""
    parameters = [*operation.get("parameters", ()), *DOCUMENT["paths"][path].get("parameters", ())]
    if "{job_id}" in path:
        id = service.post("/v1/jobs", {"message": "x", "delay_s": 3600}).json["id"]
        if operation["operationId"] == "retry_job":
            service.post(f"/v1/jobs/{id}/cancel")
        path = path.replace("{job_id}", id)
    if "{window_id}" in path:
        path = path.replace("{window_id}", service.post("/v1/windows", {"queue": "default", "batch": 1}).json["id"])
    if "{name}" in path:
        broker = LifoBroker(url=service.server.url)
        # In a queue that no cadence has: the scheduler, when it begins, puts in force that the others have none.
        broker.redis.call("SADD", keys.queues(), "elsewhere")
        broker.recurring.put("elsewhere", [replace(NIGHTLY, queue="elsewhere")])
        broker.close()
    query = {}
    for parameter in parameters:
        if "example" in parameter and parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", parameter["example"])
        elif "example" in parameter and parameter["in"] == "query":
            query[parameter["name"]] = parameter["example"]
    return f"{path}?{urlencode(query)}" if query else path


def test_every_example_succeeds_as_it_stands_there(service: RunningService) -> None:
    refused = {}
    for path, method, operation in operations():
        for name, body in examples(operation).items():
            filled = _filled(service, path, operation)
            answer = service.get(filled) if method == "get" else service.post(filled, body)
            if not 200 <= answer.status < 300:
                refused[operation["operationId"], name] = answer.body

    assert refused == {}


def test_every_operation_that_takes_a_body_offers_one_and_says_what_it_does() -> None:
    for path, _, operation in operations():
        assert operation["summary"], path
        assert ("requestBody" in operation) is (examples(operation).get("", "some") is not None), path
    named = {name for _, _, operation in operations() for name in examples(operation)}
    assert {"message", "task", "delay", "deadline", "subject", "batch", "tag", "status"} <= named


def test_no_example_holds_what_excludes_each_other() -> None:
    for _, _, operation in operations():
        for body in examples(operation).values():
            for job in [body or {}, *((body or {}).get("jobs", ()))]:
                assert not {"delay_s", "run_at"} <= job.keys()
                assert not {"expires_in_s", "expires_at"} <= job.keys()


def test_the_introduction_tells_every_state_and_where_it_leads() -> None:
    text = DOCUMENT["info"]["description"]

    rows = {row.split("|")[1].strip(" `"): row.split("|")[3] for row in text.splitlines() if row.startswith("| `")}
    assert list(rows) == [status.value for status in JobStatus]
    for status, row in rows.items():
        told = {each.value for each in JobStatus if f"`{each.value}`" in row}
        assert told <= {each.value for each in TRANSITIONS[JobStatus(status)]}
    for word in ("Idempotency-Key", "Retry-After", "RFC 9457", "newest first", "stack", "window"):
        assert word in text


def test_links_lead_from_what_was_made_to_what_takes_its_id(service: RunningService) -> None:
    known = {operation["operationId"]: path for path, _, operation in operations()}
    linked = set()
    for path, method, operation in operations():
        for status, response in operation["responses"].items():
            for link in response.get("links", {}).values():
                [(parameter, expression)] = link["parameters"].items()
                target = known[link["operationId"]]
                assert f"{{{parameter}}}" in target or parameter in {"window", "queue"}
                assert expression.startswith("$response.body#/")
                assert (method, status[0]) in {("post", "2"), ("get", "2")}, path
                linked.add(link["operationId"])
    assert {name for name, path in known.items() if "{" in path} <= linked
    made = service.post("/v1/jobs", {"message": "x"}).json
    assert service.get(f"/v1/jobs/{made['id']}/why").status == 200


def test_without_tokens_the_service_shows_no_padlocks(client: Client) -> None:
    served = client.get("/openapi.json").json

    assert "securitySchemes" not in served["components"]
    for path, _, operation in operations():
        for of in served["paths"][path].values():
            assert not isinstance(of, dict) or ("security" not in of and not of["responses"].keys() & {"401", "403"})
        assert operation.get("security", [{}])[-1] == {}


def test_a_browser_finds_an_icon(client: Client) -> None:
    for path in ("/favicon.ico", "/static/favicon.svg"):
        answer = client.get(path)
        assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (200, "image/svg+xml")
    for page in ("/docs", "/problems", "/problems/validation"):
        assert b'href="/static/favicon.svg"' in client.get(page).body
