"""Messages on a pipe: four bytes of length (big endian), then that much UTF-8 JSON.

Reads through a function of its own choosing, so that the worker can read the raw descriptor: a thread blocked
in ``sys.stdin.buffer`` would abort the interpreter at exit.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator

from app.jobs.messages import Message, from_json

LIMIT = 16 * 1024 * 1024
"""Largest frame in bytes; a longer length means that something else was written to the pipe."""

_LENGTH = struct.Struct(">I")

ReadSome = Callable[[int], bytes]
"""Returns at most so many bytes, at least one, or none at the end."""


class FrameError(ValueError):
    """The bytes are not frames."""


def encode(message: Message) -> bytes:
    """The frame of a message.

    Raises:
        FrameError: longer than ``LIMIT``, or a value that JSON cannot carry.
    """
    try:
        body = json.dumps(message.to_json(), allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise FrameError(f"{message.kind}: {error}") from error
    if len(body) > LIMIT:
        raise FrameError(f"a frame of {len(body)} bytes")
    return _LENGTH.pack(len(body)) + body


def decode(read: ReadSome) -> Iterator[Message]:
    """The messages up to the end of the pipe; a last frame that was cut off is left out.

    Raises:
        FrameError: an impossible length, no JSON, or an unknown message.
    """
    while True:
        head = _exactly(read, _LENGTH.size)
        if head is None:
            return
        (length,) = _LENGTH.unpack(head)
        if length > LIMIT:
            raise FrameError(f"a frame of {length} bytes")
        body = _exactly(read, length)
        if body is None:
            return
        yield _message(body)


def _message(body: bytes) -> Message:
    try:
        record = json.loads(body)
        if not isinstance(record, dict):
            raise FrameError("a frame that is no object")
        return from_json(record)
    except ValueError as error:
        raise FrameError(str(error)) from error


def _exactly(read: ReadSome, count: int) -> bytes | None:
    parts: list[bytes] = []
    while count > 0:
        part = read(count)
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
