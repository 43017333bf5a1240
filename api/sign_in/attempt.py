"""One attempt to sign in, kept in a cookie of the browser that began it: only there can it be finished."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from .derivation import derived, new_secret, octets_of, text_of
from .places import own_path

KEPT_S = 600
"""For so long people may take at the issuer."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What ties the issuer's answer to the browser that asked. Each attempt has a cookie of its own, so that several
    tabs can sign in at the same time."""

    secret: str
    to: str
    """The path to lead to in the end."""

    @classmethod
    def begin(cls, to: str) -> Attempt:
        """A new one."""
        return cls(new_secret(), own_path(to))

    @classmethod
    def remembered(cls, cookie: str, state: str) -> Attempt | None:
        """The attempt that the browser's cookie holds, if the issuer's answer belongs to it."""
        secret, _, to = cookie.partition(".")
        try:
            attempt = cls(secret, own_path(octets_of(to).decode()))
        except ValueError:
            return None
        return attempt if hmac.compare_digest(attempt.state.encode(), state.encode()) else None

    @property
    def cookie(self) -> str:
        """What the browser keeps. Nobody else can use it: changed, it fits no answer of the issuer."""
        return f"{self.secret}.{text_of(self.to.encode())}"

    @property
    def state(self) -> str:
        """RFC 6749, 10.12: comes back with the answer."""
        return text_of(derived(self.secret, "state"))

    @property
    def nonce(self) -> str:
        """OpenID Connect Core, 3.1.2.1: comes back in the ID token."""
        return text_of(derived(self.secret, "nonce"))

    @property
    def verifier(self) -> str:
        """RFC 7636, 4.1: shows the issuer that who redeems the code is who asked for it."""
        return text_of(derived(self.secret, "verifier"))

    @property
    def challenge(self) -> str:
        """RFC 7636, 4.2, for S256."""
        return text_of(hashlib.sha256(self.verifier.encode()).digest())


def cookie_name(state: str) -> str:
    """The cookie of the attempt with this state."""
    return f"lastin-attempt-{state[:12]}"
