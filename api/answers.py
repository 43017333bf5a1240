"""Answers in JSON. orjson writes them straight from what the stores return: schemas only document them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response."""
    return Response(orjson.dumps(value), status=status, headers=dict(headers or {}), content_type="application/json")
