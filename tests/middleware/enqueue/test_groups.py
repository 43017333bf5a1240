"""The group of a message: its own, or that of the argument which its task names."""

from __future__ import annotations

from typing import Any

import dramatiq
import pytest

from middleware.broker import LifoBroker


def group_of(broker: LifoBroker, message: dramatiq.Message[Any]) -> str | None:
    job = broker.store.get(message.message_id)
    assert job is not None
    return job.group


def test_a_task_names_the_argument_that_holds_it(broker: LifoBroker) -> None:
    @dramatiq.actor(group="customer")
    def work(customer: int, what: str = "") -> None: ...

    assert group_of(broker, work.send(7)) == "7"
    assert group_of(broker, work.send(customer=8)) == "8"
    assert group_of(broker, work.send_with_options(args=(7,), group="vip")) == "vip"
    assert group_of(broker, work.send_with_options(args=(7,), group=None)) is None


def test_without_one_a_job_has_no_group(broker: LifoBroker) -> None:
    @dramatiq.actor
    def work() -> None: ...

    assert group_of(broker, work.send()) is None
    assert group_of(broker, work.send_with_options(group="a")) == "a"


def test_what_is_no_group_is_refused(broker: LifoBroker) -> None:
    @dramatiq.actor
    def work() -> None: ...

    with pytest.raises(ValueError, match="a group has 1 to 128 characters, got 129"):
        work.send_with_options(group="x" * 129)
    with pytest.raises(ValueError, match="a group has 1 to 128 characters, got 0"):
        work.send_with_options(group="")
    with pytest.raises(ValueError, match="a group is a text or a whole number"):
        work.send_with_options(group=["a"])
    with pytest.raises(ValueError, match="group of a task names the argument"):
        dramatiq.actor(lambda: None, actor_name="other", group="nothing", broker=broker)
