"""Is what Redis keeps of the groups of jobs what the model has?"""

from __future__ import annotations

import redis

from middleware.commands import keys
from middleware.commands.layout import OTHER_HALF
from middleware.tags import entry

from .entries import RUNNING
from .model_groups import ModelGroups, digest_of

QUEUE = "default"


def compare_groups(client: redis.Redis, model: ModelGroups) -> None:
    """Compare what is kept at one moment."""
    scored = [keys.group_tops, keys.group_bottoms, keys.full_groups]
    with client.pipeline(transaction=True) as pipe:
        for key in (keys.grouped, keys.running_grouped):
            pipe.zrange(key(QUEUE), 0, -1)
        for key in scored:
            pipe.zrange(key(QUEUE), 0, -1, withscores=True)
        pipe.smembers(keys.had_turn(QUEUE))
        pipe.hmget(keys.policy(QUEUE), "grouping", "round")
        waiting, running, *scores, had_turn, (grouping, number) = pipe.execute()
    runs = [entry(digest_of(job.group), job.seq, job.id) for job in model.of_status(RUNNING) if job.group is not None]
    assert running == sorted(runs)
    assert (grouping == b"on") == model.goes_by_groups
    groups = model.by_group() if model.goes_by_groups else {}
    rows = [entry(digest_of(group), job.place or 0, job.id) for group, jobs in groups.items() for job in jobs]
    assert waiting == sorted(rows)
    turns = {digest_of(group) for group in model.had_turn}
    assert {digest.decode() for digest in had_turn} == turns
    tops, bottoms, full = ({digest.decode(): int(score) for digest, score in rows} for rows in scores)
    half = int(number or 0) % 2
    for places, end in ((tops, -1), (bottoms, 0)):
        expected = {
            digest_of(group): (half + (digest_of(group) in turns)) % 2 * OTHER_HALF + (jobs[end].place or 0)
            for group, jobs in groups.items()
            if not model.is_group_full(group)
        }
        assert places == expected
    assert full == {digest_of(group): len(jobs) for group, jobs in groups.items() if model.is_group_full(group)}
