"""Pages of windows over several queues."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from middleware.store.reading import Cursor

from ..scripted import ScriptedQueue


@pytest.fixture
def mail(queue: ScriptedQueue) -> Iterator[ScriptedQueue]:
    """A second queue on the same clock."""
    mail = ScriptedQueue(queue.url, "mail", clock=queue.clock)
    yield mail
    mail.audit()
    mail.close()


def use_window(queue: ScriptedQueue) -> str:
    """Open one and claim in it, so that it is kept."""
    queue.rule(close_when_empty=False)
    queue.clock.forward(us=1)
    queue.send(f"{queue.name}-{queue.clock.now_us}")
    window = queue.open(credits=1)
    queue.claim()
    return window.id


def test_pages_go_over_all_queues_newest_first_and_show_each_window_once(
    queue: ScriptedQueue, mail: ScriptedQueue
) -> None:
    opened = [use_window(queue if n % 3 else mail) for n in range(11)]

    seen: list[str] = []
    cursor: Cursor | None = None
    for _ in range(20):
        page = queue.broker.windows.page(limit=2, cursor=cursor)
        assert len(page.windows) <= 2
        seen += [window.id for window in page.windows]
        cursor = page.next
        if cursor is None:
            break
        use_window(queue)

    assert seen == opened[::-1]


def test_windows_of_one_moment_are_each_shown_once(queue: ScriptedQueue, mail: ScriptedQueue) -> None:
    for each in (queue, mail):
        each.rule(close_when_empty=False)
        each.send("a", "b", "c")
    opened = set()
    for each in (queue, mail) * 3:
        opened.add(each.open(credits=1).id)
        each.claim()

    seen: list[str] = []
    page = queue.broker.windows.page(limit=1)
    while True:
        seen += [window.id for window in page.windows]
        if page.next is None:
            break
        page = queue.broker.windows.page(limit=1, cursor=page.next)

    assert sorted(seen) == sorted(opened)


def test_windows_are_in_the_order_of_opening_although_the_clock_was_set_back(queue: ScriptedQueue) -> None:
    first = use_window(queue)
    queue.clock.now_us -= 10_000_000
    second = use_window(queue)

    assert [window.id for window in queue.broker.windows.page().windows] == [second, first]


def test_a_queue_without_windows_has_an_empty_page(queue: ScriptedQueue) -> None:
    assert queue.broker.windows.page(queue="nobody").windows == []
