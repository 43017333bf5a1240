"""Links, as an address wants them: to one server, or to all of a cluster."""

from __future__ import annotations

import threading

from .address import Address
from .cluster_link import ClusterLink
from .link import Link
from .spin import LoneSpin, Spin


def link_to(where: Address | str, *, timeout_s: float, spin: Spin | None = None) -> Link:
    """A link that belongs to the caller. With a cluster, it never looks for answers before it sleeps."""
    address = Address.of(where)
    if address.is_cluster:
        return ClusterLink(address, timeout_s=timeout_s)
    return Link(address, timeout_s=timeout_s, spin=spin)


class Links(threading.local):
    """The calling thread's own link."""

    def __init__(self, where: Address | str, *, timeout_s: float, spin_us: int = 0) -> None:
        self.link = link_to(where, timeout_s=timeout_s, spin=LoneSpin(spin_us) if spin_us else None)
