"""openapi.yaml, the reference for people, and what surrounds the resources."""

from __future__ import annotations

import re

import yaml

from tests.service import ROOT

from .client import Client


def test_every_operation_documents_its_statuses_with_problem_documents() -> None:
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))

    statuses = {
        operation["operationId"]: set(operation["responses"]) - {"401", "403", "429"}
        for path in document["paths"].values()
        for method, operation in path.items()
        if method != "parameters"
    }

    assert document["openapi"].startswith("3.1")
    assert statuses == {
        "submit_job": {"201", "400", "409", "408", "413", "415", "422", "500", "503"},
        "submit_batch": {"201", "400", "409", "408", "413", "415", "422", "500", "503"},
        "list_jobs": {"200", "400", "500", "503"},
        "show_job": {"200", "304", "400", "404", "500", "503"},
        "cancel_job": {"200", "202", "400", "404", "409", "408", "413", "415", "500", "503"},
        "cancel_jobs": {"200", "400", "408", "413", "415", "500", "503"},
        "retry_jobs": {"200", "400", "408", "413", "415", "500", "503"},
        "retry_job": {"200", "400", "404", "409", "408", "413", "415", "500", "503"},
        "list_queues": {"200", "400", "500", "503"},
        "show_queue": {"200", "400", "404", "500", "503"},
        "pause_queue": {"200", "400", "404", "408", "413", "415", "500", "503"},
        "resume_queue": {"200", "400", "404", "408", "413", "415", "500", "503"},
        "list_pauses": {"200", "400", "404", "500", "503"},
        "list_windows": {"200", "400", "500", "503"},
        "show_window": {"200", "400", "404", "500", "503"},
        "show_next_window": {"200", "400", "404", "500", "503"},
        "open_window": {"201", "400", "404", "409", "408", "413", "415", "422", "500", "503"},
        "close_window": {"200", "400", "404", "500", "503"},
        "list_recurring": {"200", "400", "500", "503"},
        "show_recurring": {"200", "400", "404", "500", "503"},
        "pause_recurring": {"200", "400", "404", "408", "413", "415", "500", "503"},
        "resume_recurring": {"200", "400", "404", "500", "503"},
        "list_tasks": {"200", "400", "500", "503"},
        "explain_job": {"200", "400", "404", "500", "503"},
        "show_stats": {"200", "400", "500", "503"},
        "list_workers": {"200", "400", "500", "503"},
        "healthz": {"200", "400", "500"},
        "consumption": {"200", "400", "500", "503"},
        "readyz": {"200", "400", "500", "503"},
    }
    for name, response in document["components"]["responses"].items():
        assert list(response.get("content", [])) == ([] if name == "NOT_MODIFIED" else ["application/problem+json"])


def test_the_contract_offers_one_form_for_each_task(client: Client) -> None:
    document = client.get("/openapi.json").json

    forms = [form["$ref"].rpartition("/")[2] for form in document["components"]["schemas"]["NewJobBody"]["oneOf"]]
    mail = document["components"]["schemas"]["PostMailJob"]
    assert forms[:2] == ["MessageJob", "ProcessMessageJob"]
    assert forms[-4:] == ["PostMailJob", "MeasureJob", "WeighJob", "ShowPriceJob"]
    assert mail["properties"]["task"]["enum"] == ["post_mail"]
    assert mail["properties"]["payload"] == {"$ref": "#/components/schemas/PostMailPayload"}
    assert document["components"]["schemas"]["PostMailPayload"]["required"] == ["title", "to"]


def test_the_root_leads_to_the_dashboard(client: Client) -> None:
    root = client.get("/")

    assert (root.status, root.headers["Location"]) == (302, "/dashboard")


def test_the_reference_loads_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/docs").body.decode()

    loaded = re.findall(r'(?:src|href|data-contract)="([^"]+)"', page)
    assert len(loaded) == 5
    for path in loaded:
        assert path.startswith("/")
        assert client.get(path).status == 200, path


def test_health_and_readiness_are_shown(client: Client) -> None:
    for path, said in (("/healthz", {"status": "ok"}), ("/readyz", {"status": "ok", "warnings": []})):
        answer = client.get(path)
        assert (answer.status, answer.json) == (200, said)
