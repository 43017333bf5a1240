"""Several secrets out of one, so that a browser has to keep only that one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets


def new_secret() -> str:
    """256 random bits as 43 characters."""
    return secrets.token_urlsafe(32)


def derived(secret: str, purpose: str) -> bytes:
    """32 bytes from which nobody can tell the secret, nor what is derived from it for another purpose."""
    return hmac.digest(secret.encode(), purpose.encode(), hashlib.sha256)


def text_of(octets: bytes) -> str:
    """In the characters of URLs and cookies: base64url without padding (RFC 4648, 5)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def octets_of(text: str) -> bytes:
    """What :func:`text_of` wrote.

    Raises:
      ValueError: it didn't write this.
    """
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
