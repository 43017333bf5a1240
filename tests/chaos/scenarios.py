"""What may happen to the service, and what is promised of it: a list that the scenarios' modules fill."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .stage import Stage

Inject = Callable[[Stage], float]

TOLERATED_S = 3.0
"""So much longer than promised a recovery may take before chaos fails: a machine whose cores are all taken, as those of
tests often are, may wake threads late for reasons of its own."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """``title``: what happens; ``measured``: what its recovery time is; ``at_most_s``: what is promised of that, None
    if nothing is; ``explains``: what may be why a job ran again; ``inject``: does the harm, undoes it, and returns the
    recovery time in s; None: it isn't played on the stage of the others."""

    name: str
    title: str
    measured: str
    at_most_s: float | None
    explains: frozenset[str]
    inject: Inject | None

    def late(self, recovery_s: float | None) -> list[str]:
        """What is wrong with a recovery time beside what is promised of it; one that there isn't is a fault already."""
        if self.at_most_s is None or recovery_s is None or recovery_s <= self.at_most_s + TOLERATED_S:
            return []
        promise = f"{self.at_most_s:g} s are promised, and {TOLERATED_S:g} s more tolerated"
        return [f"it took {recovery_s:.2f} s until {self.measured}: {promise}"]


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    name: str, title: str, measured: str, *, at_most_s: float | None = None, explains: Iterable[str] = ()
) -> Callable[[Inject], Inject]:
    """Declare one."""

    def declare(inject: Inject) -> Inject:
        SCENARIOS[name] = Scenario(name, title, measured, at_most_s, frozenset(explains), inject)
        return inject

    return declare
