"""Writes the script ``lastin`` into the environment that runs this: ``python -m cli.console_script``.

pip can't: in a clone the project isn't installed into its environment. Where the wheel is, pip writes its own.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from middleware.settings import ROOT

SCRIPT = """\
#!/bin/sh
# Runs LastIn's command line from its clone, whatever folder this is called in. Written by `make`.
PYTHONPATH={root}${{PYTHONPATH:+:$PYTHONPATH}} exec {python} -P -m cli "$@"
"""
"""With ``-P`` no folder named ``cli`` in the current one is taken for ours."""


def write(folder: Path, python: Path) -> Path:
    """The script, written into a folder of programs."""
    script = folder / "lastin"
    script.write_text(SCRIPT.format(root=shlex.quote(str(ROOT)), python=shlex.quote(str(python))), encoding="utf-8")
    script.chmod(0o755)
    return script


if __name__ == "__main__":
    write(Path(sys.executable).parent, Path(sys.executable))
