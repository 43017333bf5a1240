"""The overview: the stack, and what happens to it."""

from __future__ import annotations

from flask import Response, abort, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response as Redirect

from ...access.scopes import READ, needs
from ...wire.answers import tagged_answer, unless_known
from ...wire.caching import Cached
from .. import readings
from ..answers import Live, page
from ..blueprint import dashboard, to
from ..models import overview, pictures
from ..models.stack import drawing_of
from ..models.troubles import troubles_of


def _read_hour() -> overview.Hour:
    history = readings.history()
    table = render_template("dashboard/history_table.html", history_rows=pictures.rows_of(history))
    return overview.hour_of(history, Markup(table))  # noqa: S704 (a template made it)


_hour: Cached[overview.Hour] = Cached(_read_hour, readings.SLOWER_S)


@dashboard.get("")
@page
def home() -> Live:
    """One glance at everything."""
    queues, stats, processes = readings.queues(), readings.stats(), readings.processes()
    queue = overview.chosen_queue(queues, request.args.get("queue"))
    if queue is None and queues:
        abort(404, "There is no queue of this name.")
    hour, server = readings.current(_hour), readings.server()
    troubles = troubles_of(
        queues, processes, stats, cadence_faults=readings.cadence_faults(), server_warnings=server.warnings
    )
    values = {
        "tab": "home",
        "title": "Overview",
        "has_charts": True,
        "troubles": troubles,
        "figures": overview.figures_of(queues, stats, processes, hour),
        "queues": queues,
        "queue": queue,
        "processes": processes,
        "history_table": hour.table,
        "server": overview.server_in_words(server.info),
        "is_empty": not any(found.accepted for found in queues.values()),
    }
    if queue is not None:
        values |= {
            "drawing": drawing_of(queue, readings.stack(queue.queue)),
            "waits": pictures.bars_of(stats.queues[queue.queue].wait) if queue.queue in stats.queues else [],
            "strip": pictures.strip_of(readings.last_windows(queue.queue), readings.WINDOWS_SHOWN),
        }
    return Live("dashboard/overview.html", values)


@dashboard.get("/")
@needs(READ)
def slash() -> Redirect:
    """The same with a slash."""
    return to("home")


@dashboard.get("/history")
@needs(READ)
def history() -> Response:
    """The last hour in steps of 10 s, in columns: the charts draw it."""
    queue = request.args.get("queue")
    if queue is not None and queue not in readings.queues():
        abort(404, "There is no queue of this name.")
    steps = readings.history(queue)
    columns = {
        "at": [step.at_us // 1_000_000 for step in steps],
        "accepted": [step.accepted / 10 for step in steps],
        "processed": [step.processed / 10 for step in steps],
        "rejected": [step.rejected / 10 for step in steps],
        "waiting": [step.waiting for step in steps],
        "oldest_s": [(step.oldest_age_us or 0) / 1e6 for step in steps],
    }
    answer = unless_known(tagged_answer(columns))
    answer.headers["Cache-Control"] = "no-store"
    return answer
