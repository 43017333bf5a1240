"""Who may do what: bearer tokens, and the scope that each operation needs."""

from __future__ import annotations

import base64
import dataclasses
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import yaml
from flask.testing import FlaskClient

import api
from api import auth, scopes
from middleware.settings import Settings
from tests.service import ROOT

from .client import Client
from .conftest import running_api
from .issuer import ALL_SCOPES, AUDIENCE, Issuer, Key

TOO_LARGE_TO_READ = b"[" * 2_000_000


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    """An issuer with one key."""
    with Issuer() as issuer:
        yield issuer


def settings_for(issuer: Issuer) -> dict[str, Any]:
    """The fields of the settings that make the API trust an issuer."""
    names = {field.metadata["name"]: field.name for field in dataclasses.fields(Settings)}
    return {names[variable]: value for variable, value in issuer.settings.items()}


def _client_for(issuer: Issuer) -> FlaskClient:
    return api.create_app(Settings(**settings_for(issuer))).test_client()


@pytest.fixture
def closed(issuer: Issuer, redis_url: str) -> FlaskClient:
    """The application with ``AUTH=oauth``."""
    assert redis_url
    return _client_for(issuer)


def _refused(answer: Any, status: int, kind: str) -> tuple[str, str]:
    """Detail and challenge of a problem document."""
    assert answer.status_code == status, answer.data
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == f"/problems/{kind}"
    return answer.json["detail"], answer.headers.get("WWW-Authenticate", "")


def test_a_token_with_the_scopes_opens_the_api(closed: FlaskClient, issuer: Issuer) -> None:
    submitted = closed.post("/v1/jobs", json={"message": "a"}, headers=issuer.bearer())
    listed = closed.get("/v1/jobs", headers=issuer.bearer())

    assert submitted.status_code == 201
    assert [job["id"] for job in listed.json] == [submitted.json["id"]]


def test_without_a_token_the_challenge_names_the_scope_and_no_error(closed: FlaskClient) -> None:
    _, challenge = _refused(closed.get("/v1/jobs"), 401, "unauthenticated")

    assert challenge == 'Bearer realm="lastin", scope="jobs:read"'


def _unsigned(issuer: Issuer) -> str:
    return jwt.encode(_claims(issuer), "", algorithm="none", headers={"kid": "first"})


def _confused(issuer: Issuer) -> str:
    """Signed with HMAC, and the issuer's public key as the secret."""
    parts = [{"alg": "HS256", "typ": "JWT", "kid": "first"}, _claims(issuer)]
    signed = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    secret = issuer.keys[0].pem
    return (signed + b"." + base64.urlsafe_b64encode(mac.sign(signed, secret)).rstrip(b"=")).decode()


def _forged(issuer: Issuer) -> str:
    """Signed by somebody else, under the id of the issuer's key."""
    return issuer.token(key=Key("first"))


def _altered(issuer: Issuer) -> str:
    header, _, signature = issuer.token("jobs:read").split(".")
    claims = base64.urlsafe_b64encode(json.dumps(_claims(issuer)).encode()).rstrip(b"=").decode()
    return f"{header}.{claims}.{signature}"


def _claims(issuer: Issuer) -> dict[str, Any]:
    return {"iss": issuer.url, "aud": AUDIENCE, "sub": "x", "exp": int(time.time()) + 600, "scope": ALL_SCOPES}


BAD_TOKENS: dict[str, tuple[Callable[[Issuer], str], str]] = {
    "garbage": (lambda _: "garbage", "must hold the word Bearer and one signed token"),
    "three words": (lambda _: "a.b.c", "can't be read"),
    "empty": (lambda _: "", "must hold the word Bearer and one signed token"),
    "too long": (lambda _: f"{'a' * 9000}.b.c", "must hold the word Bearer and one signed token"),
    "header that isn't an object": (lambda _: "W10.e30.AAAA", "can't be read"),
    "expired": (lambda i: i.token(exp=int(time.time()) - 60), "has expired"),
    "not yet valid": (lambda i: i.token(nbf=int(time.time()) + 60), "isn't valid yet"),
    "without an end": (lambda i: i.token(exp=None), "has no exp"),
    "an end that isn't a time": (lambda i: i.token(exp="never"), "can't be checked"),
    "another audience": (lambda i: i.token(aud="https://elsewhere.example.com"), "another audience"),
    "no audience": (lambda i: i.token(aud=None), "has no aud"),
    "another issuer": (lambda i: i.token(iss="https://elsewhere.example.com"), "another issuer"),
    "no issuer": (lambda i: i.token(iss=None), "has no iss"),
    "nobody": (lambda i: i.token(sub=None), "must name a subject"),
    "too long a name": (lambda i: i.token(sub="x" * 256), "must name a subject"),
    "unsigned": (_unsigned, "must hold the word Bearer and one signed token"),
    "unsigned, with something in place of the signature": (lambda i: _unsigned(i) + "AAAA", "must be signed with one"),
    "signed with the public key": (_confused, "must be signed with one"),
    "a key that isn't published": (lambda i: i.token(key=Key("other")), "doesn't publish"),
    "another's signature": (_forged, "signature of the token is wrong"),
    "altered": (_altered, "signature of the token is wrong"),
    "another algorithm than the key's": (lambda i: i.token(key=Key("first", "EdDSA")), "doesn't publish"),
}


