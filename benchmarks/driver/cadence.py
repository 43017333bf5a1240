"""What the delivered cadence lets through, in words: drain rates are more than that."""

from __future__ import annotations

import tomllib
from pathlib import Path

from middleware.settings import ROOT
from scheduler.durations import parse_duration

from .figures import shown

DELIVERED = ROOT / "scheduler" / "cadence.toml"


def delivered(file: Path = DELIVERED) -> str:
    """A sentence on the section ``default`` of a cadence file."""
    section = tomllib.loads(file.read_text(encoding="utf-8"))["queues"]["default"]
    said = ", ".join(f"`{key} = {_toml(section[key])}`" for key in ("mode", "every", "cron", "batch") if key in section)
    return f"The default cadence (`scheduler/cadence.toml`: {said}) lets {_through(section)}."


def _through(section: dict[str, object]) -> str:
    batch = section.get("batch", 0)
    if section.get("mode") == "continuous":
        return "jobs through at any time"
    if not isinstance(batch, int) or not batch:
        return "everything through that waits when a window opens"
    if "every" not in section:
        return f"{batch:,} jobs through in each window"
    a_second = batch / (parse_duration(str(section["every"])) / 1e6)
    return (
        f"{shown(a_second)} jobs a second through: 10,000 that come at once take {shown(10_000 / a_second)} s, however"
        " fast the workers are"
    )


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
