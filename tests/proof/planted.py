"""Bugs planted into the scripts, to prove that those who look for bugs find them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from middleware.commands import build, calls

Plant = Callable[[], AbstractContextManager[None]]


@contextmanager
def planted(old: str, new: str, *, into: tuple[str, ...]) -> Iterator[None]:
    """While it lasts, the scripts named in ``into`` have ``new`` where they had ``old``, for this process alone."""
    sound = build.script

    def unsound(name: str) -> build.Script:
        script = sound(name)
        if name not in into:
            return script
        was, is_now = build.folded(old, script.keys), build.folded(new, script.keys)
        assert was in script.source, f"{name}.lua has no such line any more: {old}"
        return script._replace(source=script.source.replace(was, is_now))

    for name in into:
        unsound(name)
    build.script = unsound  # type: ignore[assignment]
    calls._head.cache_clear()
    try:
        yield
    finally:
        build.script = sound
        calls._head.cache_clear()


def wrong_end() -> AbstractContextManager[None]:
    """Claims take the oldest job and say that it was the newest."""
    return planted(
        "redis.call('ZPOPMAX', K.stack, most)", "redis.call('ZPOPMIN', K.stack, most)", into=("claim", "settle")
    )


def skipped_removal() -> AbstractContextManager[None]:
    """A claim leaves the job on the stack."""
    return planted(
        "redis.call('ZPOPMAX', K.stack, most)",
        "redis.call('ZREVRANGE', K.stack, 0, most - 1, 'WITHSCORES')",
        into=("claim", "settle"),
    )


def double_settle() -> AbstractContextManager[None]:
    """A settlement counts whether or not its lease was lost, or it was made before."""
    return planted("if runs_as(job, number) then", "if job then", into=("settle",))


def lost_put_back() -> AbstractContextManager[None]:
    """A job that is put back isn't on the stack, though its record says so."""
    return planted(
        "if delay == 0 then return push(id, job, us) end",
        "if delay == 0 then\n    move(job, S.QUEUED)\n    job[R.ENTERED] = now\n    return\n  end",
        into=("settle", "reclaim", "recover"),
    )


def forgotten_counts() -> AbstractContextManager[None]:
    """What calls have claimed is never added up."""
    return planted(
        "counters[C.CLAIMED] = counters[C.CLAIMED] + how_many",
        "counters[C.CLAIMED] = counters[C.CLAIMED]",
        into=("settle", "read_counters", "snapshot"),
    )


def silent_accept() -> AbstractContextManager[None]:
    """A job is accepted, and nobody is told."""
    return planted("if gate() == 'open' then redis.call('RPUSH', K.doorbell, 1) end", "gate()", into=("accept",))


def passing_over() -> AbstractContextManager[None]:
    """A claim of one job takes the second one from the top, and says that it was the newest."""
    return planted(
        "redis.call('ZPOPMAX', K.stack, most)",
        "(function(second) redis.call('ZREM', K.stack, second[1] or ''); return second end)"
        "(redis.call('ZREVRANGE', K.stack, 1, 1, 'WITHSCORES'))",
        into=("claim", "settle"),
    )


def ignored_deadline() -> AbstractContextManager[None]:
    """A claim doesn't ask for deadlines."""
    return planted("next_deadline = expire_overdue()", "redis.call('ZREM', K.due, '')", into=("claim", "settle"))


def early_expiry() -> AbstractContextManager[None]:
    """All waiting jobs with a deadline expire as soon as one does."""
    return planted(
        "redis.call('ZRANGEBYSCORE', K.deadlines, '-inf', now, 'LIMIT', 0, P.EXPIRED_AT_ONCE)",
        "redis.call('ZRANGE', K.deadlines, 0, 9)",
        into=("claim", "settle", "promote"),
    )


def forgotten_deadline() -> AbstractContextManager[None]:
    """A job that comes back from a worker has no deadline any more."""
    return planted("watch_deadline(id, job[R.EXPIRES])", "", into=("settle", "reclaim", "recover"))


