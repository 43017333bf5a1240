"""Every Redis key, one function each. No key is put together anywhere else, Lua included.

All keys of a queue carry its hash tag, so that a Redis Cluster keeps them on one shard. What spans queues has keys and
tags of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ..jobs import JobStatus

QueueKey = Callable[[str], str]
"""Makes a key from the name of its queue."""

PREFIX = "lastin"
QUEUE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
"""What a queue may be called."""


def _of_queue(queue: str, name: str) -> str:
    return f"{PREFIX}:{{{queue}}}:{name}"


def stack(queue: str) -> str:
    """ZSET id → place: the jobs that wait (``queued``)."""
    return _of_queue(queue, "stack")


def displaced(queue: str) -> str:
    """ZSET id → seq: the jobs on the stack whose place isn't their seq, so that lists can go by seq."""
    return _of_queue(queue, "displaced")


def due(queue: str) -> str:
    """ZSET id → due time in µs: the jobs that wait for their time. Under the empty id: when the next deadline passes,
    or earlier (``lua/parts/watch_deadline.lua``)."""
    return _of_queue(queue, "due")


def scheduled(queue: str) -> str:
    """ZSET id → seq: the same jobs by seq (``scheduled``)."""
    return _of_queue(queue, "scheduled")


def deadlines(queue: str) -> str:
    """ZSET id → deadline in µs: the jobs that wait, on the stack or for their time, and have one."""
    return _of_queue(queue, "deadlines")


def leases(queue: str) -> str:
    """ZSET id → end of its lease in µs: the claimed jobs."""
    return _of_queue(queue, "leases")


def running(queue: str) -> str:
    """ZSET id → seq: the same jobs by seq (``running``)."""
    return _of_queue(queue, "running")


def finished(queue: str) -> str:
    """ZSET id → finishing time in µs: all jobs that ended, in the order in which they are pruned."""
    return _of_queue(queue, "finished")


def processed(queue: str) -> str:
    """ZSET id → seq: ended well."""
    return _of_queue(queue, "processed")


def rejected(queue: str) -> str:
    """ZSET id → seq: given up, the dead letters."""
    return _of_queue(queue, "rejected")


def cancelled(queue: str) -> str:
    """ZSET id → seq: somebody called it off."""
    return _of_queue(queue, "cancelled")


def expired(queue: str) -> str:
    """ZSET id → seq: the deadline passed while it waited."""
    return _of_queue(queue, "expired")


def superseded(queue: str) -> str:
    """ZSET id → seq: a newer job took its part."""
    return _of_queue(queue, "superseded")


def messages(queue: str) -> str:
    """HASH id → the encoded Dramatiq message."""
    return _of_queue(queue, "messages")


def records(queue: str) -> str:
    """HASH id → MessagePack array of the job's state, with the fields of ``layout.Record``."""
    return _of_queue(queue, "records")


def results(queue: str) -> str:
    """HASH id → what the task returned, as JSON; or ``!`` and why it couldn't be kept."""
    return _of_queue(queue, "results")


def failures(queue: str) -> str:
    """HASH id → the last failure: its time in µs, a space, and JSON with type, message and traceback."""
    return _of_queue(queue, "failures")


def progress(queue: str) -> str:
    """HASH id → what a task last said of its progress, as JSON: share, note."""
    return _of_queue(queue, "progress")


def tagged(queue: str) -> str:
    """ZSET whose scores are all 0: of each tag of a job its digest (``tags.py``), the job's seq in 7 bytes (big-endian)
    and its id. In the order of its members, the jobs of a tag are a range that goes by seq."""
    return _of_queue(queue, "tagged")


def subjects(queue: str) -> str:
    """ZSET whose scores are all 0: of each job with a subject that waits or runs, or is the newest processed one, the
    subject's digest (``tags.py``), the job's seq (or when it was generated, ``lua/parts/age_of.lua``) in 7 bytes
    (big-endian) and its id."""
    return _of_queue(queue, "subjects")


def freshness(queue: str) -> str:
    """ZSET digest of a subject → seq of its newest processed job, or when that was generated
    (``lua/parts/age_of.lua``), as long as it is kept."""
    return _of_queue(queue, "freshness")


def grouped(queue: str) -> str:
    """ZSET whose scores are all 0: of each job on the stack the digest of its group (``layout.NO_GROUP``: it has none),
    its place in 7 bytes (big-endian) and its id; while the policy goes by groups (``lua/parts/groups.lua``)."""
    return _of_queue(queue, "grouped")


def group_tops(queue: str) -> str:
    """ZSET group → the highest place of its jobs on the stack: the groups of which one may be claimed. To the places of
    half of them ``layout.OTHER_HALF`` is added (``lua/parts/place_group.lua``)."""
    return _of_queue(queue, "group_tops")


def group_bottoms(queue: str) -> str:
    """ZSET group → the lowest place of its jobs on the stack, of the same groups, in the same halves."""
    return _of_queue(queue, "group_bottoms")


def full_groups(queue: str) -> str:
    """ZSET group → how many of its jobs are on the stack: the groups of which as many run as may."""
    return _of_queue(queue, "full_groups")


def had_turn(queue: str) -> str:
    """SET: the groups that have had their turn in this round."""
    return _of_queue(queue, "had_turn")


