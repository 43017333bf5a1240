"""``python -m scheduler``: opens windows and submits recurring jobs at the cadence; ``open`` opens one window and ends;
``check`` shows the next ticks; ``backtest`` tries cadences on arrivals that were recorded.

Exit status: 0 done, 3 nothing to do, 1 failed, 2 bad arguments, file or setting.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import tasks
from middleware import logs
from middleware.broker import LifoBroker
from middleware.errors import LastInError
from middleware.metrics.group_metrics import publisher_of
from middleware.processes.cadence_status import CadenceStatus
from middleware.processes.registry import Registration, process_name
from middleware.processes.server_safety import SafetyWatch, end_process
from middleware.settings import ROOT

from .arguments import PROGRAM, parser
from .backtest.command import backtest
from .cadence import Cadence
from .clock import RedisClock, SystemClock
from .errors import ArrivalsError, CadenceError
from .exit_statuses import DONE, FAILED, NOTHING_TO_DO, UNUSABLE
from .opening import Shown, looking_at, open_by, show_on_terminal, summary, wait_until_done
from .others import OtherSchedulers
from .preview import preview
from .service import Service
from .signals import Inbox
from .submitter import Submitter
from .watch import CadenceWatcher, our_watcher

POLL_FILE_S = 0.5
REDIS_TIMEOUT_S = 0.4

logger = logging.getLogger("scheduler")
Command = Callable[[argparse.Namespace, CadenceWatcher, LifoBroker], int]


def main(arguments: Sequence[str] | None = None, *, program: str = PROGRAM) -> int:
    """
    Parameters:
      program: what it is called in its messages.

    Returns: the exit status.
    """
    options = parser(program).parse_args(arguments)
    file = our_watcher()
    command: Command = COMMANDS[options.command]
    try:
        status = command(options, file, tasks.broker)
        sys.stdout.flush()
    except BrokenPipeError:  # who reads has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (ArrivalsError, CadenceError) as error:
        return _fail(error, UNUSABLE)
    except LastInError as error:
        return _fail(error, FAILED)
    return status


def run(options: argparse.Namespace, file: CadenceWatcher, broker: LifoBroker) -> int:
    """Open windows and submit recurring jobs until SIGTERM or SIGINT."""
    cadence = file.read()
    inbox = Inbox()
    inbox.listen()
    logs.configure(broker.settings, process="scheduler")
    broker.fail_fast(timeout_s=REDIS_TIMEOUT_S, patience_s=0)
    safety = SafetyWatch(broker.settings.durability, broker.settings.wait_replicas, on_cluster=end_process)
    safety.look_first(broker.redis.new_link())
    clock = RedisClock(broker.redis.new_link())
    id = process_name()
    registration = Registration(id, "scheduler", lease_us=broker.settings.lease_us, queues=broker.get_declared_queues)
    maintenance = broker.new_maintenance(registration=registration, safety=safety)
    clock.start()
    registration.cadence_status = _status(cadence, clock)
    others = OtherSchedulers(id, lambda: registration.cadence_status, broker.registry.cadence_statuses)
    service = Service(cadence, broker.windows, Submitter(broker, clock), clock, broker.redis.outage)
    service.start()
    maintenance.start()
    others.start()
    publisher_of("scheduler", broker.redis.new_link()).start()
    logger.info("The scheduler runs by %s.", _shown(file.path))
    while (word := inbox.wait(POLL_FILE_S)) != "stop":
        changed = file.reread() if word == "reload" else file.poll()
        if changed is not None:
            service.put(changed)
        status = _status_after(registration.cadence_status, changed, file, clock)
        if status != registration.cadence_status:
            registration.cadence_status = status
            maintenance.hurry()
    inbox.close()
    others.stop()
    _within(maintenance.stop, seconds=0.2)
    service.stop()
    clock.stop()
    logger.info("The scheduler stops.")
    return DONE


def open_one(options: argparse.Namespace, file: CadenceWatcher, broker: LifoBroker) -> int:
    """Open one window; with ``--wait`` until it is closed and none of its jobs runs."""
    window: Shown = open_by(file, options.queue, broker, batch=options.batch, lasts_us=options.lasts).as_dict()
    if options.wait:
        clock = RedisClock(broker.redis.new_link())
        clock.start()
        maintenance = broker.new_maintenance()  # a worker that dies mustn't be waited for for ever
        maintenance.start()
        try:
            window = wait_until_done(window, looking_at(broker.windows), clock.now_us, show_on_terminal)
        except KeyboardInterrupt:
            return _fail(f"Window {window['id']} goes on.", FAILED)
        finally:
            show_on_terminal("")
    print(json.dumps(window) if options.json else summary(window))
    return DONE if window["status"] == "open" or window["claimed"] else NOTHING_TO_DO


def check(options: argparse.Namespace, file: CadenceWatcher, broker: LifoBroker) -> int:
    """Read the file and print the next ticks of each queue and recurring job."""
    for line in preview(file.read(), SystemClock().now_us()):
        print(line)
    return DONE


def _shown(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def _status(cadence: Cadence, clock: RedisClock) -> CadenceStatus:
    return CadenceStatus(cadence.digest, clock.now_us(), queues=cadence.keys(), jobs=cadence.job_keys())


def _status_after(
    last: CadenceStatus | None, changed: Cadence | None, file: CadenceWatcher, clock: RedisClock
) -> CadenceStatus | None:
    """The status after a look at the file, which brought the cadence ``changed`` or nothing new."""
    if changed is not None:
        return _status(changed, clock)
    if last is None or file.error == last.error:
        return last
    return dataclasses.replace(last, error=file.error, failed_at_us=clock.now_us())


COMMANDS: Mapping[str | None, Command] = {None: run, "open": open_one, "check": check, "backtest": backtest}


def _within(action: Callable[[], None], *, seconds: float) -> None:
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    thread.join(seconds)


def _fail(error: LastInError | str, status: int) -> int:
    print(f"scheduler: {error}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
