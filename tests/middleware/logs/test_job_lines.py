"""The line of a job whose attempt has ended: one for each, with its level, its words and its fields."""

from __future__ import annotations

import inspect
import logging
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import dramatiq
import dramatiq.cli
import dramatiq.middleware as upstream
import pytest
from dramatiq.errors import Retry
from dramatiq.middleware import SkipMessage

from middleware.broker import LifoBroker
from middleware.dramatiq_fixes.own_lines import OF_JOBS, OF_PROCESSES, is_said_by_us
from middleware.logs.format import Json
from middleware.logs.job_lines import Which, job_lines, log_cancelled
from middleware.queues.policy import Policy
from middleware.worker.delivery import Cancelled

from ...service import wait_until
from ..workers import ended, working

TRACE = "0af7651916cd43dd8448eb211c80319c"


class Heard(logging.Handler):
    """All lines that are neither of DEBUG nor replaced by ours, as JSON and as records."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.records: list[logging.LogRecord] = []
        self.addFilter(lambda record: not is_said_by_us(record))

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [Json("worker").line(record) for record in self.records]

    def of_jobs(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["logger"] == "jobs"]


@pytest.fixture
def heard() -> Iterator[Heard]:
    handler, root = Heard(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def which(request: pytest.FixtureRequest) -> Which:
    which: Which = getattr(request, "param", "all")
    return which


@pytest.fixture
def broker(redis_url: str, which: Which, monkeypatch: pytest.MonkeyPatch) -> Iterator[LifoBroker]:
    broker = LifoBroker(url=redis_url, on_ended=job_lines(which))
    monkeypatch.setattr(dramatiq.broker, "global_broker", broker)
    yield broker
    broker.close()


def one(lines: list[dict[str, Any]]) -> dict[str, Any]:
    [line] = lines
    return line


def test_a_processed_job_is_told_at_info_with_its_times(broker: LifoBroker, heard: Heard) -> None:
    @dramatiq.actor
    def work() -> str:
        time.sleep(0.02)
        return "done"

    message = work.send_with_options(request_id="req-1", traceparent=f"00-{TRACE}-b7ad6b7169203331-01")
    time.sleep(0.03)
    with working(broker):
        job = ended(broker, message)

    line = one(heard.of_jobs())
    assert re.fullmatch(
        rf"work {message.message_id} processed \(waited \d+(\.\d)? m?s, ran \d\d(\d|\.\d)? ms\)", line["message"]
    )
    assert line["level"] == "INFO"
    assert (line["job_id"], line["task"], line["queue"], line["attempt"]) == (message.message_id, "work", "default", 1)
    assert (line["status"], line["request_id"], line["trace_id"]) == ("processed", "req-1", TRACE)
    assert "reason" not in line
    assert line["wait_ms"] == job.wait_ms >= 30
    assert 20 <= line["run_ms"] <= (job.run_ms or 0) + 50


def test_the_window_is_named_and_what_was_claimed_again_tells_its_attempt(broker: LifoBroker, heard: Heard) -> None:
    @dramatiq.actor(min_backoff=1, max_backoff=2)
    def work() -> None:
        if len(heard.of_jobs()) < 1:
            raise ValueError("not yet")

    message = work.send()
    broker.windows.put_policy("default", Policy(close_when_empty=False))
    broker.windows.open("default", opened_by="operator", credits=10, lasts_us=60_000_000)
    with working(broker):
        ended(broker, message)
        wait_until(lambda: len(heard.of_jobs()) == 2)

    retry, processed = heard.of_jobs()
    assert retry["window"] == processed["window"]
    assert str(retry["window"]).startswith("default.")
    assert (retry["attempt"], processed["attempt"]) == (1, 2)
    assert "(attempt 2, waited " in processed["message"]


def test_a_retry_is_a_warning_that_says_when_with_the_traceback_of_the_task_once(
    broker: LifoBroker, heard: Heard
) -> None:
    @dramatiq.actor(min_backoff=60_000, max_backoff=60_000)
    def work() -> None:
        raise ValueError("no such\nhost")

    message = work.send()
    with working(broker):
        line = one(wait_until(heard.of_jobs, "the line"))

    assert line["level"] == "WARNING"
    assert line["status"] == "scheduled"
    assert 30_000 <= line["retry_in_ms"] <= 60_000
    assert re.match(rf"work {message.message_id} failed and runs again in (\d+ s|1 min) ", line["message"])
    assert line["message"].endswith("): ValueError: no such host")
    assert line["exc_info"].count("Traceback") == 1
    assert re.search(r'^Traceback .*\n  File ".*test_job_lines.py", line \d+, in work\n', line["exc_info"])
    assert [line["message"] for line in heard.lines if line["level"] in ("WARNING", "ERROR")] == [line["message"]]


def test_a_task_that_asks_for_a_retry_is_told_without_a_traceback(broker: LifoBroker, heard: Heard) -> None:
    tries = iter([True, False])

    @dramatiq.actor
    def work() -> None:
        if next(tries):
            raise Retry("later", delay=0)

    with working(broker):
        ended(broker, work.send())
        wait_until(lambda: len(heard.of_jobs()) == 2)

    retry = heard.of_jobs()[0]
    assert (retry["level"], retry["status"]) == ("WARNING", "queued")
    assert "runs again at once" in retry["message"]
    assert "exc_info" not in retry


@pytest.mark.parametrize("expected", [False, True], ids=["retries used up", "expected by throws"])
def test_a_rejected_job_is_an_error_and_dramatiq_adds_nothing(broker: LifoBroker, heard: Heard, expected: bool) -> None:
    @dramatiq.actor(max_retries=0, **({"throws": KeyError} if expected else {}))  # type: ignore[call-overload]
    def work() -> None:
        raise KeyError("never")

    message = work.send()
    with working(broker):
        ended(broker, message)
        line = one(wait_until(heard.of_jobs, "the line"))

    assert (line["level"], line["status"], line["reason"]) == ("ERROR", "rejected", "failed")
    assert line["message"].startswith(f"work {message.message_id} rejected (waited ")
    assert line["message"].endswith("): KeyError: 'never'")
    assert "Traceback" in line["exc_info"]
    assert [each for each in heard.lines if each["level"] != "INFO"] == [line]


def test_a_job_that_is_too_old_and_one_that_nobody_knows_are_rejected_with_the_reason(
    broker: LifoBroker, heard: Heard
) -> None:
    @dramatiq.actor(max_age=1)
    def work() -> None:
        raise AssertionError("must not run")

    class Refusing(dramatiq.Middleware):
        def before_process_message(self, broker: Any, message: Any) -> None:
            message.fail()
            raise SkipMessage("refused")

    broker.add_middleware(Refusing())
    messages = [work.send(), broker.enqueue(work.message().copy(actor_name="unknown"))]
    with working(broker):
        for message in messages:
            ended(broker, message)
        wait_until(lambda: len(heard.of_jobs()) == 2)

    told = {line["job_id"]: (line["level"], line["reason"]) for line in heard.of_jobs()}
    assert told == {
        messages[0].message_id: ("ERROR", "skipped"),
        messages[1].message_id: ("ERROR", "unknown_task"),
    }
    assert [line["logger"] for line in heard.lines if line["level"] != "INFO"] == ["jobs", "jobs"]


def test_a_job_that_was_cancelled_while_it_ran_gives_one_line_and_neither_a_failure_nor_a_retry(
    broker: LifoBroker, heard: Heard
) -> None:
    @dramatiq.actor
    def work() -> None:
        while True:
            time.sleep(0.01)

    message = work.send()
    with working(broker):
        wait_until(lambda: (job := broker.store.get(message.message_id)) and job.status.value == "running")
        assert broker.cancel(message.message_id) == "asked"
        ended(broker, message)
        line = one(wait_until(heard.of_jobs, "the line"))

    assert (line["level"], line["status"]) == ("INFO", "cancelled")
    assert line["message"].startswith(f"work {message.message_id} cancelled (waited ")
    assert "exc_info" not in line
    assert not [each for each in heard.lines if each["level"] != "INFO"]
    assert not [each for each in heard.lines if "retry" in each["message"].lower()]


def test_without_our_lines_dramatiq_writes_no_traceback_of_a_cancelled_job_either(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    broker = LifoBroker(url=redis_url)

    @dramatiq.actor(broker=broker, throws=KeyError)
    def work() -> None:
        raise Cancelled

    with caplog.at_level(logging.INFO), working(broker):
        assert ended(broker, work.send()).status.value == "cancelled"
    broker.close()

    assert work.options["throws"] == (KeyError, Cancelled)
    assert not [record for record in caplog.records if record.levelno > logging.INFO]
    assert "Retrying" not in caplog.text


def test_a_job_that_was_cancelled_before_it_ran_is_told_by_whoever_did_it(broker: LifoBroker, heard: Heard) -> None:
    @dramatiq.actor
    def work() -> None: ...

    message = work.send()
    broker.cancel(message.message_id, reason="withdrawn")
    job = broker.store.get(message.message_id)
    assert job is not None

    for setting in ("all", "failed", "none"):
        log_cancelled(job, setting)

    line = one(heard.of_jobs())
    assert (line["level"], line["status"], line["reason"]) == ("INFO", "cancelled", "withdrawn")
    assert line["message"] == f"work {job.id} cancelled before it ran"


@pytest.mark.parametrize(
    ("which", "levels"), [("all", ["ERROR", "INFO"]), ("failed", ["ERROR"]), ("none", [])], indirect=["which"]
)
def test_log_jobs_says_which_jobs_are_told(broker: LifoBroker, heard: Heard, which: Which, levels: list[str]) -> None:
    @dramatiq.actor(max_retries=0)
    def work(fails: bool) -> None:
        if fails:
            raise ValueError("no")

    with working(broker):
        for message in [work.send(True), work.send(False)]:
            ended(broker, message)

    assert sorted(line["level"] for line in heard.of_jobs()) == levels
    assert not [line for line in heard.lines if line["logger"] != "jobs" and line["level"] != "INFO"]


def test_every_job_of_many_threads_is_told_once(broker: LifoBroker, heard: Heard) -> None:
    @dramatiq.actor
    def work() -> None: ...

    messages = [work.message() for _ in range(2_000)]
    for begin in range(0, 2_000, 1_000):
        broker.accept(messages[begin : begin + 1_000])
    with working(broker, threads=8):
        broker.join("default", timeout=20_000)

    assert sorted(line["job_id"] for line in heard.of_jobs()) == sorted(message.message_id for message in messages)


def test_what_was_put_back_has_not_ended(broker: LifoBroker, heard: Heard) -> None:
    began, over = threading.Event(), threading.Event()

    @dramatiq.actor(time_limit=600_000)
    def work() -> None:
        began.set()
        while not over.is_set():
            time.sleep(0.01)

    work.send()
    worker = dramatiq.Worker(broker, worker_timeout=100, worker_threads=1)
    worker.start()
    try:
        assert began.wait(20)
        worker.stop(timeout=100)

        assert not heard.of_jobs()
    finally:
        over.set()
    assert [line["put_back"] for line in heard.lines if "put_back" in line] == [1]
    assert [line["running"] for line in heard.lines if "running" in line] == [1]


def test_the_lines_of_dramatiq_that_are_left_out_are_worded_as_it_words_them() -> None:
    """A new version that words them otherwise would bring them back, beside ours."""
    modules = (dramatiq.worker, upstream.retries, upstream.age_limit, upstream.time_limit, dramatiq.cli)
    source = "".join(inspect.getsource(module) for module in modules)

    assert [line for line in OF_JOBS | OF_PROCESSES if f'"{line}"' not in source] == []
