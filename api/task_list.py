"""What can be run."""

from __future__ import annotations

import inspect
from typing import Any

from flask import Response

from tasks import Task, registry
from tasks.fresh_work import of_all_jobs
from tasks.limits import limits_of

from .contract import Resource
from .payload_schemas import payload_schema
from .schemas import tasks as task_schemas
from .wire.answers import json_answer

task_list = Resource("tasks", __name__, url_prefix="/v1/tasks", description="What can be run.")


@task_list.route("")
@task_list.response(200, task_schemas.Task(many=True))
@task_list.problems(400)
def list_tasks() -> Response:
    """List the tasks that this service declares, with what their payloads must look like

    Also what bounds their attempts, and the deadline, subject and group that they declare for all of their jobs.
    """
    return json_answer(described_tasks())


def described_tasks() -> list[dict[str, Any]]:
    """The tasks as the API shows them, in the order of their declaration."""
    return [_shown(task) for task in registry.values()]


def _shown(task: Task) -> dict[str, Any]:
    return {
        "name": task.name,
        "queue": task.queue,
        "summary": task.summary,
        "description": inspect.getdoc(task.actor.fn) or "",
        "payload_schema": payload_schema(task),
        **limits_of(task.actor).as_dict(),
        **of_all_jobs(task.actor).as_dict(),
    }
