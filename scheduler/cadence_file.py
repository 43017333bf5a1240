"""Reads ``cadence.toml`` and what the environment overrides in it. Nothing is accepted and ignored."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, cast, get_args

from middleware.nearest import nearest
from middleware.queues.policy import Mode, Order

from .blackout import Blackout, parse_blackout
from .cadence import Cadence, Missed, QueueCadence
from .durations import format_duration
from .errors import CadenceError
from .overrides import Override, find_overrides
from .ticks import Cron, Every, Ticks
from .timetable import Timetable
from .values import MOST_CREDITS, Given, Section

DEFAULT = "default"
"""The section for every declared queue that has none of its own."""

KEYS = (
    *("mode", "every", "cron", "timezone", "batch", "lasts", "close_when_empty", "oldest_share", "order"),
    *("lifo_above", "lifo_below", "blackout", "missed"),
)
ONLY_IN_WINDOWS = ("every", "cron", "timezone", "batch", "lasts", "close_when_empty", "blackout", "missed")
SHORTEST_PERIOD_US, SHORTEST_WINDOW_US = 100_000, 10_000
LONGEST_US = 31 * 86_400_000_000
LIFO_ABOVE_US = 30_000_000


def read_cadence(path: Path, declared: Collection[str], overrides: Mapping[str, str]) -> Cadence:
    """What is to be in force, for each declared queue.

    ``overrides`` are the environment's variables ``CADENCE_<QUEUE>_<KEY>``.

    Raises:
      CadenceError: one line that names the file or variable, the key, what it holds and what is allowed.
    """
    sections = _sections(path, declared)
    found = find_overrides(overrides, declared, KEYS)
    queues = {}
    for queue in sorted({*declared, *sections}):
        own = sections.get(queue, sections.get(DEFAULT))
        if own is None:
            raise CadenceError(f"{path}: queue {queue} needs a section [queues.{queue}] or [queues.{DEFAULT}].")
        queues[queue] = _queue(queue, Section(_overridden(own, [each for each in found if each.queue == queue])))
    return Cadence({queue: queues[queue] for queue in sorted(declared)})


def _sections(path: Path, declared: Collection[str]) -> dict[str, dict[str, Given]]:
    document = _document(path)
    for key in document:
        if key != "queues":
            raise CadenceError(f"{path}: {key} isn't known; the file holds sections such as [queues.{DEFAULT}].")
    queues = document.get("queues", {})
    if not isinstance(queues, dict):
        raise Given(queues, f"{path}: queues").error(f"a table of sections such as [queues.{DEFAULT}]")
    sections = {}
    for queue, section in queues.items():
        origin = f"{path}: queues.{queue}"
        if not isinstance(section, dict):
            raise Given(section, origin).error(f"a section [queues.{queue}]")
        if queue not in declared and queue != DEFAULT:
            instead = _instead(queue, sorted(declared), "declared")
            raise CadenceError(f"{origin} names a queue that no task declares; {instead}")
        for key in section:
            if key not in KEYS:
                raise CadenceError(f"{origin}.{key} isn't known; {_instead(key, KEYS, 'allowed')}")
        sections[queue] = {key: Given(value, f"{origin}.{key}") for key, value in section.items()}
    return sections


def _instead(name: str, known: Collection[str], word: str) -> str:
    meant = nearest(name, known)
    return f"did you mean {meant}?" if meant else f"{word} are: {', '.join(known)}."


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise CadenceError(f"{path}: can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CadenceError(f"{path}: can't be read: it isn't UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise CadenceError(f"{path}: isn't TOML: {error}.") from None


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
        timetable=None if mode == "continuous" else _timetable(queue, section),
        batch=section.whole("batch", 0, MOST_CREDITS, default=0),
        lasts_us=section.duration("lasts", SHORTEST_WINDOW_US, LONGEST_US),
        close_when_empty=section.boolean("close_when_empty", default=False),
        oldest_share_ppm=oldest_share_ppm,
        order=cast(Order, order),
        lifo_above_us=above_us,
        lifo_below_us=below_us,
        missed=cast(Missed, section.choice("missed", get_args(Missed), "skip")),
    )


def _lifo_bounds(section: Section) -> tuple[int, int]:
    """When the adaptive order becomes lifo, and when fifo again."""
    above_us = section.duration("lifo_above", SHORTEST_WINDOW_US, LONGEST_US, default=LIFO_ABOVE_US)
    below_us = section.duration("lifo_below", SHORTEST_WINDOW_US, LONGEST_US, default=above_us // 2)
    if below_us >= above_us:
        raise section["lifo_below"].error(f'shorter than lifo_above, which is "{format_duration(above_us)}"')
    return above_us, below_us


def _timetable(queue: str, section: Section) -> Timetable:
    if "timezone" in section and "cron" not in section and "blackout" not in section:
        raise CadenceError(f"{section['timezone'].origin} has no effect without cron or blackout: leave it out.")
    timetable = Timetable(_ticks(queue, section), _blackout(section))
    if timetable.after(0) is None:
        raise section["blackout"].error("such that some tick is outside of it")
    return timetable


def _ticks(queue: str, section: Section) -> Ticks:
    if "every" in section and "cron" in section:
        raise CadenceError(f"{section['cron'].origin} can't stand together with every: leave one of them out.")
    period_us = section.duration("every", SHORTEST_PERIOD_US, LONGEST_US)
    if period_us is not None:
        return Every(period_us)
    if "cron" not in section:
        raise CadenceError(f'queues.{queue} needs every = "2s", or cron = "*/10 * * * * *", or mode = "continuous".')
    given = section["cron"]
    if not isinstance(given.value, str):
        raise given.error('a cron expression such as "*/10 * * * *" (minutes), or with seconds first "*/10 * * * * *"')
    timezone = section.timezone("timezone")
    try:
        return Cron(given.value, timezone)
    except ValueError as error:
        raise CadenceError(f"{given.origin} holds {given.value!r}: {error}.") from None


def _blackout(section: Section) -> Blackout | None:
    if "blackout" not in section:
        return None
    given = section["blackout"]
    if not (isinstance(given.value, list) and given.value and all(isinstance(span, str) for span in given.value)):
        raise given.error('a list of spans such as ["22:00-06:00", "Sat", "Sun"]')
    timezone = section.timezone("timezone")
    try:
        return parse_blackout(given.value, timezone)
    except ValueError as error:
        raise CadenceError(f"{given.origin} holds {given.value!r}: {error}.") from None
