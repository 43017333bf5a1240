"""What goes into the commands on a queue, and what they answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

Token = tuple[str, int]
"""Names a delivery: the job's id, and the number of the claim."""


class Claim(NamedTuple):
    """What a claim brought: the gate's word, µs until the next job falls due (-1: none), per job (id, number of the
    delivery, message), its attempt and for how many µs it waited, and the number of the window that it was made in."""

    word: str
    until_due_us: int
    jobs: list[tuple[str, int, bytes]]
    attempts: tuple[int, ...] = ()
    waits_us: tuple[int, ...] = ()
    window: int | None = None


class Settlement(NamedTuple):
    """How an attempt ended. ``outcome``: processed, rejected, cancelled, retry or put_back; a processed one has nothing
    but a result."""

    id: str
    number: int
    outcome: str
    delay_us: int = 0
    reason: str = ""
    result: bytes = b""
    failure: bytes = b""
    message: bytes = b""


class Subject(NamedTuple):
    """What a job is about: the digest of the subject, for how long newer jobs may take its turn (0: no bound), and
    whether those that run are asked to stop for it."""

    digest: str
    max_defer_us: int = 0
    supersede_running: bool = False


NO_SUBJECT = Subject("")


class Offer(NamedTuple):
    """A job to be accepted: when it falls due as ``accept.lua`` takes it (:func:`due.due_argument`), the digests of its
    tags (:func:`tags.digests`), its deadline (:meth:`deadlines.Deadlines.argument`), its subject, the digest of its
    group (empty: it has none), and when it was generated in µs (None: nobody said)."""

    id: str
    task: str
    message: bytes
    due: bytes = b""
    tags: str = ""
    deadline: bytes = b""
    subject: Subject = NO_SUBJECT
    group: str = ""
    generated_us: int | None = None


class Accepted(NamedTuple):
    """The seq of the first job, when each of them falls due (None: at once), and the server's time, all in µs.
    ``records``: of each job its packed record instead of when it falls due, where some went by when they were
    generated."""

    first_seq: int
    dues_us: Sequence[int | None]
    now_us: int
    records: Sequence[bytes] = ()


class Room(NamedTuple):
    """How many jobs of a queue may wait, and how many bytes their messages may have (0: no bound); and whether the
    oldest expire beyond that, instead of new ones being refused."""

    most_waiting: int = 0
    drops_oldest: bool = False
    most_bytes: int = 0

    @property
    def is_bounded(self) -> bool:
        """Whether there is a bound at all."""
        return self.most_waiting > 0 or self.most_bytes > 0


BOUNDLESS = Room()


class Call(NamedTuple):
    """Names one call of accept, however often it is sent: who calls, and a number that rises from call to call."""

    caller: bytes
    number: int


NAMELESS = Call(b"", 0)
"""A call that isn't recognized when it is sent again."""


class Replication(NamedTuple):
    """How many replicas must have what a call wrote before it counts as done, and how long they are waited for."""

    replicas: int = 0
    wait_ms: int = 0


UNREPLICATED = Replication()


class Again(NamedTuple):
    """This very call was carried out before."""


class Crowded(NamedTuple):
    """Nothing was accepted: too many jobs wait already, beside those that these would supersede (``waiting``), for so
    many more (``wanted``); or too many bytes, which are 0 otherwise. ``until_window_us``: until the next window opens,
    if they wait for it."""

    waiting: int
    until_window_us: int = 0
    wanted: int = 1
    bytes: int = 0
    wanted_bytes: int = 0


class Replayed(NamedTuple):
    """This request was sent before under its key: how many jobs it made, and the first one's seq."""

    first_seq: int
    how_many: int


class Reused(NamedTuple):
    """Another request was sent before under this key."""


class Exists(NamedTuple):
    """Nothing was accepted: how many of the ids there are already, and one of them."""

    how_many: int
    id: str


class Tick(NamedTuple):
    """A tick of the recurring job ``name``, in ms since the epoch. ``is_begin``: it was due before the scheduler began,
    and perhaps before there were such ticks. ``skip_if_waiting``: it submits nothing while the last job waits."""

    name: str
    at_ms: int
    is_begin: bool = False
    skip_if_waiting: bool = False


class Submitted(NamedTuple):
    """This tick has submitted its job, and nobody had done so. ``unnoted_us``: after this time no tick before this one
    was decided."""

    seq: int
    unnoted_us: int


class Skipped(NamedTuple):
    """This tick submits nothing, now or later, since the recurring job is ``paused``, or its last job is still
    ``waiting``."""

    why: Literal["paused", "waiting"]
    unnoted_us: int


class TickRefused(NamedTuple):
    """``repeated``: this tick or a later one was decided before, or it was due before there were such ticks;
    ``early``: it lies ahead; ``unknown``: nothing here knows the recurring job, as in a server that was emptied."""

    word: Literal["repeated", "early", "unknown"]


TickAnswer = Submitted | Skipped | TickRefused
"""What became of a tick."""


class IdempotencyKey(NamedTuple):
    """Under which name a request is known for a day, and what it asked for: digests of 16 bytes."""

    name: bytes
    digest: bytes


KEYLESS = IdempotencyKey(b"", b"")
"""No request is known by it."""


Acceptance = Accepted | Exists | Crowded | Again | Replayed | Reused
"""What became of a call of accept."""
