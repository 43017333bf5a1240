"""The queue between a worker's consumers and its threads."""

from __future__ import annotations

import queue
import threading

import pytest

from middleware.dramatiq_fixes.work_queue import WorkQueue

from ...service import wait_until


def test_items_come_out_in_the_order_in_which_they_were_put() -> None:
    work: WorkQueue[int] = WorkQueue(1)
    for n in range(3):
        work.put(n)

    assert [work.get(timeout=1) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(queue.Empty):
        work.get(timeout=1)
    with pytest.raises(queue.Empty):
        work.get_nowait()
    work.close()


def test_who_is_woken_without_an_item_takes_none_of_the_others_items() -> None:
    work: WorkQueue[int] = WorkQueue(4)
    with pytest.raises(queue.Empty):
        work.get(timeout=0.01)
    wait_until(lambda: not work.empty(), "others to be woken")
    work.close()
    work.put(1)

    assert work.get(block=False) == 1


def test_threads_that_race_for_items_all_come_back() -> None:
    work: WorkQueue[int] = WorkQueue(32)
    got: list[int] = []
    over = threading.Event()

    def take() -> None:
        while not over.is_set():
            try:
                got.append(work.get(timeout=0.001))
            except queue.Empty:
                continue

    threads = [threading.Thread(target=take, daemon=True) for _ in range(32)]
    for thread in threads:
        thread.start()
    for n in range(20_000):
        work.put(n)
    wait_until(lambda: len(got) == 20_000, "all items")
    over.set()
    for thread in threads:
        thread.join(30)

    assert [thread for thread in threads if thread.is_alive()] == []
    assert sorted(got) == list(range(20_000))
    work.close()


def test_joining_waits_until_everything_is_done_with() -> None:
    work: WorkQueue[int] = WorkQueue(1)
    work.put(1)
    joining = threading.Thread(target=work.join, daemon=True)
    joining.start()

    work.get()
    assert joining.is_alive()
    work.task_done()

    wait_until(lambda: not joining.is_alive(), "the join to end")
    assert work.unfinished_tasks == 0
