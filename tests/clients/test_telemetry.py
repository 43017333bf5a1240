"""Spans for OpenTelemetry and failures for Sentry, checked with exporters in memory."""

from __future__ import annotations

import json
from collections.abc import Callable

from ..service import python

Program = Callable[[str], str]

EXPORTED = """
import json
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)

def told():
    return [
        {
            "name": span.name, "kind": span.kind.name, "trace": span.context.trace_id, "id": span.context.span_id,
            "parent": span.parent and span.parent.span_id, "links": [link.context.span_id for link in span.links],
            "status": span.status.status_code.name, "attributes": dict(span.attributes),
            "ms": (span.end_time - span.start_time) / 1e6, "events": [event.name for event in span.events],
        }
        for span in exporter.get_finished_spans()
    ]
"""

TRACED = (
    EXPORTED
    + """
from middleware.telemetry.tracing import Tracing
broker = broker_of()
broker.add_middleware(Tracing())
tried = []

@dramatiq.actor(min_backoff=1, max_backoff=2)
def work(fails):
    tried.append(trace.get_current_span().get_span_context().span_id)
    if fails and len(tried) == 1:
        raise ValueError("once more")
"""
)

WEB = (
    EXPORTED
    + """
import api, tasks
from middleware.queues.policy import Policy
broker = tasks.broker
broker.windows.put_policy("default", Policy(mode="continuous"))
application = api.create_app()
web = application.test_client()
"""
)

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
CALLERS_TRACE, CALLERS_SPAN = 0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331


def test_a_job_is_one_trace_from_the_program_to_its_last_attempt(program: Program) -> None:
    spans = json.loads(
        program(
            TRACED
            + """
with trace.get_tracer("shop").start_as_current_span("request"):
    message = work.send(True)
time.sleep(0.1)
work_off(broker)
print(json.dumps(told() + [tried, message.message_id]))
"""
        )
    )
    *spans, tried, id = spans
    named = {name: [span for span in spans if span["name"] == name] for name in {span["name"] for span in spans}}

    (request,), (send,) = named["request"], named["send default"]
    first, second = named["process default"]
    assert len({span["trace"] for span in spans}) == 1
    assert (send["parent"], send["kind"]) == (request["id"], "PRODUCER")
    assert [(span["parent"], span["kind"]) for span in (first, second)] == [(send["id"], "CONSUMER")] * 2
    assert [first["id"], second["id"]] == tried
    assert (first["links"], second["links"]) == ([], [first["id"]])
    assert (first["status"], first["attributes"]["error.type"], first["events"]) == (
        "ERROR",
        "ValueError",
        ["exception"],
    )
    assert second["status"] == "UNSET"
    assert [span["attributes"]["lastin.attempt"] for span in (first, second)] == [1, 2]
    assert send["attributes"] == {
        "messaging.system": "lastin",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "default",
        "messaging.message.id": id,
        "lastin.task": "work",
    }
    waits = named["wait"]
    assert [span["parent"] for span in waits] == [first["id"], second["id"]]
    assert waits[0]["ms"] >= 100


def test_a_send_that_fails_ends_its_span_with_what_was_raised(program: Program) -> None:
    spans = json.loads(
        program(
            TRACED
            + """
message = work.message(False)
broker.enqueue(message)
try:
    broker.enqueue(message)
except Exception as error:
    assert type(error).__name__ == "DuplicateJobError"
work.send(False)
print(json.dumps(told()))
"""
        )
    )

    _, failed, _ = spans
    assert [span["name"] for span in spans] == ["send default"] * 3
    assert [span["status"] for span in spans] == ["UNSET", "ERROR", "UNSET"]
    assert (failed["attributes"]["error.type"], failed["events"]) == ("DuplicateJobError", ["exception"])
    assert len({span["trace"] for span in spans}) == 3


