"""``app.json`` for Heroku, and ``deploy/dokku/app.json``."""

from __future__ import annotations

import json
import re
import shlex
import signal
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from cronsim import CronSim

from middleware.settings import Settings

from ..service import ROOT, SETTINGS_NAMES, RunningService, call, python
from . import app_json

HEROKU, DOKKU = ROOT / "app.json", ROOT / "deploy" / "dokku" / "app.json"
PROCFILE = set(re.findall(r"^(\w+):", (ROOT / "Procfile").read_text(encoding="utf-8"), re.MULTILINE))
CONNECTIONS_OF_THE_SMALLEST_PLAN = 20


def loaded(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("file", "schema"), [(HEROKU, app_json.HEROKU), (DOKKU, app_json.DOKKU)])
def test_it_is_as_the_platform_wants_it(file: Path, schema: dict[str, Any]) -> None:
    errors = jsonschema_rs.Draft202012Validator(schema).iter_errors(loaded(file))

    assert [f"{list(error.instance_path)}: {error.message}" for error in errors] == []


@pytest.mark.parametrize("key", ["healthchecks", "cron"])
def test_keys_of_dokku_are_refused_by_heroku(key: str) -> None:
    assert not jsonschema_rs.is_valid(app_json.HEROKU, loaded(HEROKU) | {key: loaded(DOKKU)[key]})


@pytest.mark.parametrize("file", [HEROKU, DOKKU])
def test_it_starts_every_line_of_the_procfile(file: Path) -> None:
    formation = loaded(file)["formation"]

    assert formation.keys() == PROCFILE
    assert {each["quantity"] for each in formation.values()} == {1}


def test_what_heroku_sets_are_settings_that_can_be_read() -> None:
    env = loaded(HEROKU)["env"]
    values = {name: each["value"] for name, each in env.items() if "value" in each}

    assert env.keys() <= SETTINGS_NAMES
    assert "value" not in env["AUTH"]
    assert Settings.from_environ(values | {"DYNO": "web.1", "REDIS_URL": "rediss://:p@h:1"}).redis_url.endswith("=none")


def test_what_heroku_starts_needs_no_more_connections_than_the_smallest_plan_has(service: RunningService) -> None:
    env = {name: int(each["value"]) for name, each in loaded(HEROKU)["env"].items() if name.startswith("WEB_")}
    of_web = env["WEB_CONCURRENCY"] * (env["WEB_THREADS"] + 1)

    service.wait_for_job(service.post("/v1/jobs", {"message": "x"}).json["id"])
    service.signal("web", signal.SIGTERM)
    service.wait("web")
    with service.server.client() as client:
        of_others = len(client.client_list()) - 1  # without the one that asks

    assert of_web + of_others <= CONNECTIONS_OF_THE_SMALLEST_PLAN


def test_the_paths_that_dokku_asks_for_answer(service: RunningService) -> None:
    paths = [check["path"] for check in loaded(DOKKU)["healthchecks"]["web"]]

    assert {path: call("GET", service.url + path).status for path in paths} == {"/readyz": 200, "/healthz": 200}


def test_the_cron_line_opens_a_window(service: RunningService) -> None:
    [cron] = loaded(DOKKU)["cron"]
    python_, *arguments = shlex.split(cron["command"].replace("5m", "1s"))

    done = python(*arguments, REDIS_URL=service.server.url)

    assert next(CronSim(cron["schedule"], datetime(2030, 1, 1))) == datetime(2030, 1, 1, 2)
    assert (python_, done.returncode, done.stderr) == ("python", 3, "")
