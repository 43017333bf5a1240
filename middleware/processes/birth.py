"""When a process began. Together with its id that identifies a process."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

PROC = Path("/proc")


def birth_of(pid: int) -> str | None:
    """Letters and digits that only serve to compare, the same for whoever asks; None when there is no such process.

    On Linux these are the clock ticks from the machine's start to the process's, as proc_pid_stat(5) has them. They
    stay as they are when somebody sets the clock; psutil's ``create_time`` doesn't
    (docs/decisions/0007-libraries-and-pins.md).
    """
    if (PROC / "self" / "stat").exists():
        try:
            stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        return stat.rpartition(")")[2].split()[19]
    listed = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return re.sub(r"\W", "", listed.stdout) or None
