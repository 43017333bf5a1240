"""Jobs: lists of them, one of them, and what becomes of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from middleware.jobs import FINAL, WHY_NOT_RETRIED
from middleware.queues.command_user import command_user

from ..endings import Away, Conflict, Failed, Missing
from ..sources import Page, Shown, Source
from .filters import Chosen
from .paging import cursor_of, cursor_text, walked

if TYPE_CHECKING:
    from middleware.broker import LifoBroker
    from middleware.store.moves import BulkOutcome

BULK_STEP = 1000
"""Jobs moved by one call: some tens of milliseconds."""

FIRST_LOOK_S, LONGEST_PAUSE_S = 0.05, 1.0
"""Between two looks at a job that is waited for."""

WHY_NOT_CANCELLED = "It has ended: there is nothing left to cancel."


def newest(source: Source, where: Chosen, limit: int) -> Iterator[Shown]:
    """The newest jobs that fit, newest first."""

    def page(size: int, cursor: str | None) -> Page:
        def here(broker: LifoBroker) -> Page:
            found = broker.store.page(where.of_broker(), limit=size, cursor=cursor_of(cursor))
            return Page([job.as_dict() for job in found.jobs], cursor_text(found.next))

        query = {**where.query, "limit": str(size)} | ({"cursor": cursor} if cursor else {})
        return source.page("/v1/jobs", query, here)

    return walked(page, limit)


def one(source: Source, id: str) -> Shown:
    """A job.

    Raises:
      Missing: there is none of this id.
    """

    def here(broker: LifoBroker) -> Shown:
        if (job := broker.store.get(id)) is None:
            raise Missing(id)
        return job.as_dict()

    return _existing(id, lambda: source.get(f"/v1/jobs/{quote(id, safe='')}", {}, here))


def why(source: Source, id: str) -> Shown:
    """Why a job isn't running, or ended as it did.

    Raises:
      Missing: there is none of this id.
    """

    def here(broker: LifoBroker) -> Shown:
        from middleware.diagnosis.why import explain  # noqa: PLC0415 (not before the broker is there)

        if (explained := explain(id, broker)) is None:
            raise Missing(id)
        return explained.as_dict()

    return _existing(id, lambda: source.get(f"/v1/jobs/{quote(id, safe='')}/why", {}, here))


def wait_for_end(source: Source, job: Shown) -> Shown:
    """The job when it has ended. Whoever can't answer for a while is waited for.

    Raises:
      Missing: it has been pruned since.
    """
    pause_s = FIRST_LOOK_S
    while job["status"] not in FINAL:
        time.sleep(pause_s)
        pause_s = min(1.5 * pause_s, LONGEST_PAUSE_S)
        with suppress(Away):
            job = one(source, job["id"])
    return job


def cancel(source: Source, id: str, reason: str) -> Shown:
    """The job, cancelled or asked to stop.

    Raises:
      Missing: there is none of this id.
      Conflict: there is nothing left to cancel.
    """
    try:
        before = one(source, id)
    except (Missing, Away):
        raise
    except Failed:  # a token may allow to change what it doesn't allow to see
        before = {"status": None, "cancel_requested": False}
    if before["status"] == "cancelled" or before["cancel_requested"]:
        raise Conflict("It is cancelled already, or was asked to stop before.")

    def here(broker: LifoBroker) -> Shown:
        word = broker.cancel(id, reason=by_user(reason))
        if word == "finished":
            raise Conflict(WHY_NOT_CANCELLED)
        return one(source, id)

    return _existing(id, lambda: source.post(f"/v1/jobs/{quote(id, safe='')}/cancel", {"reason": reason}, here))


def retry(source: Source, id: str) -> Shown:
    """The job, on top of its stack.

    Raises:
      Missing: there is none of this id.
      Conflict: it didn't end badly.
    """

    def here(broker: LifoBroker) -> Shown:
        word = broker.retry(id, reason=by_user("retried"))
        if word in WHY_NOT_RETRIED:
            raise Conflict(WHY_NOT_RETRIED[word])
        return one(source, id)

    return _existing(id, lambda: source.post(f"/v1/jobs/{quote(id, safe='')}/retry", {}, here))


def cancel_all(source: Source, where: Chosen, reason: str) -> Iterator[dict[str, Any]]:
    """Call all jobs off that fit, step by step; what each step did."""

    def here(broker: LifoBroker) -> dict[str, Any]:
        return _moved(broker.moves.cancel_all(where.of_broker(), limit=BULK_STEP, reason=by_user(reason)))

    body = {**where.body, "reason": reason, "limit": BULK_STEP}
    return _steps(lambda: source.post("/v1/jobs/cancel", body, here))


def retry_all(source: Source, where: Chosen) -> Iterator[dict[str, Any]]:
    """Put all jobs that fit and ended badly back on top, step by step; what each step did."""

    def here(broker: LifoBroker) -> dict[str, Any]:
        return _moved(broker.moves.retry_all(where.of_broker(), limit=BULK_STEP, reason=by_user("retried")))

    return _steps(lambda: source.post("/v1/jobs/retry", {**where.body, "limit": BULK_STEP}, here))


def by_user(reason: str) -> str:
    """A reason with who gave it: the user of this command. The API adds the token's subject itself."""
    return f"{reason} (by {command_user()})"


def _existing(id: str, ask: Callable[[], Shown]) -> Shown:
    try:
        return ask()
    except Missing:
        raise Missing(f"There is no job {id}, or it has been pruned.") from None


def _moved(outcome: BulkOutcome) -> dict[str, Any]:
    return {"count": outcome.count, "asked": outcome.asked, "more": outcome.more}


def _steps(step: Callable[[], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    more = True
    while more:
        outcome = step()
        # A step that moved nothing would be repeated for ever: others are moving the same jobs.
        more = outcome["more"] and outcome["count"] > 0
        yield outcome
