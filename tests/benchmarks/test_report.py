"""The table of a result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.driver import report, results

RESULT: dict[str, Any] = {
    "began": "2026-01-31T12:00:00Z",
    "size": "quick",
    "commit": "0123abc",
    "settings": {"policy": "continuous lifo", "appendfsync": "everysec"},
    "machine": {"cores": 2, "memory_gib": 8, "system": "Linux 6 x86_64", "python": "3.11.7"},
    "server": "Valkey 9",
    "versions": {"dramatiq": "2.2.1"},
    "quiet": True,
    "foreign_cpu": 0.02,
    "measures": [
        {
            "name": "drain-1x1",
            "title": "No-op jobs",
            "figures": [{"name": "rate", "unit": "jobs/s"}],
            "contestants": {
                "lastin": {"values": {"rate": [6000, 5000, 7000]}, "foreign_cpu": [0.01]},
                "dramatiq": {"values": {"rate": [2000, 2000, 1000]}, "foreign_cpu": [0.01]},
                "dramatiq-tuned": {"values": {"rate": [4000, 5000, 4000]}, "foreign_cpu": [0.01]},
                "rq": {"not_measured": "rq not installed"},
            },
        }
    ],
}


def test_a_row_shows_the_median_the_ratio_and_what_was_kept() -> None:
    table = report.table(RESULT)

    assert "| drain-1x1 | rate, jobs/s | lastin | 6,000 (5,000–7,000) |  |" in table
    assert "| drain-1x1 | rate, jobs/s | dramatiq | 2,000 (1,000–2,000) | 3.00 × |" in table


def test_a_promise_is_shown_with_the_ratio_to_the_faster_one() -> None:
    (row,) = (line for line in report.table(RESULT).splitlines() if line.startswith("| No-op jobs, 1 process × 1"))

    assert row.endswith("| 6,000 (5,000–7,000) jobs/s, 1.5 (1–1.75) × dramatiq-tuned | ≥ 0.9 ×: kept | ≥ 1.2 ×: kept |")


def test_a_result_shows_its_commit_and_its_settings() -> None:
    table = report.table(RESULT)

    assert "commit 0123abc" in table
    assert "Settings: policy continuous lifo, appendfsync everysec." in table


def test_who_had_no_turn_is_shown_with_the_reason_and_without_a_number() -> None:
    table = report.table(RESULT)

    assert "- not measured: rq in drain-1x1 (rq not installed)" in table
    assert "| rq |" not in table


def test_a_promise_beside_somebody_who_was_not_measured_is_not_judged() -> None:
    alone = {**RESULT, "measures": [{**RESULT["measures"][0], "contestants": {"lastin": {"values": {"rate": [6000]}}}}]}

    assert "≥ 0.9 ×: not judged" in report.table(alone)


def test_a_busy_machine_is_shown_above_the_table() -> None:
    assert "The machine was quiet." in report.table(RESULT)
    assert "**The machine was busy**" in report.table({**RESULT, "quiet": False, "foreign_cpu": 0.5})


def test_a_result_is_kept_under_its_date_and_read_again(tmp_path: Path) -> None:
    path = results.write(RESULT, tmp_path)

    assert path.name == "20260131T120000Z-quick.json"
    assert results.read(path) == RESULT