@pytest.mark.parametrize("make", BAD_TOKENS, ids=list(BAD_TOKENS))
def test_a_bad_token_is_401_and_says_why(closed: FlaskClient, issuer: Issuer, make: str) -> None:
    token, reason = BAD_TOKENS[make]

    answer = closed.post(
        "/v1/jobs", json={"message": "a"}, headers={"Authorization": f"Bearer {token(issuer)}".strip()}
    )

    detail, challenge = _refused(answer, 401, "unauthenticated")
    assert reason in detail
    assert challenge == f'Bearer realm="lastin", error="invalid_token", error_description="{detail}"'
    assert closed.get("/v1/jobs", headers=issuer.bearer()).json == []


@pytest.mark.parametrize(
    "header", ["Basic dXNlcjpwYXNz", "Bearer", "Token a.b.c", "Bearer a.b.c, Bearer d.e.f", "\xff"]
)
def test_another_way_to_authenticate_is_401(closed: FlaskClient, header: str) -> None:
    _refused(closed.get("/v1/jobs", headers={"Authorization": header}), 401, "unauthenticated")


def test_a_token_in_the_query_string_or_the_body_is_none(closed: FlaskClient, issuer: Issuer) -> None:
    token = issuer.token()

    _refused(closed.get(f"/v1/jobs?access_token={token}"), 401, "unauthenticated")
    _refused(closed.post("/v1/jobs", data={"access_token": token}), 401, "unauthenticated")
    _refused(closed.get(f"/v1/jobs?access_token={token}", headers=issuer.bearer()), 400, "validation")


@pytest.mark.parametrize("scope", ["", "jobs:read", "jobs:admin", "jobs:writer", "jobs", None])
def test_without_the_scope_it_is_403_and_the_challenge_names_it(
    closed: FlaskClient, issuer: Issuer, scope: str | None
) -> None:
    answer = closed.post("/v1/jobs", json={"message": "a"}, headers=issuer.bearer(scope))

    detail, challenge = _refused(answer, 403, "forbidden")
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


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer garbage"}])
def test_a_body_is_not_read_before_the_caller_is_known(closed: FlaskClient, headers: dict[str, str]) -> None:
    for body, media_type in ((TOO_LARGE_TO_READ, "application/json"), (b"nonsense", "text/plain")):
        answer = closed.post("/v1/jobs?x=y", data=body, content_type=media_type, headers=headers)
        _refused(answer, 401, "unauthenticated")


def test_a_caller_without_the_scope_does_not_learn_whether_a_job_exists(closed: FlaskClient, issuer: Issuer) -> None:
    job = closed.post("/v1/jobs", json={"message": "a"}, headers=issuer.bearer()).json

    for id in (job["id"], "nothing"):
        _refused(closed.get(f"/v1/jobs/{id}", headers=issuer.bearer("jobs:write")), 403, "forbidden")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json", "/docs", "/", "/docs/swagger-ui.css"])
def test_some_paths_are_open_to_everybody(closed: FlaskClient, path: str) -> None:
    with closed.get(path) as answer:
        assert answer.status_code in {200, 302}


@pytest.mark.parametrize(
    "path", ["/nothing", "/v1", "/v1/", "/dashboard", "/healthzz", "//v1/jobs", "/docs/../v1/jobs"]
)
def test_whatever_is_not_on_the_list_is_closed(closed: FlaskClient, path: str) -> None:
    assert closed.get(path).status_code in {401, 404}
    assert closed.post(path).status_code in {401, 404, 405}


def test_a_view_that_declares_nothing_needs_the_highest_scope(issuer: Issuer) -> None:
    app = _client_for(issuer).application
    app.add_url_rule("/later", view_func=lambda: "reached")

    assert app.test_client().get("/later").status_code == 401
    _refused(app.test_client().get("/later", headers=issuer.bearer("jobs:read jobs:write")), 403, "forbidden")
    assert app.test_client().get("/later", headers=issuer.bearer("jobs:admin")).data == b"reached"


