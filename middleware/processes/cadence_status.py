"""What each scheduler has last read of the cadence file, so that others can tell whether it is in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..clock import rfc3339

Sections = Mapping[str, Mapping[str, str]]
"""What each key holds, by the name of its section."""


@dataclass(frozen=True, slots=True)
class CadenceStatus:
    """A scheduler's view of the cadence.

    ``digest``: of the cadence that it put in force, the same wherever the same was read; ``read_at_us``: when it was
    read; ``error`` and ``failed_at_us``: why and when the file couldn't be read since; ``queues`` and ``jobs``: of each
    queue and recurring job, what each key of its section holds.
    """

    digest: str
    read_at_us: int
    error: str | None = None
    failed_at_us: int | None = None
    queues: Sections = field(default_factory=dict)
    jobs: Sections = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As the process registry keeps it."""
        return asdict(self)


def cadence_faults(statuses: Mapping[str, CadenceStatus]) -> list[str]:
    """Why the cadence in force isn't the file's, a sentence each; none when all is well. By the names of schedulers."""
    faults = [
        f"Scheduler {name} goes on by the cadence of {rfc3339(status.read_at_us)}, since at "
        f"{rfc3339(status.failed_at_us)}: {status.error}"
        for name, status in sorted(statuses.items())
        if status.error is not None
    ]
    if not faults and len({status.digest for status in statuses.values()}) > 1:
        faults.append(f"The schedulers {', '.join(sorted(statuses))} have read different cadences.")
    return faults


def differences(here: CadenceStatus, there: CadenceStatus) -> Iterator[str]:
    """In what two cadences differ, a phrase for each key."""
    yield from _differences("queue ", "", here.queues, there.queues)
    yield from _differences("recurring job ", "jobs.", here.jobs, there.jobs)


def _differences(kind: str, prefix: str, here: Sections, there: Sections) -> Iterator[str]:
    for name in sorted({*here, *there}):
        ours, theirs = here.get(name), there.get(name)
        if ours is None or theirs is None:
            yield f"{kind}{name} is only known {'there' if ours is None else 'here'}"
            continue
        for key in sorted({*ours, *theirs}):
            if ours.get(key) != theirs.get(key):
                yield f"{prefix}{name}.{key} is {ours.get(key, 'unset')} here and {theirs.get(key, 'unset')} there"
