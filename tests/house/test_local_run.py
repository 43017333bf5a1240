"""``make run`` end to end: the real processes, stopped by Ctrl-C, crashed, and started again."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from local.embedded import EmbeddedServer
from middleware.broker import LifoBroker

from ..certificates import self_signed
from ..service import wait_until
from .local_run import LocalRun

pytestmark = [
    pytest.mark.local,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for leftovers in /proc"),
]

SLOW_TASK = '''
"""A task that takes its time."""

import time

from marshmallow import fields

from tasks import task


@task(seconds=fields.Float(required=True))
def sleep(seconds):
    """Sleep."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(0.05)
'''

Clone = Callable[..., LocalRun]


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    """Makes clones, with windows in quick succession; whatever runs in them when the test ends is killed."""
    made: list[LocalRun] = []
    quick = {"CADENCE_DEFAULT_EVERY": "200ms", "CADENCE_DEFAULT_LASTS": "200ms"}

    def make(name: str = "clone", **settings: str) -> LocalRun:
        made.append(LocalRun(tmp_path / name, **(quick | settings)))
        return made[-1]

    yield make
    for run in made:
        run.kill_all()
        print(f"--- {run.folder.name} ---\n{run.output}")


def test_ten_jobs_are_processed_and_there_after_ctrl_c_and_a_new_start(clone: Clone) -> None:
    run = clone()
    run.start()
    ids = run.post_messages(10)
    run.wait_until_processed(ids)

    assert run.stop() == 0

    assert not run.processes()
    assert "Traceback" not in run.output
    assert f"LastIn answers on http://127.0.0.1:{run.port}/" in run.output
    assert not (run.folder / ".data" / "redis-url").exists()

    run.start()
    assert [job["id"] for job in run.get("/v1/jobs").json] == ids[::-1]
    assert run.stop() == 0


def test_the_embedded_server_has_a_password_that_only_this_user_can_read_and_the_durability_that_is_set(
    clone: Clone,
) -> None:
    run = clone(DURABILITY="always", LOG_LEVEL="DEBUG")
    run.start()
    note = run.folder / ".data" / "redis-url"
    url = note.read_text(encoding="utf-8").strip()
    password = urlsplit(url).password

    assert note.stat().st_mode & 0o777 == 0o600
    assert password
    assert len(password) >= 32
    assert not [command for command in run.processes().values() if password in command]
    with redis.Redis.from_url(url, decode_responses=True) as client:
        assert client.config_get("appendfsync") == {"appendfsync": "always"}
    run.wait_until_processed(run.post_messages(1))
    # A server that was killed comes back with the password that the processes know.
    server = next(pid for pid, command in run.processes().items() if "-server " in command)
    os.kill(server, signal.SIGKILL)
    wait_until(lambda: "died and is started again" in run.output and run.get("/readyz").status == 200, "its return")
    run.wait_until_processed(run.post_messages(1))
    assert run.stop() == 0
    assert password not in run.output
    assert password not in (run.folder / ".data" / "redis" / "server.log").read_text(encoding="utf-8")

    run.start()
    assert note.read_text(encoding="utf-8").strip() != url
    assert run.stop() == 0


def test_on_ctrl_c_a_short_job_finishes_and_a_long_one_is_put_back(clone: Clone) -> None:
    run = clone()
    (run.folder / "tasks" / "sleep.py").write_text(SLOW_TASK, encoding="utf-8")
    run.start()
    long = run.post_job({"task": "sleep", "payload": {"seconds": 60}})["id"]
    wait_until(lambda: run.statuses([long]) == ["running"], "the long job to run")
    short = run.post_job({"task": "sleep", "payload": {"seconds": 2}})["id"]
    wait_until(lambda: run.statuses([short]) == ["running"], "the short job to run")

    assert run.stop() == 0

    assert not run.processes()
    with EmbeddedServer(run.folder / ".data" / "redis") as server:
        broker = LifoBroker(url=server.url)
        broker.declare_queue("default")
        found = [broker.store.get(job_id) for job_id in (short, long)]
        broker.close()
    assert [job.status for job in found if job] == ["processed", "queued"]


def test_after_a_crash_of_everything_no_accepted_job_is_lost(clone: Clone) -> None:
    run = clone()
    run.start()
    ids = run.post_messages(10)

    run.wait_until_journaled()
    run.kill_all()
    run.wait()

    run.start()
    run.wait_until_processed(ids)
    assert run.stop() == 0
    assert not run.processes()


def test_what_a_killed_make_run_leaves_behind_is_ended_by_the_next(clone: Clone) -> None:
    run = clone()
    run.start()
    ids = run.post_messages(10)
    wait_until((run.folder / ".data" / "processes.json").exists, "the processes to be noted")
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    left_over = run.processes()
    assert len(left_over) > 3

    run.start()

    run.wait_until_processed(ids)
    assert not left_over.keys() & run.processes().keys()
    assert run.stop() == 0
    assert not run.processes()


def test_a_killed_embedded_server_comes_back_with_its_jobs(clone: Clone) -> None:
    run = clone()
    run.start()
    ids = run.post_messages(5)
    server = next(pid for pid, command in run.processes().items() if "-server " in command)

    run.wait_until_journaled()
    os.kill(server, signal.SIGKILL)

    wait_until(lambda: run.get("/readyz").status == 200, "jobs to be accepted again")
    run.wait_until_processed(ids + run.post_messages(5))
    assert "The embedded server died and is started again." in run.output
    assert run.stop() == 0
    assert not run.processes()


@pytest.mark.parametrize(("name", "words"), [("web", "-m api"), ("worker", "dramatiq"), ("scheduler", "-m scheduler")])
def test_a_process_that_dies_stops_all_and_is_named(clone: Clone, name: str, words: str) -> None:
    run = clone()
    run.start()

    leader = next(pid for pid, command in run.processes().items() if words in command and os.getsid(pid) == pid)
    os.killpg(leader, signal.SIGKILL)

    assert run.wait() == 1
    assert f"lastin: {name} (status -9) ended by itself, so everything was stopped." in run.output
    assert not run.processes()


def test_a_worker_that_asks_for_a_new_start_gets_it_and_is_ended_with_the_rest(clone: Clone) -> None:
    run = clone()
    procfile = (run.folder / "Procfile").read_text(encoding="utf-8")
    once = "worker: test -e asked || { touch asked; exit 75; }; exec python -m tasks"
    (run.folder / "Procfile").write_text(procfile.replace("worker: exec python -m tasks", once), encoding="utf-8")
    run.start()

    assert "Ended with status 75 and is started again in 1 s." in run.output
    run.wait_until_processed(run.post_messages(3))
    assert run.stop() == 0
    assert not run.processes()


def test_children_whose_parent_was_killed_are_ended_too(clone: Clone) -> None:
    run = clone()
    run.start()
    leaders = [pid for pid, command in run.processes().items() if "-server " not in command and os.getsid(pid) == pid]
    for pid in leaders:
        if pid != run.pid:
            os.kill(pid, signal.SIGKILL)

    with contextlib.suppress(ProcessLookupError):
        run.interrupt()

    run.wait()
    assert not run.processes()


def test_a_taken_port_is_named_with_the_way_to_choose_another(clone: Clone) -> None:
    run = clone()
    with socket.socket() as other:
        other.bind(("127.0.0.1", run.port))
        other.listen()
        run.launch()

        assert run.wait() == 1

    taken = f"lastin: Port {run.port} of 127.0.0.1 is taken. Choose another one: PORT={run.port + 1} make run\n"
    assert run.output == taken
    assert not run.processes()


def test_a_second_run_in_the_same_clone_says_where_the_first_is(clone: Clone) -> None:
    run = clone()
    run.start()
    first = run.pid

    run.launch()

    assert run.wait() == 1
    already = f"lastin: `make run` runs already in this folder: http://127.0.0.1:{run.port}/, process {first}."
    assert already in run.output
    assert run.get("/readyz").status == 200


def test_two_clones_run_beside_each_other(clone: Clone) -> None:
    one, two = clone("one"), clone("two")
    one.launch()
    two.launch()
    for run in (one, two):
        wait_until(run.is_ready, f"{run.folder.name} to accept jobs")

    ids = {run.folder.name: run.post_messages(3) for run in (one, two)}

    for run in (one, two):
        run.wait_until_processed(ids[run.folder.name])
        assert [job["id"] for job in run.get("/v1/jobs").json] == ids[run.folder.name][::-1]
        assert run.stop() == 0
        assert not run.processes()


def test_a_dotenv_file_is_read_and_the_environment_comes_first(clone: Clone) -> None:
    run = clone(LOG_LEVEL="INFO")
    (run.folder / ".env").write_text("PORT=1\nLOG_LEVEL=nonsense\nCRASH_LIMIT=many\n", encoding="utf-8")

    run.launch()

    assert run.wait() == 2
    assert run.output == "lastin: CRASH_LIMIT must be a whole number from 1 to 1000, but holds 'many'.\n"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"HOST": "0.0.0.0"}, "HOST is 0.0.0.0, so other machines reach the API, but AUTH isn't set."),
        ({"TLS_CERT_FILE": "nothing", "TLS_KEY_FILE": "nothing"}, "TLS_CERT_FILE must be a file that can be read"),
    ],
    ids=["open to all", "no certificate"],
)
def test_what_keeps_the_api_from_serving_is_shown_before_anything_starts(
    clone: Clone, settings: dict[str, str], says: str
) -> None:
    run = clone(**settings)

    run.launch()

    assert run.wait() == 2
    assert run.output.startswith(f"lastin: {says}")
    assert run.output.count("\n") == 1
    assert not (run.folder / ".data").exists()


def test_with_a_certificate_it_answers_over_https_and_says_so(clone: Clone, tmp_path: Path) -> None:
    files = self_signed(tmp_path)
    run = clone(TLS_CERT_FILE=str(files.chain), TLS_KEY_FILE=str(files.key))

    run.launch()

    url = f"https://127.0.0.1:{run.port}/"
    wait_until(lambda: f"LastIn answers on {url} (Ctrl-C stops it)" in run.output, "it to answer")
    trusting = ssl.create_default_context(cafile=str(files.chain))
    with urllib.request.urlopen(f"{url}healthz", timeout=30, context=trusting) as answer:
        assert answer.status == 200
    assert run.stop() == 0


def test_with_redis_url_no_server_is_embedded(clone: Clone, own_server: EmbeddedServer) -> None:
    run = clone(REDIS_URL=own_server.url)
    run.start()
    run.wait_until_processed(run.post_messages(1))

    assert not [command for command in run.processes().values() if "-server " in command]
    assert run.stop() == 0
    assert own_server.is_alive


def test_ctrl_c_while_it_starts_leaves_nothing_behind(clone: Clone) -> None:
    run = clone()
    run.launch()
    wait_until(lambda: len(run.processes()) > 2, "the first processes")

    assert run.stop() == 0

    assert not run.processes()
