"""The tasks; and one of them, with a form that submits a job."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, cast

from flask import Response, abort
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict

from middleware.errors import LargerThanQueueError, QueueFullError, TooManyWaitingError
from middleware.jobs import JobStatus
from middleware.store.filters import JobFilter
from tasks import Task, broker, registry
from tasks.fresh_work import of_all_jobs
from tasks.limits import limits_of

from ...access.scopes import WRITE, needs
from ...new_jobs import NewJob, NewJobBody
from ...payload_schemas import payload_schema
from ...submission import accept
from .. import readings, words
from ..answers import Live, page
from ..blueprint import dashboard, to
from ..forms import read_form
from ..models.pictures import bars_of
from ..models.schema_form import bounds_words, fields_of, payload_of, type_words
from ..models.task import groups_of, row_of, rows_of

ERRORS_LOOKED_AT = 200
OPTIONS = {
    "tags": "Words to find it by, with commas between",
    "delay_s": "Seconds from now before it may run",
    "expires_in_s": "Seconds from now after which it is worthless",
    "subject": "What it is about: a newer job of the subject supersedes it while it waits",
    "supersede_running": "Whether jobs of the subject that run are asked to stop",
    "max_defer_s": "Seconds for which newer jobs of the subject may take the turn of those that wait",
    "group": "Whose it is: groups share the queue where its cadence says so",
    "generated_at": "When what it is about was generated, such as 2030-01-31T12:00:00Z",
}
"""What the form takes beside the payload, as the API names it, with a hint for each."""


@dashboard.get("/tasks")
@page
def tasks() -> Live:
    """All tasks."""
    rows = rows_of(registry.values(), readings.stats())
    return Live("dashboard/tasks.html", {"tab": "tasks", "title": "Tasks", "rows": rows})


@dashboard.get("/tasks/<name>")
@page
def task(name: str) -> Live:
    """One task."""
    return Live("dashboard/task.html", _values(name, {}, {}))


@dashboard.post("/tasks/<name>")
@needs(WRITE)
@page
def submit(name: str) -> Live | Response:
    """Submit a job of it, and lead to that."""
    declared = registry.get(name) or abort(404, "This service declares no task of this name.")
    form = read_form()
    payload, wrong = payload_of(payload_schema(declared), form)
    refused, status = "see below.", 400
    if not wrong:
        try:
            receipt = accept([_new_job(declared, payload, form)], "dashboard")
            return cast("Response", to("job", id=receipt.jobs[0].id, done="submitted"))
        except ValidationError as error:
            wrong = _by_field(error.messages_dict)
        except LargerThanQueueError as error:
            refused = str(error)
        except (QueueFullError, TooManyWaitingError) as error:
            refused, status = str(error), 503
    # What was typed stays, to be sent again.
    values = _values(name, form, wrong) | {"refused": refused}
    return Live("dashboard/task.html", values, status, is_live=False)


def _new_job(declared: Task, payload: dict[str, Any], form: MultiDict[str, str]) -> NewJob:
    body: dict[str, Any] = {"task": declared.name, "payload": payload}
    if tags := _typed(form, "tags"):
        body["tags"] = [tag.strip() for tag in tags.split(",") if tag.strip()]
    for name in ("subject", "group", "generated_at"):
        if text := _typed(form, name):
            body[name] = text
    if choice := _typed(form, "supersede_running"):
        body["supersede_running"] = {"true": True, "false": False}.get(choice, choice)
    for name in ("delay_s", "expires_in_s", "max_defer_s"):
        if seconds := _typed(form, name):
            try:
                body[name] = float(seconds)
            except ValueError:
                raise ValidationError({name: ["Expected a number of seconds."]}) from None
    return NewJobBody().load(body)


def _typed(form: MultiDict[str, str], name: str) -> str:
    return form.get(name, "").strip()


def _by_field(messages: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong, by the form's fields; marshmallow nests it."""
    found: dict[str, str] = {}
    for name, told in messages.items():
        if name == "payload" and isinstance(told, Mapping):
            found |= {field: _said(inner) for field, inner in told.items()}
        else:
            found[name] = _said(told)
    return found


def _said(told: Any) -> str:
    if isinstance(told, Mapping):
        return " ".join(f"{name}: {_said(inner)}" for name, inner in told.items())
    return " ".join(map(str, told)) if isinstance(told, list) else str(told)


def _values(name: str, sent: Mapping[str, str], wrong: Mapping[str, str]) -> dict[str, Any]:
    declared, stats = registry.get(name), readings.stats()
    queue = declared.queue if declared is not None else next((q for q, t in stats.tasks if t == name), None)
    if queue is None:
        abort(404, "There is no task of this name.")
    row = row_of(name, queue, declared, stats)
    rejected = broker.store.page(JobFilter(statuses=[JobStatus.REJECTED], tasks=name), limit=ERRORS_LOOKED_AT)
    values: dict[str, Any] = {
        "tab": "tasks",
        "title": f"Task {name}",
        "row": row,
        "wrong": wrong,
        "sent": sent,
        "groups": groups_of(rejected.jobs),
        "has_more_errors": rejected.next is not None,
        "waits": bars_of(row.summary.wait) if row.summary else [],
        "runs": bars_of(row.summary.run) if row.summary else [],
    }
    if declared is not None:
        schema = payload_schema(declared)
        values |= {
            "description": inspect.getdoc(declared.actor.fn) or "",
            "limits": limits_of(declared.actor),
            "declared": of_all_jobs(declared.actor),
            "properties": schema.get("properties", {}),
            "required": schema.get("required", ()),
            "type_words": type_words,
            "bounds_words": bounds_words,
            "schema_json": words.pretty(schema),
            "fields": fields_of(schema, sent, wrong),
            "still": "dashboard/task_form.html",
            "options": OPTIONS.items(),
        }
    return values
