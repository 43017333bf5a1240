"""The layout of everything that is packed in Redis: records, windows, counters of tasks, samples."""

from __future__ import annotations

from ..jobs import JobStatus

STATUS_LETTERS = dict(zip("sqrpxceu", JobStatus, strict=True))
"""How records spell a status; scripts have the letters under names such as ``QUEUED``."""

RECORD_FIELDS = (
    "status",
    "seq",
    "place",
    "task",
    "attempts",
    "lost",
    "settled",
    "due",
    "entered",
    "started",
    "finished",
    "window",
    "worker",
    "reason",
    "cancel",
    "size",
)
"""A job's record, a MessagePack array; a field that isn't set holds false, and the last ones may be lacking. ``lost``:
leases lost in a row; ``settled``: the attempt that was settled last; ``entered``: when it last came on the stack
(false: at its acceptance); ``cancel``: why a running job was asked to stop; ``size``: bytes of its message, known from
a claim on."""

WINDOW_FIELDS = (
    "opened_by",
    "tick",
    "opened_at",
    "closes_at",
    "closed_at",
    "close_reason",
    "close_when_empty",
    "order",
    "share",
    "credits",
    "claimed",
    "running",
    "processed",
    "retried",
    "rejected",
    "cancelled",
    "put_back",
    "first_claim",
    "last_claim",
    "oldest_wait",
    "left_waiting",
    "lifo_above",
    "lifo_below",
    "opener",
    "closer",
)
"""A window, a MessagePack array; a field that isn't set holds false. ``opener``, ``closer``: who did so by hand."""

REFUSED = b"!"
"""Begins what is kept instead of a result that can't be: the reason follows."""

SLOT_US = 10_000_000
MINUTE_US = 60_000_000

_S, _MINUTE, _HOUR = 1_000_000, 60_000_000, 3_600_000_000
BOUNDS_US = (
    *(200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000),
    *(1 * _S, 2 * _S, 5 * _S, 10 * _S, 20 * _S, 1 * _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 30 * _MINUTE),
    *(1 * _HOUR, 2 * _HOUR, 6 * _HOUR, 24 * _HOUR),
)
"""The upper bounds of the histograms' buckets, each included, in µs; one more bucket takes what is above."""

BUCKETS = len(BOUNDS_US) + 1

STATE_FIELDS = tuple(status.value for status in JobStatus)
TOTAL_FIELDS = (
    "accepted",
    "claimed",
    "retried",
    "put_back",
    *(f"ended_{status.value}" for status in JobStatus if status.is_final),
)
TALLY_FIELDS = (
    *STATE_FIELDS,
    *TOTAL_FIELDS,
    "wait_sum",
    *(f"wait_{bucket}" for bucket in range(1, BUCKETS + 1)),
    "run_sum",
    *(f"run_{bucket}" for bucket in range(1, BUCKETS + 1)),
)
"""A task's tally, a MessagePack array: how many of its jobs are in each state now; totals since the queue was made
(``ended_…`` counts an operator's retry and another end twice); and two histograms: the sum of all times in µs, then how
many fell into each bucket. ``wait``: from entering the stack to the claim; ``run``: from there to the end of an attempt
that its worker settled as processed, to be retried, rejected or cancelled."""

SAMPLE_FIELDS = ("slot", *STATE_FIELDS, *TOTAL_FIELDS, "oldest")
"""A sample, a MessagePack array: the sums of all tallies when a slot of 10 s since the epoch began, and the place of
the job that was the oldest waiting one after the first call in it (0: none waited)."""
