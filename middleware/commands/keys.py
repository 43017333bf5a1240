"""Every Redis key, one name each. No key is put together anywhere else, Lua included.

All keys of a queue carry its hash tag, so that a Redis Cluster keeps them on one shard. What spans queues has keys and
tags of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..jobs import JobStatus

PREFIX = "lastin"
QUEUE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
"""What a queue may be called."""


@dataclass(frozen=True, slots=True)
class QueueKey:
    """A key that every queue has: ``stack("default")`` is the one of that queue."""

    name: str

    def __call__(self, queue: str) -> str:
        return f"{PREFIX}:{{{queue}}}:{self.name}"


stack = QueueKey("stack")
"""ZSET id → place: the jobs that wait (``queued``)."""

displaced = QueueKey("displaced")
"""ZSET id → seq: the jobs on the stack whose place isn't their seq, so that lists can go by seq."""

due = QueueKey("due")
"""ZSET id → due time in µs: the jobs that wait for their time. Under the empty id: when the next deadline passes,
or earlier (``lua/parts/watch_deadline.lua``)."""

scheduled = QueueKey("scheduled")
"""ZSET id → seq: the same jobs by seq (``scheduled``)."""

deadlines = QueueKey("deadlines")
"""ZSET id → deadline in µs: the jobs that wait, on the stack or for their time, and have one."""

leases = QueueKey("leases")
"""ZSET id → end of its lease in µs: the claimed jobs."""

running = QueueKey("running")
"""ZSET id → seq: the same jobs by seq (``running``)."""

finished = QueueKey("finished")
"""ZSET id → finishing time in µs: all jobs that ended, in the order in which they are pruned."""

processed = QueueKey("processed")
"""ZSET id → seq: ended well."""

rejected = QueueKey("rejected")
"""ZSET id → seq: given up, the dead letters."""

cancelled = QueueKey("cancelled")
"""ZSET id → seq: they were cancelled."""

expired = QueueKey("expired")
"""ZSET id → seq: the deadline passed while it waited."""

superseded = QueueKey("superseded")
"""ZSET id → seq: a newer job of their subject took their turn."""

messages = QueueKey("messages")
"""HASH id → the encoded Dramatiq message."""

records = QueueKey("records")
"""HASH id → MessagePack array of the job's state, with the fields of ``layout.Record``."""

results = QueueKey("results")
"""HASH id → what the task returned, as JSON; or ``!`` and why it couldn't be kept."""

failures = QueueKey("failures")
"""HASH id → the last failure: its time in µs, a space, and JSON with type, message and traceback."""

progress = QueueKey("progress")
"""HASH id → what a task last said of its progress, as JSON: share, note."""

tagged = QueueKey("tagged")
"""ZSET whose scores are all 0: of each tag of a job its digest (``tags.py``), the job's seq in 7 bytes (big-endian)
and its id. In the order of its members, the jobs of a tag are a range that goes by seq."""

subjects = QueueKey("subjects")
"""ZSET whose scores are all 0: of each job with a subject that waits or runs, or is the newest processed one, the
subject's digest (``tags.py``), the job's seq (or when it was generated, ``lua/parts/age_of.lua``) in 7 bytes
(big-endian) and its id."""

freshness = QueueKey("freshness")
"""ZSET digest of a subject → seq of its newest processed job, or when that was generated
(``lua/parts/age_of.lua``), as long as it is kept."""

grouped = QueueKey("grouped")
"""ZSET whose scores are all 0: of each job on the stack the digest of its group (``layout.NO_GROUP``: it has none),
its place in 7 bytes (big-endian) and its id; while the policy goes by groups (``lua/parts/groups.lua``)."""

group_tops = QueueKey("group_tops")
"""ZSET group → the highest place of its jobs on the stack: the groups of which one may be claimed. To the places of
half of them ``layout.OTHER_HALF`` is added (``lua/parts/place_group.lua``)."""

group_bottoms = QueueKey("group_bottoms")
"""ZSET group → the lowest place of its jobs on the stack, of the same groups, in the same halves."""

full_groups = QueueKey("full_groups")
"""ZSET group → how many of its jobs are on the stack: the groups of which as many run as may."""

had_turn = QueueKey("had_turn")
"""SET: the groups that have had their turn in this round."""

running_grouped = QueueKey("running_grouped")
"""ZSET whose scores are all 0: of each running job with a group the group's digest, the job's seq in 7 bytes
(big-endian) and its id, whatever the policy."""

event_log = QueueKey("event_log")
"""LIST of MessagePack arrays: every move of a job and of the gate, while this key exists (it is switched on by a
first element)."""

counters = QueueKey("counters")
"""HASH name → count since the queue was made: ``accepted``, ``pruned``, ``reclaimed``, ``stale_settles`` …; also
the last ``seq``, and the last ``interval`` of the samples."""

policy = QueueKey("policy")
"""HASH: what the cadence says about the queue and its next ticks (``next_tick``, ``later_ticks``, ms), which window
is open (``open``), when the last one opened and when a job was last claimed outside of windows (``last_opened``,
``last_claim``, µs), who paused it (``pause``), whether claims go by groups (``grouping``: on, or the cursor by
which their index is being made) and in which round (``round``)."""

