"""What the audit reads: all that a structure names, and the records behind the entries of an index."""

from __future__ import annotations

from collections.abc import Iterator

from .. import tags
from ..commands import keys
from ..commands.layout import Record, unpack_record
from ..redis_link.link import Link

CHUNK = 500


def scanned(command: str, key: str, link: Link) -> Iterator[list[bytes]]:
    """The members of a sorted set (``ZSCAN``) or the fields of a hash (``HSCAN``), some at a time. One may come
    twice."""
    cursor = b"0"
    while True:
        cursor, flat = link.call(command, key, cursor, "COUNT", CHUNK)
        if flat:
            yield flat[::2]
        if cursor == b"0":
            return


def indexed(queue: str, index: str, entries: list[bytes], link: Link) -> Iterator[tuple[str, str, int, Record | None]]:
    """Of each entry that is still in the index: id, digest, number (seq, age or place), and the job's record at that
    moment."""
    named = [tags.read_entry(entry) for entry in entries]
    ids = [id.decode() for _, _, id in named]
    commands: list[tuple[str | bytes, ...]] = [("MULTI",), ("HMGET", keys.records(queue), *ids)]
    commands += [("ZMSCORE", index, *entries), ("EXEC",)]
    records, scores = link.call_all(commands)[-1]
    for id, (digest, number, _), packed, score in zip(ids, named, records, scores, strict=True):
        if score is not None:
            yield id, digest, number, None if packed is None else unpack_record(packed)
