"""What a line of the log looks like, and what never stands in one."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from datetime import datetime
from typing import Any

import dramatiq
import pytest

from middleware import logs
from middleware.logs import origin
from middleware.logs.console import Console
from middleware.logs.format import Json, Syslog, without_payloads
from middleware.settings import Settings
from middleware.worker import context
from middleware.worker.delivery import Delivery

SECRET = "the customer's secret"


def record(message: str = "hello %s", *arguments: Any, level: int = logging.INFO, **extra: Any) -> logging.LogRecord:
    filled = arguments or (("world",) if "%s" in message else ())
    made = logging.Logger("tests").makeRecord("tests", level, "x", 1, message, filled, None, extra=extra)
    without_payloads(made)
    return made


def as_json(made: logging.LogRecord) -> dict[str, Any]:
    line = Json("worker").format(made)
    assert "\n" not in line
    parsed: dict[str, Any] = json.loads(line)
    return parsed


def delivery(**options: Any) -> Delivery:
    message: dramatiq.Message[Any] = dramatiq.Message(
        "mail", "send_mail", (), {"to": SECRET}, options, message_id="id-1"
    )
    return Delivery(message, 1_700_000_000_000_002, attempt=2, window="mail.17")


def test_every_line_has_the_same_first_fields() -> None:
    line = as_json(record())

    assert list(line)[:4] == ["time", "level", "logger", "process"]
    assert line["message"] == "hello world"
    assert (line["level"], line["logger"], line["process"]) == ("INFO", "tests", "worker")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["time"])
    assert datetime.fromisoformat(line["time"]).utcoffset() is not None
    assert not {"job_id", "request_id", "trace_id"} & set(line)


def test_a_line_written_in_a_task_says_of_which_job_it_is() -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    context.enter(delivery(request_id="req-9", traceparent=trace))
    try:
        line = as_json(record())
    finally:
        context.enter(None)

    assert (
        line.items()
        >= {
            "request_id": "req-9",
            "trace_id": "0af7651916cd43dd8448eb211c80319c",
            "job_id": "id-1",
            "task": "send_mail",
            "queue": "mail",
            "window": "mail.17",
            "attempt": 2,
        }.items()
    )
    assert "job_id" not in as_json(record())


def test_a_line_written_for_a_request_has_its_id() -> None:
    origin.enter_request("req-1", None)
    try:
        line = as_json(record())
    finally:
        origin.leave_request()

    assert line["request_id"] == "req-1"
    assert "trace_id" not in line


@pytest.mark.parametrize("form", [Json("worker"), Console("worker", colours=False), Syslog("worker")])
def test_payloads_of_messages_are_never_written(form: logging.Formatter) -> None:
    """Dramatiq writes messages as text, which holds their arguments."""
    for message in (delivery(), delivery()._message):
        line = form.format(record("Failed to process message %s with unhandled exception.", message))

        assert SECRET not in line
        assert "id-1 of task send_mail" in line


def test_what_json_cant_hold_is_written_all_the_same() -> None:
    line = as_json(record("a lone surrogate: \ud800", count=2**70, thing=object(), level=logging.ERROR))

    assert line["count"] == 2**70
    assert line["thing"].startswith("<object object")


def test_an_exception_comes_with_its_traceback_in_one_line() -> None:
    try:
        int("no")
    except ValueError:
        made = logging.Logger("tests").makeRecord("tests", logging.ERROR, "x", 1, "oh", (), sys.exc_info())

    assert "ValueError: invalid literal" in as_json(made)["exc_info"]


def test_a_line_can_be_given_as_a_dictionary() -> None:
    made = logging.Logger("tests").makeRecord("tests", logging.INFO, "x", 1, {"message": "hello", "size": 3}, (), None)  # type: ignore[arg-type]

    line = as_json(made)

    assert (line["message"], line["size"], line["level"]) == ("hello", 3, "INFO")


def test_the_stack_is_written_when_it_is_asked_for() -> None:
    made = record()
    made.stack_info = "Stack (most recent call last):"

    assert as_json(made)["stack_info"].startswith("Stack")


def test_people_get_colours_on_a_terminal_only() -> None:
    plain = Console("web", colours=False).format(record(level=logging.WARNING))
    coloured = Console("web", colours=True).format(record(level=logging.WARNING))

    assert "\x1b" not in plain
    assert plain.split()[1:] == ["web", "WARNING", "tests:", "hello", "world"]
    assert "\x1b[33mWARNING" in coloured


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_others_sent_can_not_steer_a_terminal_or_pass_for_a_line() -> None:
    console = Console("web", colours=False)
    error = ValueError("\x1b]0;title\x07")
    sent = "\x1b[2Ja\n12:00:00 INFO\r\x9b\u202eb"
    line = console.format(logging.LogRecord("api", 20, "", 0, "GET /%s", (sent,), (ValueError, error, None)))

    assert "GET /\\x1b[2Ja\n                   12:00:00 INFO\\r\\x9b\\u202eb" in line
    assert line.endswith("ValueError: \\x1b]0;title\\x07")
    assert all(char.isprintable() or char == "\n" for char in line)


@pytest.mark.parametrize(
    ("stream", "settings", "coloured"),
    [
        (Terminal(), Settings(), True),
        (Terminal(), Settings(no_color=True), False),
        (io.StringIO(), Settings(log_format="console"), False),
        (io.StringIO(), Settings(log_format="console", force_color=True), True),
        (io.StringIO(), Settings(log_format="console", force_color=True, no_color=True), False),
        (Terminal(), Settings(log_format="json"), False),
    ],
)
def test_who_gets_colours(stream: io.StringIO, settings: Settings, coloured: bool) -> None:
    handler = logs._stdout(settings, "web", stream)
    handler.emit(record(level=logging.ERROR))

    assert ("\x1b[31m" in stream.getvalue()) is coloured


def test_a_syslog_line_is_as_rfc_5424_says() -> None:
    context.enter(delivery(request_id='a]b"c\\d'))
    try:
        line = Syslog("worker").format(record(level=logging.ERROR))
    finally:
        context.enter(None)

    head, data = line.split(" [", 1)
    assert re.fullmatch(r"<11>1 \d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z \S+ lastin-worker \d+ -", head)
    assert 'request_id="a\\]b\\"c\\\\d"' in data
    assert 'job_id="id-1"' in data
    assert line.endswith("] \ufeffhello world")
