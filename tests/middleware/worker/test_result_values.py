"""What tasks may return: it comes back as it went in, or ``get_result`` says why not."""

from __future__ import annotations

import datetime
import decimal
import enum
import math
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dramatiq
import pytest
from dramatiq.results import ResultError, Results
from dramatiq.results.backends import StubBackend

from middleware.broker import LifoBroker
from middleware.errors import ResultRefusedError
from middleware.jobs import Job

from ..workers import ended, working


@dataclass(frozen=True)
class Point:
    """What Pickle can carry, and JSON can't."""

    x: int
    y: int


class Colour(enum.Enum):
    """As above."""

    RED = 1


class Level(enum.IntEnum):
    """A number of a class of its own."""

    HIGH = 3


@pytest.fixture
def pickling() -> Iterator[None]:
    """A program that sends pickles."""
    before = dramatiq.get_encoder()
    dramatiq.set_encoder(dramatiq.PickleEncoder())
    yield
    dramatiq.set_encoder(before)


def returned(broker: LifoBroker, value: Any) -> tuple[dramatiq.Message[Any], Job]:
    """A processed job whose task returned this."""

    @dramatiq.actor(store_results=True)
    def work() -> Any:
        return value

    with working(broker):
        message = work.send()
        return message, ended(broker, message)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"bytes", "bytes is not JSON serializable"),
        (decimal.Decimal("1.5"), "Decimal is not JSON serializable"),
        ({1, 2}, "set is not JSON serializable"),
        ({1: 2}, r"it would come back as {'1': 2}"),
        ([{1: 2}], r"it would come back as \[{'1': 2}\]"),
        (object(), "object is not JSON serializable"),
        (datetime.datetime.now(datetime.UTC), "datetime is not JSON serializable"),
        (Point(1, 2), "Point is not JSON serializable"),
        (uuid.uuid4(), "UUID is not JSON serializable"),
        (Colour.RED, "Colour is not JSON serializable"),
        ("x" * 65_535, "65537 bytes of JSON; 65536 are kept at most"),
        ("\ud800" * 11_000, r"66\d\d\d bytes of what JSONEncoder makes of it; 65536 are kept at most"),
    ],
    ids=[
        *("bytes", "decimal", "set", "number as key", "one inside", "object", "time", "dataclass", "uuid", "enum"),
        *("too large", "too large as encoded"),
    ],
)
def test_a_result_that_is_refused_says_why_to_who_asks_for_it(broker: LifoBroker, value: Any, why: str) -> None:
    message, job = returned(broker, value)

    with pytest.raises(ResultRefusedError, match=why) as refusal:
        message.get_result()

    assert isinstance(refusal.value, ResultError)
    assert message.message_id in str(refusal.value)
    assert (job.status, job.result) == ("processed", None)
    assert job.result_error in str(refusal.value)


@pytest.mark.parametrize(
    "value", [float("nan"), [float("inf")], 2**80, -(2**70), "\ud800", {"a": [2**64, "\udfff"]}], ids=repr
)
def test_what_only_the_encoder_carries_comes_back_as_it_went_in(broker: LifoBroker, value: Any) -> None:
    message, job = returned(broker, value)

    back = message.get_result()
    assert back == value or math.isnan(back)
    assert job.result is None
    assert "isn't JSON" in (job.result_error or "")


@pytest.mark.parametrize(
    ("value", "back"), [((1, (2, 3)), [1, [2, 3]]), (Level.HIGH, 3), ({"a": (1,)}, {"a": [1]})], ids=repr
)
def test_json_has_lists_for_tuples_as_with_dramatiq(broker: LifoBroker, value: Any, back: Any) -> None:
    message, job = returned(broker, value)

    assert message.get_result() == job.result == back


@pytest.mark.usefixtures("pickling")
@pytest.mark.parametrize(
    "value",
    [
        *(b"bytes", decimal.Decimal("1.5"), {1, 2}, {1: 2}, (1, (2,)), [(1,)], Point(1, 2), Colour.RED, Level.HIGH),
        *(datetime.date(2024, 2, 29), uuid.UUID(int=7), 2**80, "\ud800"),
    ],
    ids=repr,
)
def test_a_program_that_pickles_gets_what_pickle_carries(broker: LifoBroker, value: Any) -> None:
    message, job = returned(broker, value)

    back = message.get_result()
    assert (type(back), back) == (type(value), value)
    assert job.result is None
    assert "program's own encoder has kept it" in (job.result_error or "")


@pytest.mark.usefixtures("pickling")
def test_a_program_that_pickles_shows_its_plain_results_to_everybody(broker: LifoBroker) -> None:
    message, job = returned(broker, {"sent": 3, "to": ["a", None, 1.5]})

    assert message.get_result() == job.result == {"sent": 3, "to": ["a", None, 1.5]}


@pytest.mark.usefixtures("pickling")
def test_what_pickle_can_not_carry_is_refused_too(broker: LifoBroker) -> None:
    message, _ = returned(broker, lambda: None)

    with pytest.raises(ResultRefusedError, match="pickle"):
        message.get_result()


def test_results_of_the_program_take_the_place_of_the_brokers_own(broker: LifoBroker) -> None:
    backend = StubBackend(encoder=dramatiq.PickleEncoder())
    broker.add_middleware(Results(backend=backend))

    message, job = returned(broker, {1, 2})

    assert broker.get_results_backend() is backend
    assert message.get_result(block=True, timeout=5_000) == message.get_result(backend=backend) == {1, 2}
    assert [type(m) for m in broker.middleware].count(Results) == 1
    assert job.result is None


def test_a_program_with_results_of_its_own_may_have_more_of_them_as_with_dramatiq(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    backends = [StubBackend(), StubBackend()]
    broker = LifoBroker(url=redis_url)
    for backend in backends:
        broker.add_middleware(Results(backend=backend))

    assert [m.backend for m in broker.middleware if isinstance(m, Results)] == backends
    assert caplog.text.count("middleware of the same type twice") == 1
