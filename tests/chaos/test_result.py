"""What is told of a run: recovery times beside their promises, and memory that grew."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from . import __main__ as chaos
from .memory import Sample, figures
from .played import Played
from .result import _table, found_in
from .scenarios import SCENARIOS, Scenario

KILLED = Scenario("killed", "It is killed", "it is back", 2.5, frozenset(), lambda stage: 0.0)


def _played(recovery_s: float | None, *faults: str) -> Played:
    return Played(recovery_s, list(faults), jobs=10, claims=11, duplicates={"worker killed": 1})


def test_the_table_has_median_and_worst_of_all_rounds_beside_the_promise() -> None:
    found = found_in({"killed": [_played(1.0), _played(2.0), _played(1.5)]}, {"killed": KILLED})

    assert (found["jobs"], found["claims"], found["faults"]) == (30, 33, [])
    *_, row = _table(found["scenarios"])
    assert row == "| It is killed | it is back | 1.50 s | 2.00 s | ≤ 2.5 s: kept | 3 × worker killed |"


@pytest.mark.parametrize("recovery_s", [2.6, None])
def test_a_recovery_that_takes_too_long_or_never_comes_misses_its_promise(recovery_s: float | None) -> None:
    found = found_in({"killed": [_played(1.0), _played(recovery_s, "never back")]}, {"killed": KILLED})

    *_, row = _table(found["scenarios"])
    assert "**missed**" in row
    assert found["faults"] == ["killed: never back"]


def test_a_recovery_that_takes_far_longer_than_promised_is_a_fault() -> None:
    assert KILLED.late(2.5) == KILLED.late(5.5) == KILLED.late(None) == []
    assert KILLED.late(5.6) == ["it took 5.60 s until it is back: 2.5 s are promised, and 3 s more tolerated"]
    unpromised = Scenario("stopped", "It stands still", "it is back", None, frozenset(), None)
    assert unpromised.late(60) == []


def test_chaos_fails_when_a_promise_is_missed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(chaos, "play_failovers", lambda folder, names: {})
    monkeypatch.setattr(chaos, "Stage", lambda folder, seed: nullcontext(StageThatIsLate()))

    found = chaos.play(["redis-killed"], rounds=1)

    assert found["faults"] == [f"redis-killed: {SCENARIOS['redis-killed'].late(9.0)[0]}"]
    assert "FAULT: it took 9.00 s" in capsys.readouterr().out


class StageThatIsLate:
    """Whatever happens, the service needs nine seconds."""

    def __init__(self) -> None:
        self.system = self

    def server_version(self) -> str:
        return "0"

    def play(self, inject: object, explains: object) -> Played:
        return _played(9.0)


def test_memory_that_grows_is_found_and_counted_for_each_job() -> None:
    samples = [Sample(n * 1000, {"web": 10_000_000 + n * 1000 * 100, "redis": 10_000_000}) for n in range(40)]

    web, redis = figures(samples)

    assert (web.bytes_per_job, redis.bytes_per_job) == (100.0, 0.0)
    assert web.faults() == ["the memory of web grew by 16.8%, from 11900000 bytes: expected 5%"]
    assert redis.faults() == []


def test_a_soak_that_was_too_short_proves_nothing() -> None:
    with pytest.raises(ValueError, match="expected 8 samples or more, got 2"):
        figures([Sample(0, {"web": 1}), Sample(1, {"web": 1})])
