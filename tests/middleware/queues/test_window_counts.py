"""Windows add up: every claim is counted once, in the window that let it through."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from middleware.queues.window import Window

from ...proof.planted import planted
from ..scripted import START_US, ScriptedQueue


def test_every_outcome_is_counted_in_the_window_of_its_claim(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send(*"abcdef")
    window = queue.open()
    f, e, d, c, b, _ = queue.claim(6)
    queue.open()

    queue.settle(f)
    queue.settle(e, "rejected")
    queue.settle(d, "retry", delay_us=5)
    queue.settle(c, "put_back")
    queue.settle(b, "cancelled")

    counted = queue.window(window)
    assert (counted.claimed, counted.running) == (6, 1)
    assert (counted.processed, counted.rejected, counted.retried) == (1, 1, 1)
    assert (counted.put_back, counted.cancelled) == (1, 1)


def test_a_lost_lease_counts_as_put_back_and_a_lost_worker_as_rejected(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a")
    first = queue.open()
    queue.claim()
    queue.lose_leases(crash_limit=2)
    second = queue.open()
    queue.claim()
    queue.lose_leases(crash_limit=2)

    assert (queue.window(first).put_back, queue.window(first).running) == (1, 0)
    assert (queue.window(second).rejected, queue.window(second).running) == (1, 0)


def test_a_job_shows_the_window_of_its_last_claim(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a")
    queue.open()
    queue.settle(queue.claim()[0], "retry")
    second = queue.open()
    queue.claim()

    assert queue.job("a").window == second.id


def test_first_and_last_claim_are_noted(queue: ScriptedQueue) -> None:
    queue.rule(close_when_empty=False)
    queue.send("a", "b")
    window = queue.open()
    queue.clock.forward(us=5)
    queue.claim()
    queue.clock.forward(us=5)
    queue.claim()

    noted = queue.window(window)
    assert (noted.first_claim_at_us, noted.last_claim_at_us) == (START_US + 5, START_US + 10)


def test_the_history_is_newest_first_and_pages_by_a_cursor(queue: ScriptedQueue) -> None:
    queue.rule(close_when_empty=False)
    for n in range(5):
        queue.send(f"job-{n}")
        queue.open(credits=1)
        queue.claim()

    pages = queue.broker.windows
    newest = pages.page(queue="default", limit=2)
    older = pages.page(queue="default", limit=2, cursor=newest.next)

    assert [w.number for w in newest.windows + older.windows] == [5, 4, 3, 2]


ACTIONS = st.lists(
    st.sampled_from(["send", "claim", "claim 3", "processed", "retry", "delayed", "put_back", "lose", "open", "time"]),
    max_size=40,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=ACTIONS, credits=st.integers(0, 4), close_when_empty=st.booleans())
def test_whatever_happens_windows_add_up_and_never_overrun(
    queue: ScriptedQueue, actions: list[str], credits: int, close_when_empty: bool
) -> None:
    queue.client.flushall()
    queue.rule(close_when_empty=close_when_empty)
    running: list[tuple[str, int]] = []
    for n, action in enumerate(actions):
        queue.clock.forward(ms=3)
        match action:
            case "send":
                queue.send(f"job-{n}")
            case "open":
                assert isinstance(queue.open(credits=credits, lasts_us=20_000), Window)
            case "claim" | "claim 3":
                running += queue.claim(3 if action == "claim 3" else 1)
            case "time":
                queue.clock.forward(ms=9)
            case "lose":
                queue.lose_leases()
            case "delayed" if running:
                queue.settle(running.pop(0), "retry", delay_us=10_000)
            case "processed" | "retry" | "put_back" if running:
                queue.settle(running.pop(0), action)
        queue.audit()


def used_window(queue: ScriptedQueue) -> Window:
    queue.clock.forward(us=1)
    queue.send(f"job-{queue.clock.now_us}")
    window = queue.open(credits=1)
    queue.settle(*queue.claim())
    return window


def test_windows_are_forgotten_with_age_but_not_while_a_job_of_theirs_runs(queue: ScriptedQueue) -> None:
    queue.rule(close_when_empty=False)
    queue.send("long")
    running = queue.open(credits=1)
    (token,) = queue.claim()
    old = [used_window(queue) for _ in range(150)]
    queue.clock.forward(s=60)
    fresh = used_window(queue)

    for _ in range(2):
        queue.scripts.prune(60_000_000 - 1, 10**6, 10**9, 10**6)
    assert [w.id for w in queue.broker.windows.page(queue="default").windows] == [fresh.id, running.id]
    assert queue.broker.windows.get(old[0].id) is None

    queue.settle(token)
    queue.scripts.prune(60_000_000 - 1, 10**6, 10**9, 10**6)
    assert [w.id for w in queue.broker.windows.page(queue="default").windows] == [fresh.id]


def test_only_so_many_windows_are_kept(queue: ScriptedQueue) -> None:
    queue.rule(close_when_empty=False)
    with planted("- P.WINDOWS_KEPT", "- 5", into=("open_window",)):
        used = [used_window(queue) for _ in range(9)]

    assert [w.id for w in queue.broker.windows.page(queue="default").windows] == [w.id for w in used[:2:-1]]
