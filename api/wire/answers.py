"""Answers in JSON. orjson writes them straight from what the stores return: schemas only document them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response, request
from werkzeug.datastructures import Headers

OF_THE_BODY = frozenset({"Content-Type", "Content-Length"})


class JsonResponse(Response):
    """An answer whose body is there already, so that its headers are as they go out: the length is among them, and a
    ``Location`` holds only ASCII. Werkzeug would copy them and look for both."""

    def get_wsgi_headers(self, environ: Mapping[str, Any]) -> Headers:
        return self.headers


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response."""
    return JsonResponse(json_bytes(value), status=status, headers=headers, content_type="application/json")


def json_bytes(value: Any) -> bytes:
    """A value as JSON. Programs that send jobs from Python aren't held to what the API takes: a lone surrogate or an
    integer of more than 64 bits in their payloads and results is written as the standard library does."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()


def with_etag(answer: Response) -> Response:
    """The same answer with a strong ETag: another one for every other body."""
    digest = hashlib.blake2b(answer.get_data(), digest_size=12).hexdigest()
    answer.headers["ETag"] = f'"{digest}"'
    return answer


def unless_known(answer: Response) -> Response:
    """304 and nothing else when the client has this answer already: ETags are compared weakly, and ``*`` fits every one
    (RFC 9110, 13.1.2)."""
    etag, _ = answer.get_etag()
    if etag is None or not request.if_none_match.contains_weak(etag):
        return answer
    return Response(status=304, headers={name: text for name, text in answer.headers if name not in OF_THE_BODY})
