"""What people see of ``make run``: its lines on a terminal, what Ctrl-C says, and what is said of faults."""

from __future__ import annotations

import json
import re
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.embedded import EmbeddedServer

from ..service import wait_until
from .local_run import LocalRun, TerminalRun

pytestmark = [
    pytest.mark.local,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for leftovers in /proc"),
]

TASKS = '''
"""Tasks that take their time, and that fail."""

import logging
import time

from marshmallow import fields

from tasks import task


@task(seconds=fields.Float(required=True))
def nap(seconds):
    """Sleep."""
    logging.getLogger(__name__).info("good night")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(0.05)


@task(max_retries=1, min_backoff=1, max_backoff=2)
def fail():
    """Fail."""
    print("about to fail", flush=True)
    raise ValueError("no such host")
'''

LINE = re.compile(r"\d\d:\d\d:\d\d (lastin|web|worker|scheduler) +(?P<message>\S.*)")
COLOURED = re.compile(r"\x1b\[2m\d\d:\d\d:\d\d\x1b\[0m \x1b\[36m(?P<name>\w+) *\x1b\[0m (?P<rest>.*)")
QUICK = {"CADENCE_DEFAULT_EVERY": "200ms", "CADENCE_DEFAULT_LASTS": "200ms"}

Terminal = Callable[..., TerminalRun]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made: list[TerminalRun] = []

    def make(**settings: str) -> TerminalRun:
        run = TerminalRun(tmp_path / "clone", **(QUICK | settings))
        (run.folder / "tasks" / "samples.py").write_text(TASKS, encoding="utf-8")
        made.append(run)
        return run

    yield make
    for run in made:
        run.kill_all()
        print(run.output)


def says(run: TerminalRun, text: str) -> str:
    """The first line that holds this text, as soon as it is there."""
    return wait_until(lambda: next((line for line in run.lines() if text in line), ""), repr(text))


def nap(run: TerminalRun) -> str:
    """A job that runs for a minute, and runs by now."""
    id: str = run.post_job({"task": "nap", "payload": {"seconds": 60}})["id"]
    wait_until(lambda: run.statuses([id]) == ["running"], "the nap to begin")
    return id


def test_the_transcript_of_a_run(terminal: Terminal) -> None:
    run = terminal()
    run.start()
    hello = run.post_job({"message": "Hello"})["id"]
    says(run, f"process_message {hello} processed (waited ")
    fails = run.post_job({"task": "fail", "payload": {}})["id"]
    says(run, f"fail {fails} rejected")
    asleep = nap(run)
    says(run, "good night")  # before the terminal's ^C, which stands wherever the cursor is
    run.interrupt()
    says(run, "Stopped.")
    assert run.wait() == 0

    lines = run.lines()
    messages = [found["message"] for line in lines if (found := LINE.match(line))]
    # One time and one name a line, no Python, and nothing of the programs that nobody has heard of.
    # (A tick that was missed is named by its time.)
    assert all(len(re.findall(r"(?<!T)\d\d:\d\d:\d\d", line)) <= 1 for line in lines)
    assert not [line for line in lines if re.search(r"Policy\(|pid|SIGTERM|rc=|honcho|INFO|WorkerProcess", line)]
    # What it is, and what to try next.
    url = f"http://127.0.0.1:{run.port}/"
    assert "Queue default: every 200 ms up to 1,000 jobs, newest first." in messages
    assert "Ready: 8 threads for jobs of queue default." in messages
    assert f"LastIn answers on {url} (Ctrl-C stops it)." in messages
    first = lines.index(next(line for line in lines if "LastIn answers on" in line))
    assert lines[first + 1 : first + 6] == [
        "",
        f"""  submit a job    curl {url}v1/jobs -H 'Content-Type: application/json' -d '{{"message": "Hello"}}'""",
        f"  watch it run    {url}dashboard",
        f"  read the API    {url}docs",
        "",
    ]
    # A line for each request and for each job, with its name.
    assert f"POST /v1/jobs: 201, job {hello}" in messages
    assert len([message for message in messages if message.startswith(f"process_message {hello} ")]) == 1
    # What a task says, prints and raises: with its job, and from its own file on.
    assert f"good night  nap {asleep}" in messages
    assert "about to fail" in messages
    warning, error = [message for message in messages if "ValueError: no such host" in message]
    assert re.match(
        rf"WARNING fail {fails} failed and runs again in \d\.\d ms \(waited .*, ran .*\): ValueError", warning
    )
    assert re.match(rf"ERROR fail {fails} rejected \(attempt 2, waited .*, ran .*\): ValueError", error)
    trace = next(number for number, line in enumerate(lines) if "Traceback" in line)
    assert re.fullmatch(r' +File ".*/tasks/samples.py", line \d+, in fail', lines[trace + 1])
    # Ctrl-C: what it waits for, what it did, and where the jobs stay.
    assert "Stops. 1 job runs, up to 4 s more; Ctrl-C again puts it back now." in messages
    assert messages[-1] == ("Stopped. Put back 1 job. The jobs stay in .data/: 1 job waits for the next `make run`.")


