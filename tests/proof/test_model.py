"""The real scripts against a plain model of the queue, in sequences of steps that Hypothesis makes up.

``LASTIN_MODEL_EXAMPLES=5000`` tries that many sequences instead of a few, other ones in each run.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from .machine import QueueMachine
from .planted import PLANTS, Plant
from .steps import Steps

EXAMPLES = int(os.environ.get("LASTIN_MODEL_EXAMPLES", "0"))
SETTINGS = settings(
    max_examples=EXAMPLES or 100,
    derandomize=not EXAMPLES,
    stateful_step_count=40,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
# A planted bug only has to be found: it needs no shortest sequence.
UNTIL_FOUND = settings(
    SETTINGS, max_examples=200, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False
)


@pytest.mark.timeout(0 if EXAMPLES else 600)
def test_the_scripts_do_what_the_model_does(redis_url: str) -> None:
    Steps.busy_calls = 0
    run_state_machine_as_test(lambda: QueueMachine(redis_url), settings=SETTINGS)
    assert Steps.busy_calls >= SETTINGS.max_examples, "workers hardly ever settled and claimed in one call"


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_turns_the_model_red(redis_url: str, plant: Plant) -> None:
    with plant(), pytest.raises(AssertionError):
        run_state_machine_as_test(lambda: QueueMachine(redis_url), settings=UNTIL_FOUND)
