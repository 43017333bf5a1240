"""The room's own part of the application: how mistakes and outages look."""

from __future__ import annotations

import logging
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Redirect

from middleware.errors import (
    LargerThanQueueError,
    LastInError,
    QueueFullError,
    RedisAwayError,
    RedisClusterError,
    TooFewReplicasError,
    TooManyWaitingError,
)

from ..access.scopes import is_page
from ..wire import problems
from . import assets, words
from .runbook import section_of
from .viewer import viewer

logger = logging.getLogger(__name__)

dashboard = Blueprint("dashboard", __name__, url_prefix="/dashboard", template_folder="templates")
dashboard.add_url_rule("/static/<path:name>", view_func=assets.show_asset)

UNAVAILABLE = "Redis doesn't answer"
TITLES = {
    403: "Not allowed",
    404: "There is nothing here",
    405: "That can't be done here",
    409: "It can't be done now",
    413: "That is too large",
    500: "A fault of the service",
}


@dashboard.app_context_processor
def _for_templates() -> dict[str, object]:
    return {"viewer": viewer(), "asset": assets.address, "words": words, "guide_to": section_of}


def to(endpoint: str, **values: Any) -> Redirect:
    """Lead to another page after a form was sent: reloading that one sends nothing."""
    return redirect(url_for(f"dashboard.{endpoint}", **values), 303)


def trouble_page(title: str, detail: str, status: int) -> Response:
    """What went wrong, as a page."""
    if request.headers.get("HX-Request"):
        return Response(f"{title}: {detail}", status, content_type="text/plain; charset=utf-8")
    answer = make_response(render_template("dashboard/trouble.html", title=title, detail=detail, status=status), status)
    if status == 503:
        answer.headers["Retry-After"] = "2"
    return answer


def not_found(error: HTTPException) -> Response:
    """What isn't at any address of the dashboard is told on a page, all else as the API tells it."""
    if is_page(request.path):
        is_of_view = request.url_rule is not None
        detail = error.description if is_of_view and error.description else "No page of the dashboard has this address."
        return trouble_page(TITLES[404], detail, 404)
    return problems.answer(error)


@dashboard.errorhandler(HTTPException)
def _refused(error: HTTPException) -> Response:
    status = error.code or 500
    return trouble_page(TITLES.get(status, error.name), error.description or "", status)


@dashboard.errorhandler(RedisAwayError)
@dashboard.errorhandler(RedisClusterError)
def _redis_away(error: LastInError) -> Response:
    logger.warning("Redis is away: %s", error)
    detail = "What it holds is shown as soon as it is back: this page looks for it by itself."
    return trouble_page(UNAVAILABLE, detail, 503)


@dashboard.errorhandler(TooFewReplicasError)
def _unconfirmed(error: LastInError) -> Response:
    logger.warning("%s", error)
    return trouble_page(problems.UNCONFIRMED.title, problems.UNCONFIRMED.detail, 503)


@dashboard.errorhandler(QueueFullError)
@dashboard.errorhandler(TooManyWaitingError)
def _no_room(error: LastInError) -> Response:
    return trouble_page("No room for more jobs", str(error), 503)


@dashboard.errorhandler(LargerThanQueueError)
def _too_large(error: LargerThanQueueError) -> Response:
    return trouble_page("Larger than the queue may be", str(error), 400)
