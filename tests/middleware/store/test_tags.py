"""Jobs by their tags: an index that only jobs with tags pay for, and that goes with them."""

from __future__ import annotations

import itertools

import dramatiq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from middleware.commands import keys
from middleware.commands.types import Offer, Room
from middleware.jobs import JobStatus
from middleware.store.filters import JobFilter
from middleware.store.reading import Cursor
from middleware.tags import DIGEST_LENGTH, digests, split

from ..scripted import START_US, ScriptedQueue
from ..walks import ids, walk

TAGS = ("red", "green", "blue")


def test_a_tag_finds_its_jobs_newest_first_in_whatever_state(queue: ScriptedQueue) -> None:
    queue.send_tagged(a="red", b="blue", c="red blue", d="", e="red")
    queue.settle(queue.claim(2)[1])

    store = queue.broker.store
    assert ids(walk(store, limit=1, tags="red")) == ["e", "c", "a"]
    assert ids(walk(store, tags="blue")) == ["c", "b"]
    assert ids(walk(store, tags="nobody's")) == []
    assert ids(walk(store, tags="red", statuses="running")) == ["e"]
    assert ids(walk(store, tags="red", statuses=["running", "queued"])) == ["e", "c", "a"]
    assert [job.tags for job in walk(store, tags="blue")] == [("red", "blue"), ("blue",)]


def test_several_tags_find_each_job_with_any_of_them_once(queue: ScriptedQueue) -> None:
    queue.send_tagged(a="red", b="blue", c="red blue", d="green", e="red blue green")

    for limit in (1, 2, 50):
        assert ids(walk(queue.broker.store, limit=limit, tags=["red", "blue"])) == ["e", "c", "b", "a"]


def test_several_queues_and_tasks_are_any_of_them(queues: dict[str, ScriptedQueue]) -> None:
    for name, queue in queues.items():
        queue.scripts.accept([Offer(f"{name}-{task}", task, queue.encoded(f"{name}-{task}")) for task in "xyz"])
    store = queues["alpha"].broker.store

    found = ids(walk(store, queues=["alpha", "gamma"], tasks={"x", "z"}))
    assert sorted(found) == ["alpha-x", "alpha-z", "gamma-x", "gamma-z"]


@pytest.mark.parametrize("nothing", ["statuses", "tasks", "queues", "tags"])
def test_of_nothing_nothing_is_found(queue: ScriptedQueue, nothing: str) -> None:
    queue.send_tagged(a="red")

    assert walk(queue.broker.store, **{nothing: []}) == []


