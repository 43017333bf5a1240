"""Which jobs of a queue in memory are about the same thing, and which of them newer ones supersede
(docs/fresh-work.md)."""

from __future__ import annotations

from ..jobs import JobStatus
from .stub_entry import Entry


class StubSubjects:
    """Of each subject, the jobs that wait or run, and the newest one that was processed."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, Entry]] = {}

    def follow(self, entry: Entry) -> None:
        """A job has come, or has another state now."""
        if not entry.record.subject:
            return
        its = self._of.setdefault(entry.record.subject, {})
        its[entry.id] = entry
        if entry.status is JobStatus.PROCESSED:
            processed = sorted((e for e in its.values() if e.status is JobStatus.PROCESSED), key=_age)
            for outdated in processed[:-1]:
                del its[outdated.id]
        elif entry.status.is_final:
            del its[entry.id]

    def newest_after(self, entry: Entry) -> str | None:
        """The id of the newest one, if that is newer than this one."""
        newer = [other for other in self._its(entry) if _age(other) > _age(entry)]
        return newer[-1].id if newer else None

    def ages(self, entry: Entry) -> set[int]:
        """Those of its jobs."""
        return {_age(other) for other in self._its(entry)}

    def running_before(self, entry: Entry) -> list[Entry]:
        """The older ones that run."""
        return [other for other in self._before(entry) if other.status is JobStatus.RUNNING]

    def take_over(self, entry: Entry, now_us: int, max_defer_us: int) -> list[Entry]:
        """The job takes over from the older ones that wait; those are given that are superseded. Once newer ones have
        superseded older ones for so long (0: no bound), the one that waits stays beside the newest."""
        waiting = [other for other in self._before(entry) if other.waits]
        since = None
        is_behind = any(other.record.behind for other in waiting[1:])
        if waiting:
            first = waiting[is_behind].record
            since = first.since or first.seq
            if max_defer_us and not is_behind and now_us - since >= max_defer_us:
                is_behind, since = True, now_us
        entry.note(since=since, behind=is_behind)
        return waiting[is_behind:]

    def forget(self) -> None:
        """Know of no job any more."""
        self._of.clear()

    def _its(self, entry: Entry) -> list[Entry]:
        return sorted(self._of.get(entry.record.subject or "", {}).values(), key=_age)

    def _before(self, entry: Entry) -> list[Entry]:
        return [other for other in self._its(entry) if _age(other) < _age(entry)]


def _age(entry: Entry) -> int:
    return entry.record.age
