"""Groups: whose turn a claim is, and how many jobs of a queue and of a group run at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from middleware.commands import build, keys
from middleware.commands.types import Accepted, Offer, Settlement
from middleware.tags import digests

from ..scripted import LEASE_US, WORKER, ScriptedQueue

S = 1_000_000


def words(queue: ScriptedQueue, wanted: int = 1) -> tuple[str, list[str]]:
    """What a claim answers: the word of the gate, and the ids."""
    answer = queue.hand_out(wanted)
    return answer.word, [id for id, _, _ in answer.jobs]


def test_claims_go_round_the_groups_newest_first_inside_each(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", share_by_group=True)
    queue.send_of("calm", "calm-1", "calm-2")
    queue.send_of("loud", *(f"loud-{i}" for i in range(1, 6)))

    assert queue.claimed_ids(3) == ["loud-5", "calm-2", "loud-4"]
    assert queue.claimed_ids(4) == ["calm-1", "loud-3", "loud-2", "loud-1"]
    queue.audit()


def test_within_a_round_the_group_with_the_highest_place_goes_first(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", share_by_group=True)
    for n in range(1, 6):
        queue.send_of(f"customer-{n}", f"of-{n}")

    assert queue.claimed_ids(5) == ["of-5", "of-4", "of-3", "of-2", "of-1"]


def test_in_fifo_order_a_round_goes_by_the_lowest_places(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", order="fifo", share_by_group=True)
    queue.send_of("loud", "loud-1", "loud-2", "loud-3")
    queue.send_of("calm", "calm-1", "calm-2")

    assert queue.claimed_ids(5) == ["loud-1", "calm-1", "loud-2", "calm-2", "loud-3"]


def test_a_group_that_comes_back_cannot_have_saved_up_turns(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", share_by_group=True)
    queue.send_of("steady", *(f"steady-{i}" for i in range(9)))
    assert queue.claimed_ids(3) == ["steady-8", "steady-7", "steady-6"]

    queue.send_of("late", *(f"late-{i}" for i in range(9)))

    assert Counter(id.split("-")[0] for id in queue.claimed_ids(7)) == {"late": 4, "steady": 3}


def test_a_group_that_sends_one_job_at_a_time_has_one_turn_in_a_round(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", share_by_group=True)
    queue.send_of("patient", *(f"patient-{i}" for i in range(4)))
    claimed = []
    for i in range(8):
        queue.send_of("hasty", f"hasty-{i}")
        claimed += queue.claimed_ids()

    assert Counter(id.split("-")[0] for id in claimed) == {"hasty": 4, "patient": 4}
    queue.audit()


def test_jobs_without_a_group_are_together_one_group_that_nothing_bounds(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", share_by_group=True, max_running_per_group=1)
    queue.send_of("", "free-1", "free-2", "free-3")
    queue.send_of("one", "one-1", "one-2")

    assert words(queue, 9) == ("full", ["one-2", "free-3", "free-2", "free-1"])


def test_a_window_gives_each_group_its_share_of_the_credits(queue: ScriptedQueue) -> None:
    queue.rule(batch=4, share_by_group=True, close_when_empty=False)
    queue.send_of("a", *(f"a-{i}" for i in range(4)))
    queue.send_of("b", *(f"b-{i}" for i in range(4)))
    queue.send_of("loud", *(f"loud-{i}" for i in range(50)))
    window = queue.open(credits=4)

    assert Counter(id.split("-")[0] for id in queue.claimed_ids(9)) == {"loud": 2, "a": 1, "b": 1}
    assert queue.window(window).close_reason == "credits"
    queue.open(credits=5)
    assert Counter(id.split("-")[0] for id in queue.claimed_ids(9)) == {"loud": 1, "a": 2, "b": 2}
    queue.audit()


@pytest.mark.parametrize(
    ("calm", "quiet", "shares", "expected"),
    [
        (2, 1, False, {"loud": 100}),
        (2, 1, True, {"loud": 97, "calm": 2, "quiet": 1}),
        (200, 200, True, {"loud": 34, "calm": 33, "quiet": 33}),
    ],
)
def test_a_noisy_tenant_gets_what_docs_groups_says(
    queue: ScriptedQueue, calm: int, quiet: int, shares: bool, expected: dict[str, int]
) -> None:
    queue.rule(batch=100, share_by_group=shares)
    for group, count in (("calm", calm), ("quiet", quiet), ("loud", 1000)):
        ids = [f"{group}-{i}" for i in range(count)]
        queue.scripts.accept([Offer(id, "task", b"{}", group=digests([group])) for id in ids])
        queue.clock.forward(s=1)
    queue.open(credits=100)

    assert Counter(id.split("-")[0] for id in queue.claimed_ids(1000)) == expected


def test_the_share_of_the_oldest_goes_to_the_lowest_place_of_those_at_turn(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", share_by_group=True, oldest_share_ppm=500_000)
    queue.send_of("old", "old-1", "old-2", "old-3")
    queue.send_of("new", "new-1", "new-2")

    assert queue.claimed_ids(4) == ["new-2", "old-1", "new-1", "old-2"]


def test_at_most_so_many_jobs_of_a_queue_run(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", max_running=2)
    queue.send_each("a", "b", "c", "d")

    assert words(queue, 9) == ("full", ["d", "c"])
    assert words(queue, 9) == ("full", [])
    queue.audit()


@pytest.mark.parametrize("limit", ["max_running", "max_running_per_group"])
@pytest.mark.parametrize(
    "way", ["processed", "rejected", "cancelled", "retry", "put_back", "lease lost", "crash", "recover"]
)
def test_each_way_in_which_a_job_stops_running_frees_its_slot_and_rings(
    queue: ScriptedQueue, limit: str, way: str
) -> None:
    queue.rule(mode="continuous", **{limit: 1})
    queue.send_of("one", "first", "second")
    (token,) = queue.claim()
    queue.silence()
    assert words(queue) == ("full", [])
    assert not queue.is_rung()

    if way in ("lease lost", "crash"):
        queue.lose_leases(crash_limit=1 if way == "crash" else 3)
    elif way == "recover":
        queue.scripts.recover(WORKER, [])
    else:
        queue.settle(token, way, delay_us=5 * S if way == "retry" else 0)

    assert queue.is_rung()
    assert len(queue.claimed_ids(2)) == 1
    queue.audit()


def test_a_job_that_ends_makes_room_for_the_next_in_the_same_call(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", max_running_per_group=1)
    queue.send_of("one", "a", "b")
    (token,) = queue.claim()

    answer, _ = queue.scripts.settle([Settlement(*token, "processed")], WORKER, LEASE_US, 5)

    assert (answer.word, [id for id, _, _ in answer.jobs]) == ("empty", ["a"])


def test_a_full_group_lets_the_others_pass(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", max_running_per_group=2)
    queue.send_of("calm", "calm-1", "calm-2")
    queue.send_of("loud", "loud-1", "loud-2", "loud-3", "loud-4")

    assert words(queue, 3) == ("open", ["loud-4", "loud-3", "calm-2"])
    found = queue.snapshot()
    assert (found.held_back, found.groups and found.groups.full) == (2, 1)
    assert words(queue, 9) == ("full", ["calm-1"])
    assert queue.snapshot().unclaimed_s == 0.0
    queue.audit()


def test_nobody_is_called_stuck_while_a_bound_is_the_reason(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", max_running=1)
    queue.send_each("a", "b")
    queue.claim()

    queue.clock.forward(s=60)
    assert (queue.snapshot().held_back, queue.snapshot().unclaimed_s) == (1, 0.0)
    queue.rule(mode="continuous", max_running=2)
    assert queue.snapshot().unclaimed_s > 0
    assert queue.is_rung()


def test_a_group_that_is_accepted_at_its_bound_wakes_nobody(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", max_running_per_group=1)
    queue.send_of("one", "a")
    queue.claim()
    queue.silence()

    queue.send_of("one", "b")
    assert not queue.is_rung()
    queue.send_of("other", "c")
    assert queue.is_rung()


@pytest.mark.parametrize("bound", [3, 1])
def test_a_bound_that_is_changed_holds_at_once(queue: ScriptedQueue, bound: int) -> None:
    queue.rule(mode="continuous", max_running_per_group=2)
    queue.send_of("one", *"abcdef")
    queue.claim(2)

    queue.rule(mode="continuous", max_running_per_group=bound)

    assert len(queue.claimed_ids(9)) == max(0, bound - 2)
    queue.audit()


def test_jobs_that_wait_are_indexed_in_several_calls_when_it_is_switched_on(queue: ScriptedQueue) -> None:
    several = build.PARAMETERS["INDEXED_AT_ONCE"] * 5
    offers = [
        Offer(f"{i:04d}", "task", queue.encoded(f"{i:04d}"), group=digests([f"g{i % 3}"]) if i % 4 else "")
        for i in range(several)
    ]
    assert isinstance(queue.scripts.accept(offers), Accepted)
    fields = {"mode": "continuous", "order": "lifo", "share": "0", "batch": "0", "share_by_group": "1"}
    words = [b"keep", b"", *(part.encode() for pair in fields.items() for part in pair)]

    assert queue.scripts._run("set_policy", words) == [1, 1]
    assert queue.scripts._run("index_groups", [b"open"]) == 1
    queue.send_of("g0", "new")
    (token,) = queue.claim()
    assert token[0] == "new", "until the index is whole, claims go by the order alone"
    queue.cancel(f"{several - 1:04d}", "no")
    while queue.scripts._run("index_groups", [b"open"]):
        pass

    assert queue.client.hget(keys.policy(queue.name), "grouping") == "on"
    queue.audit()
    assert len({int(id) % 3 if int(id) % 4 else "none" for id in queue.claimed_ids(4)}) == 4


def test_an_index_that_lost_a_job_is_made_anew(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", share_by_group=True)
    queue.send_of("one", "a", "b")
    queue.client.zremrangebyrank(keys.grouped(queue.name), 0, 0)
    assert any("index of groups" in fault for fault in queue.snapshot().faults())

    queue.rule(mode="continuous", share_by_group=True)

    queue.audit()
    assert queue.claimed_ids(2) == ["b", "a"]


def test_switched_off_it_leaves_nothing_behind(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", share_by_group=True, max_running_per_group=1)
    queue.send_of("one", "a", "b")
    (token,) = queue.claim()

    queue.rule(mode="continuous")

    left = set(queue.client.keys("*"))
    kinds = (keys.grouped, keys.group_tops, keys.group_bottoms, keys.full_groups, keys.had_turn)
    assert not left & {key(queue.name) for key in kinds}
    assert queue.claimed_ids() == ["a"]
    queue.settle(token)
    queue.audit()


Leaving = Callable[[ScriptedQueue], object]


@pytest.mark.parametrize(
    "leave",
    [
        lambda queue: queue.cancel("b", "no"),
        lambda queue: queue.clock.forward(s=9),
        lambda queue: queue.scripts.flush(),
        lambda queue: queue.offer("more", most_waiting=2, drop_oldest=True),
    ],
    ids=["cancelled", "expired", "flushed", "dropped"],
)
def test_whatever_leaves_the_stack_leaves_its_group(queue: ScriptedQueue, leave: Leaving) -> None:
    queue.rule(mode="continuous", share_by_group=True)
    queue.send_of("one", "a")
    queue.send("b", expires_in_us=5 * S)

    leave(queue)
    queue.scripts.promote()

    queue.audit()
    waiting = set(queue.waiting())
    assert set(queue.claimed_ids(5)) == waiting


def test_a_round_ends_after_many_turns_although_new_groups_keep_coming(queue: ScriptedQueue) -> None:
    most = build.PARAMETERS["MOST_TURNS"]
    queue.rule(mode="continuous", share_by_group=True)
    for start in range(0, most, 1000):
        ids = [f"{i:05d}" for i in range(start, start + 1000)]
        queue.scripts.accept([Offer(id, "task", b"{}", group=digests([id])) for id in ids])
        queue.scripts.settle([], WORKER, LEASE_US, 1000)
    assert queue.client.scard(keys.had_turn(queue.name)) == most

    queue.rule(mode="continuous", share_by_group=True)  # as the scheduler does every 5 s

    assert queue.client.scard(keys.had_turn(queue.name)) == 0


def test_an_older_job_of_a_subject_is_superseded_and_leaves_its_group(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", share_by_group=True)
    queue.send_of("one", "other")
    queue.send_about("s", "kept")
    queue.clock.forward(us=5)
    queue.send_about("s", "new", max_defer_us=5)

    assert queue.claimed_ids(3) == ["new", "other"]
    assert queue.status("kept") == "superseded"
    queue.audit()


def test_jobs_that_are_too_late_are_passed_over_and_take_no_turn(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", share_by_group=True)
    at_once = build.PARAMETERS["EXPIRED_AT_ONCE"]
    queue.send("kept")
    for i in range(3):
        queue.send(*(f"late-{i}-{n}" for n in range(at_once // 2)), expires_in_us=5)
    queue.clock.forward(us=5)

    assert queue.claimed_ids(2) == ["kept"]
    assert queue.ended("expired") == 3 * (at_once // 2)
    queue.audit()


@pytest.mark.parametrize("order", ["lifo", "fifo"])
@pytest.mark.parametrize("share_ppm", [0, 333_333])
@pytest.mark.parametrize("had_turns", [0, 2])
@pytest.mark.parametrize("shares", [True, False])
def test_what_a_window_will_let_through_is_foretold(
    queue: ScriptedQueue, order: str, share_ppm: int, had_turns: int, shares: bool
) -> None:
    share = 0 if order == "fifo" else share_ppm
    bound = 0 if shares else 100
    queue.rule(
        order=order, oldest_share_ppm=share, batch=9, share_by_group=shares, max_running_per_group=bound, lasts_us=S
    )
    for n, group in enumerate(["a", "b", "a", "", "c", "a", "a", "b", "", "a", "d", "a", "a"]):
        queue.send_of(group, f"{n:02d}-of-{group}")
    queue.open(credits=had_turns or 1)
    queue.claim(had_turns)

    foretold = queue.broker.windows.next(queue.name, limit=9)

    queue.open(credits=9)
    assert list(foretold.job_ids) == queue.claimed_ids(9)