def test_a_state_that_there_isnt_is_refused() -> None:
    with pytest.raises(ValueError, match="waiting"):
        JobFilter(statuses=["waiting"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    jobs=st.lists(st.tuples(st.sets(st.sampled_from(TAGS)), st.sampled_from(["", "", "due", "end"])), max_size=30),
    limit=st.integers(1, 7),
)
def test_a_walk_by_tags_sees_exactly_what_fits(
    queue: ScriptedQueue, jobs: list[tuple[set[str], str]], limit: int
) -> None:
    queue.client.flushall()
    queue.client.sadd("lastin:queues", queue.name)
    for n, (tags, then) in enumerate(jobs):
        queue.clock.forward(us=n % 3)
        id = f"job-{n:02}"
        body = queue.encoded(id, tags=sorted(tags))
        queue.scripts.accept([Offer(id, "task", body, b"+2" if then == "due" else b"", digests(sorted(tags)))])
        if then == "end":
            for token in queue.claim(2):
                queue.settle(token)
    every = walk(queue.broker.store)
    queue.audit()

    for wanted, status in itertools.product((["red"], ["red", "blue"], list(TAGS)), (None, *JobStatus)):
        where = {} if status is None else {"statuses": status}
        found = walk(queue.broker.store, limit, tags=wanted, **where)
        assert found == [job for job in every if set(job.tags) & set(wanted) and status in (None, job.status)]


def test_bounds_of_time_and_cursors_hold_for_tags(queue: ScriptedQueue) -> None:
    queue.send_tagged(**{f"job{n}": "red" for n in range(9)})
    seqs = {job.id: job.seq for job in walk(queue.broker.store)}

    between = JobFilter(tags="red", created_after_us=seqs["job2"], created_before_us=seqs["job6"])
    assert ids(queue.broker.store.page(between).jobs) == ["job5", "job4", "job3"]
    for far in (-5, 0, START_US, 2**53, 253_402_300_799_999_999):
        after = queue.broker.store.page(JobFilter(tags="red", created_after_us=far)).jobs
        before = queue.broker.store.page(JobFilter(tags="red", created_before_us=far)).jobs
        assert (len(after), len(before)) == ((9, 0) if far <= START_US else (0, 9))
    last = queue.broker.store.page(JobFilter(tags="red"), cursor=Cursor(9_999_999_999_999_999, "a"))
    assert len(last.jobs) == 9


def test_a_page_of_a_tag_looks_at_few_rows_whatever_else_there_is(queue: ScriptedQueue) -> None:
    for batch in range(5):
        names = [f"{batch}-{n}" for n in range(1000)]
        jobs = [Offer(id, "task", queue.encoded(id), b"", digests(["all"])) for id in names]
        queue.scripts.accept(jobs)
    queue.send_tagged(needle="rare all")
    for batch in range(5):
        queue.send(*(f"hay-{batch}-{n}" for n in range(1000)))

    store = queue.broker.store
    assert ids(store.page(JobFilter(tags="rare"), limit=2).jobs) == ["needle"]
    assert store.page(JobFilter(tags="rare"), limit=2).next is None
    assert ids(store.page(JobFilter(tags="all"), limit=2).jobs) == ["needle", "4-999"]
    # Nothing was rejected: the state's index is the smaller one, and there is nothing in it to look at.
    assert queue.scripts.page(None, 50, ["rejected"], tags=digests(["all"])) == (None, [])
    below, rows = queue.scripts.page(None, 50, ["stack", "displaced"], tasks=["other"], tags=digests(["all"]))
    assert rows == []
    assert below is not None


def test_jobs_without_tags_pay_nothing(queue: ScriptedQueue) -> None:
    queue.send("a", "b")
    queue.send_tagged(c="")
    [token, *_] = queue.claim()
    queue.settle(token)

    assert queue.client.exists(keys.tagged("default")) == 0
    assert {record.tags for record in queue._records().values()} == {None}
    assert max(len(packed) for packed in queue.client.hvals(keys.messages("default"))) > 0


def test_a_tagged_job_keeps_its_tags_through_its_life_and_takes_them_along_when_it_is_pruned(
    queue: ScriptedQueue,
) -> None:
    queue.send_tagged(a="red blue", b="red")
    queue.settle(queue.claim()[0])
    queue.settle(queue.claim()[0], "retry", message=queue.encoded("a", tags=["red", "blue"]), delay_us=5)
    queue.clock.forward(us=9)
    queue.scripts.promote()
    queue.settle(queue.claim()[0], "rejected")
    queue.audit()
    assert queue.count("finished_bytes") == 2 * 400 + 3 * 150 + sum(
        len(queue.client.hget(keys.messages("default"), id)) for id in "ab"
    )

    queue.broker.retry("a")
    queue.audit()
    queue.broker.cancel("a")
    assert queue.scripts.prune(10**15, 1, 1 << 40, 10) == 1
    queue.audit()
    assert ids(walk(queue.broker.store, tags="red")) == ["a"]
    assert queue.scripts.prune(10**15, 0, 1 << 40, 10) == 1

    assert queue.client.exists(keys.tagged("default")) == 0
    assert queue.count("finished_bytes") == 0


def test_what_is_flushed_takes_its_tags_along(queue: ScriptedQueue) -> None:
    queue.send_tagged(a="red", b="blue")
    queue.offer("later", due=b"+5")
    queue.broker.flush("default")

    assert queue.client.exists(keys.tagged("default")) == 0


def test_a_job_that_is_refused_leaves_no_tags(queue: ScriptedQueue) -> None:
    queue.send_tagged(a="red")

    for jobs, most in ((("b", "a"), 0), (("b", "c"), 2)):
        offers = [Offer(id, "task", queue.encoded(id), b"", digests(["blue"])) for id in jobs]
        queue.scripts.accept(offers, room=Room(most))

    queue.audit()
    assert queue.client.zcard(keys.tagged("default")) == 1


def test_tags_of_any_length_and_kind_take_the_same_room(queue: ScriptedQueue) -> None:
    tags = ["x" * 100_000, "", "a,b", "ä\x00\ud800", "red", "red"]
    message: dramatiq.Message[None] = dramatiq.Message("default", "task", (), {}, {"tags": tags, "n": 1})
    queue.broker.accept([message])

    [record] = queue._records().values()
    assert len(split(record.tags or "")) == 5
    assert {len(digest) for digest in split(record.tags or "")} == {DIGEST_LENGTH}
    for tag in tags:
        assert ids(walk(queue.broker.store, tags=tag)) == [message.message_id]
    assert ids(walk(queue.broker.store, tags=["x" * 99_999, "a", "b"])) == []


def test_what_isnt_a_list_of_texts_is_no_tag(queue: ScriptedQueue) -> None:
    for odd in ("red", 7, None, {"red": 1}, [7, None]):
        queue.broker.accept([dramatiq.Message("default", "task", (), {}, {"tags": odd})])

    assert walk(queue.broker.store, tags="red") == []
    assert {job.tags for job in walk(queue.broker.store)} == {()}


def test_more_tags_than_a_job_or_a_batch_may_have_are_refused(queue: ScriptedQueue) -> None:
    def message(count: int) -> dramatiq.Message[None]:
        return dramatiq.Message("default", "task", (), {}, {"tags": [f"tag-{n}" for n in range(count)]})

    with pytest.raises(ValueError, match="16 tags at most, got 17"):
        queue.broker.accept([message(17)])
    with pytest.raises(ValueError, match="4000 tags at most, got 4016"):
        queue.broker.accept([message(16) for _ in range(251)])
    assert len(queue.broker.accept([message(16) for _ in range(250)])) == 250
