"""Bodies that are made to cost much, and ``python -m benchmarks.driver.bodies PATH KIND BYTES``: what one costs.

The command sends a body of this kind and size to the API's application, in its own process and without a server. It
prints JSON: status, bytes, mb (of memory at the peak, the body's own included), cpu_s.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from api.wire.parsing import most_values


def _filled(begin: bytes, unit: bytes, end: bytes, size: int) -> bytes:
    """A body of about ``size`` bytes, of which most are ``unit`` again and again; a comma after it separates them."""
    body = begin + unit * ((size - len(begin) - len(end)) // len(unit))
    return (body[:-1] if unit.endswith(b",") else body) + end


def _of(begin: bytes, unit: bytes, end: bytes) -> Callable[[int], bytes]:
    return lambda size: _filled(begin, unit, end, size)


def _names(size: int) -> bytes:
    names = b",".join(b'"%x":0' % number for number in range(size // 9))
    return b'{"jobs":[{' + names[: size - 20].rpartition(b",")[0] + b"}]}"


def _most_objects(size: int) -> bytes:
    """As many objects as a body may hold: with its list and its comma each counts as six values."""
    return b'{"jobs":[' + b",".join([b'{"a":[0]}'] * (most_values(size) // 6 - 2)) + b"]}"


IN_A_TEXT = b'{"jobs":[{"message":"', b'"}]}'
IN_A_LIST = b'{"jobs":[', b"]}"

KINDS: Mapping[str, Callable[[int], bytes]] = {
    "escapes": _of(IN_A_TEXT[0], rb"\n", IN_A_TEXT[1]),
    "escaped characters": _of(IN_A_TEXT[0], rb"\u0041", IN_A_TEXT[1]),
    "surrogates": _of(IN_A_TEXT[0], rb"\ud83d\ude00", IN_A_TEXT[1]),
    "backslashes": _of(IN_A_TEXT[0], rb"\\", IN_A_TEXT[1]),
    "escaped quotes": _of(IN_A_TEXT[0], rb"\"", IN_A_TEXT[1]),
    "wide characters": _of('{"jobs":[{"message":"😀'.encode(), b"a", IN_A_TEXT[1]),
    "a cut text": _of('{"jobs":[{"message":"😀'.encode(), b"a", b""),
    "empty lists": _of(IN_A_LIST[0], b"[],", IN_A_LIST[1]),
    "empty objects": _of(IN_A_LIST[0], b"{},", IN_A_LIST[1]),
    "objects": _of(IN_A_LIST[0], b'{"a":0},', IN_A_LIST[1]),
    "nested objects": _of(IN_A_LIST[0], b'{"a":' * 28 + b"0" + b"}" * 28 + b",", IN_A_LIST[1]),
    "as many objects as may be": _most_objects,
    "texts": _of(IN_A_LIST[0], b'"ab",', IN_A_LIST[1]),
    "numbers": _of(IN_A_LIST[0], b"1.5,", IN_A_LIST[1]),
    "whole numbers": _of(IN_A_LIST[0], b"300,", IN_A_LIST[1]),
    "long numbers": _of(IN_A_LIST[0], b"9" * 19 + b",", IN_A_LIST[1]),
    "one long number": _of(IN_A_LIST[0], b"9", IN_A_LIST[1]),
    "a name again and again": _of(b'{"jobs":[{', b'"a":0,', b"}]}"),
    "unknown names": _names,
    "as many unknown names as may be": lambda size: _names(min(size, 800_000)),
    "a long name": _of(b'{"jobs":[{"', b"~/", b'":0}]}'),
    "wrong tags": _of(b'{"jobs":[{"message":"a","tags":[', b"0,", b"]}]}"),
    "opening brackets": _of(b"", b"[", b""),
    "quotes": _of(b"", b'"', b""),
    "spaces": _of(b"", b" ", b""),
    "valid jobs": lambda size: _filled(
        b'{"jobs":[', b'{"message":"' + b"a" * (size // 1000 - 20) + b'"},', b"]}", size
    ),
}


PATIENCE_S = 10.0
"""How long Redis may take: the cost is asked for, however slow this machine is."""


def cost(path: str, kind: str, size: int) -> Mapping[str, Any]:
    """What a body costs this process, which should be a new one."""
    from api import create_app
    from tasks import broker

    app = create_app()
    broker.redis.answer_within(PATIENCE_S)
    for warm_up in (b'{"jobs": [{}]}', b'{"message": "\\n"', b"{}"):
        _send(app, path, warm_up)
    body = KINDS[kind](size)
    with suppress(OSError):  # Linux forgets the peak that importing took
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before, began = _peak_bytes(), time.process_time()
    status = _send(app, path, body)
    cpu_s = time.process_time() - began
    return {
        "status": status,
        "bytes": len(body),
        "mb": (_peak_bytes() - before + len(body)) / 2**20,
        "cpu_s": cpu_s,
    }


def _send(app: Callable[..., Any], path: str, body: bytes) -> int:
    statuses: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
    }
    answer = app(environ, lambda status, *_: statuses.append(status))
    b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    return int(statuses[0][:3])


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    print(json.dumps(cost(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
