"""The part of the model that says whose turn it is: groups that share, and bounds of what runs."""

from __future__ import annotations

from collections.abc import Iterator

from middleware.tags import digests

from .entries import RUNNING, ModelJob, ModelPolicy, ModelWindow
from .model_gate import MILLION, ModelGate


class ModelGroups(ModelGate):
    """A queue whose claims go by groups, where its policy says so. The group None, of the jobs that have none, shares
    as the others do, and isn't bounded."""

    def __init__(self, now: int, *, gated: bool) -> None:
        super().__init__(now, gated=gated)
        self.had_turn: set[str | None] = set()

    def set_policy(self, policy: ModelPolicy) -> bool:
        """Whether that changed anything."""
        was = self.policy
        if was is None or (was.goes_by_groups, was.shares) != (policy.goes_by_groups, policy.shares):
            self.had_turn.clear()
        return super().set_policy(policy)

    @property
    def goes_by_groups(self) -> bool:
        """Whether claims look at groups."""
        return self.policy is not None and self.policy.goes_by_groups

    def by_group(self) -> dict[str | None, list[ModelJob]]:
        """What waits of each group, from the bottom to the top."""
        found: dict[str | None, list[ModelJob]] = {}
        for job in self.stack():
            found.setdefault(job.group, []).append(job)
        return found

    def is_group_full(self, group: str | None) -> bool:
        """Whether as many of it run as may."""
        bound = self.policy.of_group if self.policy else 0
        return bool(bound) and group is not None and sum(j.group == group for j in self.of_status(RUNNING)) >= bound

    def slots(self) -> int:
        """How many more jobs of the queue may run."""
        bound = self.policy.max_running if self.policy else 0
        return bound - len(self.of_status(RUNNING)) if bound else MILLION

    def is_full(self) -> bool:
        """Whether a bound keeps whatever waits from running."""
        groups = self.by_group() if self.goes_by_groups else {}
        return self.slots() <= 0 or (bool(groups) and all(map(self.is_group_full, groups)))

    def take(self, wanted: int, window: ModelWindow | None) -> Iterator[ModelJob]:
        """What a claim of so many takes, one after the other; each is claimed before the next is looked for."""
        wanted = min(wanted, self.slots())
        if window:
            order, share, before = self._order(window), window.share, window.claimed
            wanted = wanted if window.credits is None else min(wanted, window.credits - window.claimed)
        else:
            order, share = (self._order(self.policy), self.policy.share) if self.policy else ("lifo", 0)
            before = self.claims_without_window
        stack = self.stack()
        for n in range(before + 1, before + 1 + min(wanted, len(stack))):
            from_bottom = order == "fifo" or n * share // MILLION > (n - 1) * share // MILLION
            if not self.goes_by_groups:
                yield stack.pop(0 if from_bottom else -1)
            elif (job := self._at_turn(from_bottom)) is not None:
                yield job

    def _at_turn(self, from_bottom: bool) -> ModelJob | None:
        groups = {group: jobs for group, jobs in self.by_group().items() if not self.is_group_full(group)}
        if not groups:
            return None
        if self.had_turn.issuperset(groups):
            self.had_turn.clear()
        ends = [
            (jobs[0 if from_bottom else -1].place or 0, digest_of(group), jobs[0 if from_bottom else -1])
            for group, jobs in groups.items()
            if group not in self.had_turn
        ]
        _, _, job = (min if from_bottom else max)(ends, key=lambda end: end[:2])
        if self.policy and self.policy.shares:
            self.had_turn.add(job.group)
        return job


def digest_of(group: str | None) -> str:
    """As the scripts have it."""
    return "-" * 12 if group is None else digests([group])
