"""What became of jobs with a deadline at each load: measured, kept, told and drawn."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import dramatiq
import pytest
from dramatiq import Broker
from dramatiq.brokers.redis import RedisBroker
from uuid_utils import uuid7

from benchmarks import __main__ as command
from benchmarks import overload
from benchmarks.driver import loads, peer
from benchmarks.driver.results import OVERLOAD, read
from benchmarks.pictures import under_load
from local.embedded import EmbeddedServer
from middleware.broker import LifoBroker

SECOND_NS = 1_000_000_000
SVG = "{http://www.w3.org/2000/svg}"


def a_result(*, quiet: bool = True, **longest_ms: list[float]) -> dict[str, Any]:
    """One in which all contestants did the same at each load, but for their longest waits."""

    def values(name: str, load: float) -> dict[str, list[float]]:
        same = {"in time": 100 / max(1, load), "wait p50": 10.0, "wait p99": 20.0, "oldest age": 1000.0}
        longest = longest_ms.get(name.replace("-", "_"), [30.0] * 3)
        return {"offered": [load] * 3, "longest wait": longest} | {
            figure: [value] * 3 for figure, value in same.items()
        }

    names = ("offered", "in time", "wait p50", "wait p99", "longest wait", "oldest age")
    return {
        "began": "2026-11-28T00:00:00Z",
        "size": "quick",
        "server": "Valkey 9",
        "versions": {},
        "commit": "abc",
        "machine": {"cores": 2, "memory_gib": 1, "system": "Linux", "python": "3.13"},
        "quiet": quiet,
        "foreign_cpu": 0.0 if quiet else 0.9,
        "peers": dict.fromkeys(loads.AT_HALF, "as it is"),
        "measures": [
            {
                "name": f"overload-{load:g}",
                "title": f"At {load:g} × the capacity",
                "limited_by": "The threads.",
                "figures": [{"name": name, "unit": "ms"} for name in names],
                "contestants": {name: {"values": values(name, load)} for name in loads.AT_HALF},
            }
            for load in loads.LOADS
        ],
    }


def test_shares_are_those_of_the_jobs_that_came_and_waits_those_of_the_jobs_that_started() -> None:
    came = [0, SECOND_NS, 2 * SECOND_NS, 3 * SECOND_NS]
    starts = [
        (0, SECOND_NS),
        (SECOND_NS, 2 * SECOND_NS),
        (2 * SECOND_NS, 4 * SECOND_NS),
        (3 * SECOND_NS, 4 * SECOND_NS),
    ]

    found = overload._of_those(came, starts, SECOND_NS, 3 * SECOND_NS)

    assert found["in time"] == 50  # of those from seconds 1 and 2, the latter started after two seconds
    assert (found["wait p50"], found["longest wait"]) == (1000, 1000)  # nothing else started in these two seconds
    assert found["offered"] == pytest.approx(1 / overload.CAPACITY)


@pytest.mark.parametrize(
    ("name", "broker_class"),
    [(loads.FIFO_AGE_LIMIT, RedisBroker), (loads.FIFO, RedisBroker), (loads.ADAPTIVE, LifoBroker)],
)
def test_the_oldest_that_waits_is_found(own_server: EmbeddedServer, name: str, broker_class: type[Broker]) -> None:
    asked, broker = peer.discover()[name], broker_class(url=own_server.url)
    stamp = dramatiq.actor(lambda due_ns, work_ms: None, actor_name="stamp", broker=broker)
    with own_server.client() as client:
        assert asked.oldest_ms(client, set()) is None

        sent = [broker.enqueue(stamp.message(due, 0).copy(message_id=str(uuid7()))) for due in (1, 2)]

        assert asked.oldest_ms(client, set()) == pytest.approx(sent[0].message_timestamp, abs=5)
    broker.close()


def test_jobs_that_started_do_not_wait_though_dramatiq_has_not_acknowledged_them_yet(
    own_server: EmbeddedServer,
) -> None:
    broker = RedisBroker(url=own_server.url)
    stamp = dramatiq.actor(lambda due_ns, work_ms: None, actor_name="stamp", broker=broker)
    sent = [stamp.send(due_ns, 0) for due_ns in (1, 2)]

    with own_server.client() as client:
        assert peer.discover()[loads.FIFO].oldest_ms(client, {1}) == sent[1].message_timestamp
    broker.close()


def test_only_the_measures_of_the_loads_are_kept_and_only_if_they_are_whole(tmp_path: Path) -> None:
    result, kept = a_result(), tmp_path / "kept.json"
    file = tmp_path / "result.json"
    file.write_text(json.dumps({**result, "measures": [*result["measures"], {"name": "overload"}]}), encoding="utf-8")

    loads.keep([file], kept)
    assert read(kept) == result

    result["measures"][1]["contestants"]["lastin-adaptive"] = {"not_measured": "failed: it ended"}
    file.write_text(json.dumps(result), encoding="utf-8")
    with pytest.raises(ValueError, match="missing: lastin-adaptive in overload-1"):
        loads.keep([file], kept)

    result["measures"] = result["measures"][2:]
    file.write_text(json.dumps(result), encoding="utf-8")
    with pytest.raises(ValueError, match=r"missing: overload-0\.5, overload-1\."):
        loads.keep([file], kept)


def test_the_command_says_what_a_result_lacks_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, before = tmp_path / "result.json", OVERLOAD.read_bytes()
    file.write_text(json.dumps({**a_result(), "measures": []}), encoding="utf-8")

    with pytest.raises(SystemExit) as ended:
        command.main(["--publish-overload", str(file)])

    assert ended.value.code == 2
    assert "Run `make bench BENCH_ARGS=overload-` again" in capsys.readouterr().err
    assert OVERLOAD.read_bytes() == before


@pytest.mark.parametrize(
    ("adaptive", "quiet", "word"),
    [
        ([36, 30, 39], True, "kept"),
        ([40, 40, 30], True, "**missed**"),
        ([40, 40, 30], False, "not judged: busy machine"),
    ],
)
def test_adaptive_is_held_beside_each_fifo_round_by_round(adaptive: list[float], quiet: bool, word: str) -> None:
    result = a_result(quiet=quiet, lastin_adaptive=adaptive, dramatiq_deadline=[60, 60, 60])

    assert loads.fairness(result).endswith(f"The aim is ≤ 1.2 ×: {word}.")
    assert "× that of FIFO (LastIn), " in loads.fairness(result)


def test_the_table_says_which_load_was_measured_at_another_size() -> None:
    result = a_result()
    result["measures"][0]["title"] += " (size full)"

    rows = [line for line in loads.performance(result).splitlines() if "adaptive (LastIn) |" in line]

    assert [row.split("|")[1].strip() for row in rows] == ["0.5 × (size full)", "1 ×", "1.5 ×", "2 ×", "3 ×"]


def test_the_readme_says_it_if_the_machine_was_busy() -> None:
    assert "**The machine was busy" in loads.readme(a_result(quiet=False))
    assert "**The machine was busy" not in loads.readme(a_result())


def test_the_picture_has_a_line_for_each_contestant_in_each_chart_where_it_was_really_offered() -> None:
    result = a_result()
    for contestant in result["measures"][4]["contestants"].values():
        contestant["values"]["offered"] = [2.4, 2.5, 2.6]

    picture = ET.fromstring(under_load.drawn(result))

    lines = [line.attrib["points"].split() for line in picture.iter(f"{SVG}polyline")]
    guides = [points for points in lines if len(points) == len(under_load.POSSIBLE)]
    measured = [points for points in lines if points not in guides]
    assert len(guides) == 1
    assert len(measured) == len(under_load.PANELS) * len(loads.NAMES)
    left = under_load.LEFTS[0]
    assert measured[0][4].startswith(f"{left + under_load.PANEL_WIDTH * 2.5 / 3:.1f},")
    assert picture.find(f"{SVG}title") is not None
    assert picture.attrib["aria-label"]


def test_all_that_is_drawn_lies_inside_its_chart() -> None:
    result = a_result()
    for measure in result["measures"]:
        for contestant in measure["contestants"].values():
            contestant["values"] |= {"offered": [3.2], "wait p50": [50_000.0], "oldest age": [0.0]}

    picture = under_load.drawn(result)

    heights = [
        float(y) for points in re.findall(r'points="([^"]+)"', picture) for y in re.findall(r",([\d.]+)", points)
    ]
    assert min(heights) >= under_load.TOP
    assert max(heights) <= under_load.HEIGHT - under_load.BOTTOM


def test_the_kept_result_is_whole_and_its_message_is_the_one_that_is_told() -> None:
    result = read(OVERLOAD)

    assert [loads.load_of(measure) for measure in result["measures"]] == list(loads.LOADS)
    for newest_first in (loads.LIFO, loads.ADAPTIVE):
        wait = loads.figure_at(result, 2, newest_first, "wait p50")
        assert wait < loads.figure_at(result, 2, loads.FIFO_AGE_LIMIT, "wait p50") / 10
