"""The metrics of one process group, read by another."""

from __future__ import annotations

import pytest
import redis
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from local.embedded import EmbeddedServer
from middleware.commands import keys
from middleware.metrics import group_metrics
from middleware.metrics.exposition import Merged
from middleware.redis_link.link import Link

from ...service import wait_until


@pytest.fixture
def redis_url(own_server: EmbeddedServer) -> str:
    """A server into which no API of this test run stores its metrics, as it does every 15 s."""
    return own_server.url


def counter(value: float, **labels: str) -> Metric:
    metric = CounterMetricFamily("seen", "What was seen.", labels=list(labels))
    metric.add_metric(list(labels.values()), value)
    return metric


def samples(metrics: list[Metric]) -> list[tuple[str, dict[str, str], float]]:
    return [(sample.name, sample.labels, sample.value) for metric in metrics for sample in metric.samples]


def test_metrics_come_back_as_they_were_and_expire(redis_url: str, redis_client: redis.Redis) -> None:
    link = Link(redis_url, timeout_s=5)
    metric = counter(3, host="a", process="worker")

    group_metrics.store(link, "worker@a", [metric])

    [read] = group_metrics.stored(link)
    assert read == metric
    assert 15 <= redis_client.ttl(keys.group_metrics("worker@a")) <= 45
    assert 15 <= redis_client.ttl(keys.metrics_ends()) <= 45
    link.close()


def test_a_group_reads_the_others_without_itself(redis_url: str) -> None:
    link = Link(redis_url, timeout_s=5)
    for host in "abc":
        group_metrics.store(link, f"worker@{host}", [counter(1, host=host)])

    read = samples(list(group_metrics.stored(link, without="worker@b")))

    assert sorted(labels["host"] for _, labels, _ in read) == ["a", "c"]
    link.close()


def test_a_group_that_ended_is_forgotten_by_those_that_store_theirs(redis_url: str, redis_client: redis.Redis) -> None:
    link = Link(redis_url, timeout_s=5)
    redis_client.zadd(keys.metrics_ends(), {"worker@gone": 1})

    group_metrics.store(link, "worker@here", [counter(1)])

    assert redis_client.zrange(keys.metrics_ends(), 0, -1) == ["worker@here"]
    link.close()


def test_metrics_with_labels_without_end_arent_kept(redis_url: str) -> None:
    link = Link(redis_url, timeout_s=5)
    metric = CounterMetricFamily("seen", "What was seen.", labels=["id"])
    for number in range(30_000):
        metric.add_metric([str(number)], 1)

    group_metrics.store(link, "worker@a", [metric])

    assert list(group_metrics.stored(link)) == []
    link.close()


def test_a_publisher_goes_on_when_one_time_fails(redis_url: str) -> None:
    link, reader = Link(redis_url, timeout_s=5), Link(redis_url, timeout_s=5)
    turns = iter(range(1_000_000))

    class Failing:
        name = "worker@a"

        def collect(self) -> list[Metric]:
            turn = next(turns)
            if turn < 2:
                raise OSError("the disk is gone")
            return [counter(turn)]

    publisher = group_metrics.MetricsPublisher(Failing, link, every_s=0.01)  # type: ignore[arg-type]
    publisher.start()

    assert wait_until(lambda: list(group_metrics.stored(reader)), "metrics")
    publisher.stop()
    publisher.join()
    link.close()
    reader.close()


def test_a_name_that_several_sources_know_is_shown_once_with_all_samples() -> None:
    merged = Merged([counter(1, host="a")], [counter(2, host="b"), GaugeMetricFamily("up", "Up.", value=1)])

    found = list(merged.collect())

    assert [metric.name for metric in found] == ["seen", "up"]
    assert [sample.value for sample in found[0].samples] == [1, 2]


def test_only_the_names_that_are_asked_for_are_shown() -> None:
    merged = Merged([counter(1)], [GaugeMetricFamily("up", "Up.", value=1)], names=["seen_total"])

    assert [metric.name for metric in merged.collect()] == ["seen"]
