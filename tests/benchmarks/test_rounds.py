"""Who has a turn when, and what comes of failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from benchmarks.driver import rounds
from benchmarks.driver.bench import Bench
from benchmarks.driver.figures import Figure
from benchmarks.driver.measures import Measure, matching
from benchmarks.driver.peer import Contestant


class Named(Contestant):
    def __init__(self, name: str, modules: tuple[str, ...] = ()) -> None:
        self.name = self.title = name
        self.modules = modules


def a_measure(turns: list[str], name: str = "some") -> Measure:
    def turn(bench: Bench, who: Contestant) -> Mapping[str, float]:
        turns.append(who.name)
        if who.name == "c":
            raise RuntimeError("Traceback\n  somewhere\nRuntimeError: no luck\nmore")
        return {"rate": float(len(turns))}

    return Measure(name, "", [Figure("rate", "1/s")], ("a", "b", "c"), turn, {"tiny": 1, "quick": 3, "full": 5}, "")


def test_everybody_has_a_turn_in_each_round_and_another_one_begins() -> None:
    turns: list[str] = []

    rounds.run(a_measure(turns), {n: Named(n) for n in "ab"}, "quick", lambda words: None)

    assert turns == ["a", "b", "b", "a", "a", "b"]


def test_several_values_of_one_turn_count_as_so_many_rounds() -> None:
    measure = Measure("some", "", [Figure("rate", "1/s")], ("a",), lambda *_: {"rate": [1.0, 2.0]}, {"quick": 1}, "")

    found = rounds.run(measure, {"a": Named("a")}, "quick", lambda words: None)

    assert found["a"].values == {"rate": [1.0, 2.0]}


def test_who_no_promise_is_held_beside_has_one_round_in_a_quick_run() -> None:
    turns: list[str] = []

    def turn(bench: Bench, who: Contestant) -> Mapping[str, float]:
        turns.append(who.name)
        return {"rate": 1.0}

    names = ("lastin", "dramatiq", "dramatiq-tuned", "bullmq")
    for size in ("quick", "full"):
        measure = Measure("drain-1x8", "", [Figure("rate", "1/s")], names, turn, {"quick": 3, "full": 3}, "")
        rounds.run(measure, {name: Named(name) for name in names}, size, lambda words: None)

    assert [turns.count(name) for name in names] == [6, 6, 6, 4]


def test_who_fails_is_out_and_has_no_figures() -> None:
    turns: list[str] = []

    found = rounds.run(a_measure(turns), {n: Named(n) for n in "abc"}, "quick", lambda words: None)

    assert turns.count("c") == 1
    assert found["c"].not_measured == "failed: RuntimeError: no luck"
    assert found["c"].values == {}
    assert len(found["a"].values["rate"]) == 3


def test_what_is_not_installed_is_not_measured() -> None:
    found = rounds.run(a_measure([]), {"a": Named("a", ("no_such_library",))}, "quick", lambda words: None)

    assert found["a"].not_measured == "no_such_library not installed"
    assert found["b"].not_measured == "left out"


def test_measures_are_chosen_by_words_of_their_names() -> None:
    measures = {name: a_measure([], name) for name in ("drain-1x1", "drain-1x8", "submit")}

    assert [m.name for m in matching(measures, ["drain"])] == ["drain-1x1", "drain-1x8"]
    assert len(matching(measures, [])) == 3
    with pytest.raises(ValueError, match="no measure has 'draim' in its name"):
        matching(measures, ["draim"])


def test_what_only_a_full_run_has_can_be_asked_for() -> None:
    measures = {"drain": a_measure([], "drain"), "others": replace(a_measure([], "others"), only_full=True)}

    assert [m.name for m in matching(measures, [], "quick")] == ["drain"]
    assert [m.name for m in matching(measures, [], "full")] == ["drain", "others"]
    assert [m.name for m in matching(measures, ["others"], "quick")] == ["others"]
