"""A JSON record with bytes behind it: how pixels come back from a decoding process.

On the pipe: four bytes of length (big endian), so much UTF-8 JSON, and then as many raw bytes as the record's
``payload`` says. It knows pipes, not pictures.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

RECORD_LIMIT = 256 * 1024 * 1024
"""Longest JSON: the facts of a file with hundreds of thousands of frames."""
PAYLOAD_LIMIT = 1 << 31
"""Most bytes behind a record: far above any slice."""

_LENGTH = struct.Struct(">I")

Record = dict[str, Any]
ReadInto = Callable[[memoryview], int | None]
"""Fills the beginning of the buffer; returns how many bytes, 0 at the end."""
Write = Callable[[bytes | memoryview], int | None]


class RecordError(ValueError):
    """The bytes are no record."""


def send(write: Write, record: Record, payload: bytes | memoryview = b"") -> None:
    """Write a record and the bytes that belong to it.

    Raises:
        OSError: the other side is gone.
        RecordError: a value that JSON cannot carry.
    """
    behind = memoryview(payload).cast("B")
    try:
        body = json.dumps({**record, "payload": len(behind)}, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise RecordError(str(error)) from error
    for part in (memoryview(_LENGTH.pack(len(body)) + body), behind):
        rest = part
        while rest:
            rest = rest[write(rest) or 0 :]


def receive(read_into: ReadInto) -> tuple[Record, bytearray] | None:
    """The next record with its bytes; ``None`` where the pipe ended, also in the middle of one.

    Raises:
        RecordError: an impossible length, or no JSON object.
    """
    head = _exactly(read_into, _LENGTH.size, _LENGTH.size)
    if head is None:
        return None
    body = _exactly(read_into, _LENGTH.unpack(head)[0], RECORD_LIMIT)
    if body is None:
        return None
    record = _object(body)
    payload = _exactly(read_into, record.pop("payload", 0), PAYLOAD_LIMIT)
    return None if payload is None else (record, payload)


def _object(body: bytearray) -> Record:
    try:
        record = json.loads(body)
    except ValueError as error:
        raise RecordError(str(error)) from error
    if not isinstance(record, dict):
        raise RecordError("a record that is no object")
    return record


def _exactly(read_into: ReadInto, count: object, limit: int) -> bytearray | None:
    if not isinstance(count, int) or not 0 <= count <= limit:
        raise RecordError(f"a length of {count}")
    buffer = bytearray(count)
    rest = memoryview(buffer)
    while rest:
        done = read_into(rest)
        if not done:
            return None
        rest = rest[done:]
    return buffer
