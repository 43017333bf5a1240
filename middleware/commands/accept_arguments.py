"""The arguments of ``accept.lua``."""

from __future__ import annotations

from collections.abc import Sequence

import msgpack

from .types import BOUNDLESS, KEYLESS, NAMELESS, Call, IdempotencyKey, Offer, Room, Tick


def accept_arguments(
    default_gate: bytes,
    jobs: Sequence[Offer],
    *,
    call: Call = NAMELESS,
    key: IdempotencyKey = KEYLESS,
    room: Room = BOUNDLESS,
    tick: Tick | None = None,
) -> list[bytes]:
    """As the script takes them. ``tick``: of a recurring job, whose only job this is."""
    bounds = (room.most_waiting, room.most_bytes, room.drops_oldest)
    extras = [_extras(job) for job in jobs] if any(map(_has_extras, jobs)) else []
    arguments = [
        default_gate,
        msgpack.packb(bounds) if room.is_bounded else b"",
        *(call.caller, b"%d" % call.number, *key),
        msgpack.packb(extras, use_bin_type=False) if extras else b"",
        b"" if tick is None else msgpack.packb(tick),
    ]
    for id, task, message, due, *_ in jobs:
        arguments += (id.encode(), task.encode(), due, message)
    return arguments


def _has_extras(job: Offer) -> bool:
    return bool(job.tags or job.deadline or job.subject.digest or job.group or job.generated_us is not None)


def _extras(job: Offer) -> tuple[object, ...]:
    """What few jobs have."""
    return (job.tags, job.deadline, *job.subject, job.group, False if job.generated_us is None else job.generated_us)
