"""The cadences that are compared: files, or sections of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..cadence import QueueCadence
from ..cadence_file import read_section


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cadence, and what it is called in the report."""

    name: str
    cadence: QueueCadence

    def shown(self, longest: int) -> str:
        """Its name, or the end of it."""
        return self.name if len(self.name) <= longest else f"…{self.name[1 - longest :]}"


def read_candidate(text: str, queue: str, *, declared: Collection[str], overrides: Mapping[str, str]) -> Candidate:
    """``FILE``, whose section for the queue it is, or ``FILE:SECTION``.

    Raises:
      CadenceError: it can't be read.
    """
    file, _, section = text.rpartition(":")
    if not file or Path(text).exists():
        file, section = text, ""
    return Candidate(text, read_section(Path(file), queue, section or None, declared, overrides))
