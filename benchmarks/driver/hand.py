"""``python -m benchmarks.driver.hand PEER VERB …``: sends jobs to one queue, and prints what that took as JSON.

- ``prepare``: what must be done before workers start
- ``fill COUNT``: so many no-op jobs, in the fastest way
- ``send SECONDS``: no-op jobs one by one, for so long
- ``pace RATE SECONDS WORK_MS``: stamp jobs at a steady rate, whatever becomes of them
- ``delayed COUNT DELAY_MS SPREAD_MS``: stamp jobs that fall due after ``DELAY_MS`` and up to ``SPREAD_MS`` more; before
  them ``WARMING_UP`` that are due at once, since what a process does for the first time takes tens of milliseconds
"""

from __future__ import annotations

import json
import random
import sys
import time
from typing import Any

from . import peer as peers
from .peer import QueuePeer


def main(words: list[str]) -> None:
    """Do what the words say."""
    peer: QueuePeer = peers.discover()[words[0]]
    peer.prepare()
    verb, numbers = words[1], [float(word) for word in words[2:]]
    begin, cpu = time.perf_counter(), time.process_time()
    sent = VERBS[verb](peer, *numbers)
    took = {"sent": sent, "seconds": time.perf_counter() - begin, "cpu_s": time.process_time() - cpu}
    print(json.dumps(took))


def _prepare(peer: QueuePeer) -> int:
    return 0


def _fill(peer: QueuePeer, count: float) -> int:
    peer.send_many(int(count))
    return int(count)


def _send(peer: QueuePeer, seconds: float) -> int:
    sent, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        peer.send()
        sent += 1
    return sent


def _pace(peer: QueuePeer, rate: float, seconds: float, work_ms: float) -> int:
    begin = time.perf_counter()
    count = round(rate * seconds)
    for n in range(count):
        ahead = begin + n / rate - time.perf_counter()
        if ahead > 0:
            time.sleep(ahead)
        peer.send_stamp(time.monotonic_ns(), work_ms)
    return count


WARMING_UP = 16


def _delayed(peer: QueuePeer, count: float, delay_ms: float, spread_ms: float) -> int:
    order = random.Random(1)
    for _ in range(WARMING_UP):
        peer.send_stamp(time.monotonic_ns(), 0, 1)
    for _ in range(int(count)):
        delay = int(delay_ms + order.uniform(0, spread_ms))
        peer.send_stamp(time.monotonic_ns() + delay * 1_000_000, 0, delay)
    return int(count)


VERBS: dict[str, Any] = {"prepare": _prepare, "fill": _fill, "send": _send, "pace": _pace, "delayed": _delayed}


if __name__ == "__main__":
    main(sys.argv[1:])
