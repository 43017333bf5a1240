"""What may happen to the service, and what is promised of it: a list that the scenarios' modules fill."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .stage import Stage

Inject = Callable[[Stage], float]


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


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    name: str, title: str, measured: str, *, at_most_s: float | None = None, explains: Iterable[str] = ()
) -> Callable[[Inject], Inject]:
    """Declare one."""

    def declare(inject: Inject) -> Inject:
        SCENARIOS[name] = Scenario(name, title, measured, at_most_s, frozenset(explains), inject)
        return inject

    return declare
