"""``python -m benchmarks.driver.hand PEER VERB …``: sends jobs to one queue, and prints what that took as JSON.

- ``prepare``: what must be done before workers start
- ``fill COUNT TASK``: COUNT jobs, in any way
- ``bulk COUNT``: COUNT no-op jobs, in the fastest way that the library offers
- ``send SECONDS``: no-op jobs one by one, for so long
- ``pace RATE SECONDS WORK_MS``: stamp jobs at a steady rate, whatever becomes of them; prints their stamps
- ``poisson RATE SECONDS WORK_MS``: the same at random times of that mean rate, the same times for everybody
- ``delayed COUNT DELAY_MS SPREAD_MS``: stamp jobs that fall due after ``DELAY_MS`` and up to ``SPREAD_MS`` more; before
  them ``WARMING_UP`` that are due at once, since what a process does for the first time takes tens of milliseconds
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

from . import peer as peers
from .peer import QueuePeer


def main(words: list[str]) -> None:
    """Do what the words say."""
    peer: QueuePeer = peers.discover()[words[0]]
    peer.prepare()
    begin, cpu = time.perf_counter(), time.process_time()
    done: int | list[int] = VERBS[words[1]](peer, *words[2:])
    sent, stamps = (len(done), done) if isinstance(done, list) else (done, [])
    took = {"seconds": time.perf_counter() - begin, "cpu_s": time.process_time() - cpu}
    print(json.dumps({"sent": sent, "stamps": stamps, **took}))


def _prepare(peer: QueuePeer) -> int:
    return 0


def _fill(peer: QueuePeer, count: str, task: str) -> int:
    peer.fill(int(count), task)
    return int(count)


def _bulk(peer: QueuePeer, count: str) -> int:
    peer.send_many(int(count))
    return int(count)


def _send(peer: QueuePeer, seconds: str) -> int:
    sent, end = 0, time.perf_counter() + float(seconds)
    while time.perf_counter() < end:
        peer.send()
        sent += 1
    return sent


def _pace(peer: QueuePeer, rate: str, seconds: str, work_ms: str) -> list[int]:
    times = (n / float(rate) for n in range(round(float(rate) * float(seconds))))
    return _stamps_at(times, peer, float(work_ms))


def _poisson(peer: QueuePeer, rate: str, seconds: str, work_ms: str) -> list[int]:
    gaps = random.Random(1)
    times = accumulate(gaps.expovariate(float(rate)) for _ in range(round(float(rate) * float(seconds))))
    return _stamps_at(times, peer, float(work_ms))


def _stamps_at(times: Iterable[float], peer: QueuePeer, work_ms: float) -> list[int]:
    begin = time.perf_counter()
    stamps = []
    for at in times:
        ahead = begin + at - time.perf_counter()
        if ahead > 0:
            time.sleep(ahead)
        stamps.append(time.monotonic_ns())
        peer.send_stamp(stamps[-1], work_ms)
    return stamps


WARMING_UP = 16


def _delayed(peer: QueuePeer, count: str, delay_ms: str, spread_ms: str) -> int:
    order = random.Random(1)
    for _ in range(WARMING_UP):
        peer.send_stamp(time.monotonic_ns(), 0, 1)
    for _ in range(int(count)):
        delay = int(float(delay_ms) + order.uniform(0, float(spread_ms)))
        peer.send_stamp(time.monotonic_ns() + delay * 1_000_000, 0, delay)
    return int(count)


VERBS: dict[str, Any] = {
    "prepare": _prepare,
    "fill": _fill,
    "bulk": _bulk,
    "send": _send,
    "pace": _pace,
    "poisson": _poisson,
    "delayed": _delayed,
}


if __name__ == "__main__":
    main(sys.argv[1:])
