"""An issuer of access tokens on loopback: it signs what a test wants, and publishes its keys."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import get_default_algorithms

Reply = tuple[int, Mapping[str, str], bytes]
AUDIENCE = "https://jobs.example.com"
ALL_SCOPES = "jobs:read jobs:write jobs:admin"
MAKE = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


class Key:
    """A private key with its id. ``names_algorithm``: whether its JWK says ``alg``."""

    def __init__(self, kid: str, algorithm: str = "ES256", *, names_algorithm: bool = True) -> None:
        self.kid = kid
        self.algorithm = algorithm
        self.private: Any = MAKE[algorithm]()
        self._names_algorithm = names_algorithm

    @property
    def jwk(self) -> dict[str, Any]:
        """The public key as the issuer publishes it."""
        named = {"alg": self.algorithm} if self._names_algorithm else {}
        public: Any = self.private.public_key()
        return {
            **get_default_algorithms()[self.algorithm].to_jwk(public, as_dict=True),
            "kid": self.kid,
            "use": "sig",
            **named,
        }

    @property
    def pem(self) -> bytes:
        """The public key as text, which an attacker may have too."""
        pem: bytes = self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return pem


class Issuer:
    """Serves ``keys`` as a JWK set and counts who asks. ``body`` replaces what it answers."""

    def __init__(self, *keys: Key) -> None:
        self.keys = list(keys) or [Key("first")]
        self.asked = 0
        self.body: bytes | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def settings(self) -> dict[str, str]:
        """What makes the API trust this issuer."""
        return {
            "AUTH": "oauth",
            "OAUTH_ISSUER": self.url,
            "OAUTH_AUDIENCE": AUDIENCE,
            "OAUTH_JWKS_URL": f"{self.url}/jwks",
        }

    def token(self, scope: Any = ALL_SCOPES, *, key: Key | None = None, **claims: Any) -> str:
        """An access token; a claim of None is left out."""
        signing = key or self.keys[0]
        now = int(time.time())
        all_claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "somebody",
            "iat": now,
            "exp": now + 600,
            "scope": scope,
            **claims,
        }
        kept = {name: value for name, value in all_claims.items() if value is not None}
        return jwt.encode(kept, signing.private, algorithm=signing.algorithm, headers={"kid": signing.kid})

    def bearer(self, scope: Any = ALL_SCOPES, **claims: Any) -> Mapping[str, str]:
        """The header that sends such a token."""
        return {"Authorization": f"Bearer {self.token(scope, **claims)}"}

    def close(self) -> None:
        """Publish nothing more: nobody listens."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def answer(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Status, headers and body for a request. Here: the keys, whatever is asked for."""
        self.asked += 1
        keys = self.body
        if keys is None:
            keys = json.dumps({"keys": [key.jwk for key in self.keys]}).encode()
        return 200 if target == "/jwks" else 404, {}, keys

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, headers, answered = issuer.answer(self.command, self.path, body, dict(self.headers))
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(answered))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answered)

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        return Handler
