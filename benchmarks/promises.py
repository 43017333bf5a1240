"""What people can rely on, and where LastIn would like to be: each row is measured here, by the soak, or by a test.

The table of ``docs/performance.md`` is made of these rows, in this order. Bounds stand nowhere else. A bound beside
others holds beside the one of them that did best in the same run.
"""

from __future__ import annotations

from .driver.figures import at_least, at_most
from .driver.promise import ByTest, Measured, Row, Soaked

DRAMATIQ = ("dramatiq", "dramatiq-tuned")
BULLMQ = ("bullmq", "bullmq-tuned")
FASTER = "beside Dramatiq's RedisBroker in the faster of its settings"

PROMISES: tuple[Row, ...] = (
    Soaked("Claims out of order, crashes and retries included", ("claims_out_of_order",), at_most(0), in_short=True),
    Soaked("Credits overrun", ("credits_overrun",), at_most(0)),
    Soaked("Accepted jobs lost; workers and Redis killed with -9", ("jobs_lost",), at_most(0), in_short=True),
    Soaked("Jobs started again for no reason", ("duplicates_unexplained",), at_most(0)),
    Soaked("Faults of any kind in the replayed histories", ("faults",), at_most(0)),
    ByTest("Credits overrun by 2 × 8 threads whose processes are killed", "0", "tests/proof/test_credits.py"),
    ByTest(
        "Jobs lost when Redis is killed with -9: DURABILITY=always, or everysec on a disk that keeps up",
        "0",
        "tests/safety/test_durability.py",
    ),
    ByTest("The same with everysec on a slow disk", "those of the last 2 s", "tests/safety/test_durability.py"),
    Measured("A window opens: first claim, median", "window-opens", "median", at_most(5)),
    Measured("A window opens: first claim, p99", "window-opens", "p99", at_most(20)),
    Measured("A tick opens its window late: worst", "ticks", "worst", at_most(50)),
    Measured("Opening a window", "window-cost", "calls", at_most(1)),
    Measured(
        "A killed worker's job runs again, counted from its death: the lease (here 1 s) and at most 0.5 s",
        *("worker-dies", "from its death"),
        promise=at_most(1.5),
    ),
    Measured("Redis is back after longer than a lease: first claim", "redis-dies", "first claim", at_most(0.5)),
    Measured("Redis is back after longer than a lease: started twice", "redis-dies", "duplicates", at_most(0)),
    Measured("Idle pick-up, from sending to start: p50", "pickup", "p50", at_most(1.5), at_most(1)),
    Measured("Idle pick-up, from sending to start: p99", "pickup", "p99", at_most(10), at_most(5)),
    Measured("A delayed job is late: p99", "delays", "p99", at_most(10)),
    Measured(
        f"No-op jobs, 1 process × 8 threads, {FASTER}",
        *("drain-1x8", "rate"),
        promise=at_least(2, *DRAMATIQ),
        aim=at_least(3, *DRAMATIQ),
        in_short=True,
    ),
    Measured(
        "No-op jobs, 1 process × 8 threads, beside BullMQ's lifo on Node in the faster of its settings",
        *("drain-1x8", "rate"),
        aim=at_least(1, *BULLMQ),
    ),
    Measured(
        f"No-op jobs, 2 processes × 8 threads, {FASTER}",
        *("drain-2x8", "rate"),
        promise=at_least(1.5, *DRAMATIQ),
        aim=at_least(2, *DRAMATIQ),
    ),
    Measured(
        f"No-op jobs, 1 process × 1 thread, {FASTER}",
        *("drain-1x1", "rate"),
        promise=at_least(0.9, *DRAMATIQ),
        aim=at_least(1.2, *DRAMATIQ),
    ),
    Measured(
        f"Jobs that do one Redis call, 1 process × 8 threads, {FASTER}",
        *("drain-call", "rate"),
        promise=at_least(1.5, *DRAMATIQ),
        aim=at_least(2, *DRAMATIQ),
    ),
    Measured(
        "Observing: the drain rate with metrics and log records, of that without them",
        "observing",
        "share",
        at_least(95),
    ),
    Measured("Groups that take turns, with bounds: of the rate without any", "groups-on", "share", aim=at_least(90)),
    Measured("All policies, for each job: of the rate without any", "policies-on", "share", aim=at_least(90)),
    Measured("An idle worker process with one queue", "idle", "commands", at_most(1.5), at_most(1)),
    Measured(
        "Memory of a queued job with a message of 185 bytes, everything counted",
        *("memory-deep", "queued"),
        promise=at_most(700),
        aim=at_most(600),
    ),
    Measured("A page of 50 jobs out of very many, in Redis", "page", "mean", at_most(5), at_most(1)),
    Measured("A call in Redis, by the depth of the stack", "depth", "growth", at_most(2)),
    Measured(
        "POST /v1/jobs, beside plain Flask that does the same by hand, log and metrics included",
        *("submit", "rate, 16 connections"),
        promise=at_least(0.8, "flask-full"),
        aim=at_least(0.95, "flask-full"),
    ),
    Measured(
        "The same, beside plain Flask that accepts the job, shows it, and does nothing else",
        *("submit", "rate, 16 connections"),
        aim=at_least(0.8, "flask"),
    ),
    Measured("Batches, plain messages", "batch", "plain", at_least(25_000), at_least(50_000)),
    Measured("Batches, with three tags a job", "batch", "tags", aim=at_least(25_000)),
    Measured("Batches, of a task with a payload of several fields", "batch", "payload", aim=at_least(25_000)),
    Measured(
        "Started within a second at twice the capacity, steady state: of what an ideal LIFO gets",
        *("overload", "of the ideal"),
        promise=at_least(96),
        aim=at_least(99),
        in_short=True,
    ),
    Measured("A ping beside slow and silent clients: delay at p50", "slow-clients", "delay at p50", at_most(50)),
    Measured("A ping beside slow and silent clients: delay at p99", "slow-clients", "delay at p99", at_most(50)),
    Measured("GET /metrics of a large service: p50", "scrape", "p50", at_most(50)),
    Measured("A hostile body of 8 MiB: memory of a web process", "hostile", "memory", at_most(64)),
    Measured("A hostile body of 8 MiB: CPU of a web process", "hostile", "cpu", at_most(0.3)),
    Measured("A line of the log, sent over TCP as well: p50", "log-line", "p50", at_most(50)),
    Measured("The command `lastin --help`, from its start to its end", "starting", "help", at_most(0.4)),
    Measured("The command `lastin jobs` over Redis", "starting", "jobs over Redis", at_most(0.4)),
)


def of(measure: str) -> list[Measured]:
    """The rows that a measure gives."""
    return [row for row in PROMISES if isinstance(row, Measured) and row.measure == measure]


def stands_beside(measure: str) -> set[str]:
    """The contestants of a measure that a promise is held beside."""
    return {name for row in of(measure) if row.promise is not None for name in row.promise.beside}
