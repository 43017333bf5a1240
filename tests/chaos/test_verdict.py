"""Chaos finds what is wrong: harm that no service could repair is done behind its back."""

from __future__ import annotations

from pathlib import Path

from middleware.commands import keys

from .stage import Stage


def test_a_job_that_is_lost_and_one_that_runs_again_without_a_reason_are_found(tmp_path: Path) -> None:
    with Stage(tmp_path) as stage:
        harmless = stage.play(lambda stage: 0.0, frozenset())
        lossy = stage.play(_lose_a_job, frozenset())
        fateless = stage.play(_freeze_a_worker, frozenset())

    assert harmless.faults == []
    assert harmless.jobs > 0
    assert [fault for fault in lossy.faults if "lost" in fault]
    assert [fault for fault in fateless.faults if "worker stopped" in fault]


def _lose_a_job(stage: Stage) -> float:
    with stage.quiet(), stage.system.server.client() as client:
        stage.crowd.submit("take_steadily", 0)
        stage.drained()
        [(id, _)] = client.zpopmax(keys.processed("steady"))
        client.hdel(keys.records("steady"), id)
    return 0.0


def _freeze_a_worker(stage: Stage) -> float:
    jobs = stage.occupy("worker-1")
    frozen_us = stage.system.freeze(["worker-1"])
    stage.put_back(jobs, frozen_us)
    stage.system.thaw(["worker-1"])
    return 0.0
