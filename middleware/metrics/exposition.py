"""Metrics in the form of prometheus_client, merged from several sources and written for scrapers.

This is the room that imports prometheus_client: where several processes share a folder of metrics, that must be known
before it is imported (:func:`share`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import accumulate
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, ProcessCollector, values
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from .. import settings
from ..commands.layout import BOUNDS_US
from ..logs import drops
from ..statistics.histograms import Histogram
from .definitions import BY_NAME, PROCESSES, Row, grouped
from .process_group import ProcessGroup

BOUNDS = tuple("+Inf" if bound_us == math.inf else str(bound_us / 1e6) for bound_us in (*BOUNDS_US, math.inf))
"""How the upper bounds of buckets are written, in seconds."""
SHOWN_OF_PROCESS = frozenset(defined.name for defined in PROCESSES)


def share(folder: Path) -> None:
    """From now on, this process's metrics are kept in that folder, together with those of its group."""
    settings.share_metrics(folder)
    if not values.ValueClass._multiprocess:
        # Somebody imported prometheus_client before; what was counted with it until now stays in this process.
        values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]


def kept() -> Path | None:
    """The folder of this process's group; None when its metrics are kept in this process alone."""
    return settings.shared_metrics() if values.ValueClass._multiprocess else None


def count_dropped_lines(registry: CollectorRegistry | None = None) -> None:
    """Count the lines that the log of this process loses from now on, and those that it has lost already."""
    defined = BY_NAME["lastin_log_records_dropped_total"]
    drops.report_to(Counter(defined.name, defined.doc, registry=registry).inc)


def shared(folder: Path) -> list[Metric]:
    """What the processes of a group have counted together."""
    collector = MultiProcessCollector(None, path=str(folder))  # type: ignore[no-untyped-call]
    return list(collector.collect())  # type: ignore[no-untyped-call]


def as_metrics(rows: Iterable[Row]) -> Iterator[Metric]:
    """Our own metrics."""
    for defined, found in grouped(rows):
        metric = Metric(defined.name.removesuffix("_total"), defined.doc, defined.kind)
        for row in found:
            labels = dict(zip(defined.labels, row.labels, strict=True))
            for name, more, value in _samples(row.name, row.value):
                metric.add_sample(name, labels | more, value)
        yield metric


def _samples(name: str, value: float | Histogram) -> Iterator[tuple[str, dict[str, str], float]]:
    """One sample, or those of a histogram, whose buckets each hold all that are below."""
    if not isinstance(value, Histogram):
        yield name, {}, value
        return
    for bound, count in zip(BOUNDS, accumulate(value.counts), strict=True):
        yield f"{name}_bucket", {"le": bound}, count
    yield f"{name}_count", {}, value.count
    yield f"{name}_sum", {}, value.sum_us / 1e6


def of_processes(group: ProcessGroup, host: str) -> Iterator[Row]:
    """CPU, memory and open files of each process of a group."""
    for member, pid in enumerate(group.members()):
        for metric in ProcessCollector(pid=partial(int, pid), registry=None).collect():
            for sample in metric.samples:
                if sample.name in SHOWN_OF_PROCESS:
                    yield Row(sample.name, (group.process, host, str(member)), sample.value)


def labelled(metrics: Iterable[Metric], labels: Mapping[str, str]) -> Iterator[Metric]:
    """The same with more labels."""
    for metric in metrics:
        copy = Metric(metric.name, metric.documentation, metric.type)
        for sample in metric.samples:
            if not sample.name.endswith("_created"):  # where processes share a folder there is none
                copy.add_sample(sample.name, {**sample.labels, **labels}, sample.value)
        yield copy


class Merged:
    """A collector of what several sources count: each name once, whoever has it."""

    def __init__(self, *sources: Iterable[Metric], names: Iterable[str] = ()) -> None:
        """``names``: only these samples; all when empty."""
        wanted = set(names)
        self._metrics: dict[str, Metric] = {}
        for metric in (metric for source in sources for metric in source):
            samples = [s for s in metric.samples if not wanted or s.name in wanted or metric.name in wanted]
            if samples:
                known = self._metrics.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
                if known.type == metric.type:
                    known.samples += samples

    def collect(self) -> Iterable[Metric]:
        return self._metrics.values()

    def registry(self) -> CollectorRegistry:
        """A registry of this alone."""
        registry = CollectorRegistry()
        registry.register(self)
        return registry


def packed(metrics: Iterable[Metric]) -> list[object]:
    """What JSON can hold of them: no infinite values, which no metric of ours has."""
    return [
        [m.name, m.documentation, m.type, [[s.name, s.labels, s.value] for s in m.samples if math.isfinite(s.value)]]
        for m in metrics
    ]


def unpacked(found: Iterable[list[object]]) -> Iterator[Metric]:
    """The inverse of :func:`packed`."""
    for name, documentation, kind, samples in found:
        metric = Metric(str(name), str(documentation), str(kind))
        for sample_name, labels, value in samples:  # type: ignore[attr-defined]
            metric.add_sample(sample_name, labels, value)
        yield metric
