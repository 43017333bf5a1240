"""Answers in JSON. orjson writes them straight from what the stores return: schemas only document them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response, request
from werkzeug.datastructures import Headers

NONE: Mapping[str, str] = {}
OF_THE_BODY = frozenset({"Content-Type", "Content-Length"})


class JsonResponse(Response):
    """An answer whose body is there already, so that body and headers are as they go out: the length is among them, and
    a ``Location`` holds only ASCII. Werkzeug would copy them and look for both."""

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str]) -> None:
        own = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        super().__init__([body], status, Headers([*own, *headers.items()]), direct_passthrough=True)

    def get_wsgi_headers(self, environ: Mapping[str, Any]) -> Headers:
        return self.headers


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] = NONE) -> Response:
    """A JSON response."""
    return JsonResponse(json_bytes(value), status, headers)


def tagged_answer(value: Any, status: int = 200, headers: Mapping[str, str] = NONE) -> Response:
    """A JSON response with a strong ETag: another one for every other body."""
    body = json_bytes(value)
    digest = hashlib.blake2b(body, digest_size=12).hexdigest()
    return JsonResponse(body, status, {**headers, "ETag": f'"{digest}"'})


def json_bytes(value: Any) -> bytes:
    """A value as JSON. Programs that send jobs from Python aren't held to what the API takes: a lone surrogate or an
    integer of more than 64 bits in their payloads and results is written as the standard library does."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()


def unless_known(answer: Response) -> Response:
    """304 and nothing else when the client has this answer already: ETags are compared weakly, and ``*`` fits every one
    (RFC 9110, 13.1.2)."""
    etag, _ = answer.get_etag()
    if etag is None or not request.if_none_match.contains_weak(etag):
        return answer
    return Response(status=304, headers={name: text for name, text in answer.headers if name not in OF_THE_BODY})
