"""Queues: how each stands, and pausing them."""

from __future__ import annotations

from typing import Any

from flask import Response

from middleware.nearest import hint
from tasks import broker

from .access.auth import subject_or_anonymous
from .access.scopes import ADMIN
from .contract import Resource
from .schemas.queues import PauseBody, PauseEvent, PausesQuery, Queue, ResumeBody
from .wire.answers import json_answer
from .wire.problems import NOT_FOUND, ProblemError

queues = Resource("queues", __name__, url_prefix="/v1/queues", description="Stacks of jobs, each with its own cadence.")

NAME = {"in": "path", "name": "queue", "description": "The queue's name.", "example": "default"}


@queues.route("")
@queues.response(200, Queue(many=True))
@queues.links(200, "/0/name", "queue", "show_queue", "pause_queue", "resume_queue", "list_pauses", "show_next_window")
@queues.problems(400, 503)
def list_queues() -> Response:
    """List the queues, by name"""
    return json_answer(broker.control.describe_all())


@queues.route("/<queue>", parameters=[NAME])
@queues.response(200, Queue)
@queues.problems(400, 404, 503)
def show_queue(queue: str) -> Response:
    """Show a queue"""
    return _queue_answer(queue)


@queues.route("/<queue>/pause", parameters=[NAME], methods=("POST",), scope=ADMIN)
@queues.arguments(PauseBody(), example={"reason": "The mail provider is down."})
@queues.response(200, Queue)
@queues.problems(404, 413, 415, 503)
def pause_queue(body: dict[str, Any], queue: str) -> Response:
    """Pause a queue

    From now on none of its jobs is claimed; what runs goes on, and jobs are accepted as before. Windows open and close
    in their time all the same. A queue that is paused already keeps that pause, with its reason.
    """
    existing_queue(queue)
    broker.control.pause(queue, by=subject_or_anonymous(), reason=body["reason"])
    return _queue_answer(queue)


@queues.route("/<queue>/resume", parameters=[NAME], methods=("POST",), scope=ADMIN)
@queues.arguments(ResumeBody(), required=False, example={"reason": "The mail provider is back."})
@queues.response(200, Queue)
@queues.problems(404, 413, 415, 503)
def resume_queue(body: dict[str, Any], queue: str) -> Response:
    """End a pause

    A queue that isn't paused stays as it is.
    """
    existing_queue(queue)
    broker.control.resume(queue, by=subject_or_anonymous(), reason=body.get("reason"))
    return _queue_answer(queue)


@queues.route("/<queue>/pauses", parameters=[NAME])
@queues.arguments(PausesQuery(), location="query")
@queues.response(200, PauseEvent(many=True))
@queues.problems(404, 503)
def list_pauses(query: dict[str, Any], queue: str) -> Response:
    """List the pauses of a queue and their ends, newest first

    The last 500 are kept.
    """
    existing_queue(queue)
    return json_answer([event.as_dict() for event in broker.control.pauses(queue, **query)])


def existing_queue(queue: str) -> None:
    """
    Raises:
      ProblemError: there is no such queue; 404.
      RedisAwayError: Redis doesn't answer.
    """
    if not broker.control.is_known(queue):
        raise _no_such_queue(queue)


def _no_such_queue(queue: str) -> ProblemError:
    return ProblemError(
        NOT_FOUND, "There is no queue of this name: no task declares it." + hint(queue, broker.redis.queues())
    )


def _queue_answer(queue: str) -> Response:
    described = broker.control.describe(queue)
    if described is None:
        raise _no_such_queue(queue)
    return json_answer(described)
