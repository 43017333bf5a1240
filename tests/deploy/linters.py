"""The programs that check the files for platforms: ``make platforms`` installs them."""

from __future__ import annotations

import subprocess

import pytest

from ..service import ROOT

BIN = ROOT / ".venv-platforms" / "bin"


def linter(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one to its end; without it, the test is left out."""
    if not (BIN / program).exists():
        pytest.skip(f"{program} isn't installed (make platforms does it)")
    return subprocess.run(
        [BIN / program, *arguments], cwd=ROOT, check=False, capture_output=True, text=True, timeout=120
    )