def test_a_job_that_came_over_http_is_one_trace_from_its_caller_to_its_attempt(program: Program) -> None:
    spans = json.loads(
        program(
            WEB
            + f"""
answer = web.post(
    "/v1/jobs?token=s3cret", json={{"message": "Hi"}}, headers={{"traceparent": {CALLER!r}, "User-Agent": "curl/8"}}
)
assert answer.status_code == 400
answer = web.post("/v1/jobs", json={{"message": "Hi"}}, headers={{"traceparent": {CALLER!r}, "User-Agent": "curl/8"}})
work_off(broker)
print(json.dumps(told() + [answer.json["traceparent"]]))
"""
        ).splitlines()[-1]
    )
    *spans, traceparent = spans

    (_, request) = (span for span in spans if span["name"] == "POST /v1/jobs")
    (send,) = (span for span in spans if span["name"] == "send default")
    (process,) = (span for span in spans if span["name"] == "process default")
    assert {span["trace"] for span in spans} == {CALLERS_TRACE}
    assert (request["kind"], request["parent"], request["status"]) == ("SERVER", CALLERS_SPAN, "UNSET")
    assert (send["kind"], send["parent"], process["parent"]) == ("PRODUCER", request["id"], send["id"])
    assert traceparent == f"00-{send['trace']:032x}-{send['id']:016x}-01"
    assert request["attributes"] == {
        "http.request.method": "POST",
        "http.route": "/v1/jobs",
        "http.response.status_code": 201,
        "url.path": "/v1/jobs",
        "url.scheme": "http",
        "server.address": "localhost",
        "client.address": "127.0.0.1",
        "network.protocol.version": "1.1",
        "user_agent.original": "curl/8",
    }


def test_a_batch_is_one_send_and_its_jobs_are_children_of_that(program: Program) -> None:
    spans = json.loads(
        program(
            WEB
            + """
web.post("/v1/jobs/batch", json={"jobs": [{"message": "one"}, {"message": "two"}]})
work_off(broker)
print(json.dumps(told()))
"""
        ).splitlines()[-1]
    )

    (request,) = (span for span in spans if span["kind"] == "SERVER")
    (send,) = (span for span in spans if span["kind"] == "PRODUCER")
    assert (request["parent"], send["parent"]) == (None, request["id"])
    assert send["attributes"] == {
        "messaging.system": "lastin",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "default",
        "messaging.batch.message_count": 2,
    }
    assert [span["parent"] for span in spans if span["kind"] == "CONSUMER"] == [send["id"]] * 2


def test_the_scheduler_that_submits_a_tick_sends_a_span_and_no_other(program: Program) -> None:
    spans = json.loads(
        program(
            WEB
            + """
from scheduler.clock import SystemClock
from scheduler.recurring import Recurring
from scheduler.submitter import Submitter
from scheduler.ticks import Every
from scheduler.timetable import Timetable

hour_us = 3_600_000_000
task, timetable = tasks.registry["process_message"], Timetable(Every(hour_us))
job = Recurring(name="often", task=task, payload={"message": "Hi"}, timetable=timetable, missed="submit")
submitters = [Submitter(broker, SystemClock()) for _ in range(2)]
for submitter in submitters:
    submitter.change({"often": job})
    submitter.step()
    submitter.offers("often")(time.time_ns() // 1000 // hour_us * hour_us)
    submitter.step()
assert [(one.submitted, one.decided_before) for one in submitters] == [(1, 0), (0, 1)]
work_off(broker)
print(json.dumps(told()))
"""
        ).splitlines()[-1]
    )

    (send,) = (span for span in spans if span["kind"] == "PRODUCER")
    (process,) = (span for span in spans if span["kind"] == "CONSUMER")
    assert (send["name"], send["status"], process["parent"]) == ("send default", "UNSET", send["id"])


def test_a_job_that_the_command_line_submits_is_a_child_of_its_send(program: Program) -> None:
    spans = json.loads(
        program(
            WEB
            + """
from cli.root import lastin
lastin.main(["submit", "Hi"], standalone_mode=False)
work_off(broker)
print(json.dumps(told()))
"""
        ).splitlines()[-1]
    )

    (send,) = (span for span in spans if span["kind"] == "PRODUCER")
    (process,) = (span for span in spans if span["kind"] == "CONSUMER")
    assert (send["name"], process["parent"]) == ("send default", send["id"])


def test_a_request_that_fails_says_so_on_its_span_and_its_send(program: Program) -> None:
    spans = json.loads(
        program(
            WEB
            + """
from middleware.errors import RedisAwayError

def away(*arguments, **named):
    raise RedisAwayError("It is away.")

@application.get("/broken")
def broken():
    raise ValueError("a bug")

broker.accept_once = away
web.post("/v1/jobs", json={"message": "Hi"})
web.get("/broken")
web.get("/nowhere")
print(json.dumps(told()))
"""
        ).splitlines()[-1]
    )

    send, away, broken, nowhere = spans
    assert (send["status"], send["attributes"]["error.type"], send["parent"]) == (
        "ERROR",
        "RedisAwayError",
        away["id"],
    )
    assert (away["status"], away["attributes"]["error.type"]) == ("ERROR", "503")
    assert away["attributes"]["http.response.status_code"] == 503
    assert (broken["name"], broken["status"], broken["events"]) == ("GET /broken", "ERROR", ["exception"])
    assert broken["attributes"]["error.type"] == "ValueError"
    assert broken["attributes"]["http.response.status_code"] == 500
    assert (nowhere["name"], nowhere["status"]) == ("GET", "UNSET")
    assert nowhere["attributes"]["http.response.status_code"] == 404


