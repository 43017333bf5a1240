"""The schemas of ``app.json``, from what Heroku and Dokku publish of them. Neither may hold a key that isn't known:
Heroku refuses the file, and Dokku ignores the key."""

from __future__ import annotations

from typing import Any

TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}


def closed(needed: tuple[str, ...] = (), /, **properties: Any) -> dict[str, Any]:
    """An object with no keys but these, of which some are needed."""
    return {"type": "object", "properties": properties, "required": list(needed), "additionalProperties": False}


def each(schema: Any, names: str = ".") -> dict[str, Any]:
    """An object whose keys are names, and whose values are alike."""
    return {"type": "object", "patternProperties": {names: schema}, "additionalProperties": False}


def array(*kinds: Any) -> dict[str, Any]:
    """A list of what is one of these."""
    return {"type": "array", "items": {"anyOf": list(kinds)}}


_SETTING = closed(description=TEXT, value=TEXT, required={"type": "boolean"}, generator={"const": "secret"})
_SIZES = ["eco", "basic", "standard-1x", "standard-2x", "performance-m", "performance-l", "performance-l-ram"]
_APP: dict[str, Any] = {
    "scripts": closed(**dict.fromkeys(("postdeploy", "pr-predestroy", "test", "test-setup"), TEXT)),
    "env": each({"anyOf": [TEXT, _SETTING]}, "^[A-Z][A-Z0-9_]*$"),
    "formation": each(closed(("quantity",), quantity=COUNT, size={"enum": _SIZES})),
    "addons": array(TEXT, closed(("plan",), plan=TEXT, options={"type": "object"}, **{"as": TEXT})),
    "buildpacks": array(closed(("url",), url=TEXT)),
}

HEROKU = closed(
    name={"type": "string", "maxLength": 30, "minLength": 3},
    description={"type": "string", "maxLength": 140},
    keywords=array(TEXT),
    website=TEXT,
    repository=TEXT,
    logo=TEXT,
    success_url=TEXT,
    image=TEXT,
    stack={"enum": ["heroku-22", "heroku-24", "heroku-26", "container"]},
    environments=each(closed(**_APP)),
    **_APP,
)
"""https://devcenter.heroku.com/articles/app-json-schema"""

_CHECK = closed(
    ("type",),
    type={"enum": ["startup", "liveness", "readiness"]},
    name=TEXT,
    description=TEXT,
    path={"type": "string", "pattern": "^/"},
    command=array(TEXT),
    content=TEXT,
    port=COUNT,
    scheme={"enum": ["http", "https"]},
    listening={"type": "boolean"},
    uptime=COUNT,
    initialDelay=COUNT,
    wait=COUNT,
    timeout=COUNT,
    attempts=COUNT,
    warn={"type": "boolean"},
    httpHeaders=array(closed(("name", "value"), name=TEXT, value=TEXT)),
    onFailure=closed(command=array(TEXT), url=TEXT),
)

DOKKU = closed(
    formation=each(closed(quantity=COUNT, max_parallel=COUNT)),
    healthchecks=each({"type": "array", "items": _CHECK}),
    cron=array(
        closed(
            ("command", "schedule"),
            command=TEXT,
            schedule=TEXT,
            maintenance={"type": "boolean"},
            concurrency_policy={"enum": ["allow", "forbid", "replace"]},
        )
    ),
    scripts=closed(postdeploy=TEXT, dokku=closed(predeploy=TEXT, postdeploy=TEXT)),
)
"""https://dokku.com/docs/appendices/file-formats/app-json/ and the file format of docker-container-healthchecker"""
