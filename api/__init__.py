"""The HTTP API: Flask and flask-smorest over the contract in ``openapi.yaml``."""

from __future__ import annotations

import os

from flask import Flask

import tasks
from middleware.metrics.process_group import ProcessGroup
from middleware.processes.server_safety import SafetyWatch
from middleware.settings import Settings
from middleware.telemetry.installed import has_opentelemetry

from . import dashboard, metrics, ringing, sign_in
from .access import auth, framing, headers, hosts, limits, proxies
from .access.jwks import IssuerKeys
from .contract import Api
from .converter import Plugin
from .health import health
from .operations import jobs
from .problem_pages import problem_pages
from .queues import queues
from .recurring import recurring
from .reference import introduction, reference
from .stats import stats
from .task_list import task_list
from .windows import windows
from .wire import problems, request_log, tracing, waiting
from .wire.application import Application
from .workers import workers

FRESH_S = 5.0
"""What ``/readyz`` says of Redis's settings is this old at most: load balancers ask often."""


def create_app(settings: Settings | None = None, *, group: ProcessGroup | None = None) -> Flask:
    """The WSGI application. Building it connects to nothing, and makes the broker give up within a second.

    ``group``: the processes that serve together; this one alone if omitted.
    """
    settings = settings or tasks.settings
    tasks.broker.fail_fast()
    app = Application(__name__)
    app.config.update(
        API_TITLE="LastIn",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        API_SPEC_OPTIONS={"info": {"description": introduction()}},
        AUTH=settings.auth,
        MAX_BODY_BYTES=settings.max_body_bytes,
        MAX_BATCH_BYTES=settings.max_batch_bytes,
    )
    if has_opentelemetry():
        from .wire import spans  # noqa: PLC0415 -- it isn't there otherwise

        spans.install(app)
    # First of all, so that whatever is answered early is counted too, and has its id on its line.
    app.extensions["metrics"] = metrics.install(app, settings, group or ProcessGroup("web", os.getpid()))
    app.extensions["safety"] = SafetyWatch(settings.durability, settings.wait_replicas, every_s=FRESH_S, is_quiet=True)
    request_log.install(app)
    proxies.install(app, settings)
    framing.install(app)
    headers.install(app)
    hosts.install(app, settings)
    tracing.install(app)
    problems.install(app)
    keys = IssuerKeys(str(settings.oauth_jwks_url))
    auth.install(app, settings, keys)
    sign_in.install(app, settings, keys)
    limits.install(app, settings)
    auth.close(app, settings)
    waiting.install(app, settings)
    ringing.install(app)
    api = Api(app, spec_kwargs={"marshmallow_plugin": Plugin()})
    for resource in (jobs, queues, windows, recurring, task_list, workers, stats, health):
        api.register_blueprint(resource)
    app.register_blueprint(reference)
    app.register_blueprint(problem_pages)
    dashboard.install(app)
    return app
