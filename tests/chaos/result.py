"""What the rounds of chaos leave behind: one JSON file, and the table that ``docs/chaos.md`` shows of it."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from middleware.words import counted

from ..service import ROOT
from .played import Played
from .scenarios import Scenario

PUBLISHED = ROOT / "benchmarks" / "results" / "chaos.json"
PUBLISHED_MEMORY = PUBLISHED.with_name("memory-soak.json")
PAGE = ROOT / "docs" / "chaos.md"


def found_in(played: Mapping[str, Sequence[Played]], scenarios: Mapping[str, Scenario]) -> dict[str, Any]:
    """What was found, over all rounds."""
    every = [one for rounds in played.values() for one in rounds]
    return {
        "jobs": sum(one.jobs for one in every),
        "claims": sum(one.claims for one in every),
        "faults": [f"{name}: {fault}" for name, rounds in played.items() for one in rounds for fault in one.faults],
        "scenarios": [_row(scenarios[name], rounds) for name, rounds in played.items()],
    }


def page() -> str:
    """``docs/chaos.md``, with what the published results say."""
    text = PAGE.read_text(encoding="utf-8")
    for mark, section in (
        ("results", _recovery(json.loads(PUBLISHED.read_text(encoding="utf-8")))),
        ("memory", _memory(json.loads(PUBLISHED_MEMORY.read_text(encoding="utf-8")))),
    ):
        begin, end = f"<!-- {mark}: begin -->\n", f"<!-- {mark}: end -->\n"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = before + begin + section + end + after
    return text


def line(name: str, played: Played) -> str:
    """One played scenario, for whoever looks on."""
    recovery = "–" if played.recovery_s is None else f"{played.recovery_s:.2f} s"
    told = [f"{count} × {why}" for why, count in (played.duplicates | played.refused).items()]
    return f"{name:28} {recovery:>8}  {played.jobs:5,} jobs  {', '.join(told)}"


def _row(scenario: Scenario, rounds: Sequence[Played]) -> dict[str, Any]:
    return {
        "name": scenario.name,
        "title": scenario.title,
        "measured": scenario.measured,
        "at_most_s": scenario.at_most_s,
        "recovery_s": [None if one.recovery_s is None else round(one.recovery_s, 3) for one in rounds],
        "jobs": sum(one.jobs for one in rounds),
        "ran_again": dict(sum((Counter(one.duplicates) for one in rounds), Counter[str]())),
        "sent_again": dict(sum((Counter(one.refused) for one in rounds), Counter[str]())),
    }


def _recovery(result: Mapping[str, Any]) -> str:
    rounds = counted(result["settings"]["rounds"], "round")
    told = f"{rounds} in {result['seconds'] / 60:.0f} minutes, {result['jobs']:,} jobs accepted, "
    told += f"{result['claims']:,} claims, {counted(len(result['faults']), 'fault')}. "
    told += f"The machine's load average over 15 minutes was {result['load_average']:g}."
    return "\n".join([_head(result) + told, "", *_table(result["scenarios"])]) + "\n"


def _memory(result: Mapping[str, Any]) -> str:
    told = f"{result['jobs']:,} jobs in {result['seconds'] / 60:.0f} minutes, {result['keys']} keys at the end, all of "
    told += f"them known, and {counted(len(result['faults']), 'fault')}."
    lines = [
        "| memory of | second quarter | last quarter | growth | bytes for each job between |",
        "|---|--:|--:|--:|--:|",
    ]
    for figure in result["memory"]:
        early, late = figure["early_bytes"], figure["late_bytes"]
        sizes = f"{early / 2**20:.1f} MiB | {late / 2**20:.1f} MiB | {late / early - 1:+.1%}"
        lines.append(f"| {figure['name']} | {sizes} | {figure['bytes_per_job']:.1f} |")
    return "\n".join([_head(result) + told, "", *lines]) + "\n"


def _head(result: Mapping[str, Any]) -> str:
    machine, settings = result["machine"], result["settings"]
    return (
        f"{result['date'][:10]}, commit {result['commit']}, {machine['cores']} cores, {machine['system']}, server "
        f"{settings['server']}, `LEASE_S={settings['lease_s']:g}`: "
    )


def _table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "| what happens | measured until, or what | median | worst | promised | why jobs were claimed again |"
    yield "|---|---|--:|--:|---|---|"
    for row in rows:
        times = [time for time in row["recovery_s"] if time is not None]
        median, worst = (f"{statistics.median(times):.2f} s", f"{max(times):.2f} s") if times else ("–", "–")
        again = ", ".join(f"{count} × {why}" for why, count in sorted(row["ran_again"].items()))
        yield f"| {row['title']} | {row['measured']} | {median} | {worst} | {_promise(row, times)} | {again} |"


def _promise(row: Mapping[str, Any], times: Sequence[float]) -> str:
    if row["at_most_s"] is None:
        return ""
    is_kept = len(times) == len(row["recovery_s"]) and max(times) <= row["at_most_s"]
    return f"≤ {row['at_most_s']:g} s: {'kept' if is_kept else '**missed**'}"
