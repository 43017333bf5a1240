"""Steps about subjects: what newer jobs do to older ones takes several moves, which chance alone seldom makes."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from middleware.commands.types import Room

from .comparing import SUBJECTS
from .entries import QUEUED, SCHEDULED
from .rare_steps import RareSteps
from .steps import WORKERS

subjects = st.sampled_from(SUBJECTS)


class SubjectSteps(RareSteps):
    """Jobs with subjects, one after the other."""

    def _accept_one(self, subject: str, kind: str = "now", time_us: int = 0, **how: Any) -> None:
        about = (subject, how.get("max_defer_us", 0), how.get("stops_running", False))
        self._accept([self._new()], kind, time_us, expires_in_us=how.get("expires_in_us"), subjects=[about])

    @rule(
        about=st.lists(
            st.tuples(st.sampled_from([*SUBJECTS, *SUBJECTS, None]), st.sampled_from([0, 1, 1_000_000]), st.booleans()),
            min_size=1,
            max_size=3,
        ),
        kind=st.sampled_from(["now", "now", "after"]),
        time_us=st.sampled_from([0, 1, 1_000_000]),
    )
    def accept_with_subjects(self, about: list[Any], kind: str, time_us: int) -> None:
        self._accept([self._new() for _ in about], kind, time_us, subjects=about)

    @rule(
        about=st.lists(
            st.tuples(st.sampled_from([*SUBJECTS, *SUBJECTS, None]), st.sampled_from([0, 0, 1]), st.just(False)),
            min_size=1,
            max_size=3,
        ),
        kind=st.sampled_from(["now", "now", "after"]),
        spare=st.integers(-3, 2),
        spare_bytes=st.sampled_from([None, -30, -1, 0, 10, 30]),
        drops=st.booleans(),
        ago=st.sampled_from([None, None, 0, 1, 1_000_000]),
    )
    def accept_with_subjects_and_a_bound(
        self, *, about: list[Any], kind: str, spare: int, spare_bytes: int | None, drops: bool, ago: int | None
    ) -> None:
        """What they supersede makes room for them; one of them was generated some time ago."""
        waiting = len(self.model.of_status(QUEUED)) + len(self.model.of_status(SCHEDULED))
        bytes_bound = 0 if spare_bytes is None else max(1, self.model.waiting_bytes() + spare_bytes)
        generated = [None if ago is None else max(0, self.model.now - ago), *[None] * (len(about) - 1)]
        room = Room(max(1, waiting + spare), drops, bytes_bound)
        self._accept([self._new() for _ in about], kind, 1_000, subjects=about, room=room, generated=generated)

    @rule(
        jobs=st.lists(
            st.tuples(
                st.sampled_from([*SUBJECTS, None, None]), st.sampled_from([None, 0, 0, 1, 2, 1_000_000, -5, 2**52])
            ),
            min_size=1,
            max_size=4,
        ),
        kind=st.sampled_from(["now", "now", "now", "after"]),
        max_defer_us=st.sampled_from([0, 0, 1]),
        stops_running=st.booleans(),
    )
    def accept_what_was_generated(self, jobs: list[Any], kind: str, max_defer_us: int, stops_running: bool) -> None:
        """Some time ago, a little ahead, or at the beginning of all time."""
        about = [(subject, max_defer_us, stops_running) for subject, _ in jobs]
        generated = [None if ago is None else max(0, self.model.now - ago) for _, ago in jobs]
        self._accept([self._new() for _ in jobs], kind, 1_000, subjects=about, generated=generated)

    @rule(
        subject=subjects,
        kind=st.sampled_from(["now", "now", "after"]),
        by_us=st.sampled_from([1, 1_000_000]),
        newer=st.integers(1, 3),
        wanted=st.integers(0, 6),
        late_us=st.sampled_from([None, 0, 1, 3_000_000]),
    )
    def let_one_keep_its_turn(  # noqa: PLR0917 - a step
        self, subject: str, kind: str, by_us: int, newer: int, wanted: int, late_us: int | None
    ) -> None:
        """Newer ones come for longer than they may take the turn of the older one; then two at once, one late."""
        self._accept_one(subject, kind, 2_000_000)
        for _ in range(newer):
            self.model.now += by_us
            self._accept_one(subject, max_defer_us=1)
        if wanted:
            self._claim(wanted, WORKERS[0])
        if late_us is not None:
            generated = [max(0, self.model.now - late_us), None]
            self._accept([self._new(), self._new()], "now", 0, subjects=[(subject, 0, False)] * 2, generated=generated)

    @precondition(lambda self: self.model.gate() == "open")
    @rule(
        subject=subjects,
        stops_running=st.booleans(),
        expires_in_us=st.sampled_from([None, 1_000]),
        then=st.sampled_from(["waits", "runs", "processed", "rejected"]),
        outcome=st.sampled_from(["retry", "retry", "put_back", "cancelled", "processed"]),
        delay_us=st.sampled_from([0, 1_000]),
    )
    def overtake(self, *, subject: str, then: str, outcome: str, delay_us: int, **how: Any) -> None:
        """A newer one comes while an older one runs, which then comes back."""
        self._accept_one(subject)
        older = self._claim(1, WORKERS[0])
        self._accept_one(subject, **how)
        if then != "waits":
            newer = self._claim(1, WORKERS[1])
            if then != "runs" and newer:
                self._settle(newer, [(0, then, 0, b"")], 0, WORKERS[1])
        if older:
            self._settle(older, [(0, outcome, delay_us, b"")], 0, WORKERS[0])

    def _claim(self, wanted: int, worker: str) -> list[Any]:
        """Claim; the tokens of what came."""
        known = len(self.issued)
        self.claim(wanted, worker)  # type: ignore[attr-defined]
        return self.issued[known:]
