"""A queue's cadence in plain language."""

from __future__ import annotations

from collections.abc import Iterator

from middleware.queues.policy import PPM, Policy, first_in_words, limits_in_words
from middleware.queues.snapshot import QueueSnapshot
from middleware.queues.window import Window

from .. import words

TICKS_SHOWN = 5
CLOSED_BECAUSE = {
    "credits": "It had used all its credits.",
    "empty": "The stack was empty.",
    "time": "Its time was up.",
    "replaced": "Another window took its place.",
    "operator": "Somebody closed it.",
}
OPENED_BY = {"tick": "the cadence", "operator": "an operator", "command": "the command line"}


def policy_sentence(queue: QueueSnapshot) -> str:
    """What the cadence says about a queue."""
    policy = queue.policy
    if policy is None:
        return (
            "No policy is in force yet: a scheduler puts one there when it starts."
            if queue.mode == "windows"
            else "It has no policy: its jobs may run at any time."
        )
    return ", ".join(_parts(policy)) + "."


def _parts(policy: Policy) -> Iterator[str]:
    if policy.mode == "continuous":
        yield "At any time, without windows"
    else:
        how_many = f"up to {words.plural(policy.batch, 'job')}" if policy.batch else "as many jobs as there are"
        yield f"{_when(policy)} {how_many}"
    if policy.order == "adaptive":
        low, high = words.microseconds(policy.lifo_below_us), words.microseconds(policy.lifo_above_us)
        lifo, fifo = first_in_words("lifo", policy.order_by), first_in_words("fifo", policy.order_by)
        yield f"the {fifo} first until it has waited {high}, then the {lifo} first until that falls under {low}"
    else:
        yield f"{first_in_words(policy.order, policy.order_by)} first"
    if policy.oldest_share_ppm and policy.order != "fifo":
        yield f"{_one_in(policy.oldest_share_ppm)} for the oldest"
    yield from limits_in_words(
        policy.max_running, policy.max_running_per_group, policy.share_by_group, number=words.number
    )
    if policy.mode == "windows":
        if policy.lasts_us and policy.lasts_us != policy.period_us:
            yield f"open for {words.microseconds(policy.lasts_us)} at most"
        if not policy.close_when_empty:
            yield "still open when nothing waits"


def _when(policy: Policy) -> str:
    if policy.period_us:
        return f"Every {words.microseconds(policy.period_us)}"
    if policy.timetable.startswith("every "):
        return f"E{policy.timetable[1:]}:"
    return f"By {policy.timetable}:" if policy.timetable else "In each window"


def _one_in(share_ppm: int) -> str:
    words_for = {2: "two", 3: "three", 4: "four", 5: "five", 10: "ten", 20: "twenty"}
    whole, rest = divmod(PPM, share_ppm)
    return f"one in {words_for[whole]}" if not rest and whole in words_for else words.percent(share_ppm / PPM)


def next_ticks(queue: QueueSnapshot) -> list[int]:
    """When the next windows open, in µs; nothing where none is planned."""
    first = queue.next_window_at_us
    return [] if first is None else [first, *queue.later_ticks_us][:TICKS_SHOWN]


def closed_because(window: Window) -> str:
    """Why a window closed."""
    if window.close_reason is None:
        return "It is open."
    if window.close_reason == "operator" and window.closer:
        return f"{window.closer} closed it."
    return CLOSED_BECAUSE[window.close_reason]


def opened_by(window: Window) -> str:
    """Who opened a window."""
    return window.opener or OPENED_BY[window.opened_by]
