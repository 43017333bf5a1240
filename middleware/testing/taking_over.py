"""A stub broker in the place of a program's own, for all of its actors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dramatiq
from dramatiq.middleware import default_middleware

from .stub_broker import StubBroker

OF_LASTIN = __name__.partition(".")[0]


@contextmanager
def taking_over(broker: dramatiq.Broker | None = None, stub: StubBroker | None = None) -> Iterator[StubBroker]:
    """Within the block, actors of ``broker`` (the process's own, if omitted) send to ``stub``, or to a new one with the
    program's own middleware. So what a task module has declared on a broker over Redis can be tested without it."""
    real = broker or dramatiq.broker.global_broker
    stub = stub or StubBroker([*(m() for m in default_middleware), *_of_the_program(real)])
    before, actors = dramatiq.broker.global_broker, dict(real.actors) if real is not None else {}
    stub.queues.update(dict.fromkeys(real.queues if real is not None else ()))
    for name, actor in actors.items():
        # Not declared anew: middleware has changed them already, and would do it once more.
        stub.actors[name], actor.broker = actor, stub
        stub.fresh_work.declare(actor)
    dramatiq.set_broker(stub)
    try:
        yield stub
    finally:
        for actor in actors.values():
            actor.broker = real or stub
        dramatiq.broker.global_broker = before


def _of_the_program(broker: dramatiq.Broker | None) -> list[dramatiq.Middleware]:
    """The middleware that neither Dramatiq nor LastIn has brought."""
    if broker is None:
        return []
    return [m for m in broker.middleware if type(m).__module__.partition(".")[0] not in ("dramatiq", OF_LASTIN)]
