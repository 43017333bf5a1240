"""Whether this process lives, and whether the service can accept jobs: for load balancers and supervisors."""

from __future__ import annotations

from flask import Response

from tasks import broker

from . import schemas
from .answers import json_answer
from .contract import Resource

health = Resource("health", __name__, description="For load balancers and supervisors.")


@health.route("/healthz")
@health.response(200, schemas.Status)
@health.problems(400)
def healthz() -> Response:
    """Whether the process answers"""
    return json_answer({"status": "ok"})


@health.route("/readyz")
@health.response(200, schemas.Status)
@health.problems(400, 503)
def readyz() -> Response:
    """Whether jobs can be accepted: Redis answers and is writable"""
    broker.ping()
    return json_answer({"status": "ok"})
