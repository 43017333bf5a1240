"""A core for each worker process."""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys

import dramatiq

logger = logging.getLogger(__name__)


class Pinning(dramatiq.Middleware):
    """Dramatiq middleware that binds each worker process to one of the cores it may use, in turn (Linux).

    The threads of a Python process can't run at the same time, but the system spreads them over the cores all the
    same, and each hand-over then crosses from one to another.
    """

    def after_process_boot(self, broker: dramatiq.Broker) -> None:
        """The process is a worker's; its threads come later, and inherit the core."""
        if sys.platform != "linux":
            logger.warning("WORKER_PIN has no effect: only Linux can bind a process to a core.")
            return
        cores = sorted(os.sched_getaffinity(0))
        number = next(iter(multiprocessing.current_process()._identity), 1)  # 1, 2, … as Dramatiq starts them
        os.sched_setaffinity(0, {cores[(number - 1) % len(cores)]})
