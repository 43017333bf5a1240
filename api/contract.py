"""flask-smorest as this API uses it: problem documents, strict parsing, and types for its decorators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import flask_smorest
from flask import Flask, Response, current_app
from flask.typing import ResponseReturnValue
from marshmallow import Schema
from werkzeug.exceptions import HTTPException

from .access import scopes
from .schemas.fields import JobIdConverter
from .schemas.problems import Problem
from .wire import problems
from .wire.answers import json_answer
from .wire.parsing import StrictParser, refuse_query
from .wire.tracing import current_request

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])

RESPONSES: Mapping[int, tuple[str, str]] = {
    400: ("BAD_REQUEST", "The request doesn't fit the contract"),
    401: ("UNAUTHORIZED", "No good access token was sent"),
    403: ("FORBIDDEN", "The access token lacks the scope"),
    404: ("NOT_FOUND", "Not found"),
    408: ("REQUEST_TIMEOUT", "The body didn't come in time"),
    409: ("CONFLICT", "The state it is in doesn't allow that"),
    413: ("CONTENT_TOO_LARGE", "The body is too large"),
    422: ("UNPROCESSABLE_CONTENT", "The Idempotency-Key stands for another request"),
    415: ("UNSUPPORTED_MEDIA_TYPE", "The body isn't application/json"),
    429: ("TOO_MANY_REQUESTS", "The client sends more than RATE_LIMIT allows"),
    500: ("INTERNAL_SERVER_ERROR", "A fault of the service"),
    503: ("SERVICE_UNAVAILABLE", "Redis is away or full"),
}
"""The error responses there are. Python 3.13 renamed some of ``http.HTTPStatus``: so these names are our own."""

RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}
QUOTA = {
    name: {"description": f"draft-ietf-httpapi-ratelimit-headers-09: {what}.", "schema": {"type": "string"}}
    for name, what in {"RateLimit": "what is left", "RateLimit-Policy": "the limits there are"}.items()
}
CHALLENGE = {"WWW-Authenticate": {"description": "RFC 6750: what is needed, or wrong.", "schema": {"type": "string"}}}
REQUEST_ID = {
    "X-Request-Id": {"description": "The request's id, taken or made.", "schema": {"type": "string", "maxLength": 128}}
}

ETAG = {"ETag": {"description": "Strong: changes whenever the answer would.", "schema": {"type": "string"}}}
HEADERS: Mapping[int, Mapping[str, Any]] = {
    401: CHALLENGE,
    403: CHALLENGE,
    429: {**RETRY_AFTER, **QUOTA},
    503: RETRY_AFTER,
}


class Api(flask_smorest.Api):  # type: ignore[misc]
    """Every error is a problem document, and every status an operation answers is documented."""

    DEFAULT_ERROR_RESPONSE_NAME = None
    ERROR_SCHEMA = Problem

    def __init__(self, app: Flask, **options: Any) -> None:
        app.url_map.converters["job"] = JobIdConverter
        app.url_map.merge_slashes = False  # `//v1` is another address, not one that is led on to `/v1`
        super().__init__(app, **options)
        self.register_converter(JobIdConverter, lambda _: {"type": "string", "minLength": 1})
        self.spec.components.security_scheme(scopes.SCHEME, scopes.SECURITY_SCHEME)

    def _openapi_json(self) -> Response:
        """The contract as this service keeps it. With ``AUTH=off`` no token is wanted: tools would show padlocks."""
        document = self.spec.to_dict()
        return json_answer(document if current_app.config["AUTH"] == "oauth" else scopes.unlocked(document))

    def handle_http_exception(self, error: HTTPException) -> Response:
        return problems.answer(error)

    def _register_responses(self) -> None:
        unchanged = {"description": "You have it already: nothing has changed", "headers": {**REQUEST_ID, **ETAG}}
        self.spec.components.response("NOT_MODIFIED", unchanged)
        for status, (name, description) in RESPONSES.items():
            response = {
                "description": description,
                "headers": {**REQUEST_ID, **HEADERS.get(status, {})},
                "content": {problems.MEDIA_TYPE: {"schema": Problem, "example": problems.example(status)}},
            }
            self.spec.components.response(name, response, lazy=True)

    def _register_pagination_header(self) -> None:
        """None: lists are paged by ``Link``."""

    def _register_etag_headers(self) -> None:
        """None: answers that have an ``ETag`` say so themselves."""


class Resource(flask_smorest.Blueprint):  # type: ignore[misc]
    """A group of operations. Those without query arguments refuse every parameter; those that aren't open to everybody
    need a scope, and document it."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, import_name: str, *, url_prefix: str | None = None, description: str = "") -> None:
        super().__init__(name, import_name, url_prefix=url_prefix, description=description)
        self.before_request(_refuse_unknown_parameters)
        self._prepare_doc_cbks.append(_prepare_scope_doc)

    def route(
        self, rule: str, *, methods: tuple[str, ...] = ("GET",), scope: str | None = None, **options: Any
    ) -> Callable[[View], View]:
        """``scope`` is what the caller's token must allow; by default ``jobs:read`` to GET and ``jobs:write`` else."""
        register: Callable[[View], View] = super().route(rule, methods=list(methods), **options)

        def decorate(view: View) -> View:
            _manual(view)["operationId"] = view.__name__
            if not scopes.is_open((self.url_prefix or "") + rule):
                _documented(view)["scope"] = scope or scopes.by_method(methods[0])
                self.problems(401, 403, 429, 503)(view)
            return register(view)

        return decorate

    def arguments(
        self,
        schema: Schema,
        *,
        location: str = "json",
        required: bool = True,
        max_bytes: str = "MAX_BODY_BYTES",
        **options: Any,
    ) -> Callable[[View], View]:
        """As flask-smorest's; ``required=False``: the body may be left out; ``max_bytes`` names the setting that bounds
        it."""
        register = super().arguments(schema, location=location, required=required, **options)

        def decorate(view: View) -> View:
            self.ARGUMENTS_PARSER = StrictParser(is_body_required=required, max_bytes=max_bytes)
            if location == "json":
                self.problems(408, 503)(view)
            decorated: View = register(view)
            return decorated

        return decorate

    def response(self, status_code: int, schema: Any = None, **options: Any) -> Callable[[View], View]:
        headers = {**REQUEST_ID, **options.pop("headers", {})}
        decorate: Callable[[View], View] = super().response(status_code, schema, headers=headers, **options)
        return decorate

    def problems(self, *statuses: int) -> Callable[[View], View]:
        """Document which errors an operation answers, beside 500."""

        def decorate(view: View) -> View:
            responses = _documented(view).setdefault("response", {}).setdefault("responses", {})
            for status in (*statuses, 500):
                responses[status] = [RESPONSES[status][0]]
            return view

        return decorate

    def not_modified(self, view: View) -> View:
        """Document that an operation answers 304 to an ``If-None-Match`` that fits."""
        _documented(view).setdefault("response", {}).setdefault("responses", {})[304] = ["NOT_MODIFIED"]
        return view

    def links(self, status: int, where: str, parameter: str, *operations: str) -> Callable[[View], View]:
        """Document that an answer holds what other operations take as a parameter: where it stands in the body."""

        def decorate(view: View) -> View:
            response = _manual(view).setdefault("responses", {}).setdefault(status, {})
            for operation in operations:
                link = {"operationId": operation, "parameters": {parameter: f"$response.body#{where}"}}
                response.setdefault("links", {})[operation] = link
            return view

        return decorate

    def headers(self, **described: str | Mapping[str, Any]) -> Callable[[View], View]:
        """Document which request headers an operation heeds, by a text or with a schema."""

        def decorate(view: View) -> View:
            texts = {n: {"description": d} if isinstance(d, str) else d for n, d in described.items()}
            _manual(view)["parameters"] = [
                {"in": "header", "name": name.replace("_", "-"), "schema": {"type": "string"}, **described}
                for name, described in texts.items()
            ]
            return view

        return decorate


def _documented(view: Callable[..., Any]) -> dict[str, Any]:
    """Where flask-smorest keeps what it knows of a view. Its own decorators wrap the view for each line of
    documentation, and each wrapper costs every request some microseconds."""
    documentation: dict[str, Any] = view.__dict__.setdefault("_apidoc", {})
    return documentation


def _manual(view: Callable[..., Any]) -> dict[str, Any]:
    manual: dict[str, Any] = _documented(view).setdefault("manual_doc", {})
    return manual


def _prepare_scope_doc(doc: dict[str, Any], info: Mapping[str, Any], *, app: Flask, **_: Any) -> dict[str, Any]:
    if "scope" in info:
        doc["security"] = scopes.requirement(info["scope"], optional=app.config["AUTH"] != "oauth")
    return doc


def _refuse_unknown_parameters() -> None:
    asked = current_request()
    if not asked.query_string:
        return
    view = current_app.view_functions[str(asked.endpoint)]
    documented = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", [])
    if not any(parameter["in"] == "query" for parameter in documented):
        refuse_query(asked)
