"""One reason why a job isn't running, or ended as it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cause:
    """``code`` is stable, for programs; ``message`` is for people."""

    code: str
    message: str
    data: Data

    def as_dict(self) -> Data:
        return {"code": self.code, "message": self.message, "data": self.data}
