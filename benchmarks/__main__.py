"""``python -m benchmarks``: measure, print the table, keep the result."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .driver import machine, measures, peer, processes, publish, report, results, rounds, settings
from .driver.bench import Bench
from .driver.figures import median
from .driver.measures import Measure, Size

BUSY_SHARE = 0.08


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0; 1 when a contestant failed; 2 for arguments that can't be; 130 after Ctrl-C."""
    all_measures, contestants = measures.discover(), peer.discover()
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.publish:
        for file in publish.publish(options.publish):
            print(f"wrote {file}")
        return 0
    try:
        if options.publish_overload:
            for file in publish.publish_overload(options.publish_overload):
                print(f"wrote {file}")
            return 0
        wanted = measures.matching(all_measures, options.words, options.size)
    except ValueError as error:
        parser.error(str(error))
    if options.list:
        for measure in wanted:
            print(f"{measure.name:22} {measure.title} ({', '.join(measure.contestants)})")
        return 0
    if options.only:
        unknown = set(options.only) - set(contestants)
        if unknown:
            parser.error(f"no contestant is called {', '.join(sorted(unknown))}; there are: {', '.join(contestants)}")
        contestants = {name: c for name, c in contestants.items() if name in options.only}
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        result = measured(wanted, contestants, options.size, options.wait)
    except KeyboardInterrupt:
        print("Stopped; nothing was kept.", file=sys.stderr)
        return 130
    print(report.table(result))
    print(f"Kept in {results.write(result, options.results)}")
    failed = [line for line in report.not_measured(result) if "(failed" in line]
    return 1 if failed else 0


def measured(wanted: Sequence[Measure], contestants: Any, size: Size, wait_s: float) -> dict[str, Any]:
    """The result of a run."""
    processes.adopt_orphans()
    began = datetime.now(UTC)
    _say(f"Waiting up to {wait_s:g} s for a quiet machine …" if wait_s else "Not waiting for a quiet machine.")
    quiet_before = machine.wait_until_quiet(wait_s) if wait_s else None
    with Bench(size) as bench:
        server, configured = settings.server_version(bench), settings.of_run(bench)
    found = []
    for measure in wanted:
        outcomes = rounds.run(measure, contestants, size, _say)
        found.append(rounds.as_json(measure, outcomes))
    turns = [share for m in found for c in m["contestants"].values() for share in c.get("foreign_cpu", [])]
    foreign = median(turns) if turns else None
    taking_part = {name for measure in wanted for name in measure.contestants} & set(contestants)
    distributions = sorted({p for name in taking_part for p in contestants[name].packages})
    versions = machine.versions(distributions)
    for name in sorted(taking_part):
        versions |= contestants[name].versions()
    return {
        "began": began.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": machine.commit(),
        "took_s": round(time.time() - began.timestamp()),
        "size": size,
        "machine": machine.size(),
        "server": server,
        "versions": versions,
        "settings": configured,
        "peers": {name: contestants[name].setting for name in contestants if name in taking_part},
        "quiet_before": quiet_before,
        "foreign_cpu": foreign,
        "quiet": None if foreign is None else foreign <= BUSY_SHARE,
        "measures": found,
    }


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures LastIn and its peers, turn by turn; prints a table and keeps the result as JSON.",
    )
    parser.add_argument("words", nargs="*", metavar="WORD", help="only measures with one of these words in their names")
    parser.add_argument("--list", action="store_true", help="list the measures, and measure nothing")
    parser.add_argument(
        "--size",
        choices=["tiny", "quick", "full"],
        default="quick",
        help="quick: the promises, in ten minutes; full: all, longer, and larger; tiny: for the driver's own tests",
    )
    parser.add_argument(
        "--publish",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="write docs/performance.md and README.md from this result; measures of further ones take their place",
    )
    parser.add_argument(
        "--publish-overload",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="write the documents' sections on overload from the measures overload-… of this result, further ones as"
        " with --publish; then `make generated`",
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these contestants (lastin, dramatiq …)")
    parser.add_argument(
        "--wait",
        type=float,
        default=60,
        metavar="S",
        help="wait at most this many seconds for a quiet machine (60)",
    )
    parser.add_argument(
        "--results",
        type=Path,
        default=results.RESULTS,
        metavar="DIR",
        help="where results go (benchmarks/results)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