def overwriting_retry() -> AbstractContextManager[None]:
    """A job that comes back from a worker doesn't ask whether its subject has a newer one."""
    return planted("newer_of_subject(job) or false", "false", into=("settle", "reclaim", "recover"))


def turn_of_the_older_one() -> AbstractContextManager[None]:
    """A claim leaves an older job of the subject waiting."""
    return planted(
        "for _, older in ipairs(take_over(id, job, 0)) do gone[older] = true end", "", into=("claim", "settle")
    )


def both_at_once() -> AbstractContextManager[None]:
    """A claim hands an older job of the subject out too, if it was popped with the newer one."""
    return planted("if gone[id] then", "if false then", into=("claim", "settle"))


def nothing_superseded() -> AbstractContextManager[None]:
    """A new job doesn't end those of its subject that wait."""
    return planted("supersede(older, record, id)", "", into=("accept",))


def endless_deferring() -> AbstractContextManager[None]:
    """Newer jobs take the turn of those that wait as long as they come."""
    return planted("now - since >= max_defer", "false", into=("accept",))


def forgotten_generation() -> AbstractContextManager[None]:
    """A job's place is its seq, whenever it was generated."""
    return planted("if place >= seq then return seq end", "if place then return seq end", into=("accept",))


def late_and_stale() -> AbstractContextManager[None]:
    """A job that was generated before a known one of its subject waits all the same."""
    return planted("job[R.GENERATED] and newer_of_subject(job)", "false", into=("accept",))


def late_and_kept() -> AbstractContextManager[None]:
    """A job that was generated before others of its subject, and came with a newer one, may keep its turn."""
    return planted("if wins[job[R.SUBJECT]] ~= id then", "if false then", into=("accept",))


def forgotten_bytes() -> AbstractContextManager[None]:
    """What leaves the waiting jobs leaves its bytes behind."""
    return planted(
        "if before == S.QUEUED then count('queued_bytes', -size) elseif", "if", into=("claim", "settle", "cancel")
    )


def no_room_for_fresh_work() -> AbstractContextManager[None]:
    """Beyond a bound, what a job would supersede counts as if it went on waiting."""
    return planted("gone = to_be_superseded(ids, sizes, extras)", "gone = nil", into=("accept",))


def one_too_many() -> AbstractContextManager[None]:
    """One more job of the queue runs than may."""
    return planted(
        "max_running - redis.call('ZCARD', K.running)",
        "1 + max_running - redis.call('ZCARD', K.running)",
        into=("claim", "settle"),
    )


def one_too_many_of_a_group() -> AbstractContextManager[None]:
    """One more job of a group runs than may."""
    return planted("return bound - redis", "return 1 + bound - redis", into=("claim", "settle", "accept", "reclaim"))


def ignored_turn() -> AbstractContextManager[None]:
    """A group that had its turn has it again."""
    return planted("shares = shares == '1'", "shares = false", into=("claim", "settle"))


def slot_never_freed() -> AbstractContextManager[None]:
    """A job whose lease was lost counts as one that runs for ever."""
    return planted("gather_removal(K.running_grouped, group_row(job, job[R.SEQ], id))", "", into=("reclaim",))


def group_left_behind() -> AbstractContextManager[None]:
    """A group that was full stays so when one of its jobs ends."""
    return planted("freed[#freed + 1] = job[R.GROUP]", "", into=("settle",))


PLANTS: tuple[Plant, ...] = (
    *(wrong_end, skipped_removal, passing_over, double_settle, lost_put_back, forgotten_counts, silent_accept),
    *(ignored_deadline, early_expiry, forgotten_deadline),
    *(overwriting_retry, turn_of_the_older_one, both_at_once, nothing_superseded, endless_deferring),
    *(forgotten_generation, late_and_stale, late_and_kept, forgotten_bytes),
    no_room_for_fresh_work,
    *(one_too_many, one_too_many_of_a_group, ignored_turn, slot_never_freed, group_left_behind),
)
