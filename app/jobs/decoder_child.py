"""One decoding process: asked one thing at a time, ended when it takes too long, takes too much memory, or crashes.

It knows processes and limits, not pictures. The child reads its pipe only between two answers, so nobody may write
to it while it works; it gets no pipe but its own two, and ends by itself when this program is gone.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

import psutil

from app.domain.errors import Failed
from app.jobs import records
from app.jobs.outcome import crash_reason
from app.jobs.records import Record
from app.paths import program_root

START_S = 60.0
"""How long a child may take to say that it is there."""
_PIPE_BYTES = 1 << 20
"""Room in a pipe (Linux), so that a slice is handed over in few steps."""
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}
"""A child decodes on one core; its libraries' threads would only cost memory."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one request may cost: seconds by the clock, and bytes of memory."""

    seconds: float
    bytes: int


class DecoderChild:
    """A started decoder. One thread may ask at a time; another one may ``watch`` it meanwhile."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=program_root(),
            env={**os.environ, **_ENVIRONMENT},
            **_options(),
        )
        self._seen = psutil.Process(self._process.pid)
        self._watching = threading.Lock()
        self._deadline: float | None = None
        self._most = 0
        self._ended_for: Failed | None = None
        self._greeted = False
        self.answers = 0

    def ask(self, request: Record, allowance: Allowance) -> tuple[Record, bytearray]:
        """The child's answer with its bytes.

        Raises:
            Failed: ``decoder-crashed``, ``decoder-hung`` or ``decoder-memory``; the child is gone then.
        """
        if not self._greeted:
            self._exchange(None, Allowance(START_S, allowance.bytes))
            self._greeted = True
        limits = {"seconds": allowance.seconds, "bytes": allowance.bytes}
        answer = self._exchange({**request, "limits": limits}, allowance)
        self.answers += 1
        return answer

    def watch(self, now: float) -> None:
        """End the child where its request costs more than it may."""
        with self._watching:
            if self._deadline is None:
                return
            if now > self._deadline:
                self._end(Failed("decoder-hung"))
            elif self.memory() > self._most:
                self._end(Failed("decoder-memory"))

    def memory(self) -> int:
        """Bytes of memory that the child takes; 0 where it has ended."""
        try:
            return int(self._seen.memory_info().rss)
        except psutil.Error:
            return 0

    def kill(self) -> None:
        """End the child at once; whoever waits for its answer hears that it crashed."""
        with contextlib.suppress(OSError):
            self._process.kill()

    def close(self) -> None:
        """End the child and let go of its pipes; nobody may be asking."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _exchange(self, request: Record | None, allowance: Allowance) -> tuple[Record, bytearray]:
        with self._watching:
            self._deadline, self._most = time.monotonic() + allowance.seconds, allowance.bytes
        try:
            if request is not None:
                records.send(_opened(self._process.stdin).write, request)
            answer = records.receive(_reader(_opened(self._process.stdout)))
        except (OSError, records.RecordError):
            answer = None
        finally:
            with self._watching:
                self._deadline = None
        if answer is None:
            raise self._fate()
        return answer

    def _end(self, reason: Failed) -> None:
        self._ended_for = reason
        self._deadline = None
        self.kill()

    def _fate(self) -> Failed:
        self.kill()
        status = self._process.wait()
        return self._ended_for or Failed("decoder-crashed", signal=crash_reason(status))


def _opened(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _reader(pipe: IO[bytes]) -> records.ReadInto:
    """The pipe's own ``readinto``: an unbuffered pipe is a raw stream."""
    read_into: records.ReadInto = pipe.readinto  # type: ignore[attr-defined]
    return read_into


def _options() -> dict[str, Any]:
    """No console window on Windows; room in the pipe where the system has a say for it."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW}
    return {"pipesize": _PIPE_BYTES}
