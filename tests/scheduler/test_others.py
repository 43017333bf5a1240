"""Schedulers that have read different cadences: each names the other, once for each change."""

from __future__ import annotations

import logging

import pytest

from middleware.errors import RedisAwayError
from middleware.processes.cadence_status import CadenceStatus
from scheduler.cadence import Cadence, QueueCadence
from scheduler.others import OtherSchedulers
from scheduler.ticks import Every
from scheduler.timetable import Timetable


def status(**queues: int) -> CadenceStatus:
    """Of a cadence whose queues have these batches."""
    cadence = Cadence(
        {
            name: QueueCadence(queue=name, timetable=Timetable(Every(2_000_000)), batch=batch)
            for name, batch in queues.items()
        }
    )
    return CadenceStatus(cadence.digest, 0, queues=cadence.keys())


class Registry:
    """What the process registry tells, as the test has it."""

    def __init__(self, **statuses: CadenceStatus) -> None:
        self.statuses = statuses
        self.is_away = False
        self.others = OtherSchedulers("here", lambda: self.statuses["here"], self._read)

    def look(self) -> None:
        self.others.look()

    def _read(self) -> dict[str, CadenceStatus]:
        if self.is_away:
            raise RedisAwayError("Redis doesn't answer.")
        return self.statuses


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno == logging.WARNING]


def test_a_scheduler_that_has_read_another_cadence_is_named_once_with_what_differs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    registry = Registry(here=status(default=5, mails=1), **{"web-2:77:ab12": status(default=9, reports=1)})
    for _ in range(3):
        registry.look()

    [warning] = warnings(caplog)
    assert warning == (
        "Scheduler web-2:77:ab12 has read another cadence than this one: default.batch is 5 here and 9 there;"
        " queue mails is only known here; queue reports is only known there. Each puts its own in force, in turns."
        " Give all schedulers the same CADENCE_FILE and CADENCE_… variables, or stop one of them."
    )


def test_schedulers_that_have_read_the_same_are_left_in_peace(caplog: pytest.LogCaptureFixture) -> None:
    registry = Registry(here=status(default=5), there=status(default=5))
    registry.look()

    assert warnings(caplog) == []


def test_each_change_is_shown_on_either_side(caplog: pytest.LogCaptureFixture) -> None:
    registry = Registry(here=status(default=5), there=status(default=9))
    registry.look()
    registry.statuses["there"] = status(default=8)
    registry.look()
    registry.statuses["here"] = status(default=4)
    registry.look()

    assert [text.split("default.batch is ")[1].split(".")[0] for text in warnings(caplog)] == [
        *("5 here and 9 there", "5 here and 8 there", "4 here and 8 there")
    ]


def test_that_they_agree_again_is_shown_and_the_next_difference_too(caplog: pytest.LogCaptureFixture) -> None:
    registry = Registry(here=status(default=5), there=status(default=9))
    registry.look()
    registry.statuses["there"] = status(default=5)
    with caplog.at_level(logging.INFO):
        registry.look()
    assert caplog.records[-1].message == "Scheduler there has read the same cadence as this one again."

    registry.statuses["there"] = status(default=9)
    registry.look()
    assert len(warnings(caplog)) == 2


def test_a_scheduler_that_is_gone_is_forgotten_and_redis_may_be_away(caplog: pytest.LogCaptureFixture) -> None:
    registry = Registry(here=status(default=5), there=status(default=9))
    registry.look()
    registry.is_away = True
    registry.look()
    registry.is_away = False
    registry.look()
    assert len(warnings(caplog)) == 1

    del registry.statuses["there"]
    registry.look()
    registry.statuses["there"] = status(default=9)
    registry.look()
    assert len(warnings(caplog)) == 2


def test_of_many_differences_only_the_first_are_shown(caplog: pytest.LogCaptureFixture) -> None:
    queues = {f"queue{n}": 1 for n in range(8)}
    Registry(here=status(**queues), there=status(**dict.fromkeys(queues, 2))).look()

    assert "queue4.batch is 1 here and 2 there; and 3 more." in warnings(caplog)[0]


def test_a_version_that_does_not_tell_its_keys_is_named_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    Registry(here=CadenceStatus("one", 0), there=CadenceStatus("other", 0)).look()

    assert "its version of LastIn doesn't say how" in warnings(caplog)[0]
