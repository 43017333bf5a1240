"""The sections ``[jobs.<name>]`` of the cadence file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema, fields

from middleware.broker import LifoBroker
from scheduler.blackout import parse_blackout
from scheduler.cadence import Cadence
from scheduler.cadence_file import read_cadence
from scheduler.errors import CadenceError
from scheduler.recurring import Recurring
from scheduler.recurring_keys import RECURRING_KEYS
from scheduler.ticks import Cron, Every
from scheduler.timetable import Timetable
from tasks import Registry

from .times import BERLIN

QUEUE = '[queues.default]\nevery = "2s"\n'


def _registry() -> Registry:
    registry = Registry(LifoBroker(url="redis://127.0.0.1:1"))

    class Address(Schema):
        street = fields.String(required=True)

    @registry.task(
        message=fields.String(required=True),
        ratio=fields.Float(),
        sizes=fields.List(fields.Integer()),
        address=fields.Nested(Address),
        anything=fields.Raw(),
        queue_name="mails",
    )
    def greet(message: str, ratio: float = 1, sizes: Any = None, address: Any = None, anything: Any = None) -> None: ...

    @registry.task
    def nothing() -> None: ...

    return registry


TASKS = _registry()


def read(tmp_path: Path, text: str) -> Cadence:
    path = tmp_path / "cadence.toml"
    path.write_text(QUEUE + text, encoding="utf-8")
    return read_cadence(path, ["default", "mails"], {}, TASKS)


def test_every_key_is_read(tmp_path: Path) -> None:
    text = """
        [jobs.nightly]
        task = "greet"
        payload = { message = "Good night", ratio = 0.5, sizes = [1, 2], address = { street = "Elm" } }
        cron = "0 2 * * *"
        timezone = "Europe/Berlin"
        blackout = ["Sat"]
        missed = "submit"
        skip_if_waiting = true
    """
    [job] = read(tmp_path, text).jobs.values()
    assert job == Recurring(
        name="nightly",
        task=TASKS["greet"],
        payload={"message": "Good night", "ratio": 0.5, "sizes": [1, 2], "address": {"street": "Elm"}},
        timetable=Timetable(Cron("0 2 * * *", BERLIN), parse_blackout(["Sat"], BERLIN)),
        missed="submit",
        skip_if_waiting=True,
    )
    assert type(job.payload["ratio"]) is float


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    job = read(tmp_path, '[jobs.often]\ntask = "nothing"\nevery = "100ms"').jobs["often"]
    assert job == Recurring(name="often", task=TASKS["nothing"], payload={}, timetable=Timetable(Every(100_000)))
    assert (job.missed, job.skip_if_waiting) == ("skip", False)


def test_a_file_without_jobs_has_none(tmp_path: Path) -> None:
    assert read(tmp_path, "").jobs == {}
    assert read(tmp_path, "[jobs]").jobs == {}


def test_the_digest_tells_of_jobs_and_of_their_payloads(tmp_path: Path) -> None:
    text = '[jobs.often]\nevery = "1s"\ntask = "greet"\npayload = {{ message = "{}" }}'
    digests = [read(tmp_path, found).digest for found in ("", text.format("a"), text.format("b"), text.format("a"))]
    assert len(set(digests)) == 3
    assert digests[1] == digests[3]


JOB = '[jobs.often]\nevery = "1s"\n'
GREET = JOB + 'task = "greet"\n'
UNFIT = "cadence.toml: jobs.often.payload doesn't fit task greet: "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[jobs]]", "cadence.toml: jobs must be a table of sections such as [jobs.nightly], but holds [{}]."),
        ("[jobs]\noften = 3", "cadence.toml: jobs.often must be a section [jobs.often], but holds 3."),
        (JOB, "cadence.toml: jobs.often needs task, the name of a task; declared are: greet, nothing."),
        (JOB + "task = 7", "jobs.often.task must be the name of a task (declared are: greet, nothing), but holds 7."),
        (
            JOB + 'task = "gret"',
            "jobs.often.task must be the name of a task (declared are: greet, nothing), but holds 'gret'.",
        ),
        (
            GREET + "batch = 3",
            f"cadence.toml: jobs.often.batch isn't known; allowed are: {', '.join(RECURRING_KEYS)}.",
        ),
        ('[jobs.often]\ntask = "nothing"', 'jobs.often needs every = "2s", or cron = "*/10 * * * * *".'),
        (JOB + 'task = "nothing"\ncron = "* * * * *"', "jobs.often.cron can't stand together with every"),
        ('[jobs.often]\ntask = "nothing"\nevery = "99ms"', 'jobs.often.every must be a duration from "100ms" to "31d"'),
        (
            '[jobs.often]\ntask = "nothing"\ncron = "99 * * * *"',
            "jobs.often.cron holds '99 * * * *': its minute must be",
        ),
        (JOB + 'task = "nothing"\ntimezone = "UTC"', "jobs.often.timezone has no effect without cron or blackout"),
        (JOB + 'task = "nothing"\nblackout = ["nie"]', "jobs.often.blackout holds ['nie']: 'nie' isn't a span"),
        (
            JOB + 'task = "nothing"\nmissed = "open"',
            'jobs.often.missed must be "skip" or "submit", but holds \'open\'.',
        ),
        (
            JOB + 'task = "nothing"\nskip_if_waiting = 1',
            "jobs.often.skip_if_waiting must be true or false, but holds 1.",
        ),
        (GREET, UNFIT + "/message: Missing data for required field."),
        (
            GREET + 'payload = "x"',
            "jobs.often.payload must be a table, such as { message = \"Good night\" }, but holds 'x'.",
        ),
        (GREET + "payload = { message = 7 }", UNFIT + "/message: Not a valid string."),
        (GREET + 'payload = { message = "x", mesage = "y" }', UNFIT + "/mesage: Unknown field."),
        (GREET + 'payload = { message = "x", sizes = [1, "2"] }', UNFIT + "/sizes/1: Not a valid integer."),
        (GREET + 'payload = { message = "x", address = { "a/b" = 1 } }', "/address/a~1b: Unknown field."),
        (
            GREET + 'payload = { message = "x", anything = [2025-01-01] }',
            "/anything/0: JSON has no such value as 2025-01-01",
        ),
        (GREET + 'payload = { message = "x", anything = 07:32:00 }', "/anything: JSON has no such value as 07:32:00"),
        (
            GREET + 'payload = { message = "x", ratio = nan }',
            "/ratio: JSON has no such value as NaN: put it in quotes.",
        ),
        (GREET + f'payload = {{ message = "x", anything = {2**70} }}', "jobs.often.payload can't be written as JSON"),
        ('[jobs."a b"]\nevery = "1s"\ntask = "nothing"', "jobs.a b: a recurring job's name must have 1 to 54 letters"),
        (f'[jobs.{"x" * 55}]\nevery = "1s"\ntask = "nothing"', "name must have 1 to 54 letters"),
    ],
)
def test_an_error_names_the_file_the_key_the_value_and_what_is_allowed(
    tmp_path: Path, text: str, expected: str
) -> None:
    with pytest.raises(CadenceError) as caught:
        read(tmp_path, text)
    assert expected in str(caught.value).replace(f"{tmp_path}/", "")
    assert str(caught.value).startswith(f"{tmp_path}/cadence.toml: ")
    assert "\n" not in str(caught.value)


def test_the_number_of_jobs_is_bounded(tmp_path: Path) -> None:
    text = "".join(f'[jobs.j{n}]\nevery = "1s"\ntask = "nothing"\n' for n in range(1001))
    with pytest.raises(CadenceError, match="jobs holds 1001 recurring jobs; at most 1000 are allowed"):
        read(tmp_path, text)
