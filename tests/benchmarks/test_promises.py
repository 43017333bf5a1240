"""The promise table, and how results are held against it."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import promises
from benchmarks.driver import measures, peer, report, verdict
from benchmarks.driver.figures import at_least, at_most
from benchmarks.driver.promise import ByTest, Measured
from middleware.settings import ROOT

BESIDE = at_least(2, "stock", "tuned")


def a_measure(**values: list[float]) -> dict[str, Any]:
    return {
        "name": "drain",
        "title": "Jobs",
        "figures": [{"name": "rate", "unit": "jobs/s"}],
        "contestants": {name: {"values": {"rate": found}} for name, found in values.items()},
    }


def test_each_row_names_a_figure_that_a_measure_gives_and_contestants_that_it_has() -> None:
    known = measures.discover()
    for row in promises.PROMISES:
        if isinstance(row, Measured):
            measure = known[row.measure]
            assert row.figure in {figure.name for figure in measure.figures}, row
            beside = {name for bound in (row.promise, row.aim) if bound for name in bound.beside}
            assert beside <= set(measure.contestants), row


def test_what_counts_as_a_promise_has_three_rounds_also_in_a_quick_run() -> None:
    known = measures.discover()
    at_once = {"idle", "hostile"}  # three values in one turn
    for row in promises.PROMISES:
        if isinstance(row, Measured) and row.promise is not None and row.measure not in at_once:
            assert known[row.measure].rounds["quick"] >= verdict.LEAST_ROUNDS, row
            assert not known[row.measure].only_full, row


def test_tests_that_keep_a_promise_are_there() -> None:
    for row in promises.PROMISES:
        if isinstance(row, ByTest):
            assert (ROOT / row.file).is_file()


def test_who_is_held_beside_others_is_held_beside_each_in_both_settings() -> None:
    contestants = peer.discover()
    for row in promises.PROMISES:
        if isinstance(row, Measured) and row.promise is not None:
            for name in row.promise.beside:
                tuned = f"{name}-tuned"
                assert tuned not in contestants or tuned in row.promise.beside


def test_a_bound_is_held_beside_the_faster_one_round_by_round() -> None:
    measure = a_measure(lastin=[400, 900, 600], stock=[20, 20, 20], tuned=[200, 300, 300])

    assert verdict.ratios(measure, "rate", BESIDE) == ("tuned", [2, 3, 2])
    assert verdict.is_kept(measure, "rate", BESIDE) is True
    assert verdict.is_kept(measure, "rate", at_least(2.5, "stock", "tuned")) is False
    assert (
        verdict.figure_of(measure, Measured("Jobs", "drain", "rate", BESIDE)) == "600 (400–900) jobs/s, 2 (2–3) × tuned"
    )


def test_a_lower_figure_is_the_better_one_where_a_bound_is_from_above() -> None:
    measure = a_measure(lastin=[5, 5, 5], stock=[10, 10, 10], tuned=[20, 20, 20])

    assert verdict.ratios(measure, "rate", at_most(1, "stock", "tuned")) == ("stock", [0.5, 0.5, 0.5])


def test_a_contestant_of_fewer_rounds_is_compared_by_its_median() -> None:
    measure = a_measure(lastin=[400, 900, 600], stock=[20], tuned=[100, 300])

    assert verdict.ratios(measure, "rate", BESIDE) == ("tuned", [2, 4.5, 3])


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"lastin": [400, 400, 400], "stock": [1, 1, 1]}, "not judged"),
        ({"lastin": [400, 400], "stock": [1, 1], "tuned": [1, 1]}, "not judged"),
        ({"lastin": [], "stock": [1, 1, 1], "tuned": [1, 1, 1]}, "not measured"),
    ],
    ids=["the faster one may be missing", "too few rounds", "nothing of ours"],
)
def test_where_figures_are_missing_a_word_says_so(values: dict[str, list[float]], word: str) -> None:
    measure = a_measure(**values)

    assert verdict.is_kept(measure, "rate", BESIDE) is None
    assert verdict.judged(measure, "rate", BESIDE) == f"≥ 2 ×: {word}"


def test_on_a_busy_machine_neither_misses_nor_ratios_are_judged() -> None:
    measure = a_measure(lastin=[400, 400, 400], stock=[1, 1, 1], tuned=[1, 1, 1])

    assert verdict.judged(measure, "rate", BESIDE, busy=True) == "≥ 2 ×: not judged: busy machine"
    assert verdict.judged(measure, "rate", at_least(500), busy=True) == "≥ 500: not judged: busy machine"
    assert verdict.judged(measure, "rate", at_least(300), busy=True) == "≥ 300: kept"


def test_the_soaks_are_summed_and_their_faults_counted() -> None:
    soak = {name: 0 for row in promises.PROMISES for name in getattr(row, "findings", ())}
    soaks = [{**soak, "claims": 1000, "faults": []}, {**soak, "claims": 500, "faults": ["one"]}]

    lines = list(report.promise_rows({"quiet": True, "measures": []}, soaks))

    assert any(line.startswith("| Claims out of order") and "| 0 in 1,500 claims | 0: kept |" in line for line in lines)
    assert "| Faults of any kind in the replayed histories | 1 in 1,500 claims | 0: **missed** |  |" in lines
