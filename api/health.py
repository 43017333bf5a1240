"""Whether this process lives, and whether the service can accept jobs: for load balancers and supervisors."""

from __future__ import annotations

import re
from typing import cast

from flask import Response, current_app

from middleware.diagnosis.consumption import stuck
from middleware.processes.server_safety import SafetyWatch
from tasks import broker

from .contract import Resource
from .schemas.health import Readiness, Status
from .wire.answers import json_answer
from .wire.caching import Cached
from .wire.problems import STUCK, ProblemError

health = Resource("health", __name__, description="For load balancers and supervisors.")

FOLDERS = re.compile(r"(?<![^\s(])(?![\d-]+/)(?:[A-Za-z]:)?(?:[\w.~@+-]*[/\\])++(?=[\w.])")
"""The folders of a file that a reason names: nobody's business who has no token. ``10-50/20`` is of a crontab."""


@health.route("/healthz")
@health.response(200, Status)
@health.problems(400)
def healthz() -> Response:
    """Whether the process answers"""
    return json_answer({"status": "ok"})


@health.route("/readyz")
@health.response(200, Readiness)
@health.problems(400, 503)
def readyz() -> Response:
    """Whether jobs can be accepted: Redis answers and is writable

    Warnings say in words what isn't safe about it, such as `DURABILITY=always` that isn't true, and why lists aren't
    read from the replica of `REDIS_REPLICA_URL`.
    """
    broker.redis.check_writable()
    return json_answer({"status": "ok", "warnings": server_warnings()})


def server_warnings() -> list[str]:
    """What isn't as it should be with Redis, in words."""
    watch = cast("SafetyWatch", current_app.extensions["safety"])
    replica_fault = broker.redis.replica_fault()
    return [*watch.look_when_due(broker.redis.link).warnings, *([replica_fault] if replica_fault else [])]


def _reasons() -> list[str]:
    found = stuck(broker.control.snapshots(), broker.registry.processes()) + broker.registry.cadence_faults()
    return [FOLDERS.sub("", reason) for reason in found]


reasons = Cached(_reasons)
"""Anybody may ask, and it takes many calls to Redis: so once a second at most."""


@health.route("/healthz/consumption")
@health.response(200, Status)
@health.problems(400, 503)
def consumption() -> Response:
    """Whether jobs are consumed as they should be

    For alerts, never for routing. 503, with the reason, when a window is open, jobs wait, a thread is idle and nothing
    was claimed for 10 s; or when the cadence in force isn't the file's. The answer may be a second old.
    """
    if found := reasons.get():
        raise ProblemError(STUCK, " ".join(found))
    return json_answer({"status": "ok"})