def test_levels_have_colours_and_no_color_takes_them_away(terminal: Terminal) -> None:
    run = terminal()
    run.start()
    fails = run.post_job({"task": "fail", "payload": {}})["id"]
    says(run, f"fail {fails} rejected")
    run.interrupt()
    assert run.wait() == 0

    found = [found["rest"] for line in run.output.splitlines() if (found := COLOURED.match(line))]
    assert [rest for rest in found if rest.startswith("\x1b[33mWARNING fail ")]
    assert [rest for rest in found if rest.startswith("\x1b[31mERROR fail ")]
    assert [rest for rest in found if rest.startswith("LastIn answers on")]


def test_no_color_is_honoured(terminal: Terminal) -> None:
    run = terminal(NO_COLOR="1")
    run.start()
    run.interrupt()
    assert run.wait() == 0

    assert "\x1b" not in run.output
    assert "Stops. No job runs." in run.output
    assert "The jobs stay in .data/." in run.output


def test_a_second_ctrl_c_puts_running_jobs_back_at_once(terminal: Terminal) -> None:
    run = terminal(WORKER_SHUTDOWN_MS="60000")
    run.start()
    nap(run)
    run.interrupt()
    says(run, "1 job runs, up to 1 min more")

    run.interrupt()
    hurried_at = time.monotonic()
    assert run.wait() == 0

    assert time.monotonic() - hurried_at < 20
    assert "Ends now." in run.output
    assert "Stopped. Put back 1 job." in run.output
    assert not run.processes()


def test_ctrl_c_held_down_puts_running_jobs_back_as_well(terminal: Terminal) -> None:
    """The request to hurry may then overtake the one to end."""
    run = terminal(WORKER_SHUTDOWN_MS="60000")
    run.start()
    nap(run)

    def interrupted() -> bool:
        run.interrupt()
        return "Ends now." in run.output

    wait_until(interrupted, "'Ends now.'")
    assert run.wait() == 0
    assert "Stopped. Put back 1 job." in run.output


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /v1/jobs HTTP/1.1\r\nHost: 127.0",
        b'POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"mes',
    ],
    ids=["half of its headers", "half of its body"],
)
def test_half_a_request_holds_nobody_up(terminal: Terminal, sent: bytes) -> None:
    run = terminal(WORKER_SHUTDOWN_MS="60000")
    run.start()
    with socket.create_connection(("127.0.0.1", run.port)) as client:
        client.sendall(sent)
        run.interrupt()
        assert run.wait(20) == 0

    assert "Stopped." in run.output


def test_a_task_that_cant_be_imported_is_told_in_one_line_and_nothing_starts(terminal: Terminal) -> None:
    run = terminal()
    (run.folder / "tasks" / "broken.py").write_text("import json\nimport no_such_library\n", encoding="utf-8")
    run.launch()

    assert run.wait() == 2
    where_and_why = "tasks/broken.py, line 2: ModuleNotFoundError: No module named 'no_such_library'."
    assert run.lines() == [f"lastin: {where_and_why} (LOG_LEVEL=DEBUG shows the traceback of tasks.broken.)"]
    assert not run.processes()


def test_after_an_outage_each_process_says_once_that_redis_is_back(
    terminal: Terminal, own_server: EmbeddedServer
) -> None:
    run = terminal(REDIS_URL=own_server.url, WEB_CONCURRENCY="1")
    run.start()
    own_server.kill()

    def who(text: str) -> Counter[str]:
        return Counter(line.split()[1] for line in run.lines() if text in line)

    everybody = Counter({"web": 1, "worker": 1, "scheduler": 1})
    wait_until(lambda: who("Redis is away; this process goes on") == everybody, "all to notice")
    own_server.start()
    wait_until(lambda: who("Redis is back, after ").keys() == everybody.keys(), "all to go on")
    run.wait_until_processed(run.post_messages(3))
    run.interrupt()
    assert run.wait() == 0

    assert who("Redis is back, after ") == everybody
    assert who("Redis is away; this process goes on") == everybody
    assert "The jobs stay in Redis." in run.output


def test_for_programs_every_line_is_json_whoever_wrote_it(tmp_path: Path) -> None:
    run = LocalRun(tmp_path / "clone", **QUICK)
    (run.folder / "tasks" / "samples.py").write_text(TASKS, encoding="utf-8")
    try:
        run.start()
        fails = run.post_job({"task": "fail", "payload": {}})["id"]
        wait_until(lambda: f"fail {fails} rejected" in run.output, "the job to be rejected")
        assert run.stop() == 0
    finally:
        run.kill_all()

    lines = [json.loads(line) for line in run.output.splitlines()]
    assert {line["process"] for line in lines} == {"lastin", "web", "worker", "scheduler"}
    assert [line["message"] for line in lines if line["logger"] == "output"] == ["about to fail"] * 2
    assert [(line["level"], line["job_id"]) for line in lines if line["logger"] == "jobs"] == [
        ("WARNING", fails),
        ("ERROR", fails),
    ]
