"""A short soak: workers are killed, stopped and ended, the server is killed and cut off, and every move is replayed."""

from __future__ import annotations

from pathlib import Path

from .soak import Soak


def test_no_claim_is_out_of_order_and_no_job_is_lost_whatever_happens_to_workers_and_the_server(tmp_path: Path) -> None:
    with Soak(
        tmp_path,
        claims=4000,
        processes=1,
        threads=8,
        seed=1,
        hurt_every=1000,
        cut_every=1000,
        outage_every=3000,
        lease_s=0.8,
    ) as soak:
        found = soak.run()

    assert found["faults"] == []
    assert found["errors"] == {}
    assert found["claims"] >= 4000
    assert found["expired"] > 0
    assert found["superseded"] > 0
    assert soak.happened["outages"] >= 1
