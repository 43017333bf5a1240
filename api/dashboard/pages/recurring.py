"""Pausing and resuming recurring jobs; the page of the queues shows them."""

from __future__ import annotations

from flask import abort
from werkzeug.wrappers import Response as Redirect

from middleware.queues.recurring import RecurringJob
from tasks import broker

from ...access.scopes import ADMIN, needs
from ..blueprint import dashboard, to
from ..forms import one_line, read_form
from ..viewer import viewer


@dashboard.post("/recurring/<name>/pause")
@needs(ADMIN)
def pause_recurring(name: str) -> Redirect:
    """Let its ticks submit nothing from now on."""
    reason = one_line(read_form(), "reason")
    if not reason:
        abort(400, "Say why: the reason is kept, for those who ask later.")
    return _changed(broker.recurring.pause(name, by=viewer().name, reason=reason))


@dashboard.post("/recurring/<name>/resume")
@needs(ADMIN)
def resume_recurring(name: str) -> Redirect:
    """Let its next tick submit a job again."""
    return _changed(broker.recurring.resume(name, by=viewer().name))


def _changed(job: RecurringJob | None) -> Redirect:
    if job is None:
        abort(404, "There is no recurring job of this name: the cadence in force has none.")
    return to("queues")
