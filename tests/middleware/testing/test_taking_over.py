"""A stub broker in the place of the program's own, for tasks declared on it; and an import that replaces none."""

from __future__ import annotations

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker as OfDramatiq

from middleware.broker import LifoBroker
from middleware.testing import StubBroker, taking_over

from ...service import python

NOWHERE = "redis://127.0.0.1:1/0"


class Mine(dramatiq.Middleware):
    """Of the program."""


def test_actors_of_a_broker_without_redis_send_to_the_stub_and_then_no_more() -> None:
    real = LifoBroker(url=NOWHERE)

    @dramatiq.actor(broker=real, queue_name="mails")
    def work(n: int) -> None:
        pass

    with taking_over(real) as broker:
        work.send(1)
        assert [job.payload for job in broker.run_all()] == [{"n": 1}]
        assert dramatiq.get_broker() is broker
    assert work.broker is real
    assert dramatiq.broker.global_broker is not broker


def test_it_has_the_middleware_of_the_program_but_not_that_of_the_real_broker() -> None:
    real = LifoBroker(url=NOWHERE)
    real.add_middleware(mine := Mine())

    with taking_over(real) as broker:
        assert mine in broker.middleware
        kinds = [type(m) for m in broker.middleware]
        assert len(kinds) == len(set(kinds))


def test_actors_that_are_declared_within_a_test_are_its_own(stub_broker: StubBroker) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    work.send()
    assert [job.task for job in stub_broker.run_all()] == ["work"]


@pytest.mark.parametrize("kind", ["middleware.testing", "dramatiq.brokers.stub"])
def test_importing_tasks_leaves_a_stub_broker_in_its_place_and_tasks_send_to_it(kind: str) -> None:
    program = f"""
import dramatiq
from {kind} import StubBroker
broker = StubBroker()
dramatiq.set_broker(broker)
import tasks
assert dramatiq.get_broker() is broker
from tasks.process_message import process_message
message = process_message.send(message="hello")
worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=1)
worker.start()
broker.join("default", timeout=10_000)
worker.stop()
print("ran")
"""
    done = python("-c", program, REDIS_URL=NOWHERE)

    assert "ran" in done.stdout, done.stderr


def test_importing_tasks_makes_its_broker_the_process_s_own_otherwise() -> None:
    program = """
import dramatiq, tasks
assert dramatiq.get_broker() is tasks.broker
print(type(tasks.broker).__name__)
"""
    assert python("-c", program, REDIS_URL=NOWHERE).stdout == "LifoBroker\n"


def test_a_stub_of_dramatiqs_own_can_be_set_too() -> None:
    real = LifoBroker(url=NOWHERE)
    with taking_over(real, StubBroker()) as broker:
        assert isinstance(broker, OfDramatiq)
