"""The queues, and one of them: its gate, its cadence, and what operators can do to it."""

from __future__ import annotations

from flask import abort, current_app, request
from werkzeug.wrappers import Response as Redirect

from middleware.errors import WindowRefusedError
from middleware.processes.registry import threads_of
from middleware.queues.policy import first_in_words
from tasks import broker, registry

from ...access.scopes import ADMIN, needs
from ...schemas.windows import LONGEST_S, MOST_CREDITS, SHORTEST_S
from .. import readings
from ..answers import Live, page
from ..blueprint import dashboard, to
from ..forms import one_line, read_form
from ..models import cadence, pictures
from ..models.stack import drawing_of
from ..viewer import viewer

HISTORY_SHOWN = 10
NOTICES = {
    "paused": "The queue is paused: none of its jobs is claimed until somebody resumes it.",
    "already": "The queue was paused already; that pause stays, with its reason.",
    "resumed": "The queue goes on.",
    "opened": "A window is open.",
    "over": "A window was opened over an empty stack, and closed again.",
}


@dashboard.get("/queues")
@page
def queues() -> Live:
    """All queues."""
    found, processes = readings.queues(), readings.processes()
    rows = [
        (queue, cadence.policy_sentence(queue), threads_of(name, processes), readings.stats().queues.get(name))
        for name, queue in found.items()
    ]
    values = {"tab": "queues", "title": "Queues", "rows": rows, "recurring": broker.recurring.all()}
    return Live("dashboard/queues.html", values)


@dashboard.get("/queues/<name>")
@page
def queue(name: str) -> Live:
    """One queue."""
    found = readings.queues().get(name) or abort(404, "There is no queue of this name: no task declares it.")
    values = {
        "tab": "queues",
        "title": f"Queue {name}",
        "queue": found,
        "sentence": cadence.policy_sentence(found),
        "ticks": cadence.next_ticks(found),
        "threads": threads_of(name, readings.processes()),
        "drawing": drawing_of(found, readings.stack(name)),
        "strip": pictures.strip_of(readings.last_windows(name), readings.WINDOWS_SHOWN),
        "summary": readings.stats().queues.get(name),
        "pauses": broker.control.pauses(name, limit=HISTORY_SHOWN),
        "switches": broker.windows.switches(name)[:HISTORY_SHOWN],
        "tasks": [task.name for task in registry.values() if task.queue == name],
        "notice": NOTICES.get(request.args.get("done", ""), ""),
        "first_in_words": first_in_words,
        "limits": {"credits": MOST_CREDITS, "shortest": SHORTEST_S, "longest": LONGEST_S},
    }
    return Live("dashboard/queue.html", values)


@dashboard.post("/queues/<name>/pause")
@needs(ADMIN)
def pause(name: str) -> Redirect:
    """Hand nothing out from now on."""
    _require(name)
    reason = one_line(read_form(), "reason")
    if not reason:
        abort(400, "Say why: the reason is kept, for those who ask later.")
    is_new = broker.control.pause(name, by=viewer().name, reason=reason)
    return to("queue", name=name, done="paused" if is_new else "already")


@dashboard.post("/queues/<name>/resume")
@needs(ADMIN)
def resume(name: str) -> Redirect:
    """End a pause."""
    _require(name)
    broker.control.resume(name, by=viewer().name, reason=one_line(read_form(), "reason") or None)
    return to("queue", name=name, done="resumed")


@dashboard.post("/queues/<name>/open")
@needs(ADMIN)
def open_window(name: str) -> Redirect:
    """Open a window now."""
    _require(name)
    form = read_form()
    credits = _number(one_line(form, "credits"), "The credits are", 0, MOST_CREDITS)
    lasts_s = _number(one_line(form, "lasts_s"), "The seconds are", SHORTEST_S, LONGEST_S)
    try:
        window = broker.windows.open(
            name,
            opened_by="operator",
            credits=None if credits is None else int(credits),
            lasts_us=None if lasts_s is None else round(lasts_s * 1e6),
            by=viewer().name,
        )
    except WindowRefusedError as refused:
        abort(409, str(refused))
    current_app.extensions["rings"].expect(name)
    return to("queue", name=name, done="opened" if window.is_open else "over")


def _require(name: str) -> None:
    if not broker.control.is_known(name):
        abort(404, "There is no queue of this name: no task declares it.")


def _number(text: str, what: str, least: float, most: float) -> float | None:
    """A number that was typed; None: none was."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        abort(400, f"{what} a number from {least:g} to {most:,.0f}; {text[:32]!r} isn't.")
    return value