def test_probes_and_what_an_instrumentation_has_a_span_for_get_none(program: Program) -> None:
    spans = json.loads(
        program(
            WEB
            + """
for path in ("/healthz", "/readyz", "/metrics"):
    web.get(path)
with trace.get_tracer("instrumentation").start_as_current_span("GET", kind=trace.SpanKind.SERVER):
    web.post("/v1/jobs", json={"message": "Hi"})
print(json.dumps(told()))
"""
        ).splitlines()[-1]
    )

    send, request = spans
    assert (send["name"], send["parent"], request["name"]) == ("send default", request["id"], "GET")


HELD = """
import os, sys
from pathlib import Path
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

provider = TracerProvider()
exporter = ConsoleSpanExporter(out=Path("spans").open("a"), formatter=lambda span: span.name + "\\n")
provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=600_000))
trace.set_tracer_provider(provider)
"""


def test_a_worker_that_ends_exports_its_spans_before(program: Program) -> None:
    printed = program(
        HELD
        + """
from middleware.telemetry.tracing import Tracing
broker = broker_of()
broker.add_middleware(Tracing())

@dramatiq.actor
def work():
    pass

work.send()
work_off(broker)
print(Path("spans").read_text())
"""
    )

    assert printed.split("\n")[:3] == ["send default", "wait", "process default"]


def test_a_web_process_that_ends_exports_its_spans_before(program: Program) -> None:
    web = HELD + "from api.__main__ import main\nmain()\n"
    printed = program(
        f"""
import json, signal, socket, subprocess
from pathlib import Path
from urllib.request import Request, urlopen
Path("web.py").write_text({web!r})
with socket.create_server(("127.0.0.1", 0)) as found:
    port = str(found.getsockname()[1])
web = subprocess.Popen([sys.executable, "web.py"], env=os.environ | {{"PORT": port, "WEB_CONCURRENCY": "1"}})
until = time.monotonic() + 40
while True:
    try:
        urlopen(f"http://127.0.0.1:{{port}}/healthz")
        break
    except OSError:
        assert time.monotonic() < until and web.poll() is None
        time.sleep(0.05)
body = json.dumps({{"message": "Hi"}}).encode()
urlopen(Request(f"http://127.0.0.1:{{port}}/v1/jobs", body, {{"Content-Type": "application/json"}}))
web.send_signal(signal.SIGTERM)
assert web.wait(20) == 0
print(Path("spans").read_text())
"""
    )

    assert printed.split("\n")[-4:-2] == ["send default", "POST /v1/jobs"]


def test_without_an_sdk_jobs_run_and_carry_nothing(program: Program) -> None:
    printed = program("""
from middleware.telemetry.tracing import Tracing
broker = broker_of()
broker.add_middleware(Tracing())

@dramatiq.actor
def work():
    print("ran")

message = work.send()
work_off(broker)
print(message.options)
""")
    assert printed == "ran\n{}\n"


def test_sentry_gets_what_a_task_raises(program: Program) -> None:
    printed = program("""
import sentry_sdk
from sentry_sdk.integrations.dramatiq import DramatiqIntegration
events = []
sentry_sdk.init(
    "http://key@127.0.0.1:1/1",
    integrations=[DramatiqIntegration()],
    before_send=lambda event, hint: events.append(event),
)
broker = broker_of()

@dramatiq.actor(max_retries=0)
def work(n):
    raise ValueError("no luck")

work.send(7)
work_off(broker)
event = next(event for event in events if "dramatiq" in event.get("contexts", {}))
print(event["exception"]["values"][0]["value"], event["contexts"]["dramatiq"]["data"]["args"])
""")
    assert printed == "no luck [7]\n"


def test_where_neither_is_installed_nothing_of_them_is_imported() -> None:
    done = python("-c", "import sys, tasks; print([m for m in sys.modules if 'opentelemetry' in m or 'sentry' in m])")

    assert done.stdout == "[]\n", done.stderr


def test_a_dsn_without_sentrys_library_ends_the_program_with_one_line() -> None:
    done = python("-c", "import tasks", SENTRY_DSN="http://key@127.0.0.1:1/1")

    assert done.returncode == 2
    assert "sentry-sdk isn't installed" in done.stderr
    assert done.stderr.count("\n") == 1
