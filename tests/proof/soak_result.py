"""What a soak leaves behind: a small JSON file, from which ``docs/performance.md`` tells how the order was proven."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.driver import machine


def keep(file: Path, found: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Write what a soak has found, with the commit, the date and the machine; the folder is made."""
    result = {
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": machine.commit(),
        "machine": machine.size(),
        "settings": dict(settings),
        **found,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
