"""What a token must allow for each operation, and what is open to everybody."""

from __future__ import annotations

from typing import Any

READ, WRITE, ADMIN = "jobs:read", "jobs:write", "jobs:admin"
SCOPES = {
    READ: "look at jobs, queues, windows and workers",
    WRITE: "submit, cancel and retry jobs",
    ADMIN: "pause and resume queues and recurring jobs, open and close windows",
}
"""All scopes, with what they allow. None includes another."""

OPEN_PATHS = ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/problems", "/static")
"""What needs no token, with all that is under it; ``/`` doesn't either. Whatever isn't here is closed."""

SCHEME = "bearer"
SECURITY_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token of the issuer that the service trusts; no token is needed with AUTH=off. Scopes: "
    + "; ".join(f"`{scope}` to {allows}" for scope, allows in SCOPES.items())
    + ".",
}


def is_open(path: str) -> bool:
    """Whether everybody may use a path, or a rule of the URL map."""
    return path == "/" or any(path == open_path or path.startswith(open_path + "/") for open_path in OPEN_PATHS)


def by_method(method: str) -> str:
    """The scope of an operation that declares none."""
    return READ if method in {"GET", "HEAD", "OPTIONS"} else WRITE


def requirement(scope: str, *, optional: bool) -> list[dict[str, Any]]:
    """A scope as OpenAPI 3.1 writes it: the names beside a scheme that isn't OAuth2's are what the caller needs."""
    return [{SCHEME: [scope]}, {}] if optional else [{SCHEME: [scope]}]
