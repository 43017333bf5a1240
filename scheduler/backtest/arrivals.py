"""What came: when each job arrived, by when it had to start, and how long it ran."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import ArrivalsError

MOST_ARRIVALS = 5_000_000
"""Each takes some 50 bytes as long as the simulations run, and about 100 more while they are sorted."""
UNSET = -1


class Arrival(NamedTuple):
    """A job. Times in µs since the epoch, ``run_us`` in µs; None: it had no deadline, nobody knows how long it ran.
    ``subject``, ``group``: the digest of its subject and its group (:func:`middleware.tags.digests`), empty without
    one. ``generated_us``: when it was generated; None: nobody said."""

    at_us: int
    deadline_us: int | None = None
    run_us: int | None = None
    subject: str = ""
    group: str = ""
    generated_us: int | None = None


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Jobs in the order in which they arrived, as columns, since there may be millions."""

    at_us: Sequence[int]
    deadlines_us: Sequence[int]
    runs_us: Sequence[int]
    """:data:`UNSET` where there is none."""
    subjects: Sequence[str]
    groups: Sequence[str]
    generated_us: Sequence[int]
    """:data:`UNSET` where nobody said."""

    def __len__(self) -> int:
        return len(self.at_us)

    def born_us(self, index: int) -> int:
        """When a job was generated, or arrived where nobody said."""
        generated_us = self.generated_us[index]
        return self.at_us[index] if generated_us == UNSET else min(generated_us, self.at_us[index])

    @classmethod
    def of(cls, arrivals: Iterable[Arrival]) -> Arrivals:
        """They may come in any order; those of the same time stay in theirs.

        Raises:
          ArrivalsError: they are too many.
        """
        at_us, deadlines_us, runs_us, generated_us = array("q"), array("q"), array("q"), array("q")
        subjects: list[str] = []
        groups: list[str] = []
        for at, deadline, run, subject, group, generated in arrivals:
            if len(at_us) == MOST_ARRIVALS:
                raise ArrivalsError(
                    f"There are more than {MOST_ARRIVALS:,} arrivals. Choose some of them with --created-after and "
                    "--created-before."
                )
            at_us.append(at)
            deadlines_us.append(UNSET if deadline is None else deadline)
            runs_us.append(UNSET if run is None else run)
            subjects.append(sys.intern(subject))
            groups.append(sys.intern(group))
            generated_us.append(UNSET if generated is None else generated)
        order = sorted(range(len(at_us)), key=at_us.__getitem__)
        return cls(
            at_us=array("q", map(at_us.__getitem__, order)),
            deadlines_us=array("q", map(deadlines_us.__getitem__, order)),
            runs_us=array("q", map(runs_us.__getitem__, order)),
            subjects=list(map(subjects.__getitem__, order)),
            groups=list(map(groups.__getitem__, order)),
            generated_us=array("q", map(generated_us.__getitem__, order)),
        )


@dataclass(frozen=True, slots=True)
class Span:
    """Which arrivals are meant: those after the one time and before the other, in µs since the epoch; None: no
    bound."""

    after_us: int | None = None
    before_us: int | None = None

    def __contains__(self, time_us: int) -> bool:
        is_after = self.after_us is None or time_us > self.after_us
        return is_after and (self.before_us is None or time_us < self.before_us)
