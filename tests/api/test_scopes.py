"""Who may do what: the scope that each operation needs, and what is open to everybody."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient

import api
from api.access import scopes
from middleware.settings import Settings
from tests.service import ROOT

from .closed import client_for, refused
from .issuer import Issuer


@pytest.mark.parametrize("scope", ["", "jobs:read", "jobs:admin", "jobs:writer", "jobs", None])
def test_without_the_scope_it_is_403_and_the_challenge_names_it(
    closed: FlaskClient, issuer: Issuer, scope: str | None
) -> None:
    answer = closed.post("/v1/jobs", json={"message": "a"}, headers=issuer.bearer(scope))

    detail, challenge = refused(answer, 403, "forbidden")
    assert detail == "The scope jobs:write is needed."
    assert challenge == (
        f'Bearer realm="lastin", error="insufficient_scope", error_description="{detail}", scope="jobs:write"'
    )


@pytest.mark.parametrize(
    "claims",
    [
        {"scope": "openid jobs:read"},
        {"scope": ["jobs:read"]},
        {"scope": None, "scp": "jobs:read"},
        {"scope": None, "scp": ["openid", "jobs:read"]},
        {"scope": "openid", "scp": ["jobs:read"]},
    ],
    ids=repr,
)
def test_scopes_are_found_wherever_issuers_put_them(
    closed: FlaskClient, issuer: Issuer, claims: dict[str, Any]
) -> None:
    assert closed.get("/v1/jobs", headers=issuer.bearer(**claims)).status_code == 200


def test_a_caller_without_the_scope_does_not_learn_whether_a_job_exists(closed: FlaskClient, issuer: Issuer) -> None:
    job = closed.post("/v1/jobs", json={"message": "a"}, headers=issuer.bearer()).json

    for id in (job["id"], "nothing"):
        refused(closed.get(f"/v1/jobs/{id}", headers=issuer.bearer("jobs:write")), 403, "forbidden")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json", "/docs", "/", "/docs/swagger-ui.css"])
def test_some_paths_are_open_to_everybody(closed: FlaskClient, path: str) -> None:
    with closed.get(path) as answer:
        assert answer.status_code in {200, 302}


@pytest.mark.parametrize(
    "path", ["/nothing", "/v1", "/v1/", "/dashboards", "/healthzz", "//v1/jobs", "/docs/../v1/jobs"]
)
def test_whatever_is_not_on_the_list_is_closed(closed: FlaskClient, path: str) -> None:
    assert closed.get(path).status_code in {401, 403, 404}
    assert closed.post(path).status_code in {401, 403, 404, 405}


def test_a_view_that_declares_nothing_needs_the_highest_scope(issuer: Issuer) -> None:
    app = client_for(issuer).application
    app.add_url_rule("/later", view_func=lambda: "reached")

    assert app.test_client().get("/later").status_code == 401
    refused(app.test_client().get("/later", headers=issuer.bearer("jobs:read jobs:write")), 403, "forbidden")
    assert app.test_client().get("/later", headers=issuer.bearer("jobs:admin")).data == b"reached"


def test_every_operation_has_exactly_one_scope_in_the_code_and_in_the_contract() -> None:
    app = api.create_app(Settings())
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    documented = {
        operation["operationId"]: [scope for way in operation.get("security", []) for scope in way.get("bearer", [])]
        for path in document["paths"].values()
        for method, operation in path.items()
        if method != "parameters"
    }

    declared = {}
    for rule in app.url_map.iter_rules():
        info = getattr(app.view_functions[rule.endpoint], "_apidoc", {})
        only_shows = scopes.is_page(rule.rule) and "POST" not in (rule.methods or ())
        has_one = "scope" in info or only_shows
        assert has_one is not scopes.is_open(rule.rule), f"{rule.rule} is neither open nor has it a scope"
        if "manual_doc" in info:
            declared[info["manual_doc"]["operationId"]] = [info["scope"]] if "scope" in info else []
        assert not (rule.rule.startswith("/v1") and scopes.is_open(rule.rule))

    assert declared == documented
    assert {len(names) for names in documented.values()} == {0, 1}
    assert {name for names in documented.values() for name in names} <= set(scopes.SCOPES)


def test_the_contract_demands_a_token_only_where_the_service_does(closed: FlaskClient) -> None:
    served = api.create_app(Settings()).test_client().get("/openapi.json").json
    demanded = closed.get("/openapi.json").json
    written = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))

    assert "security" not in served["paths"]["/v1/jobs"]["post"]
    assert written["paths"]["/v1/jobs"]["post"]["security"] == [{"bearer": ["jobs:write"]}, {}]
    assert demanded["paths"]["/v1/jobs"]["post"]["security"] == [{"bearer": ["jobs:write"]}]
    assert set(demanded["paths"]["/v1/jobs"]["post"]["responses"]) >= {"401", "403", "503"}
    assert "security" not in demanded["paths"]["/healthz"]["get"]
