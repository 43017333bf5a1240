"""Recurring jobs: what the cadence submits at its ticks, and pausing it."""

from __future__ import annotations

from typing import Any

from flask import Response

from middleware.queues.recurring import RecurringJob
from tasks import broker

from .access.auth import subject_or_anonymous
from .access.scopes import ADMIN
from .contract import Resource
from .schemas.queues import PauseBody
from .schemas.recurring import Recurring
from .wire.answers import json_answer
from .wire.problems import NOT_FOUND, ProblemError

recurring = Resource(
    "recurring", __name__, url_prefix="/v1/recurring", description="Jobs that the cadence submits at its ticks."
)

NAME = {"in": "path", "name": "name", "description": "The recurring job's name.", "example": "nightly"}


@recurring.route("")
@recurring.response(200, Recurring(many=True))
@recurring.links(200, "/0/name", "name", "show_recurring", "pause_recurring", "resume_recurring")
@recurring.problems(400, 503)
def list_recurring() -> Response:
    """List the recurring jobs, by name"""
    return json_answer([job.as_dict() for job in broker.recurring.all()])


@recurring.route("/<name>", parameters=[NAME])
@recurring.response(200, Recurring)
@recurring.problems(400, 404, 503)
def show_recurring(name: str) -> Response:
    """Show a recurring job"""
    return _answer(broker.recurring.get(name))


@recurring.route("/<name>/pause", parameters=[NAME], methods=("POST",), scope=ADMIN)
@recurring.arguments(PauseBody(), example={"reason": "The month is closed."})
@recurring.response(200, Recurring)
@recurring.problems(404, 413, 415, 503)
def pause_recurring(body: dict[str, Any], name: str) -> Response:
    """Pause a recurring job

    Ticks that come meanwhile submit nothing, then or later; jobs that were submitted run as others do. What is paused
    already keeps that pause, with its reason.
    """
    return _answer(broker.recurring.pause(name, by=subject_or_anonymous(), reason=body["reason"]))


@recurring.route("/<name>/resume", parameters=[NAME], methods=("POST",), scope=ADMIN)
@recurring.response(200, Recurring)
@recurring.problems(400, 404, 503)
def resume_recurring(name: str) -> Response:
    """End a pause

    The next tick submits a job again. One that isn't paused stays as it is.
    """
    return _answer(broker.recurring.resume(name, by=subject_or_anonymous()))


def _answer(job: RecurringJob | None) -> Response:
    if job is None:
        raise ProblemError(NOT_FOUND, "There is no recurring job of this name: the cadence in force has none.")
    return json_answer(job.as_dict())
