"""A cadence in which all that is observed is there."""

from __future__ import annotations

from pathlib import Path

from ..service import ROOT

RECURRING = """
[jobs.leap_day]
task = "process_message"
payload = { message = "A day more" }
cron = "0 2 29 2 *"
"""


def with_a_recurring_job(folder: Path) -> dict[str, str]:
    """The settings of a service with the delivered cadence and a recurring job, which is written to this folder."""
    file = folder / "cadence.toml"
    file.write_text((ROOT / "scheduler" / "cadence.toml").read_text(encoding="utf-8") + RECURRING, encoding="utf-8")
    return {"CADENCE_FILE": str(file)}
