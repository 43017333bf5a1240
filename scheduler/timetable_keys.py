"""The keys of a section that say when its ticks are: ``every``, ``cron``, ``timezone`` and ``blackout``."""

from __future__ import annotations

from .blackout import Blackout, parse_blackout
from .errors import CadenceError
from .ticks import Cron, Every, Ticks
from .timetable import Timetable
from .values import LONGEST_US, Section

SHORTEST_PERIOD_US = 100_000


def read_timetable(section: Section, *, needs: str) -> Timetable:
    """
    ``needs``: what a section without ticks may have instead of these, or nothing, for the error.

    Raises:
      CadenceError: there are no ticks, or not in this way.
    """
    if "timezone" in section and "cron" not in section and "blackout" not in section:
        raise CadenceError(f"{section['timezone'].origin} has no effect without cron or blackout: leave it out.")
    timetable = Timetable(_ticks(section, needs), _blackout(section))
    if timetable.after(0) is None:
        raise section["blackout"].error("such that some tick is outside of it")
    return timetable


def _ticks(section: Section, needs: str) -> Ticks:
    if "every" in section and "cron" in section:
        raise CadenceError(f"{section['cron'].origin} can't stand together with every: leave one of them out.")
    period_us = section.duration("every", SHORTEST_PERIOD_US, LONGEST_US)
    if period_us is not None:
        return Every(period_us)
    if "cron" not in section:
        raise CadenceError(f'{section.name} needs every = "2s", or cron = "*/10 * * * * *"{needs}.')
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
