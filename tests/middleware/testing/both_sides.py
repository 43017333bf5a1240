"""The same steps for the stub broker and for the scripts of the real one, and what there is afterwards."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import dramatiq

from middleware.broker import LifoBroker
from middleware.commands.types import Settlement
from middleware.jobs import Job
from middleware.queues.policy import OrderBy, Policy
from middleware.settings import Settings
from middleware.testing import StubBroker, StubClock
from middleware.worker.delivery import Delivery

BEGIN_US = 1_700_000_000_000_000
LEASE_US, SILENCE_US, BEAT_S = 15_000_000, 10_000_000, 5
CRASH_LIMIT = 2
WORKER = "stub"


class Step(NamedTuple):
    """One thing that happens. ``nth``: of the jobs that run, or of all, the oldest first; ``options``: of a message, or
    of a settlement."""

    what: str
    nth: int = 0
    amount: float = 0
    options: dict[str, Any] = {}  # noqa: RUF012 - never changed


class Side(ABC):
    """A queue with one task."""

    def __init__(self) -> None:
        self.clock = StubClock(BEGIN_US)
        self.sent: list[str] = []
        self.held: list[tuple[str, int]] = []

    def do(self, step: Step) -> tuple[list[tuple[Any, ...]], list[str], list[str]]:
        """What the jobs are after this step, the newest first; who waits to be claimed, in order; who runs."""
        getattr(self, step.what)(step)
        self.catch_up()
        jobs = self.all_jobs()
        return [_shown(job) for job in jobs], self.order(jobs), [id for id, _ in self.held]

    def send(self, step: Step) -> None:
        """A job, with these options and this delay in seconds."""
        id = f"{len(self.sent)}"
        self.sent.append(id)
        options = dict(step.options)
        if "generated_s_ago" in options:
            options["generated_at"] = self.clock.now_us() - round(options.pop("generated_s_ago") * 1e6)
        message = self.message(id, options)
        self.broker().enqueue(message, delay=round(step.amount * 1000) or None)

    def wait(self, step: Step) -> None:
        """So many seconds pass; workers that live send heartbeats."""
        self.let_pass(step.amount)

    def claim(self, _: Step) -> None:
        """A thread becomes idle."""
        if (token := self.claimed()) is not None:
            self.held.append(token)

    def settle(self, step: Step) -> None:
        """An attempt ends with this outcome."""
        if not self.held:
            return
        id, number = self.held.pop(step.nth % len(self.held))
        outcome = step.options["outcome"]
        more: dict[str, Any] = {"message": self.message(id, {}).encode(), "delay_us": 1} if outcome == "retry" else {}
        if step.amount:
            more["delay_us"] = round(step.amount * 1e6)
        if outcome == "rejected":
            more["reason"] = "failed"
        self.settled(Settlement(id, number, outcome, **more))

    def cancel(self, step: Step) -> None:
        """An operator cancels a job."""
        if self.sent:
            self.operated().cancel(self.sent[step.nth % len(self.sent)], reason="called off")

    def retry(self, step: Step) -> None:
        """An operator wants a job run again."""
        if self.sent:
            self.operated().retry(self.sent[step.nth % len(self.sent)])

    def message(self, id: str, options: dict[str, Any]) -> dramatiq.Message[Any]:
        """Of the only task."""
        return dramatiq.Message("default", "work", (), {}, dict(options), message_id=id, message_timestamp=0)

    def operated(self) -> Any:
        """What an operator uses."""
        return self.broker()

    def rule(self, step: Step) -> None:
        """Another policy is in force from now on."""
        self.put_policy(step.options["policy"])

    @abstractmethod
    def put_policy(self, policy: Policy) -> None:
        """Have claims go by it."""

    @abstractmethod
    def broker(self) -> Any:
        """What programs use."""

    @abstractmethod
    def catch_up(self) -> None:
        """Do what falls due."""

    @abstractmethod
    def all_jobs(self) -> list[Job]:
        """The newest first."""

    @abstractmethod
    def let_pass(self, seconds: float) -> None:
        """Time passes."""

    @abstractmethod
    def claimed(self) -> tuple[str, int] | None:
        """The token of the next job."""

    @abstractmethod
    def settled(self, settlement: Settlement) -> None:
        """An attempt has ended so."""

    @abstractmethod
    def lose(self, step: Step) -> None:
        """A worker claims a job and dies."""

    @abstractmethod
    def order(self, jobs: list[Job]) -> list[str]:
        """Of these, the ids that wait to be claimed, the next one first."""


class StubSide(Side):
    """In memory."""

    def __init__(self, order_by: OrderBy = "accepted") -> None:
        super().__init__()
        settings = Settings(lease_s=LEASE_US // 10**6, crash_limit=CRASH_LIMIT)
        self._stub = StubBroker(clock=self.clock, settings=settings, order_by=order_by)
        dramatiq.actor(lambda: None, actor_name="work", broker=self._stub)
        self._deliveries: dict[tuple[str, int], Delivery] = {}

    def broker(self) -> StubBroker:
        return self._stub

    def put_policy(self, policy: Policy) -> None:
        self._stub.put_policy(
            order=policy.order,
            oldest_share=policy.oldest_share_ppm / 1e6,
            lifo_above_s=policy.lifo_above_us / 1e6,
            lifo_below_s=policy.lifo_below_us / 1e6,
            max_running=policy.max_running,
            max_running_per_group=policy.max_running_per_group,
            share_by_group=policy.share_by_group,
        )

    def catch_up(self) -> None:
        self._stub.waiting()

    def all_jobs(self) -> list[Job]:
        return self._stub.jobs()

    def let_pass(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.catch_up()

    def claimed(self) -> tuple[str, int] | None:
        delivery = self._stub.claim("default")
        if delivery is None:
            return None
        self._deliveries[delivery.token] = delivery
        return delivery.token

    def settled(self, settlement: Settlement) -> None:
        self._stub.settle(self._deliveries.pop((settlement.id, settlement.number)), settlement)

    def lose(self, step: Step) -> None:
        self._stub.lose_worker()

    def order(self, jobs: list[Job]) -> list[str]:
        return [job.id for job in self._stub.waiting()]


class RealSide(Side):
    """In Redis, on a clock of the test's own; the test does what processes do in between."""

    def __init__(self, url: str, order_by: OrderBy = "accepted") -> None:
        super().__init__()
        self._real = LifoBroker(url=url, now=self.clock.now_us)
        dramatiq.actor(lambda: None, actor_name="work", broker=self._real)
        self._scripts = self._real.redis.queue("default")
        self._real.windows.put_policy("default", Policy(mode="continuous", order_by=order_by))
        self._beat(0)

    def close(self) -> None:
        """Drop the connections."""
        self._real.close()

    def broker(self) -> LifoBroker:
        return self._real

    def put_policy(self, policy: Policy) -> None:
        self._real.windows.put_policy("default", policy)

    def catch_up(self) -> None:
        while self._scripts.promote() == 0:
            pass

    def all_jobs(self) -> list[Job]:
        return self._real.store.page(limit=1000).jobs

    def let_pass(self, seconds: float) -> None:
        beats, rest = divmod(seconds, BEAT_S)
        for part in [BEAT_S] * int(beats) + [rest]:
            self._beat(part)
        self.catch_up()

    def claimed(self) -> tuple[str, int] | None:
        jobs = self._scripts.claim(WORKER, LEASE_US, 1).jobs
        return (jobs[0][0], jobs[0][1]) if jobs else None

    def settled(self, settlement: Settlement) -> None:
        assert self._scripts.settle([settlement], WORKER, LEASE_US, 0)[1] == []

    def lose(self, step: Step) -> None:
        token = self.claimed()
        if token is None:
            return
        self.let_pass(LEASE_US // 10**6)
        _, lost = self._scripts.reclaim(LEASE_US, SILENCE_US, CRASH_LIMIT)
        assert [id for id, _ in lost] == [token[0]]

    def order(self, jobs: list[Job]) -> list[str]:
        waiting = [job for job in jobs if job.status == "queued"]
        return [job.id for job in sorted(waiting, key=lambda job: (job.place or 0, job.id), reverse=True)]

    def _beat(self, after_s: float) -> None:
        self.clock.advance(after_s)
        self._scripts.heartbeat(LEASE_US, SILENCE_US, self.held)


def _shown(job: Job) -> tuple[Any, ...]:
    return (
        *(
            job.id,
            job.status.value,
            job.attempts,
            job.subject,
            job.group,
            job.superseded_by,
            job.reason,
            job.cancel_requested,
        ),
        job.place if job.status == "queued" else None,
        *(
            job.seq,
            job.generated_at_us,
            job.due_at_us,
            job.expires_at_us,
            job.queued_at_us,
            job.started_at_us,
            job.finished_at_us,
        ),
    )
