"""Who is alive, and what it runs."""

from __future__ import annotations

from flask import Response

from tasks import broker

from .contract import Resource
from .schemas.workers import Worker
from .wire.answers import json_answer

workers = Resource("workers", __name__, url_prefix="/v1/workers", description="The processes that run jobs.")


@workers.route("")
@workers.response(200, Worker(many=True))
@workers.problems(400, 503)
def list_workers() -> Response:
    """List the workers and schedulers that live, and what they run

    Workers come first, each kind in the order in which it started. A process that dies is gone after a lease.
    """
    return json_answer([process.as_dict() for process in broker.registry.processes()])
