"""GET /v1/tasks."""

from __future__ import annotations

import json
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker

from tasks.limits import Limits, limits_of

from .client import Client


@pytest.fixture
def shown(client: Client) -> dict[str, dict[str, Any]]:
    """The tasks by name."""
    return {task["name"]: task for task in client.get("/v1/tasks").json}


def test_every_task_is_there_with_every_key(shown: dict[str, dict[str, Any]]) -> None:
    assert next(iter(shown)) == "process_message"
    assert list(shown)[-4:] == ["post_mail", "measure", "weigh", "show_price"]
    for task in shown.values():
        assert set(task) == {
            *("name", "queue", "summary", "description", "payload_schema", "max_attempts", "min_backoff_ms"),
            *("max_backoff_ms", "time_limit_ms", "max_age_ms", "expires_in_s", "subject", "supersede_running"),
            *("max_defer_s", "group"),
        }
    assert (shown["post_mail"]["queue"], shown["post_mail"]["summary"]) == ("mail", "Send one mail.")


def test_a_task_shows_what_it_declares_for_all_of_its_jobs(shown: dict[str, dict[str, Any]]) -> None:
    names = ("expires_in_s", "subject", "supersede_running", "max_defer_s", "group")

    assert [shown["show_price"][name] for name in names] == [10, "customer", True, 30.5, "customer"]
    assert [shown["weigh"][name] for name in names] == [None, None, False, None, None]


def test_payload_schemas_are_those_of_the_contract(client: Client, shown: dict[str, dict[str, Any]]) -> None:
    parts = client.get("/openapi.json").json["components"]["schemas"]

    for name, part in (("process_message", "ProcessMessagePayload"), ("post_mail", "PostMailPayload")):
        schema = shown[name]["payload_schema"]
        assert schema == {"$schema": "https://json-schema.org/draft/2020-12/schema", **parts[part]}


def test_a_payload_schema_stands_alone(shown: dict[str, dict[str, Any]]) -> None:
    schema = shown["measure"]["payload_schema"]

    assert schema["properties"]["address"]["$ref"] == "#/$defs/Address"
    assert schema["$defs"]["Address"]["required"] == ["street"]
    assert "components" not in json.dumps(schema)


def test_limits_are_the_actors_else_the_brokers() -> None:
    broker = StubBroker()

    @dramatiq.actor(broker=broker)
    def plain() -> None:
        pass

    @dramatiq.actor(broker=broker, max_retries=2, min_backoff=10, max_backoff=20, time_limit=float("inf"), max_age=30)
    def bounded() -> None:
        pass

    assert limits_of(plain) == Limits(21, 15_000, 604_800_000, 600_000, None)
    assert limits_of(bounded) == Limits(3, 10, 20, None, 30)


def test_without_middleware_there_are_no_limits_but_one_attempt() -> None:
    broker = StubBroker(middleware=[])

    @dramatiq.actor(broker=broker)
    def plain() -> None:
        pass

    assert limits_of(plain) == Limits(1, None, None, None, None)
