"""Which connections of a process are trusted: those that were made after the last one broke."""

from __future__ import annotations

from functools import lru_cache

from .address import Address


class Generation:
    """Shared by all links of a process to the same address.

    What breaks one connection mostly breaks all of them, and not every network tells both ends: a link that only
    listens would never learn of it. So when one breaks, the others of its generation are made anew as well, the next
    time that they are used or listened to.
    """

    def __init__(self) -> None:
        self.number = 0

    def broke(self, number: int) -> None:
        """A connection of this generation broke. That of many, one after the other, only the first begins a new one."""
        self.number = max(self.number, number + 1)


@lru_cache
def trusted_together(address: Address) -> Generation:
    """The generation of the connections to this address, the same for all who connect in this process."""
    return Generation()
