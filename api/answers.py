"""Answers in JSON. orjson writes them straight from what the stores return: schemas only document them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response."""
    return Response(json_bytes(value), status=status, headers=dict(headers or {}), content_type="application/json")


def json_bytes(value: Any) -> bytes:
    """A value as JSON. Programs that send jobs from Python aren't held to what the API takes: a lone surrogate or an
    integer of more than 64 bits in their payloads and results is written as the standard library does."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()
