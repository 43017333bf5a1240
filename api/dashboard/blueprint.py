"""The room's own part of the application: who is let in, and how mistakes and outages look."""

from __future__ import annotations

import logging
from typing import Any, NoReturn, cast

from flask import Blueprint, Response, abort, g, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Redirect

from middleware.errors import LastInError, QueueFullError, RedisAwayError, RedisClusterError, TooManyWaitingError

from . import assets, words
from .viewer import EVERYBODY, Viewer, viewer

log = logging.getLogger(__name__)

dashboard = Blueprint("dashboard", __name__, url_prefix="/dashboard", template_folder="templates")
dashboard.add_url_rule("/static/<path:name>", view_func=assets.show_asset)

OPEN_VIEWS = {"dashboard.show_asset"}
"""What everybody may see: nothing of it tells of jobs."""

UNAVAILABLE = "Redis doesn't answer"
TITLES = {
    403: "Not allowed",
    404: "There is nothing here",
    405: "That can't be done here",
    409: "It can't be done now",
    413: "That is too large",
    500: "A fault of the service",
}


@dashboard.before_request
def admit() -> Response | None:
    """Let nobody in who may not look."""
    g.viewer = viewer()
    if g.viewer is not None or request.endpoint in OPEN_VIEWS:
        return None
    return make_response(render_template("dashboard/closed.html"), 403)


def current_viewer() -> Viewer:
    """Who was let in."""
    return cast("Viewer", g.viewer)


def require_writer() -> Viewer:
    """Who was let in and may change jobs.

    Raises:
      Forbidden: whoever it is may not.
    """
    found = current_viewer()
    return found if found.may_write else abort(403, "You may look at jobs here, but not change them.")


def require_admin() -> Viewer:
    """Who was let in and may change queues.

    Raises:
      Forbidden: whoever it is may not.
    """
    found = current_viewer()
    return found if found.may_admin else abort(403, "You may look at queues here, but not change them.")


@dashboard.app_context_processor
def _for_templates() -> dict[str, object]:
    return {"viewer": g.get("viewer") or EVERYBODY, "asset": assets.address, "words": words}


@dashboard.get("/<path:path>")
def nothing(path: str) -> NoReturn:
    """Whatever isn't a page."""
    abort(404, "No page of the dashboard has this address.")


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


@dashboard.errorhandler(HTTPException)
def _refused(error: HTTPException) -> Response:
    status = error.code or 500
    return trouble_page(TITLES.get(status, error.name), error.description or "", status)


@dashboard.errorhandler(RedisAwayError)
@dashboard.errorhandler(RedisClusterError)
def _redis_away(error: LastInError) -> Response:
    log.warning("Redis is away: %s", error)
    detail = "What it holds is shown as soon as it is back: this page looks for it by itself."
    return trouble_page(UNAVAILABLE, detail, 503)


@dashboard.errorhandler(QueueFullError)
@dashboard.errorhandler(TooManyWaitingError)
def _no_room(error: LastInError) -> Response:
    return trouble_page("No room for more jobs", str(error), 503)
