"""Reads ``cadence.toml`` and what the environment overrides in it. Nothing is accepted and ignored."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, cast, get_args

from middleware.nearest import nearest
from middleware.queues.policy import Mode, Order
from tasks import Task

from .cadence import Cadence, Missed, QueueCadence
from .durations import format_duration
from .errors import CadenceError
from .overrides import Override, find_overrides
from .recurring_keys import RECURRING_KEYS, read_recurring
from .timetable_keys import read_timetable
from .values import LONGEST_US, MOST_CREDITS, Given, Section

DEFAULT = "default"
"""The section for every declared queue that has none of its own."""

KEYS = (
    *("mode", "every", "cron", "timezone", "batch", "lasts", "close_when_empty", "oldest_share", "order"),
    *("lifo_above", "lifo_below", "blackout", "missed"),
    *("max_running", "max_running_per_group", "share_by_group"),
)
ONLY_IN_WINDOWS = ("every", "cron", "timezone", "batch", "lasts", "close_when_empty", "blackout", "missed")
SHORTEST_WINDOW_US = 10_000
LIFO_ABOVE_US = 30_000_000
MOST_RUNNING = 1_000_000
KINDS = {"queues": DEFAULT, "jobs": "nightly"}
"""The kinds of sections there are, each with an example of a name."""
MOST_RECURRING = 1000
NO_TASKS: Mapping[str, Task] = {}


def read_cadence(
    path: Path, declared: Collection[str], overrides: Mapping[str, str], tasks: Mapping[str, Task] = NO_TASKS
) -> Cadence:
    """What is to be in force: for each declared queue, and of ``tasks`` at ticks of their own.

    ``overrides`` are the environment's variables ``CADENCE_<QUEUE>_<KEY>``.

    Raises:
      CadenceError: one line that names the file or variable, the key, what it holds and what is allowed.
    """
    document = _document(path)
    sections = _sections(path, document, "queues", KEYS)
    for queue in sections:
        if queue not in declared and queue != DEFAULT:
            instead = _instead(queue, sorted(declared), "declared")
            raise CadenceError(f"{path}: queues.{queue} names a queue that no task declares; {instead}")
    found = find_overrides(overrides, declared, KEYS)
    queues = {}
    for queue in sorted({*declared, *sections}):
        queues[queue] = _queue(queue, _own_section(path, queue, sections, found))
    jobs = _sections(path, document, "jobs", RECURRING_KEYS)
    if len(jobs) > MOST_RECURRING:
        raise CadenceError(f"{path}: jobs holds {len(jobs)} recurring jobs; at most {MOST_RECURRING} are allowed.")
    return Cadence(
        {queue: queues[queue] for queue in sorted(declared)},
        {name: read_recurring(name, Section(f"{path}: jobs.{name}", given), tasks) for name, given in jobs.items()},
    )


def read_section(
    path: Path, queue: str, section: str | None, declared: Collection[str], overrides: Mapping[str, str]
) -> QueueCadence:
    """What would be in force for one queue if this were the cadence file; with a ``section``, if that one were the
    queue's. Other sections, also those of queues that no task declares, aren't read.

    Raises:
      CadenceError: as :func:`read_cadence`; or there is no such section.
    """
    sections = _sections(path, _document(path), "queues", KEYS)
    if section is not None:
        if section not in sections:
            raise CadenceError(f"{path}: has no section [queues.{section}]; {_instead(section, [*sections], 'there')}")
        sections = {queue: sections[section]}
    found = find_overrides(overrides, declared, KEYS)
    return _queue(queue, _own_section(path, queue, sections, found))


def _own_section(
    path: Path, queue: str, sections: Mapping[str, Mapping[str, Given]], overrides: Collection[Override]
) -> Section:
    """A queue's own section, or the default's, with what the environment overrides in it."""
    own = sections.get(queue, sections.get(DEFAULT))
    if own is None:
        raise CadenceError(f"{path}: queue {queue} needs a section [queues.{queue}] or [queues.{DEFAULT}].")
    given = _overridden(own, [each for each in overrides if each.queue == queue])
    return Section(f"{path}: queues.{queue}", given)


def _sections(path: Path, document: Mapping[str, Any], kind: str, keys: Collection[str]) -> dict[str, dict[str, Given]]:
    """The sections of a kind by name, with what stands in them."""
    found = document.get(kind, {})
    if not isinstance(found, dict):
        raise Given(found, f"{path}: {kind}").error(f"a table of sections such as [{kind}.{KINDS[kind]}]")
    sections = {}
    for name, section in found.items():
        origin = f"{path}: {kind}.{name}"
        if not isinstance(section, dict):
            raise Given(section, origin).error(f"a section [{kind}.{name}]")
        for key in section:
            if key not in keys:
                raise CadenceError(f"{origin}.{key} isn't known; {_instead(key, keys, 'allowed')}")
        sections[name] = {key: Given(value, f"{origin}.{key}") for key, value in section.items()}
    return sections


def _instead(name: str, known: Collection[str], word: str) -> str:
    meant = nearest(name, known)
    return f"did you mean {meant}?" if meant else f"{word} are: {', '.join(known)}."


def _document(path: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise CadenceError(f"{path}: can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CadenceError(f"{path}: can't be read: it isn't UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise CadenceError(f"{path}: isn't TOML: {error}.") from None
    for key in document:
        if key not in KINDS:
            kinds = " and ".join(f"[{kind}.{example}]" for kind, example in KINDS.items())
            raise CadenceError(f"{path}: {key} isn't known; the file holds sections such as {kinds}.")
    return document


def _overridden(section: Mapping[str, Given], overrides: Collection[Override]) -> dict[str, Given]:
    """What an override leaves without effect in the file goes with what it replaces: nobody may be able to edit it."""
    changed = {override.key: override.given for override in overrides}
    replaced: set[str] = set()
    if "mode" in changed and changed["mode"].value == "continuous":
        replaced.update(ONLY_IN_WINDOWS)
    if "order" in changed and changed["order"].value == "fifo":
        replaced.add("oldest_share")
    if "order" in changed and changed["order"].value != "adaptive":
        replaced.update(("lifo_above", "lifo_below"))
    if "cron" in changed:
        replaced.add("every")
    if "every" in changed:
        replaced.add("cron")
        if "blackout" not in {*section, *changed}:
            replaced.add("timezone")
    return {key: given for key, given in section.items() if key not in replaced} | changed


def _queue(queue: str, section: Section) -> QueueCadence:
    mode = section.choice("mode", get_args(Mode), "windows")
    if mode == "continuous":
        for key in ONLY_IN_WINDOWS:
            if key in section:
                raise CadenceError(f'{section[key].origin} has no effect with mode = "continuous": leave one out.')
    order = section.choice("order", get_args(Order), "lifo")
    oldest_share_ppm = section.share("oldest_share", default=0)
    if order == "fifo" and oldest_share_ppm:
        raise CadenceError(f'{section["oldest_share"].origin} has no effect with order = "fifo": leave one out.')
    above_us, below_us = _lifo_bounds(section) if order == "adaptive" else (0, 0)
    for key in ("lifo_above", "lifo_below"):
        if key in section and order != "adaptive":
            raise CadenceError(f'{section[key].origin} has no effect without order = "adaptive": leave it out.')
    return QueueCadence(
        queue=queue,
        timetable=None if mode == "continuous" else read_timetable(section, needs=', or mode = "continuous"'),
        batch=section.whole("batch", 0, MOST_CREDITS, default=0),
        lasts_us=section.duration("lasts", SHORTEST_WINDOW_US, LONGEST_US),
        close_when_empty=section.boolean("close_when_empty", default=False),
        oldest_share_ppm=oldest_share_ppm,
        order=cast(Order, order),
        lifo_above_us=above_us,
        lifo_below_us=below_us,
        missed=cast(Missed, section.choice("missed", get_args(Missed), "skip")),
        max_running=section.whole("max_running", 0, MOST_RUNNING, default=0),
        max_running_per_group=section.whole("max_running_per_group", 0, MOST_RUNNING, default=0),
        share_by_group=section.boolean("share_by_group", default=False),
    )


def _lifo_bounds(section: Section) -> tuple[int, int]:
    """When the adaptive order becomes lifo, and when fifo again."""
    above_us = section.duration("lifo_above", SHORTEST_WINDOW_US, LONGEST_US, default=LIFO_ABOVE_US)
    below_us = section.duration("lifo_below", SHORTEST_WINDOW_US, LONGEST_US, default=above_us // 2)
    if below_us >= above_us:
        raise section["lifo_below"].error(f'shorter than lifo_above, which is "{format_duration(above_us)}"')
    return above_us, below_us
