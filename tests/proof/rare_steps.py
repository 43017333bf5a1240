"""Steps that would crowd out the others if each of them were a rule."""

from __future__ import annotations

from middleware.commands import keys

from ..middleware.scripted import LEASE_US
from .comparing import QUEUE
from .steps import WORKERS, Steps

HOUR_US = 3_600_000_000


class RareSteps(Steps):
    """Each takes a number, by which it picks what it is about."""

    def accept_one_that_is_known(self, pick: int) -> None:
        if self.model.jobs:
            known = self._any(list(self.model.jobs.values()), pick)
            self._accept([self._new(), (known.id, b"again")], "now", 0)

    def accept_one_that_was_forgotten(self, pick: int) -> None:
        forgotten = sorted({id for id, _ in self.issued} - self.model.jobs.keys())
        if forgotten:
            self._accept([(self._any(forgotten, pick), b"anew")], "now", 0)

    def revive_any(self, pick: int) -> None:
        self._retry(self._any(["nobody", *self.model.jobs], pick))

    def cancel_any(self, pick: int) -> None:
        id = self._any(["nobody", *self.model.jobs], pick)
        assert self.scripts.cancel_all([id], "called off")[0] == self.model.cancel(id, "called off")

    def claim_whatever_the_gate(self, pick: int) -> None:
        self._compare_claim(self.scripts.claim(WORKERS[0], LEASE_US, 1 + pick), 1 + pick, WORKERS[0])

    def open_window_whatever_the_policy(self, pick: int) -> None:
        self._open_window("operator", None, pick, 0)

    def pause_and_maybe_resume(self, pick: int) -> None:
        for word in ("pause", "pause", "resume")[: 1 + pick % 3]:
            assert self.scripts.pause(word, "somebody", "for a reason") == self.model.pause(word)

    def resume(self, _: int) -> None:
        assert self.scripts.pause("resume", "somebody", "") == self.model.pause("resume")

    def send_the_last_settlements_again(self, _: int) -> None:
        _, stale = self.scripts.settle(self.last_settled, WORKERS[0], LEASE_US, 0)
        assert len(stale) == self.model.settle(self.last_settled)

    def hear_the_doorbell_with_no_idle_thread(self, _: int) -> None:
        self.client.delete(keys.doorbell(QUEUE))
        assert self.scripts.ring_again()[0] == self.model.until_due()

    def see_the_clock_set_back(self, pick: int) -> None:
        self.scripts.get_windows(None, 1)
        self.model.set_clock_back(self.model.now - (1, 1_000_000, 2 * LEASE_US, HOUR_US)[pick % 4])

    def find_the_scripts_flushed(self, _: int) -> None:
        self.client.script_flush()

    def flush(self, _: int = 0) -> None:
        assert self.scripts.flush() == self.model.flush()


RARE = (
    RareSteps.accept_one_that_is_known,
    RareSteps.accept_one_that_was_forgotten,
    RareSteps.cancel_any,
    RareSteps.revive_any,
    RareSteps.claim_whatever_the_gate,
    RareSteps.open_window_whatever_the_policy,
    RareSteps.pause_and_maybe_resume,
    RareSteps.resume,
    RareSteps.send_the_last_settlements_again,
    RareSteps.hear_the_doorbell_with_no_idle_thread,
    RareSteps.see_the_clock_set_back,
    RareSteps.find_the_scripts_flushed,
    RareSteps.flush,
)
