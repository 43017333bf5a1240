"""What each scheduler has last read of the cadence file, so that others can tell whether it is in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..clock import rfc3339


@dataclass(frozen=True, slots=True)
class CadenceStatus:
    """A scheduler's view of the cadence. ``digest``: of what it put in force, the same wherever the same was read;
    ``read_at_us``: when; ``error`` and ``failed_at_us``: why and when the file couldn't be read since."""

    digest: str
    read_at_us: int
    error: str | None = None
    failed_at_us: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """As the roster keeps it."""
        return asdict(self)


def cadence_faults(readings: Mapping[str, CadenceStatus]) -> list[str]:
    """Why the cadence in force isn't the file's, a sentence each; none when all is well. By the names of schedulers."""
    faults = [
        f"Scheduler {name} goes on by the cadence of {rfc3339(reading.read_at_us)}, since at "
        f"{rfc3339(reading.failed_at_us)}: {reading.error}"
        for name, reading in sorted(readings.items())
        if reading.error is not None
    ]
    if not faults and len({reading.digest for reading in readings.values()}) > 1:
        faults.append(f"The schedulers {', '.join(sorted(readings))} have read different cadences.")
    return faults
