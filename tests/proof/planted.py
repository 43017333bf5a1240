"""Bugs planted into the scripts, to prove that those who look for bugs find them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from middleware.commands import calls, sources

Plant = Callable[[], AbstractContextManager[None]]


@contextmanager
def planted(old: str, new: str, *, into: tuple[str, ...]) -> Iterator[None]:
    """While it lasts, the scripts named in ``into`` have ``new`` where they had ``old``, for this process alone."""
    sound = sources.script

    def unsound(name: str) -> sources.Script:
        script = sound(name)
        if name not in into:
            return script
        was, is_now = sources.resolved(old, script.keys), sources.resolved(new, script.keys)
        assert script.source.count(was) == 1, f"{name}.lua has no such line any more, or several: {old}"
        return script._replace(source=script.source.replace(was, is_now))

    for name in into:
        unsound(name)
    sources.script = unsound  # type: ignore[assignment]
    calls._head.cache_clear()
    try:
        yield
    finally:
        sources.script = sound
        calls._head.cache_clear()


def wrong_end() -> AbstractContextManager[None]:
    """Claims take the oldest job and say that it was the newest."""
    return planted("redis.call('ZPOPMAX', K.stack, n)", "redis.call('ZPOPMIN', K.stack, n)", into=("claim", "settle"))


def skipped_removal() -> AbstractContextManager[None]:
    """A claim leaves the job on the stack."""
    return planted(
        "redis.call('ZPOPMAX', K.stack, n)",
        "redis.call('ZREVRANGE', K.stack, 0, n - 1, 'WITHSCORES')",
        into=("claim", "settle"),
    )


def double_settle() -> AbstractContextManager[None]:
    """A settlement counts whether or not its lease was lost, or it was made before."""
    return planted("if not runs_as(job, number) then", "if not job then", into=("settle",))


def lost_put_back() -> AbstractContextManager[None]:
    """A job that is put back isn't on the stack, though its record says so."""
    return planted(
        "else push(id, job, now) end",
        "else job[STATUS], job[ENTERED] = QUEUED, now end",
        into=("settle", "reclaim", "recover"),
    )


def usual_passing_over() -> AbstractContextManager[None]:
    """A usual turn takes the second job from the top."""
    return planted(
        "redis.call('ZREVRANGE', K.stack, 0, wanted, 'WITHSCORES')",
        "redis.call('ZREVRANGE', K.stack, 1, wanted + 1, 'WITHSCORES')",
        into=("settle",),
    )


def usual_skipped_removal() -> AbstractContextManager[None]:
    """A usual turn leaves the jobs that it claims on the stack."""
    return planted("redis.call('ZREM', K.stack, unpack(claimed))", "redis.call('ZREM', K.stack, '')", into=("settle",))


def usual_double_settle() -> AbstractContextManager[None]:
    """A usual turn doesn't look whether the job still runs."""
    return planted(
        "if not job or job[STATUS] ~= RUNNING or job[SEQ] + 1", "if not job or job[SEQ] + 1", into=("settle",)
    )


def usual_turns_forgotten() -> AbstractContextManager[None]:
    """What usual turns did is never counted."""
    return planted("tally[T_CLAIMED] + claimed", "tally[T_CLAIMED]", into=("settle", "tallies", "snapshot"))


def usual_silent_accept() -> AbstractContextManager[None]:
    """A job is accepted, and nobody is told."""
    return planted("if rings then redis.call('RPUSH', K.doorbell, 1) end", "", into=("accept",))


PLANTS: tuple[Plant, ...] = (
    *(wrong_end, skipped_removal, double_settle, lost_put_back),
    *(usual_passing_over, usual_skipped_removal, usual_double_settle, usual_turns_forgotten),
    usual_silent_accept,
)
