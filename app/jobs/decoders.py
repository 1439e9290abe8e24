"""A small pool of decoding processes: a codec that crashes, hangs or eats memory costs one file, not the program.

Window, command line and import worker share this door. A child is ``python -m app decoder``: started when it is first
needed, asked one thing at a time, and replaced when it is gone. Nothing here decodes anything in this process.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import psutil

from app.domain.errors import Failed, Stopped
from app.domain.study import SourceKind
from app.imaging.content import Checked, FileContent, SliceImage
from app.jobs.decoder_child import Allowance, DecoderChild
from app.jobs.records import Record
from app.paths import worker_command

MOST = 4
"""More children than this do not pay: the disk is the limit."""
SLOWEST_BYTES_PER_S = 4_000_000
"""Decoded pixels a second that even the slowest codec reaches on a busy machine (JPEG 2000: 25 MB/s on a quiet one)."""
BYTES_PER_PIXEL = 4
COPIES = 8
"""How many times the decoded pixels a reader may hold, as float64 and in intermediate forms."""
SHARE_OF_MACHINE = 0.6
KEPT_BYTES = 400 * 1024 * 1024
"""A child that holds on to more than this after an answer is let go."""
WATCH_S = 0.05


@dataclass(frozen=True, slots=True)
class Limits:
    """What decoding a small file may cost; large ones get more, by the pixels that their header declares.

    Attributes:
        seconds: by the clock.
        bytes: of memory; never more than ``SHARE_OF_MACHINE`` of what the machine has.
    """

    seconds: float = 30.0
    bytes: int = 1024 * 1024 * 1024

    def allow(self, declared: int) -> Allowance:
        """What a file that declares so many bytes of pixels may cost."""
        most = min(self.bytes + COPIES * declared, int(_machine_bytes() * SHARE_OF_MACHINE))
        return Allowance(self.seconds + declared / SLOWEST_BYTES_PER_S, most)


class Decoders:
    """At most ``count`` children (default: one a core, up to ``MOST``); any thread may ask, and waits for its turn.

    Args:
        command: what starts a child.
    """

    def __init__(
        self, count: int | None = None, limits: Limits | None = None, command: Sequence[str] | None = None
    ) -> None:
        self.count = count or min(MOST, os.cpu_count() or 1)
        self._limits = limits or Limits()
        self._command = tuple(command or decoder_command())
        self._turns = threading.BoundedSemaphore(self.count)
        self._lock = threading.Lock()
        self._idle: list[DecoderChild] = []
        self._busy: set[DecoderChild] = set()
        self._closed = threading.Event()
        self._watch: threading.Thread | None = None

    def look(self, path: Path) -> FileContent:
        """What the header of a file says, without who the patient is. Raises as ``app.imaging.reader.look``.

        Raises:
            Failed: also as ``check``.
        """
        answer, _ = self._ask({"look": str(path)}, _size(path))
        return FileContent.from_facts(answer["content"])

    def check(self, content: FileContent) -> Checked:
        """Decode every frame of a file once. Raises as ``app.imaging.reader.check``.

        Raises:
            Failed: ``decoder-crashed``, ``decoder-hung``, ``decoder-memory``.
            Stopped: the pool was closed.
        """
        answer, payload = self._ask({"check": content.to_facts()}, max(_size(content.path), _pixels(content)))
        picture = np.frombuffer(payload, np.uint8).reshape(answer["shape"])
        return Checked(answer["sha256"], picture)

    def slice(self, kind: SourceKind, path: Path, index: int) -> SliceImage:
        """One slice of a file, as the reader of its kind gives it. Raises as that reader.

        Raises:
            Failed, Stopped: also as ``check``.
        """
        request = {"slice": str(kind), "path": str(path), "index": index}
        answer, payload = self._ask(request, _size(path))
        pixels = np.frombuffer(payload, np.float32).reshape(answer["shape"])
        spacing, window = answer["spacing_mm"], answer["window"]
        windows = tuple((name, low, high) for name, low, high in answer["windows"])
        return SliceImage(pixels, spacing and (spacing[0], spacing[1]), (window[0], window[1]), windows)

    def close(self) -> None:
        """End all children; who waits for an answer gets ``Stopped``. Closing twice does nothing."""
        self._closed.set()
        with self._lock:
            idle, self._idle = self._idle, []
            for child in self._busy:
                child.kill()
        for child in idle:
            child.close()
        if self._watch is not None and self._watch is not threading.current_thread():
            self._watch.join()

    def _ask(self, request: Record, declared: int) -> tuple[Record, bytearray]:
        """The answer of the next free child; a second, fresh child where the first crashed.

        A codec that writes where it must not may bring its child down a file later: only a child that has read
        nothing else before shows which file it was.
        """
        allowance = self._limits.allow(declared)
        with self._turns:
            try:
                answer = self._ask_one(request, allowance)
            except _UsedChildCrashed:
                answer = self._ask_one(request, allowance, fresh=True)
        failed = answer[0].get("failed")
        if failed:
            raise Failed(failed, **answer[0]["facts"])
        return answer

    def _ask_one(self, request: Record, allowance: Allowance, fresh: bool = False) -> tuple[Record, bytearray]:
        child = self._take(fresh)
        keep = False
        try:
            self._refuse_closed()  # closed while the child started: nobody else would end it
            answer = child.ask(request, allowance)
            keep = allowance.bytes <= 2 * self._limits.bytes or child.memory() <= KEPT_BYTES
            return answer
        except Failed as error:
            if self._closed.is_set():
                raise Stopped("stopped") from error
            if error.code == "decoder-crashed" and child.answers:
                raise _UsedChildCrashed from error
            raise
        finally:
            self._give_back(child, keep)

    def _take(self, fresh: bool) -> DecoderChild:
        with self._lock:
            self._refuse_closed()
            if self._watch is None:
                self._watch = threading.Thread(target=self._mind, name="decoders", daemon=True)
                self._watch.start()
            child = self._idle.pop() if self._idle and not fresh else None
        child = child or _started(self._command)
        with self._lock:
            self._busy.add(child)
        return child

    def _refuse_closed(self) -> None:
        if self._closed.is_set():
            raise Stopped("stopped")

    def _give_back(self, child: DecoderChild, keep: bool) -> None:
        with self._lock:
            self._busy.discard(child)
            keep = keep and not self._closed.is_set()
            if keep:
                self._idle.append(child)
        if not keep:
            child.close()

    def _mind(self) -> None:
        while not self._closed.wait(WATCH_S):
            with self._lock:
                busy = list(self._busy)
            for child in busy:
                child.watch(time.monotonic())


class _UsedChildCrashed(Exception):
    """A child crashed that had answered before: the fault may be an earlier file's."""


def decoder_command() -> list[str]:
    """The command that starts a decoding process: the worker's program with another word."""
    return [*worker_command()[:-1], "decoder"]


def _started(command: Sequence[str]) -> DecoderChild:
    try:
        return DecoderChild(command)
    except OSError as error:
        raise Failed("worker-not-started", detail=error.strerror or str(error)) from error


@lru_cache(maxsize=1)
def _machine_bytes() -> int:
    return int(psutil.virtual_memory().total)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0


def _pixels(content: FileContent) -> int:
    """Bytes of decoded pixels that the header declares."""
    return sum(frame.rows * frame.columns for frame in content.frames) * BYTES_PER_PIXEL
