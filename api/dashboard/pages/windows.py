"""Windows: what each let through, and one of them."""

from __future__ import annotations

from flask import abort, request
from werkzeug.wrappers import Response as Redirect

from middleware.commands.keys import QUEUE_NAME
from middleware.store.filters import JobFilter
from tasks import broker

from ...access.scopes import ADMIN, needs
from ...schemas.fields import CursorText
from .. import readings
from ..answers import Live, page
from ..blueprint import dashboard, to
from ..forms import cursor_asked
from ..models import cadence, pictures
from ..models.job_row import row_of
from ..viewer import viewer

ROWS = 50
GONE = "There is no window with this id, or it was a tick's and nothing was claimed in it: such windows aren't kept."


@dashboard.get("/windows")
@page
def windows() -> Live:
    """The windows of a queue, or of all, newest first."""
    queue = request.args.get("queue") or None
    names = readings.queues()
    if queue is not None and not (QUEUE_NAME.fullmatch(queue) and queue in names):
        abort(404, "There is no queue of this name.")
    found = broker.windows.page(queue=queue, limit=ROWS, cursor=cursor_asked())
    is_first = "cursor" not in request.args
    values = {
        "tab": "windows",
        "title": "Windows",
        "queue_name": queue,
        "names": list(names),
        "rows": [(window, cadence.opened_by(window), cadence.closed_because(window)) for window in found.windows],
        "strip": pictures.strip_of(found.windows, ROWS) if queue is not None or len(names) == 1 else [],
        "is_first": is_first,
        "next": CursorText.written(found.next) if found.next else None,
    }
    return Live("dashboard/windows.html", values, is_live=is_first)


@dashboard.get("/windows/<id>")
@page
def window(id: str) -> Live:
    """One window, and its jobs."""
    found = broker.windows.get(id) or abort(404, GONE)
    jobs = broker.store.page(JobFilter(window=id), limit=ROWS)
    queue = readings.queues().get(found.queue)
    values = {
        "tab": "windows",
        "title": f"Window {id}",
        "window": found,
        "opened_by": cadence.opened_by(found),
        "closed_because": cadence.closed_because(found),
        "jobs": [row_of(job, 0 if queue is None else queue.now_us) for job in jobs.jobs],
        "has_more": jobs.next is not None,
    }
    return Live("dashboard/window.html", values, is_live=found.is_open or bool(found.running))


@dashboard.post("/windows/<id>/close")
@needs(ADMIN)
def close_window(id: str) -> Redirect:
    """Close a window."""
    if broker.windows.close(id, by=viewer().name) is None:
        abort(404, GONE)
    return to("window", id=id)
