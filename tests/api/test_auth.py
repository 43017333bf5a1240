"""Who is let in: bearer tokens of the issuer, and nothing else."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient

from .client import Client
from .closed import client_for, refused
from .conftest import running_api
from .issuer import ALL_SCOPES, AUDIENCE, Issuer, Key

TOO_LARGE_TO_READ = b"[" * 2_000_000


def test_a_token_with_the_scopes_opens_the_api(closed: FlaskClient, issuer: Issuer) -> None:
    submitted = closed.post("/v1/jobs", json={"message": "a"}, headers=issuer.bearer())
    listed = closed.get("/v1/jobs", headers=issuer.bearer())

    assert submitted.status_code == 201
    assert [job["id"] for job in listed.json] == [submitted.json["id"]]


def test_without_a_token_the_challenge_names_the_scope_and_no_error(closed: FlaskClient) -> None:
    _, challenge = refused(closed.get("/v1/jobs"), 401, "unauthenticated")

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

    detail, challenge = refused(answer, 401, "unauthenticated")
    assert reason in detail
    assert challenge == f'Bearer realm="lastin", error="invalid_token", error_description="{detail}"'
    assert closed.get("/v1/jobs", headers=issuer.bearer()).json == []


@pytest.mark.parametrize(
    "header", ["Basic dXNlcjpwYXNz", "Bearer", "Token a.b.c", "Bearer a.b.c, Bearer d.e.f", "\xff"]
)
def test_another_way_to_authenticate_is_401(closed: FlaskClient, header: str) -> None:
    refused(closed.get("/v1/jobs", headers={"Authorization": header}), 401, "unauthenticated")


def test_a_token_in_the_query_string_or_the_body_is_none(closed: FlaskClient, issuer: Issuer) -> None:
    token = issuer.token()

    refused(closed.get(f"/v1/jobs?access_token={token}"), 401, "unauthenticated")
    refused(closed.post("/v1/jobs", data={"access_token": token}), 401, "unauthenticated")
    refused(closed.get(f"/v1/jobs?access_token={token}", headers=issuer.bearer()), 400, "validation")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer garbage"}])
def test_a_body_is_not_read_before_the_caller_is_known(closed: FlaskClient, headers: dict[str, str]) -> None:
    for body, media_type in ((TOO_LARGE_TO_READ, "application/json"), (b"nonsense", "text/plain")):
        answer = closed.post("/v1/jobs?x=y", data=body, content_type=media_type, headers=headers)
        refused(answer, 401, "unauthenticated")


def test_an_issuer_that_is_away_from_the_beginning_is_503() -> None:
    issuer = Issuer()
    issuer._server.server_close()

    answer = client_for(issuer).get("/v1/jobs", headers=issuer.bearer())

    refused(answer, 503, "keys-away")
    assert int(answer.headers["Retry-After"]) >= 1


def test_the_service_in_a_process_of_its_own_is_closed(issuer: Issuer, redis_url: str, tmp_path: Path) -> None:
    with running_api(redis_url, tmp_path / "web.log", issuer.settings) as client:
        turned_away = client.send("POST", "/v1/jobs", b"{", {"Content-Type": "application/json"})
        taken = client.post_job({"message": "a"}, **issuer.bearer())

    assert turned_away.problem(401, "unauthenticated")["errors"] == []
    assert turned_away.headers["WWW-Authenticate"] == 'Bearer realm="lastin", scope="jobs:write"'
    assert taken.status == 201


def test_with_auth_off_tokens_are_not_looked_at(client: Client) -> None:
    assert client.get("/v1/jobs", Authorization="Bearer garbage").status == 200
