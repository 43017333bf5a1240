"""The tags of jobs, as Redis keeps them: digests of the same length, whatever a program has for a tag."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Any

MOST_TAGS = 16
"""A job has at most so many."""
MOST_TAGS_IN_A_CALL = 4000
"""And so many the jobs that are accepted together: an entry of the index takes Redis some microseconds."""
DIGEST_LENGTH = 12
"""ASCII characters, for 72 bits: two tags with the same digest aren't to be expected."""


SEQ_LENGTH = 7


def tags_of(options: Any) -> tuple[str, ...]:
    """The tags among a message's options. Redis may hold anything there, and one job's must not keep the others from
    being shown."""
    tags = options.get("tags")
    return tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list | tuple) else ()


def digests(tags: Iterable[str]) -> str:
    """The digests of tags one behind the other, each of them once, as scripts take them."""
    return "".join(dict.fromkeys(map(_digest, tags)))


def split(digests: str) -> list[str]:
    """The single ones."""
    return [digests[at : at + DIGEST_LENGTH] for at in range(0, len(digests), DIGEST_LENGTH)]


def entry(digest: str, seq: int, id: str) -> bytes:
    """What the index of tags holds of a job (``lua/parts/tag_entries.lua``)."""
    return digest.encode() + seq.to_bytes(SEQ_LENGTH, "big") + id.encode()


def read_entry(entry: bytes) -> tuple[str, int, bytes]:
    """The digest, the seq and the id in an entry of the index."""
    rest = entry[DIGEST_LENGTH:]
    return entry[:DIGEST_LENGTH].decode(), int.from_bytes(rest[:SEQ_LENGTH], "big"), rest[SEQ_LENGTH:]


@lru_cache(maxsize=4096)
def _digest(tag: str) -> str:
    whole = blake2b(tag.encode("utf-8", "surrogatepass"), digest_size=DIGEST_LENGTH * 3 // 4).digest()
    return base64.urlsafe_b64encode(whole).decode()
