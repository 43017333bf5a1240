"""One job by its id, in whichever queue it is."""

from __future__ import annotations

from middleware.jobs import LONGEST_ID

from ..scripted import ScriptedQueue

Queues = dict[str, ScriptedQueue]


def listings(queue: ScriptedQueue) -> int:
    """How often Redis was asked which queues there are."""
    return int(queue.client.info("commandstats").get("cmdstat_smembers", {}).get("calls", 0))


def test_a_job_is_found_in_the_queue_of_another_program(queues: Queues) -> None:
    alpha, beta = queues["alpha"], queues["beta"]
    beta.send("b")

    job, place = alpha.broker.store.get("b"), alpha.broker.store.find("b")

    assert job == beta.job("b")
    assert place is not None
    assert place[0] == "beta"


def test_a_job_is_found_in_a_queue_that_came_after_the_last_look(redis_url: str, queue: ScriptedQueue) -> None:
    queue.send("a")
    assert queue.broker.store.get("a") is not None
    late = ScriptedQueue(redis_url, "late")
    late.send("b")

    job, place = queue.broker.store.get("b"), queue.broker.store.find("b")

    assert job is not None
    assert job.queue == "late"
    assert place == ("late", late.encoded("b"))
    late.close()


def test_one_exchange_finds_a_job_of_a_queue_that_is_known(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.job("a")
    before = listings(queue)

    assert queue.job("a").id == "a"
    assert queue.broker.store.find("a") is not None
    assert listings(queue) == before


def test_what_isnt_there_is_none(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.job("a")
    for id in ("b", "", "x" * (LONGEST_ID + 1)):
        assert queue.broker.store.get(id) is None
        assert queue.broker.store.find(id) is None
