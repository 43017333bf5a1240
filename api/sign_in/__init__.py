"""Signing in to the pages, through the issuer: authorization code with PKCE (RFC 6749, 7636, 9700), and a session that
holds the token."""

from .guard import install

__all__ = ["install"]
