"""Libraries that people use with Dramatiq work with ``LifoBroker`` too."""

from __future__ import annotations

from collections.abc import Callable

Program = Callable[[str], str]


def test_django_dramatiq_sends_and_runs_tasks(program: Program) -> None:
    printed = program("""
import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["django_dramatiq"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DRAMATIQ_BROKER={
        "BROKER": "middleware.broker.LifoBroker",
        "OPTIONS": {"url": os.environ["REDIS_URL"]},
        "MIDDLEWARE": [
            "dramatiq.middleware.AgeLimit", "dramatiq.middleware.TimeLimit", "dramatiq.middleware.Retries",
            "django_dramatiq.middleware.DbConnectionsMiddleware",
        ],
    },
)
django.setup()
broker = dramatiq.get_broker()

@dramatiq.actor
def greet(name):
    print("Hello", name)

greet.send("Ada")
work_off(broker)
print(type(broker).__name__)
""")
    assert printed == "Hello Ada\nLifoBroker\n"


def test_flask_dramatiq_runs_tasks_in_the_apps_context(program: Program) -> None:
    printed = program("""
from flask import Flask, current_app
from flask_dramatiq import Dramatiq

app = Flask("shop")
app.config |= {"DRAMATIQ_BROKER": "middleware.broker:LifoBroker", "DRAMATIQ_BROKER_URL": os.environ["REDIS_URL"]}
extension = Dramatiq(app)

@extension.actor
def greet(name):
    print("Hello", name, "of", current_app.name)

greet.send("Ada")
work_off(extension.broker)
""")
    assert printed == "Hello Ada of shop\n"


def test_dramatiq_abort_aborts_a_job_that_waits(program: Program) -> None:
    printed = program("""
from dramatiq_abort import Abortable, abort, backends
import redis

broker = broker_of()
broker.add_middleware(Abortable(backend=backends.RedisBackend(client=redis.Redis.from_url(os.environ["REDIS_URL"]))))

@dramatiq.actor
def greet(name):
    print("Hello", name)

abort(greet.send("Ada").message_id)
greet.send("Bob")
work_off(broker)
""")
    assert printed == "Hello Bob\n"


def test_periodiq_finds_periodic_actors_and_sends_them(program: Program) -> None:
    printed = program("""
from periodiq import PeriodiqMiddleware, cron

broker = broker_of()
broker.add_middleware(PeriodiqMiddleware())

@dramatiq.actor(periodic=cron("* * * * *"))
def tick():
    print("tick")

import pendulum
tick.send_with_options(scheduled_at=str(pendulum.now()))
work_off(broker)
print([actor.actor_name for actor in broker.actors.values() if "periodic" in actor.options])
""")
    assert printed == "tick\n['tick']\n"


def test_dramatiq_workflow_runs_chains_and_groups(program: Program) -> None:
    printed = program("""
from dramatiq.rate_limits.backends import RedisBackend
from dramatiq_workflow import Chain, Group, Workflow, WorkflowMiddleware
import redis

broker = broker_of()
broker.add_middleware(WorkflowMiddleware(RedisBackend(client=redis.Redis.from_url(os.environ["REDIS_URL"]))))

@dramatiq.actor
def step(name):
    print(name + "\\n", end="")  # in one piece, whoever else prints

Workflow(Chain(step.message("first"), Group(step.message("side"), step.message("side")), step.message("last"))).run()
work_off(broker)
""")
    assert printed == "first\nside\nside\nlast\n"


def test_dramatiq_crontab_schedules_an_actors_send(program: Program) -> None:
    printed = program("""
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["dramatiq_crontab"], USE_TZ=True)
django.setup()
broker = broker_of()
from dramatiq_crontab import cron, scheduler

@cron("* * * * *")
@dramatiq.actor
def tick():
    print("tick")

for job in scheduler.get_jobs():
    job.func()
work_off(broker)
""")
    assert "tick\n" in printed


def test_apscheduler_calls_send(program: Program) -> None:
    printed = program("""
from apscheduler.schedulers.background import BackgroundScheduler

broker = broker_of()

@dramatiq.actor
def tick():
    print("tick")

scheduler = BackgroundScheduler()
scheduler.add_job(tick.send)
scheduler.start()
deadline = time.monotonic() + 10
while not broker.store.page().jobs and time.monotonic() < deadline:
    time.sleep(0.01)
scheduler.shutdown()
work_off(broker)
""")
    assert printed == "tick\n"


GEVENT = """
import gevent.monkey
gevent.monkey.patch_all()
"""


def test_a_worker_runs_under_gevent_and_is_cancelled_there(program: Callable[..., str]) -> None:
    from .conftest import PREAMBLE

    printed = program(
        """
broker = broker_of()

@dramatiq.actor(store_results=True)
def double(n):
    time.sleep(0.05)
    return 2 * n

@dramatiq.actor(max_retries=0)
def endless():
    while True:
        time.sleep(0.02)

messages = [double.send(n) for n in range(20)]
work_off(broker)
print(sum(message.get_result() for message in messages))

worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=2)
worker.start()
message = endless.send()
while broker.store.get(message.message_id).status != "running":
    time.sleep(0.01)
broker.cancel(message.message_id)
broker.join("default", timeout=10_000)
print(broker.store.get(message.message_id).status)
worker.stop(timeout=5_000)
""",
        preamble=GEVENT + PREAMBLE,
    )
    assert printed == "380\ncancelled\n"