def test_an_issuer_that_is_away_from_the_beginning_is_503() -> None:
    issuer = Issuer()
    issuer._server.server_close()

    answer = _client_for(issuer).get("/v1/jobs", headers=issuer.bearer())

    _refused(answer, 503, "keys-away")
    assert int(answer.headers["Retry-After"]) >= 1


def test_the_subject_of_the_token_is_known_while_the_request_runs(issuer: Issuer) -> None:
    app = _client_for(issuer).application
    app.add_url_rule("/who", view_func=lambda: str(auth.current_subject()))

    assert app.test_client().get("/who", headers=issuer.bearer(sub="somebody else")).data == b"somebody else"
    assert auth.current_subject() is None


def test_who_called_a_job_off_or_had_it_run_again_stands_on_the_job(closed: FlaskClient, issuer: Issuer) -> None:
    who = issuer.bearer(sub="Ann")
    one, other = [closed.post("/v1/jobs", json={"message": "a"}, headers=who).json["id"] for _ in range(2)]

    plain = closed.post(f"/v1/jobs/{one}/cancel", headers=who)
    with_reason = closed.post(f"/v1/jobs/{other}/cancel", json={"reason": "withdrawn"}, headers=who)
    again = closed.post(f"/v1/jobs/{one}/retry", headers=issuer.bearer(sub="Bob"))

    assert [answer.json["reason"] for answer in (plain, with_reason, again)] == [
        "requested (by Ann)",
        "withdrawn (by Ann)",
        "retried (by Bob)",
    ]


def test_who_moved_many_jobs_stands_on_each(closed: FlaskClient, issuer: Issuer) -> None:
    who = issuer.bearer(sub="Ann")
    for _ in range(2):
        closed.post("/v1/jobs", json={"message": "a"}, headers=who)

    closed.post("/v1/jobs/cancel", json={"queue": "default"}, headers=who)
    cancelled = {job["reason"] for job in closed.get("/v1/jobs", headers=who).json}
    closed.post("/v1/jobs/retry", json={"queue": "default"}, headers=who)
    again = {job["reason"] for job in closed.get("/v1/jobs", headers=who).json}

    assert (cancelled, again) == ({"requested (by Ann)"}, {"retried (by Ann)"})


def test_who_paused_a_queue_or_opened_a_window_is_kept(
    closed: FlaskClient, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    paused = closed.post("/v1/queues/default/pause", json={"reason": "repairs"}, headers=issuer.bearer(sub="Ann"))
    closed.post("/v1/windows", json={"queue": "default", "batch": 1}, headers=issuer.bearer(sub="Bob"))
    closed.post("/v1/windows", json={"queue": "default", "batch": 1}, headers=issuer.bearer("jobs:write", sub="Eve"))

    assert paused.json["pause"]["by"] == "Ann"
    assert "POST /v1/windows by Bob" in caplog.messages
    assert "POST /v1/windows by Eve" not in caplog.messages


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
        assert ("scope" in info) is not scopes.is_open(rule.rule), f"{rule.rule} is neither open nor has it a scope"
        if "manual_doc" in info:
            declared[info["manual_doc"]["operationId"]] = [info["scope"]] if "scope" in info else []
        assert not (rule.rule.startswith("/v1") and scopes.is_open(rule.rule))

    assert declared == documented
    assert {len(names) for names in documented.values()} == {0, 1}
    assert {name for names in documented.values() for name in names} <= set(scopes.SCOPES)


def test_the_contract_demands_a_token_only_where_the_service_does(closed: FlaskClient) -> None:
    optional = api.create_app(Settings()).test_client().get("/openapi.json").json
    demanded = closed.get("/openapi.json").json

    assert optional["paths"]["/v1/jobs"]["post"]["security"] == [{"bearer": ["jobs:write"]}, {}]
    assert demanded["paths"]["/v1/jobs"]["post"]["security"] == [{"bearer": ["jobs:write"]}]
    assert set(demanded["paths"]["/v1/jobs"]["post"]["responses"]) >= {"401", "403", "503"}
    assert "security" not in demanded["paths"]["/healthz"]["get"]


def test_the_service_in_a_process_of_its_own_is_closed(issuer: Issuer, redis_url: str, tmp_path: Path) -> None:
    with running_api(redis_url, tmp_path / "web.log", issuer.settings) as client:
        refused = client.send("POST", "/v1/jobs", b"{", {"Content-Type": "application/json"})
        taken = client.post_job({"message": "a"}, **issuer.bearer())

    assert refused.problem(401, "unauthenticated")["errors"] == []
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="lastin", scope="jobs:write"'
    assert taken.status == 201


def test_with_auth_off_tokens_are_not_looked_at(client: Client) -> None:
    assert client.get("/v1/jobs", Authorization="Bearer garbage").status == 200
