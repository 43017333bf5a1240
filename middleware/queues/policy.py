"""What the cadence says about a queue, as it is in force."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..words import counted, duration

Mode = Literal["windows", "continuous"]
Order = Literal["lifo", "fifo", "adaptive"]
OrderNow = Literal["lifo", "fifo"]
OrderBy = Literal["accepted", "generated"]
GateWord = Literal["open", "closed", "paused"]
PPM = 1_000_000
NextTick = int | None | Literal["keep"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What the cadence says about a queue.

    ``oldest_share_ppm``: parts per million of the claims; ``batch``: credits of a window, 0 = no bound; ``lasts_us``:
    how long a window lasts, 0 = until the next one opens; ``lifo_above_us``, ``lifo_below_us``: of the adaptive order;
    ``period_us``: from tick to tick, where that is always the same, else 0; ``timetable``: in words. ``max_running``,
    ``max_running_per_group``: how many jobs of the queue, and of one group, may run at once, 0 = no bound;
    ``share_by_group``: whether claims go round the groups that wait (docs/groups.md). ``order_by``: whether jobs go by
    when they were accepted, or by when they were generated.
    """

    mode: Mode = "windows"
    order: Order = "lifo"
    oldest_share_ppm: int = 0
    batch: int = 0
    close_when_empty: bool = True
    lasts_us: int = 0
    lifo_above_us: int = 0
    lifo_below_us: int = 0
    period_us: int = 0
    timetable: str = ""
    max_running: int = 0
    max_running_per_group: int = 0
    share_by_group: bool = False
    order_by: OrderBy = "accepted"

    def fields(self) -> dict[str, str]:
        """As Redis keeps it."""
        values = [int(value) if isinstance(value, bool) else value for value in dataclasses.astuple(self)]
        return dict(zip(POLICY_FIELDS, map(str, values), strict=True))

    def in_words(self) -> str:
        """For people: ``every 2 s up to 1,000 jobs, newest first``."""
        order = {
            "lifo": "newest first",
            "fifo": "oldest first",
            "adaptive": f"oldest first, or newest first once the oldest has waited {duration(self.lifo_above_us)}",
        }[self.order]
        order += " by generation" if self.order_by == "generated" else ""
        share = [f"{100 * self.oldest_share_ppm / PPM:g} % of them the oldest"] if self.oldest_share_ppm else []
        limits = limits_in_words(
            self.max_running, self.max_running_per_group, self.share_by_group, number="{:,}".format
        )
        which = ", ".join([order, *share, *limits])
        if self.mode == "continuous":
            return f"at any time, {which}"
        ticks = f"every {duration(self.period_us)}" if self.period_us else self.timetable or "in each window"
        lasts = f" for {duration(self.lasts_us)}" if self.lasts_us and self.lasts_us != self.period_us else ""
        jobs = f"up to {counted(self.batch, 'job')}" if self.batch else "all jobs"
        return f"{ticks}{lasts} {jobs}, {which}"

    @property
    def goes_by_groups(self) -> bool:
        """Whether claims look at the groups of jobs."""
        return self.share_by_group or self.max_running_per_group > 0

    def limits(self) -> dict[str, int | bool | None]:
        """As the API shows them; None: no bound."""
        return {
            "max_running": self.max_running or None,
            "max_running_per_group": self.max_running_per_group or None,
            "share_by_group": self.share_by_group,
        }


def limits_in_words(
    max_running: int, max_running_per_group: int, share_by_group: bool, *, number: Callable[[int], str] = str
) -> Iterator[str]:
    """What bounds the jobs that run, and whose turn it is: a few words each. ``number``: how counts are written."""
    if share_by_group:
        yield "by turns of the groups"
    if max_running:
        yield f"at most {number(max_running)} at once"
    if max_running_per_group:
        yield f"at most {number(max_running_per_group)} of a group at once"


POLICY_FIELDS = (
    "mode",
    "order",
    "share",
    "batch",
    "close_when_empty",
    "lasts",
    "lifo_above",
    "lifo_below",
    "period",
    "timetable",
    "max_running",
    "max_running_per_group",
    "share_by_group",
    "order_by",
)
"""The fields of ``keys.policy`` that a cadence rules, in the order of :class:`Policy`."""


def policy_from(fields: Mapping[str, bytes | None]) -> Policy | None:
    """A policy from the fields of ``keys.policy``, which hold others too; None as long as no policy is in force. One
    that an older version wrote may lack the last ones."""
    if not fields.get("mode"):
        return None
    given = {
        field.name: _value(fields[name], field.default)
        for field, name in zip(dataclasses.fields(Policy), POLICY_FIELDS, strict=True)
        if fields.get(name) is not None
    }
    return Policy(**given)


def _value(kept: bytes | None, default: Any) -> Any:
    """A value of the kind that its default is of."""
    text = (kept or b"").decode()
    return text if isinstance(default, str) else type(default)(int(text or 0))
