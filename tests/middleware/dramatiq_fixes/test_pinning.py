"""A core for each worker process."""

from __future__ import annotations

import multiprocessing
import os
import sys
from typing import Any

import pytest

from middleware.dramatiq_fixes.pinning import Pinning


def boot(answer: Any) -> None:
    """What a worker process does first."""
    Pinning().after_process_boot(None)  # type: ignore[arg-type]
    answer.send(sorted(os.sched_getaffinity(0)))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can bind a process to a core")
def test_processes_take_the_cores_in_turn() -> None:
    cores = sorted(os.sched_getaffinity(0))
    taken = []
    for _ in range(len(cores) + 1):
        here, there = multiprocessing.Pipe()
        process = multiprocessing.get_context("fork").Process(target=boot, args=(there,))
        process.start()
        assert here.poll(20)
        taken.append(here.recv())
        process.join()

    assert all(len(bound) == 1 for bound in taken)
    assert {core for [core] in taken} == set(cores)
    assert sorted(os.sched_getaffinity(0)) == cores, "this process is free still"
