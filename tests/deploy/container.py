"""What an engine makes of an image, without one: namespaces of its own, a root of read-only mounts, a user without
rights, and the command as process 1. Needs root on Linux."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

USER = 10001
SHARED = ("bin", "dev", "etc", "lib", "lib64", "usr")
"""Of this machine, in place of what the base image brings."""
DENY = "import ctypes, os, sys; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0); os.execvp(sys.argv[1], sys.argv[1:])"
"""As MemoryDenyWriteExecute= of systemd does it, by the kernel itself: PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN. A kernel
before Linux 6.3 leaves it out."""


def works_here() -> bool:
    """Whether this machine lets us make namespaces and mounts."""
    if sys.platform != "linux" or os.getuid() != 0:
        return False
    try:
        tried = ["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "none", "/mnt"]
        return subprocess.run(tried, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@dataclass(frozen=True)
class Stage:
    """One stage of a Dockerfile: its instructions in order."""

    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        """The arguments of all instructions of this name."""
        return [text for instruction, text in self.instructions if instruction == name]


def stages_of(dockerfile: Path) -> list[Stage]:
    """The stages of a Dockerfile; what comes before the first is left out."""
    text = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", dockerfile.read_text(encoding="utf-8"), flags=re.MULTILINE))
    stages: list[Stage] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, arguments = line.partition(" ")
        if name == "FROM":
            stages.append(Stage())
        elif stages:
            stages[-1].instructions.append((name, arguments))
    return stages


def environment_of(stage: Stage) -> dict[str, str]:
    """What ENV says, with PATH's old value in it."""
    pairs = [pair.partition("=") for text in stage.all("ENV") for pair in shlex.split(text)]
    return {name: value.replace("$PATH", "/usr/bin:/bin") for name, _, value in pairs}


class Container:
    """A command that runs as in a container: it sees ``mounts`` (target to source), read-only, and an empty /tmp."""

    def __init__(self, folder: Path, mounts: Mapping[str, Path], command: Sequence[str], **environment: str) -> None:
        self._log = folder / f"{'-'.join(command[-1:])}.log"
        self._root = folder / "root"
        self._root.mkdir(exist_ok=True)
        self._mounts = {f"/{name}": Path("/") / name for name in SHARED if (Path("/") / name).exists()}
        self._mounts |= {sys.base_prefix: Path(sys.base_prefix)} | mounts
        self._command = [*("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs")]
        self._command += ["--bounding-set=-all", "--inh-caps=-all", "python", "-c", DENY, *command]
        self._path = environment.pop("PATH")
        self._environment = environment | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}  # that of the programs outside
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*unshare, "sh", "-euc", self._script()],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self

    def stop(self, patience_s: float = 60) -> int:
        """SIGTERM to process 1, as engines do it; its exit status."""
        assert self._process is not None
        os.kill(self._first(), signal.SIGTERM)
        return self._process.wait(patience_s)

    @property
    def output(self) -> str:
        """What it has written."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def exec(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command beside it, as health checks do."""
        enter = ["nsenter", f"--target={self._first()}", "--mount", "--pid", "--root", f"--setuid={USER}"]
        return subprocess.run(
            [*enter, "env", f"PATH={self._path}", *command],
            env=self._environment,
            check=False,
            capture_output=True,
            timeout=60,
        )

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        print(f"--- {self._log.name} ---\n{self.output}")

    def _first(self) -> int:
        """Process 1, by its number outside."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        deadline = time.monotonic() + 60
        while not (found := children.read_text(encoding="ascii").split()):
            assert time.monotonic() < deadline, self.output
        return int(found[0])

    def _script(self) -> str:
        root = shlex.quote(str(self._root))
        in_folder = shlex.quote('cd /opt/lastin; exec "$@"')
        lines = [f"mount -t tmpfs -o mode=755 none {root}"]
        for target, source in self._mounts.items():
            to = f"{root}{shlex.quote(target)}"
            make = f"mkdir -p {to}" if source.is_dir() else f"mkdir -p $(dirname {to}); touch {to}"
            lines += [make, f"mount --rbind {shlex.quote(str(source))} {to}", f"mount -o remount,ro,bind {to}"]
        lines += [
            f"mkdir -p {root}/proc {root}/tmp",
            f"mount -t proc none {root}/proc",
            f"mount -t tmpfs -o mode=1777,size=64m none {root}/tmp",
            f"mount -o remount,ro {root}",
            f"exec chroot {root} env PATH={shlex.quote(self._path)} sh -euc {in_folder} - {shlex.join(self._command)}",
        ]
        return "\n".join(lines)
