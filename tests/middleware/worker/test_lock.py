"""The lock of a connection to Redis: one at a time, and those who wait come first."""

from __future__ import annotations

import threading

from middleware.worker.lock import WaitersFirstLock

from ...service import wait_until


def test_it_is_taken_by_one_at_a_time() -> None:
    lock = WaitersFirstLock()

    assert lock.take_if_free()
    assert not lock.take_if_free()
    lock.leave()
    assert lock.take_if_free()


def test_who_waits_comes_before_who_asks() -> None:
    lock = WaitersFirstLock()
    assert lock.take_if_free()
    inside, may_leave = threading.Event(), threading.Event()

    def wait_for_it() -> None:
        with lock:
            inside.set()
            may_leave.wait(30)

    waiting = threading.Thread(target=wait_for_it)
    waiting.start()
    wait_until(lambda: lock.is_wanted, "the lock to be wanted")
    lock.leave()

    assert not lock.take_if_free()
    assert inside.wait(30)
    assert not lock.is_wanted
    may_leave.set()
    waiting.join(30)
    assert lock.take_if_free()
