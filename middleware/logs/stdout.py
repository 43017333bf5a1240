"""Lines on stdout."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TextIO

from .job_lines import TakesMany


class StdoutHandler(logging.StreamHandler[TextIO], TakesMany):
    """A ``StreamHandler`` that writes lines which come together in one go: a write for each of them would cost more
    than all the rest, and each gives the interpreter away to another thread."""

    def handle_all(self, records: Sequence[logging.LogRecord]) -> None:
        lines = [self._line(record) for record in records if self.filter(record)]
        if not lines:
            return
        self.acquire()
        try:
            self.stream.write("".join(lines))
            self.flush()
        except Exception:
            self.handleError(records[0])
        finally:
            self.release()

    def _line(self, record: logging.LogRecord) -> str:
        try:
            return self.format(record) + self.terminator
        except Exception:
            self.handleError(record)
            return ""
