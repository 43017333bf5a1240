"""A short soak: workers and the server are killed, and every move is replayed."""

from __future__ import annotations

from pathlib import Path

from .soak import Soak


def test_no_claim_is_out_of_order_and_no_job_is_lost_while_workers_and_the_server_are_killed(tmp_path: Path) -> None:
    with Soak(tmp_path, claims=6000, processes=1, threads=8, seed=1, kill_every=2500, outage_every=4000) as soak:
        found = soak.run()

    assert found["faults"] == []
    assert found["errors"] == {}
    assert found["claims"] >= 6000
    assert soak.outages >= 1
    assert soak.kills + soak.crashes >= 1
