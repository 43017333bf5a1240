"""Bodies that are on their way: read without a thread, bounded in time and in memory.

Granian's chunks are played here: a real server can't be made to send them in a chosen order.
"""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from api.incoming import bodies
from api.incoming.bodies import Bodies
from api.wire.problems import CROWDED_BODIES, SLOW, TOO_LARGE, Kind

from ..service import wait_until


class Chunk:
    """A future as Granian's: it calls back when it has a value or is cancelled."""

    def __init__(self, value: bytes | None = None) -> None:
        self.value = value
        self.is_cancelled = False
        self._callback: Callable[[Any], None] | None = None

    def add_done_callback(self, callback: Callable[[Any], None], context: Any = None) -> None:
        self._callback = callback

    def done(self) -> bool:
        return self.value is not None

    def result(self) -> bytes:
        if self.is_cancelled:
            raise asyncio.CancelledError
        assert self.value is not None
        return self.value

    def cancel(self) -> bool:
        if self.done() or self.is_cancelled:
            return False
        self.is_cancelled = True
        self._call_back()
        return True

    def come(self, value: bytes) -> None:
        self.value = value
        self._call_back()

    def _call_back(self) -> None:
        if self._callback is not None:
            self._callback(self)


class Client:
    """Sends a body when the test says so; ``there``: what came with the headers. Keeps what was made of it."""

    def __init__(self, reads: Bodies, length: int | None, *there: bytes) -> None:
        self._there = list(there)
        self.chunks: list[Chunk] = []
        self.outcomes: list[tuple[bytes, Kind | None]] = []
        reads.read(self, length, lambda body, why: self.outcomes.append((body, why)))

    def __aiter__(self) -> Client:
        return self

    def __anext__(self) -> Chunk:
        self.chunks.append(Chunk(self._there.pop(0) if self._there else None))
        return self.chunks[-1]

    def send(self, value: bytes) -> None:
        self.chunks[-1].come(value)


@pytest.fixture
def reads() -> Bodies:
    """Bodies of at most 10 bytes, 20 together, and with time enough."""
    return Bodies(largest=10, most=20, longest_s=3600)


def test_a_body_is_whole_when_its_length_has_come(reads: Bodies) -> None:
    client = Client(reads, 6, b"ab")
    client.send(b"cd")
    assert client.outcomes == []

    client.send(b"ef")

    assert client.outcomes == [(b"abcdef", None)]
    assert len(client.chunks) == 3, "it isn't asked for more"


def test_a_body_in_chunks_is_whole_when_none_comes_any_more(reads: Bodies) -> None:
    client = Client(reads, None, b"ab", b"cd")
    client.send(b"")

    assert client.outcomes == [(b"abcd", None)]


def test_a_body_that_is_cut_is_as_long_as_what_came(reads: Bodies) -> None:
    client = Client(reads, 6, b"ab")
    client.send(b"")

    assert client.outcomes == [(b"ab", None)]


def test_many_chunks_that_are_there_already_need_no_deep_stack(reads: Bodies) -> None:
    many = Bodies(largest=100_000, most=100_000, longest_s=3600)

    assert Client(many, None, *[b"a"] * 50_000, b"").outcomes == [(b"a" * 50_000, None)]


def test_a_body_that_is_too_large_is_taken_in_and_not_kept(reads: Bodies) -> None:
    client = Client(reads, None, b"a" * 10, b"b")
    others = [Client(reads, 10, b"c" * 9), Client(reads, 10, b"c" * 9)]
    client.send(b"c" * 1000)
    client.send(b"")

    assert client.outcomes == [(b"", TOO_LARGE)]
    assert [other.outcomes for other in others] == [[], []], "it takes no room"


def test_of_what_is_far_too_large_not_all_is_taken_in(reads: Bodies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "DRAINED_BYTES", 1000)
    client = Client(reads, None, b"a" * 999)
    assert client.outcomes == []

    client.send(b"a")

    assert client.outcomes == [(b"", TOO_LARGE)]


def test_the_largest_gives_way_when_there_is_no_more_room(reads: Bodies) -> None:
    small, large, other = Client(reads, 10, b"a"), Client(reads, 10, b"b" * 9), Client(reads, 10, b"c" * 8)

    small.send(b"aaa")

    assert large.outcomes == [(b"", CROWDED_BODIES)]
    assert large.chunks[-1].is_cancelled
    small.send(b"a" * 6)
    other.send(b"c" * 2)
    assert [small.outcomes, other.outcomes] == [[(b"a" * 10, None)], [(b"c" * 10, None)]]


def test_a_body_that_is_worked_on_takes_room_until_it_is_released(reads: Bodies) -> None:
    first, second = Client(reads, 10, b"a" * 10), Client(reads, 10, b"b" * 10)
    refused = Client(reads, 10, b"c" * 10)
    reads.release(10)
    taken = Client(reads, 10, b"d" * 10)

    assert [client.outcomes[0][1] for client in (first, second, refused, taken)] == [None, None, CROWDED_BODIES, None]


def test_a_body_that_takes_too_long_is_refused_once() -> None:
    hurried = Bodies(largest=10, most=20, longest_s=0.05)
    client = Client(hurried, 6, b"ab")
    wait_until(lambda: client.outcomes, "it to be refused")

    client.send(b"cdef")

    assert client.outcomes == [(b"", SLOW)]
    assert client.chunks[-1].is_cancelled


@pytest.mark.parametrize("ends_well", [True, False])
def test_nothing_of_a_body_is_held_after_its_end(ends_well: bool) -> None:
    """Granian's futures keep their callbacks, and no collector finds them: a body that kept its last one would be kept
    by it, and keep its connection, for ever."""
    hurried = Bodies(largest=10, most=20, longest_s=3600 if ends_well else 0.05)
    client = Client(hurried, 6, b"ab")
    if ends_well:
        client.send(b"cdef")
    wait_until(lambda: client.outcomes, "its end")
    held = weakref.ref(client.chunks[-1])

    gc.disable()
    try:
        client.chunks.clear()
        assert wait_until(lambda: held() is None, "it to be let go")
    finally:
        gc.enable()
