"""What the cadence says about a queue, as it is in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

Mode = Literal["windows", "continuous"]
Order = Literal["lifo", "fifo"]
NextTick = int | None | Literal["keep"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What the cadence says about a queue.

    ``oldest_share_ppm``: parts per million of the claims; ``batch``: credits of a window, 0 = no bound; ``lasts_us``:
    how long a window lasts, 0 = until the next one opens.
    """

    mode: Mode = "windows"
    order: Order = "lifo"
    oldest_share_ppm: int = 0
    batch: int = 0
    close_when_empty: bool = True
    lasts_us: int = 0

    def fields(self) -> dict[str, str]:
        """As Redis keeps it."""
        values = (self.mode, self.order, self.oldest_share_ppm, self.batch, int(self.close_when_empty), self.lasts_us)
        return dict(zip(POLICY_FIELDS, map(str, values), strict=True))


POLICY_FIELDS = ("mode", "order", "share", "batch", "close_when_empty", "lasts")
"""The fields of ``keys.policy`` that a cadence rules."""


def policy_from(values: Sequence[bytes | None]) -> Policy:
    """A policy from the values of ``POLICY_FIELDS``; one that an older version wrote may lack the last ones."""
    mode, order, share, batch, close_when_empty, lasts = [None if v is None else v.decode() for v in values]
    return Policy(
        mode=cast(Mode, mode),
        order=cast(Order, order),
        oldest_share_ppm=int(share or 0),
        batch=int(batch or 0),
        close_when_empty=close_when_empty == "1",
        lasts_us=int(lasts or 0),
    )
