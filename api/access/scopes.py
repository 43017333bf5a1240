"""What a token must allow for each operation, and what is open to everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])

READ, WRITE, ADMIN = "jobs:read", "jobs:write", "jobs:admin"
SCOPES = {
    READ: "look at jobs, queues, windows and workers",
    WRITE: "submit, cancel and retry jobs",
    ADMIN: "pause and resume queues and recurring jobs, open and close windows",
}
"""All scopes, with what they allow. None includes another."""

OPEN_PATHS = (
    *("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/problems"),
    *("/static", "/dashboard/static", "/favicon.ico"),
)
"""What needs no token, with all that is under it; ``/`` doesn't either. Whatever isn't here is closed."""

PAGES = "/dashboard"
"""What people look at in a browser, with all that is under it and isn't open. There a session says who they are, not a
header."""
NONE = ""
"""The scope of a page that needs no session, such as the one on which people sign in."""

SCHEME = "bearer"
SECURITY_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token of the issuer that the service trusts; no token is needed with AUTH=off. Scopes: "
    + "; ".join(f"`{scope}` to {allows}" for scope, allows in SCOPES.items())
    + ".",
}


def unlocked(document: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI document without what it says of tokens."""
    components = {name: of_kind for name, of_kind in document["components"].items() if name != "securitySchemes"}
    paths = {path: {method: _unlocked(of) for method, of in item.items()} for path, item in document["paths"].items()}
    return {**document, "components": components, "paths": paths}


def _unlocked(operation: Any) -> Any:
    if not isinstance(operation, dict):  # the parameters of all operations of a path
        return operation
    responses = {status: of for status, of in operation["responses"].items() if status not in {"401", "403"}}
    return {**{name: of for name, of in operation.items() if name != "security"}, "responses": responses}


def is_open(path: str) -> bool:
    """Whether everybody may use a path, or a rule of the URL map."""
    return path == "/" or any(path == open_path or path.startswith(open_path + "/") for open_path in OPEN_PATHS)


def is_page(path: str) -> bool:
    """Whether a path, or a rule of the URL map, belongs to the pages."""
    return path == PAGES or (path.startswith(PAGES + "/") and not is_open(path))


def needs(scope: str) -> Callable[[View], View]:
    """Declare what a page's view needs. A view that declares nothing needs ``jobs:read`` to show, and ``jobs:admin`` to
    change anything."""

    def declare(view: View) -> View:
        view.__dict__.setdefault("_apidoc", {})["scope"] = scope
        return view

    return declare


def by_method(method: str) -> str:
    """The scope of an operation that declares none."""
    return READ if method in {"GET", "HEAD", "OPTIONS"} else WRITE


def requirement(scope: str, *, optional: bool) -> list[dict[str, Any]]:
    """A scope as OpenAPI 3.1 writes it: the names beside a scheme that isn't OAuth2's are what the caller needs."""
    return [{SCHEME: [scope]}, {}] if optional else [{SCHEME: [scope]}]
