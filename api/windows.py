"""Windows: what each let through, and opening and closing them by hand."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, url_for

from middleware.errors import WindowRefusedError
from tasks import broker

from .access.auth import subject_or_anonymous
from .access.scopes import ADMIN
from .contract import Resource
from .idempotency import KEY_HEADER, REPLAYED, idempotency_key, replayed
from .jobs import LINK, next_link
from .queues import existing_queue
from .schemas.windows import NewWindowBody, NextWindow, NextWindowQuery, Window, WindowsQuery
from .wire.answers import json_answer
from .wire.problems import NOT_FOUND, WINDOW_REFUSED, ProblemError

windows = Resource("windows", __name__, url_prefix="/v1/windows", description="When jobs may be claimed, and how many.")

LOCATION = {
    "Location": {"description": "Where the window is.", "schema": {"type": "string", "format": "uri-reference"}}
}
ID = {"in": "path", "name": "window_id", "description": "The window's id, as lists and `POST /v1/windows` tell it."}
IDS_SHOWN = 100


@windows.route("")
@windows.arguments(WindowsQuery(), location="query")
@windows.response(200, Window(many=True), headers=LINK)
@windows.problems(503)
def list_windows(query: dict[str, Any]) -> Response:
    """List windows, newest first

    By the time of opening, over all queues. A tick's window in which nothing was claimed isn't kept after its end.
    """
    page = broker.windows.page(**query)
    return json_answer([window.as_dict() for window in page.windows], headers=next_link(page.next))


@windows.route("/<window_id>", parameters=[ID])
@windows.response(200, Window)
@windows.problems(400, 404, 503)
def show_window(window_id: str) -> Response:
    """Show a window"""
    window = broker.windows.get(window_id)
    if window is None:
        raise _no_such_window()
    return json_answer(window.as_dict())


@windows.route("/next")
@windows.arguments(NextWindowQuery(), location="query")
@windows.response(200, NextWindow)
@windows.problems(404, 503)
def show_next_window(query: dict[str, Any]) -> Response:
    """Show when the next window opens

    And which jobs it would let through if it opened now. Nothing is planned for a continuous queue.
    """
    existing_queue(query["queue"])
    return json_answer(broker.windows.next(query["queue"], limit=IDS_SHOWN).as_dict())


@windows.route("", methods=("POST",), scope=ADMIN)
@windows.headers(Idempotency_Key=KEY_HEADER)
@windows.arguments(NewWindowBody(), example={"queue": "default", "batch": 100, "lasts_s": 60})
@windows.response(201, Window, headers={**LOCATION, **REPLAYED})
@windows.links(201, "/id", "window_id", "show_window", "close_window")
@windows.links(201, "/id", "window", "list_jobs")
@windows.problems(404, 409, 413, 415, 422, 503)
def open_window(new: dict[str, Any]) -> Response:
    """Open a window now

    One that is open is replaced. A continuous queue has no windows: 409. After a 503 it may have been opened all the
    same; send an Idempotency-Key to try again safely, since each one has its full batch.
    """
    existing_queue(new["queue"])
    try:
        window, is_replay = broker.windows.open_once(
            new["queue"],
            credits=new.get("batch"),
            lasts_us=_microseconds(new.get("lasts_s")),
            key=idempotency_key("open_window"),
            by=subject_or_anonymous(),
        )
    except WindowRefusedError as refused:
        raise ProblemError(WINDOW_REFUSED, str(refused)) from None
    current_app.extensions["rings"].expect(new["queue"])
    location = {"Location": url_for("windows.show_window", window_id=window.id)}
    return json_answer(window.as_dict(), 201, {**location, **replayed(is_replay)})


@windows.route("/<window_id>/close", parameters=[ID], methods=("POST",), scope=ADMIN)
@windows.response(200, Window)
@windows.problems(400, 404, 503)
def close_window(window_id: str) -> Response:
    """Close a window

    What it has let through goes on. To close it again changes nothing.
    """
    window = broker.windows.close(window_id, by=subject_or_anonymous())
    if window is None:
        raise _no_such_window()
    return json_answer(window.as_dict())


def _microseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1_000_000)


def _no_such_window() -> ProblemError:
    return ProblemError(NOT_FOUND, "There is no window with this id, or it was a tick's and nothing was claimed in it.")
