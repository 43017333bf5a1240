"""What is wrong, the worst first: for each what it is, since when, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from middleware.diagnosis.consumption import stuck
from middleware.jobs import JobStatus
from middleware.processes.registry import LiveProcess, threads_of
from middleware.queues.snapshot import QueueSnapshot
from middleware.statistics.stats import Stats

from .. import words

BAD, WARNING, NOTE = "bad", "warning", "note"


@dataclass(frozen=True, slots=True)
class Trouble:
    """``level``: bad, warning or note. ``section``: of the runbook. ``queue``, ``status``: whose page and which jobs
    tell more."""

    level: str
    says: str
    to_do: str = ""
    section: str = ""
    queue: str | None = None
    since_us: int | None = None
    status: str | None = None


def troubles_of(
    queues: Mapping[str, QueueSnapshot],
    processes: Iterable[LiveProcess],
    stats: Stats,
    *,
    cadence_faults: Iterable[str],
    server_warnings: Iterable[str],
) -> list[Trouble]:
    """All there is to say; nothing when all is well."""
    alive = list(processes)
    found = [
        *_processes(queues, alive),
        *(
            Trouble(BAD, text, "Look at the workers' logs.", "LastInNotConsuming")
            for text in stuck(queues.values(), alive)
        ),
        *(trouble for queue in queues.values() for trouble in _promises(queue)),
        *(_unsafe(text) for text in server_warnings),
        *(Trouble(WARNING, text, "Correct the file.", "LastInCadenceNotInForce") for text in cadence_faults),
        *(trouble for queue in queues.values() for trouble in _queue(queue)),
        *_rejections(stats),
    ]
    return sorted(found, key=lambda trouble: (BAD, WARNING, NOTE).index(trouble.level))


def _processes(queues: Mapping[str, QueueSnapshot], alive: list[LiveProcess]) -> Iterator[Trouble]:
    if any(q.mode == "windows" for q in queues.values()) and not any(p.kind == "scheduler" for p in alive):
        yield Trouble(
            BAD,
            "No scheduler is alive, so no window opens.",
            "Start one: lastin scheduler. Meanwhile you can open windows by hand.",
            "LastInSchedulerGone",
        )
    without = [name for name in queues if not threads_of(name, alive).total]
    if without and len(without) == len(queues):
        yield Trouble(BAD, "No worker is alive: nothing runs.", "Start one: lastin worker.", "LastInWorkerGone")
    else:
        for name in without:
            if queues[name].counts[JobStatus.QUEUED]:
                says = f"No worker takes jobs of queue {name}, and {_waiting(queues[name])}."
                yield Trouble(BAD, says, "Start one that does (QUEUES).", "LastInWorkerGone", name)


def _promises(queue: QueueSnapshot) -> Iterator[Trouble]:
    if queue.order_inversions:
        times = words.plural(queue.order_inversions, "claim")
        yield Trouble(
            BAD,
            f"{times} of queue {queue.queue} left a newer job behind.",
            "Please report it.",
            "LastInOrderInversion",
            queue.queue,
        )
    if queue.conservation_error:
        says = f"The jobs of queue {queue.queue} don't add up: {queue.conservation_error:+}."
        yield Trouble(BAD, says, "Run lastin audit.", "LastInConservationError", queue.queue)


def _unsafe(text: str) -> Trouble:
    is_losing = "can't write" in text or "isn't true" in text
    says, _, to_do = text.rpartition(". Set ") if ". Set " in text else (text, "", "")
    section = "LastInAofFailing" if "append-only" in text else "LastInEviction" if "drops" in text else ""
    return Trouble(BAD if is_losing else WARNING, says.rstrip(".") + ".", f"Set {to_do}" if to_do else "", section)


def _queue(queue: QueueSnapshot) -> Iterator[Trouble]:
    if queue.pause is not None:
        says = f"Queue {queue.queue} was paused by {queue.pause.by}: {queue.pause.reason.rstrip('.')}."
        yield Trouble(NOTE, says, "", "", queue.queue, queue.pause.at_us)
    bound, oldest = queue.wait_bound_us, queue.oldest_age_us
    if bound is not None and oldest is not None and oldest > bound:
        yield Trouble(
            WARNING,
            f"The oldest job of queue {queue.queue} has waited longer than the {words.microseconds(bound)} that its "
            "oldest share guarantees.",
            "Check whether windows were missed.",
            "LastInOldestJobTooOld",
            queue.queue,
        )


def _rejections(stats: Stats) -> Iterator[Trouble]:
    recent, before = stats.total.rates["1m"]["rejected"], stats.total.rates["15m"]["rejected"]
    if recent > 0 and recent >= before:
        yield Trouble(
            WARNING,
            f"Jobs are rejected: {words.number(max(1, recent * 60))} in the last minute.",
            "The jobs say why.",
            "LastInRejectedJobsRising",
            status="rejected",
        )


def _waiting(queue: QueueSnapshot) -> str:
    return words.plural(queue.counts[JobStatus.QUEUED], "job waits", "jobs wait")
