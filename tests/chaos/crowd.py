"""The load of a system: a client for each queue who submits as long as not too many jobs wait, and one beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from ..proof.soak_clients import Ledger
from .load import Client, Load, job

TASKS = {"default": ("take",), "steady": ("take_steadily", "take_steadily", "fail")}
MOST_WAITING = 300


class Crowd:
    """``backlogs``: how many jobs of each queue wait or run."""

    def __init__(self, port: int, ledger: Ledger, backlogs: Mapping[str, Callable[[], int]]) -> None:
        self._beside = Client(port, ledger)
        of_queues = {queue: Client(port, ledger) for queue in backlogs}
        self._clients = [self._beside, *of_queues.values()]
        self._loads = [
            Load(client, TASKS[queue], backlogs[queue], most_waiting=MOST_WAITING, seed=len(queue))
            for queue, client in of_queues.items()
        ]
        for load in self._loads:
            load.start()

    def close(self) -> None:
        """Submit nothing more, not even again."""
        for load in self._loads:
            load.close()
        self._beside.hang_up()

    def begin(self) -> None:
        """Submit, until :meth:`end`."""
        for load in self._loads:
            load.is_wanted.set()

    def end(self) -> None:
        """Begin no more requests; those under way are sent until they are answered."""
        for load in self._loads:
            load.is_wanted.clear()

    @property
    def is_idle(self) -> bool:
        """Whether no request of the load is under way."""
        return all(load.is_idle.is_set() for load in self._loads)

    def submit(self, task: str, *takes_ms: int) -> set[str]:
        """Submit jobs beside the load; their ids."""
        return set(self._beside.submit([job(task, ms) for ms in takes_ms]))

    def accepted_us(self, after_us: int) -> list[int]:
        """When requests were answered with 201 after a time, rising."""
        return sorted(at for client in self._clients for at in client.answered_us if at > after_us)

    def happened(self) -> Counter[str]:
        """How often something else than a 201 came, by what it was."""
        return sum((client.happened for client in self._clients), Counter[str]())

    def take_faults(self) -> list[str]:
        """What must never come, since the last time."""
        found = [fault for client in self._clients for fault in client.faults]
        for client in self._clients:
            client.faults.clear()
        return found