windows = QueueKey("windows")
"""HASH n → MessagePack array of a window, with the fields of ``layout.WindowRecord``."""

window_history = QueueKey("window_history")
"""ZSET n → seq of a window, ``max(last + 1, opened at in µs)``: the windows that are kept."""

doorbell = QueueKey("doorbell")
"""LIST with at most one token: rung when idle workers should look at the stack."""

heartbeat = QueueKey("heartbeat")
"""HASH: ``at``, the last heartbeat of anybody in µs, and ``grace``, before which no lease counts as lost."""

callers = QueueKey("callers")
"""ZSET caller → number of its last accept: by it a call that is sent again is known."""

pauses = QueueKey("pauses")
"""LIST of MessagePack arrays, newest first: each pause and resume that changed anything, at most 500."""

switches = QueueKey("switches")
"""LIST of MessagePack arrays, newest first: when the adaptive order changed (µs), into which, and what the oldest
waiting job had waited by then (µs); at most 100."""

idempotency_keys = QueueKey("idempotency_keys")
"""HASH idempotency key → MessagePack array: digest of the request that was sent under it, and what that made."""

idempotency_ends = QueueKey("idempotency_ends")
"""ZSET idempotency key → when it is deleted, in µs."""

recurring = QueueKey("recurring")
"""HASH name of a recurring job → MessagePack array with the fields of ``layout.RecurringRecord``."""

recurring_counters = QueueKey("recurring_counters")
"""HASH what and name → count of a recurring job's ticks: ``submitted:nightly``, ``missed:nightly``,
``skipped_paused:nightly``, ``skipped_waiting:nightly``."""

samples = QueueKey("samples")
"""LIST, newest first, of MessagePack arrays with the fields of ``layout.Sample``: what the totals were
when an interval of 10 s began, of those in which something happened; at most 8,640, a day without a pause."""

task_counters = QueueKey("task_counters")
"""HASH task → MessagePack array with the fields of ``layout.TASK_COUNTER_FIELDS``; at most 200 tasks, and the
others together."""

pending_counts = QueueKey("pending_counts")
"""LIST of MessagePack arrays: what calls of scripts have counted, and nobody has added up yet: time in µs, then
moves of jobs and counts of the queue, four values each (``lua/parts/counts.lua``)."""

task_counters_before = QueueKey("task_counters_before")
"""LIST, newest first, of MessagePack arrays: a minute since the epoch, and the counters of tasks as they were
when it began (task and packed counters in turn); of the last 16 minutes in which something happened."""

QUEUE_KEYS = tuple(each for each in list(globals().values()) if isinstance(each, QueueKey))
"""All of the above, in the order in which a script gets those that it uses in KEYS (Lua: ``K.stack`` and so on)."""

probe = QueueKey("probe")
"""STRING that expires: written so that a WAIT on the same connection waits for all that was written before, and to
find out whether a shard takes writes."""

_BY_NAME = {key.name: key for key in QUEUE_KEYS}
STATUS_INDEXES = {status: _BY_NAME["stack" if status is JobStatus.QUEUED else status.value] for status in JobStatus}
"""The index that lists the jobs of a status."""


def queues() -> str:
    """SET: the names of all queues that were ever declared here."""
    return f"{PREFIX}:queues"


def process_ends() -> str:
    """ZSET process → when it counts as gone, in µs. It expires when nobody is left."""
    return f"{PREFIX}:{{.registry}}:ends"


def process_registrations() -> str:
    """HASH process → MessagePack array with the fields of ``layout.RegistrationRecord``. Expires too."""
    return f"{PREFIX}:{{.registry}}:registrations"


def metrics_ends() -> str:
    """ZSET process group → when its metrics expire, in µs. It expires when nobody stores any."""
    return f"{PREFIX}:{{.metrics}}:ends"


def group_metrics(group: str) -> str:
    """STRING that expires: the metrics of a process group, as JSON (``group_metrics.py``)."""
    return f"{PREFIX}:{{.metrics}}:of:{group}"


def cancellations() -> str:
    """Channel: ids of running jobs that were asked to stop."""
    return f"{PREFIX}:cancellations"


def writable() -> str:
    """STRING that expires: written to find out whether Redis takes writes."""
    return f"{PREFIX}:writable"


def bulk_action(id: str) -> str:
    """STRING with JSON that expires: how far a change of all jobs that match is, as the dashboard shows it."""
    return f"{PREFIX}:bulk_action:{id}"


def rate_limits() -> str:
    """Prefix of STRINGs that expire: how often each client called the HTTP API, as Flask-Limiter counts."""
    return f"{PREFIX}:{{.rate_limits}}"


def session(name: str) -> str:
    """STRING that expires: the session of somebody who signed in to the dashboard, sealed (``api/sign_in``)."""
    return f"{PREFIX}:{{.sessions}}:of:{name}"


def session_renewal(name: str) -> str:
    """STRING that expires: some process gets a new token for this session just now, or has just failed to."""
    return f"{PREFIX}:{{.sessions}}:renewal:{name}"
