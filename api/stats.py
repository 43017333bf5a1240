"""Statistics: jobs by state, rates, and how long jobs wait and run."""

from __future__ import annotations

from typing import Any

from flask import Response

from tasks import broker

from .contract import Resource
from .schemas.stats import Stats, StatsQuery
from .wire.answers import json_answer
from .wire.caching import Cached

stats = Resource("stats", __name__, url_prefix="/v1/stats", description="Counts, rates and times.")

_cached_stats = Cached(broker.stats.now)


@stats.route("")
@stats.arguments(StatsQuery(), location="query")
@stats.response(200, Stats)
@stats.problems(503)
def show_stats(query: dict[str, Any]) -> Response:
    """Show the statistics of all queues and tasks

    They may be up to a second old, so that many may poll them.
    """
    now = _cached_stats.get()
    queue = query.get("queue")
    return json_answer((now if queue is None else now.of(queue)).as_dict())
