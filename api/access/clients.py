"""Who a client is: the subject of its token, else its address."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from flask import request

from .auth import current_subject

IPV6_NETWORK = 64
"""Bits of an IPv6 address that identify a client: the rest is the client's own to choose."""


def client() -> str:
    """Who sent the request at hand: the subject of its token, else the address that it came from, or that the trusted
    proxies tell (``TRUSTED_PROXIES``)."""
    subject = current_subject()
    return f"subject {subject}" if subject is not None else f"address {_network(request.remote_addr or '')}"


def _network(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address) or parsed.ipv4_mapped:
        return address
    return str(IPv6Address(int(parsed) >> (128 - IPV6_NETWORK) << (128 - IPV6_NETWORK)))