def running_grouped(queue: str) -> str:
    """ZSET whose scores are all 0: of each running job with a group the group's digest, the job's seq in 7 bytes
    (big-endian) and its id, whatever the policy."""
    return _of_queue(queue, "running_grouped")


def event_log(queue: str) -> str:
    """LIST of MessagePack arrays: every move of a job and of the gate, while this key exists (it is switched on by a
    first element)."""
    return _of_queue(queue, "event_log")


def counters(queue: str) -> str:
    """HASH name → count since the queue was made: ``accepted``, ``pruned``, ``reclaimed``, ``stale_settles`` …; also
    the last ``seq``, and the last ``interval`` of the samples."""
    return _of_queue(queue, "counters")


def policy(queue: str) -> str:
    """HASH: what the cadence says about the queue and its next ticks (``next_tick``, ``later_ticks``, ms), which window
    is open (``open``), when the last one opened and when a job was last claimed outside of windows (``last_opened``,
    ``last_claim``, µs), who paused it (``pause``), whether claims go by groups (``grouping``: on, or the cursor by
    which their index is being made) and in which round (``round``)."""
    return _of_queue(queue, "policy")


def windows(queue: str) -> str:
    """HASH n → MessagePack array of a window, with the fields of ``layout.WindowRecord``."""
    return _of_queue(queue, "windows")


def window_history(queue: str) -> str:
    """ZSET n → seq of a window, ``max(last + 1, opened at in µs)``: the windows that are kept."""
    return _of_queue(queue, "window_history")


def doorbell(queue: str) -> str:
    """LIST with at most one token: rung when idle workers should look at the stack."""
    return _of_queue(queue, "doorbell")


def heartbeat(queue: str) -> str:
    """HASH: ``at``, the last heartbeat of anybody in µs, and ``grace``, before which no lease counts as lost."""
    return _of_queue(queue, "heartbeat")


def callers(queue: str) -> str:
    """ZSET caller → number of its last accept: by it a call that is sent again is known."""
    return _of_queue(queue, "callers")


def pauses(queue: str) -> str:
    """LIST of MessagePack arrays, newest first: each pause and resume that changed anything, at most 500."""
    return _of_queue(queue, "pauses")


def switches(queue: str) -> str:
    """LIST of MessagePack arrays, newest first: when the adaptive order changed (µs), into which, and what the oldest
    waiting job had waited by then (µs); at most 100."""
    return _of_queue(queue, "switches")


def probe(queue: str) -> str:
    """STRING that expires: written so that a WAIT on the same connection waits for all that was written before, and to
    find out whether a shard takes writes."""
    return _of_queue(queue, "probe")


def idempotency_keys(queue: str) -> str:
    """HASH idempotency key → MessagePack array: digest of the request that was sent under it, and what that made."""
    return _of_queue(queue, "idempotency_keys")


def idempotency_ends(queue: str) -> str:
    """ZSET idempotency key → when it is deleted, in µs."""
    return _of_queue(queue, "idempotency_ends")


def recurring(queue: str) -> str:
    """HASH name of a recurring job → MessagePack array with the fields of ``layout.RecurringRecord``."""
    return _of_queue(queue, "recurring")


def recurring_counters(queue: str) -> str:
    """HASH what and name → count of a recurring job's ticks: ``submitted:nightly``, ``missed:nightly``,
    ``skipped_paused:nightly``, ``skipped_waiting:nightly``."""
    return _of_queue(queue, "recurring_counters")


def samples(queue: str) -> str:
    """LIST, newest first, of MessagePack arrays with the fields of ``layout.Sample``: what the totals were
    when an interval of 10 s began, of those in which something happened; at most 8,640, a day without a pause."""
    return _of_queue(queue, "samples")


def task_counters(queue: str) -> str:
    """HASH task → MessagePack array with the fields of ``layout.TASK_COUNTER_FIELDS``; at most 200 tasks, and the
    others together."""
    return _of_queue(queue, "task_counters")


def pending_counts(queue: str) -> str:
    """LIST of MessagePack arrays: what calls of scripts have counted, and nobody has added up yet: time in µs, then
    moves of jobs and counts of the queue, four values each (``lua/parts/counts.lua``)."""
    return _of_queue(queue, "pending_counts")


def task_counters_before(queue: str) -> str:
    """LIST, newest first, of MessagePack arrays: a minute since the epoch, and the counters of tasks as they were
    when it began (task and packed counters in turn); of the last 16 minutes in which something happened."""
    return _of_queue(queue, "task_counters_before")


QUEUE_KEYS: tuple[QueueKey, ...] = (
    stack,
    displaced,
    due,
    scheduled,
    deadlines,
    leases,
    running,
    finished,
    processed,
    rejected,
    cancelled,
    expired,
    superseded,
    messages,
    records,
    results,
    failures,
    progress,
    tagged,
    subjects,
    freshness,
    grouped,
    group_tops,
    group_bottoms,
    full_groups,
    had_turn,
    running_grouped,
    event_log,
    counters,
    policy,
    windows,
    window_history,
    doorbell,
    heartbeat,
    callers,
    pauses,
    switches,
    idempotency_keys,
    idempotency_ends,
    recurring,
    recurring_counters,
    samples,
    task_counters,
    pending_counts,
    task_counters_before,
)
"""All keys of a queue, in the order in which a script gets those that it uses in KEYS (Lua: ``K.stack`` and so on)."""


_BY_NAME = {key.__name__: key for key in QUEUE_KEYS}
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
