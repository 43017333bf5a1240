"""What wakes the main loop of the HTTP server."""

from __future__ import annotations

import signal
import threading

from api.interruption import Interruption


def test_who_waits_is_woken_from_a_thread_and_from_a_signal() -> None:
    interruption = Interruption(lambda: False)
    threading.Timer(0.01, interruption.set).start()
    interruption.wait()

    before = signal.signal(signal.SIGALRM, lambda *_: interruption.set())
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    interruption.wait()
    signal.signal(signal.SIGALRM, before)


def test_what_was_set_before_is_forgotten_but_not_that_it_is_final() -> None:
    final: list[bool] = []
    interruption = Interruption(lambda: bool(final))
    interruption.set()
    interruption.set()
    interruption.clear()
    woken = threading.Event()
    waiting = threading.Thread(target=lambda: (interruption.wait(), woken.set()))
    waiting.start()
    assert not woken.wait(0.05)
    interruption.set()
    assert woken.wait(30)
    waiting.join()

    final.append(True)
    interruption.clear()
    interruption.wait()


def test_it_is_set_while_it_is_being_set() -> None:
    interruption = Interruption(lambda: False)
    before = signal.signal(signal.SIGALRM, lambda *_: interruption.set())
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    for _ in range(200_000):
        interruption.set()
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    interruption.clear()
