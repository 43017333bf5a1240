"""An issuer at which people sign in: it asks nobody, and keeps to the standards as strictly as it can."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

import jwt

from ..issuer import ALL_SCOPES, AUDIENCE, Issuer, Key, Reply

CLIENT = "lastin-dashboard"
FORM = "application/x-www-form-urlencoded"
JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}


@dataclass
class Behaviour:
    """How it departs from what it should do. ``claims`` and ``id_claims`` replace those of its tokens (None: left
    out)."""

    scope: str = ALL_SCOPES
    lives_s: int = 600
    gives_refresh_tokens: bool = False
    denies: str | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    id_claims: dict[str, Any] = field(default_factory=dict)
    signs_id_tokens: bool = True
    signs_access_tokens: bool = True
    sends_id_tokens: bool = True
    key: Key | None = None
    response_iss: str | None = ""
    """What it names in its answers; empty: itself; None: nothing."""
    metadata: dict[str, Any] = field(default_factory=dict)
    metadata_at: str = "/.well-known/openid-configuration"
    token_reply: Reply | None = None


class Provider(Issuer):
    """With metadata, an authorization endpoint and a token endpoint. ``secret``: the client's, if it has one."""

    def __init__(self, secret: str | None = None) -> None:
        super().__init__()
        self.secret = secret
        self.behaviour = Behaviour()
        self.codes: dict[str, dict[str, str]] = {}
        self.refresh_tokens: dict[str, dict[str, str]] = {}
        self.used: set[str] = set()
        self.forms: list[dict[str, str]] = []
        self.questions: list[dict[str, str]] = []
        self.reused: list[str] = []
        self.signed: list[str] = []
        self._turn = threading.Lock()

    @property
    def settings(self) -> dict[str, str]:
        found = {**super().settings, "OAUTH_CLIENT_ID": CLIENT}
        return {**found, "OAUTH_CLIENT_SECRET": self.secret} if self.secret else found

    def answer(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        parts = urlsplit(target)
        if parts.path == self.behaviour.metadata_at:
            return 200, JSON, json.dumps(self._metadata()).encode()
        if parts.path == "/authorize":
            return 302, {"Location": self.authorize(target)}, b""
        if (method, parts.path) == ("POST", "/token"):
            with self._turn:
                return self._token(body, headers)
        return super().answer(method, target, body, headers)

    def authorize(self, url: str) -> str:
        """Where a browser that asks this question is sent."""
        asked = dict(parse_qsl(urlsplit(url).query, strict_parsing=True))
        self.questions.append(asked)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        iss = self.url if self.behaviour.response_iss == "" else self.behaviour.response_iss
        told = {"state": asked["state"], **({"iss": iss} if iss else {})}
        if self.behaviour.denies:
            return f"{asked['redirect_uri']}?{urlencode({'error': self.behaviour.denies, **told})}"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, **told})}"

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            **self.behaviour.metadata,
        }

    def _token(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        form = dict(parse_qsl(body.decode(), strict_parsing=True))
        self.forms.append(form)
        if self.behaviour.token_reply:
            return self.behaviour.token_reply
        assert headers["Content-Type"] == FORM
        if not self._is_client(form, headers):
            return _refused("invalid_client", 401)
        if form["grant_type"] == "refresh_token":
            return self._refresh(form["refresh_token"])
        asked = self.codes.get(form["code"])
        if asked is None or form["code"] in self.used:
            self.reused.append(form["code"])
            return _refused("invalid_grant")
        self.used.add(form["code"])
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if challenge.decode() != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return _refused("invalid_grant")
        return self._grant(asked)

    def _refresh(self, token: str) -> Reply:
        asked = self.refresh_tokens.pop(token, None)
        if asked is None:  # used twice, so perhaps stolen: none of them is good any more (RFC 9700, 4.14.2)
            self.reused.append(token)
            self.refresh_tokens.clear()
            return _refused("invalid_grant")
        return self._grant(asked)

    def _is_client(self, form: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        if self.secret is None:
            return form.get("client_id") == CLIENT and "client_secret" not in form
        if "Authorization" in headers:
            pair = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode().split(":")
            return [unquote_plus(part) for part in pair] == [CLIENT, self.secret]
        return form.get("client_secret") == self.secret

    def _grant(self, asked: dict[str, str]) -> Reply:
        how = self.behaviour
        now = int(time.time())
        claims = {"exp": now + how.lives_s, "sub": "user-1", "aud": asked.get("resource", AUDIENCE), **how.claims}
        access = self._signed(how.signs_access_tokens, how.scope, claims)
        given: dict[str, Any] = {"access_token": access, "token_type": "Bearer", "expires_in": how.lives_s}
        if how.sends_id_tokens and "openid" in asked["scope"].split():
            about = {"aud": CLIENT, "sub": "user-1", "nonce": asked["nonce"], "name": "Ada Lovelace", **how.id_claims}
            given["id_token"] = self._signed(how.signs_id_tokens, None, about)
        if how.gives_refresh_tokens:
            given["refresh_token"] = secrets.token_urlsafe(24)
            self.refresh_tokens[given["refresh_token"]] = asked
        return 200, JSON, json.dumps(given).encode()

    def _signed(self, is_signed: bool, scope: str | None, claims: dict[str, Any]) -> str:
        if is_signed:
            token = self.token(scope, key=self.behaviour.key, **claims)
        else:
            claims = {"iss": self.url, "scope": scope, **claims}
            token = jwt.encode(claims, "", algorithm="none", headers={"kid": "first"})
        self.signed.append(token)
        return token


def _refused(code: str, status: int = 400) -> Reply:
    return status, JSON, json.dumps({"error": code, "error_description": "made up"}).encode()
